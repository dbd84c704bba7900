package space

import (
	"regexp"
	"slices"
	"strings"

	"github.com/segue-dev/segue/internal/segment/syntax"
	"github.com/segue-dev/segue/internal/signal"
	"github.com/segue-dev/segue/internal/spelling"
)

// ntOperators are the product's, with how each is or may be spelt; see
// operator. Of the first spellings equal, contains, greaterThan and
// greaterThanInclusive have been seen in exports. The others have only been seen
// as words of its user interface.
var ntOperators = []struct {
	op        syntax.TestOp
	spellings []string
}{
	{syntax.Eq, []string{"equal", "equals", "is", "eq", "=", "=="}},
	{syntax.Ne, []string{"notEqual", "notEquals", "doesNotEqual", "isNot", "ne", "neq", "!=", "<>"}},
	{syntax.Contains, []string{"contains", "contain", "includes"}},
	{syntax.NotContain, []string{"notContains", "notContain", "doesNotContain", "notIncludes"}},
	{syntax.StartsWith, []string{"startsWith", "startWith", "beginsWith"}},
	{syntax.EndsWith, []string{"endsWith", "endWith"}},
	{syntax.Matches, []string{"matches", "match", "regex", "regexp", "matchesRegex", "matchesRegexp", "matchRegex"}},
	{syntax.Gt, []string{"greaterThan", "isGreaterThan", "moreThan", "gt", ">"}},
	{syntax.Gte, []string{"greaterThanInclusive", "greaterThanOrEqual", "greaterThanOrEquals", "greaterThanOrEqualTo", "greaterThanEqual", "greaterThanEquals", "atLeast", "gte", ">="}},
	{syntax.Lt, []string{"lessThan", "isLessThan", "fewerThan", "lt", "<"}},
	{syntax.Lte, []string{"lessThanInclusive", "lessThanOrEqual", "lessThanOrEquals", "lessThanOrEqualTo", "lessThanEqual", "lessThanEquals", "atMost", "lte", "<="}},
}

// operatorOf has the operators by their plain spelling.
var operatorOf = func() map[string]syntax.TestOp {
	of := map[string]syntax.TestOp{}
	for _, o := range ntOperators {
		for _, s := range o.spellings {
			of[spelling.Plain(s)] = o.op
		}
	}
	return of
}()

// operator returns what an operator means. Case, hyphens, underscores and
// spaces do not count.
func (t *translator) operator(at, name string) (syntax.TestOp, bool) {
	op, known := operatorOf[spelling.Plain(name)]
	if !known {
		var first []string
		for _, o := range ntOperators {
			first = append(first, o.spellings[0])
		}
		t.refuse(at, "unknown operator %q: known are %s", name, strings.Join(first, ", "))
	}
	return op, known
}

// is reports whether an operator means op.
func is(name string, op syntax.TestOp) bool {
	got, known := operatorOf[spelling.Plain(name)]
	return known && got == op
}

// anything reports whether a condition is met by whatever value there is.
func anything(c *ntCondition) bool { return is(c.Operator, syntax.Eq) && c.Value == "*" }

// pred tests one property. at is the place in the rule that has the members
// operator and value.
func (t *translator) pred(at, property, operator string, value any) syntax.Pred {
	op, known := t.operator(join(at, "operator"), operator)
	if !known {
		return nil
	}
	at = join(at, "value")
	switch value := value.(type) {
	case string:
		if value == "*" {
			return t.wildcard(at, property, op)
		}
		t.checkText(at, op, value)
	case bool, float64:
	case nil:
		t.refuse(at, "is missing: there is nothing to compare with")
		return nil
	default:
		t.refuse(at, "%v is no value to compare with", value)
		return nil
	}
	return t.one(property, op, value)
}

// wildcard tests for any value at all. An empty text is none: a direct visit
// has an empty referrer.
func (t *translator) wildcard(at, property string, op syntax.TestOp) syntax.Pred {
	if op != syntax.Eq {
		t.refuse(at, `"*" means any value, which only goes with the operator equal`)
		return nil
	}
	p := t.one(property, syntax.Exists, true)
	p[0].Tests = append(p[0].Tests, syntax.Test{Op: syntax.Ne, Values: []syntax.Scalar{""}, Pos: t.node.Pos})
	return p
}

// checkText refuses constants that an operator cannot compare with.
func (t *translator) checkText(at string, op syntax.TestOp, value string) {
	switch op {
	case syntax.Matches:
		if _, err := regexp.Compile(value); err != nil {
			t.refuse(at, "%v: write an RE2 regular expression", err)
		}
	case syntax.Gt, syntax.Gte, syntax.Lt, syntax.Lte:
		if _, ok := signal.ParseNumber(value); !ok {
			t.refuse(at, "%q is not a number to compare with", value)
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

// ntComparisons are the operators that compare figures.
var ntComparisons = []syntax.TestOp{syntax.Eq, syntax.Ne, syntax.Gt, syntax.Gte, syntax.Lt, syntax.Lte}

// count is how often something happened: at least once, unless a rule says.
func (t *translator) count(r *ntRule) []syntax.Cmp {
	var n any = 1.0
	if r.Count != nil && r.Count != "" {
		n = r.Count
	}
	return []syntax.Cmp{t.compare("operator", r.Operator, "count", n)}
}

// compare compares a whole number of something.
func (t *translator) compare(operatorAt, operator, valueAt string, value any) syntax.Cmp {
	op, known := t.operator(operatorAt, operator)
	if known && !slices.Contains(ntComparisons, op) {
		t.refuse(operatorAt, "%q does not compare numbers", operator)
	}
	n, ok := number(value)
	if !ok || n < 0 || n != float64(int64(n)) {
		t.refuse(valueAt, "%v is not a number of times", value)
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
