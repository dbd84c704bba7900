package space

import (
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/segue-dev/segue/internal/segment/syntax"
	"github.com/segue-dev/segue/internal/signal"
)

// ntOperators are the product's, as its editor writes them. Those beyond equal,
// contains and greaterThan… have only been seen in its user interface.
var ntOperators = map[string]syntax.TestOp{
	"equal":                syntax.Eq,
	"notEqual":             syntax.Ne,
	"contains":             syntax.Contains,
	"notContains":          syntax.NotContain,
	"startsWith":           syntax.StartsWith,
	"endsWith":             syntax.EndsWith,
	"matches":              syntax.Matches,
	"regex":                syntax.Matches,
	"greaterThan":          syntax.Gt,
	"greaterThanInclusive": syntax.Gte,
	"lessThan":             syntax.Lt,
	"lessThanInclusive":    syntax.Lte,
}

// ntComparisons are the operators that compare figures.
var ntComparisons = []syntax.TestOp{syntax.Eq, syntax.Ne, syntax.Gt, syntax.Gte, syntax.Lt, syntax.Lte}

// operator returns what an operator means.
func (t *translator) operator(member, name string) (syntax.TestOp, bool) {
	op, known := ntOperators[name]
	if !known {
		t.refuse(member, "unknown operator %q: known are %s", name, strings.Join(slices.Sorted(maps.Keys(ntOperators)), ", "))
	}
	return op, known
}

// anything reports whether a condition is met by whatever value there is.
func anything(c *ntCondition) bool { return c.Operator == "equal" && c.Value == "*" }

// pred tests one property. member is where problems are noted.
func (t *translator) pred(member, property, operator string, value any) syntax.Pred {
	op, known := t.operator(member, operator)
	if !known {
		return nil
	}
	switch value := value.(type) {
	case string:
		if value == "*" {
			return t.wildcard(member, property, op)
		}
		t.checkText(member, op, value)
	case bool, float64:
	default:
		t.refuse(member, "%v is no value to compare with", value)
		return nil
	}
	return t.one(property, op, value)
}

// wildcard tests for any value at all. An empty text is none: a direct visit
// has an empty referrer.
func (t *translator) wildcard(member, property string, op syntax.TestOp) syntax.Pred {
	if op != syntax.Eq {
		t.refuse(member, `"*" means any value, which only goes with the operator equal`)
		return nil
	}
	p := t.one(property, syntax.Exists, true)
	p[0].Tests = append(p[0].Tests, syntax.Test{Op: syntax.Ne, Values: []syntax.Scalar{""}, Pos: t.node.Pos})
	return p
}

// checkText refuses constants that an operator cannot compare with.
func (t *translator) checkText(member string, op syntax.TestOp, value string) {
	switch op {
	case syntax.Matches:
		if _, err := regexp.Compile(value); err != nil {
			t.refuse(member, "%v: write an RE2 regular expression", err)
		}
	case syntax.Gt, syntax.Gte, syntax.Lt, syntax.Lte:
		if _, ok := signal.ParseNumber(value); !ok {
			t.refuse(member, "%q is not a number to compare with", value)
		}
	}
}

// one is a predicate of a single test.
func (t *translator) one(property string, op syntax.TestOp, value syntax.Scalar) syntax.Pred {
	return syntax.Pred{{
		Property: property,
		Tests:    []syntax.Test{{Op: op, Values: []syntax.Scalar{value}, Pos: t.node.Pos}},
		Pos:      t.node.Pos,
	}}
}

// count is how often something happened: at least once, unless a rule says.
func (t *translator) count(r *ntRule) []syntax.Cmp {
	var n any = 1.0
	if r.Count != nil {
		n = r.Count
	}
	return []syntax.Cmp{t.compare("count", r.Operator, n)}
}

// compare compares a whole number of something.
func (t *translator) compare(member, operator string, value any) syntax.Cmp {
	op, known := t.operator(member, operator)
	if known && !slices.Contains(ntComparisons, op) {
		t.refuse(member, "operator %q does not compare numbers", operator)
	}
	n, ok := number(value)
	if !ok || n < 0 || n != float64(int64(n)) {
		t.refuse(member, "%v is not a number of times", value)
	}
	return syntax.Cmp{Op: op, Value: n, Pos: t.node.Pos}
}

// number returns a JSON number, also where it is written as text.
func number(value any) (float64, bool) {
	switch value := value.(type) {
	case float64:
		return value, true
	case string:
		return signal.ParseNumber(value)
	default:
		return 0, false
	}
}
