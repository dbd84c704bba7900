package syntax

import (
	"regexp"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"
)

var testOps = []TestOp{
	Eq, Ne, In, Nin, Gt, Gte, Lt, Lte, Between, Contains, NotContain, StartsWith, EndsWith,
	Matches, Exists, SemverEq, SemverGt, SemverGte, SemverLt, SemverLte,
}

// pred reads the value of key as a predicate. It is empty if key is not given.
func (f *fields) pred(key string) Pred {
	if n := f.find(key); n != nil {
		return f.r.pred(key, n)
	}
	return nil
}

func (r *reader) pred(what string, n *yaml.Node) Pred {
	f := r.fields(n, freely(what, "{plan: pro}"))
	if f.node != nil && len(f.keys) == 0 {
		r.fail(n, "%s is empty: name a property, such as {plan: pro}, or leave %s out", what, what)
	}
	var p Pred
	for i, key := range f.keys {
		t := PropTest{Property: r.propertyKey(key), Pos: r.pos(key)}
		if j := slices.IndexFunc(p, func(o PropTest) bool { return o.Property == t.Property }); j >= 0 {
			r.fail(key, "%s is the same property as in line %d: put both tests into one map", key.Value, p[j].Pos.Line)
		}
		t.Tests = r.tests(key.Value, f.values[i])
		p = append(p, t)
	}
	return p
}

// propertyKey reads the key of a predicate, which need not be written as text.
func (r *reader) propertyKey(key *yaml.Node) string {
	plain := *key
	plain.Tag = "!!str"
	return r.property("a property's name", &plain)
}

// tests reads what a property must be: a constant, one of several, or a map of
// comparisons.
func (r *reader) tests(property string, n *yaml.Node) []Test {
	switch n.Kind {
	case yaml.SequenceNode:
		return []Test{{In, r.scalars(property, n), r.pos(n)}}
	case yaml.MappingNode:
		return r.testMap(property, n)
	default:
		return []Test{{Eq, []Scalar{r.scalar(property, n)}, r.pos(n)}}
	}
}

func (r *reader) testMap(property string, n *yaml.Node) []Test {
	f := r.fields(n, testForm.called("the test of "+property))
	if len(f.keys) == 0 {
		r.fail(n, "%s has no test: write a value, or a comparison such as {gte: 3}", property)
	}
	var tests []Test
	for i, key := range f.keys {
		op := TestOp(key.Value)
		value := f.values[i]
		if slices.Contains(testOps, op) && !isNull(value) {
			tests = append(tests, Test{op, r.constants(op, value), r.pos(key)})
		}
	}
	f.close()
	return tests
}

// constants reads what op compares with.
func (r *reader) constants(op TestOp, n *yaml.Node) []Scalar {
	what := string(op)
	switch op {
	case Eq, Ne:
		return []Scalar{r.scalar(what, n)}
	case In, Nin:
		return r.scalars(what, n)
	case Gt, Gte, Lt, Lte:
		return []Scalar{r.ordered(what, n)}
	case Between:
		return r.between(n)
	case Matches:
		return []Scalar{r.pattern(n)}
	case Exists:
		return []Scalar{r.boolean(what, n)}
	case SemverEq, SemverGt, SemverGte, SemverLt, SemverLte:
		return []Scalar{r.semver(what, n)}
	default:
		return []Scalar{r.anyText(what, n)}
	}
}

func (r *reader) scalars(what string, n *yaml.Node) []Scalar {
	var all []Scalar
	for _, item := range r.items(what, n) {
		all = append(all, r.scalar(what, item))
	}
	return all
}

// ordered reads what can be greater or less: a number or an instant.
func (r *reader) ordered(what string, n *yaml.Node) Scalar {
	if !isText(n) {
		return r.number(what, n)
	}
	if _, ok := parseInstant(n.Value); !ok {
		r.fail(n, "%s takes a number without quotes or a date such as 2026-01-31 or 2026-01-31T09:00:00Z, not %s", what, show(n))
	}
	return n.Value
}

func (r *reader) between(n *yaml.Node) []Scalar {
	if n.Kind != yaml.SequenceNode || len(n.Content) != 2 {
		r.fail(n, "between takes two bounds, the lesser first, such as [10, 20]")
		return nil
	}
	mistakes := len(r.errs)
	a, b := r.ordered("between", n.Content[0]), r.ordered("between", n.Content[1])
	if len(r.errs) > mistakes {
		return nil
	}
	low, lowIsNumber := a.(float64)
	high, highIsNumber := b.(float64)
	if lowIsNumber != highIsNumber {
		r.fail(n, "between takes two numbers or two dates, not one of each")
		return nil
	}
	if !lowIsNumber {
		from, _ := parseInstant(a.(string))
		to, _ := parseInstant(b.(string))
		low, high = float64(from.UnixMilli()), float64(to.UnixMilli())
	}
	if low > high {
		r.fail(n, "the bounds of between are reversed: write [%s, %s]", n.Content[1].Value, n.Content[0].Value)
	}
	return []Scalar{a, b}
}

func (r *reader) pattern(n *yaml.Node) string {
	text := r.anyText("matches", n)
	if _, err := regexp.Compile(text); err != nil {
		reason := strings.TrimPrefix(err.Error(), "error parsing regexp: ")
		r.fail(n, "matches is not a regular expression in RE2 syntax (no look-around, no back-references): %s", reason)
	}
	return text
}

func (r *reader) semver(what string, n *yaml.Node) string {
	if n.Tag == "!!float" || n.Tag == "!!int" {
		r.fail(n, "%s takes a version with three numbers, such as 2.0.0, not %s", what, show(n))
		return ""
	}
	text := r.text(what, n)
	if text != "" && !isVersion(text) {
		r.fail(n, "%s takes a version such as 2.0.0 or 2.1.0-beta.1 (three numbers, no v in front), not %s", what, show(n))
	}
	return text
}

// isVersion reports whether s is a version in the sense of semver.org.
func isVersion(s string) bool {
	s, build, hasBuild := strings.Cut(s, "+")
	core, pre, hasPre := strings.Cut(s, "-")
	numbers := strings.Split(core, ".")
	if len(numbers) != 3 || slices.ContainsFunc(numbers, func(n string) bool { return !isNumeric(n) || !noLeadingZero(n) }) {
		return false
	}
	if hasPre && !isDotted(pre, noLeadingZero) {
		return false
	}
	return !hasBuild || isDotted(build, func(string) bool { return true })
}

// isDotted reports whether s is a list of identifiers, each of which ok.
func isDotted(s string, ok func(string) bool) bool {
	for id := range strings.SplitSeq(s, ".") {
		if id == "" || !ok(id) || strings.ContainsFunc(id, func(c rune) bool { return !isIdentifierLetter(c) }) {
			return false
		}
	}
	return true
}

func isIdentifierLetter(c rune) bool {
	return c == '-' || '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
}

func isNumeric(s string) bool {
	return s != "" && !strings.ContainsFunc(s, func(c rune) bool { return c < '0' || c > '9' })
}

func noLeadingZero(s string) bool { return !isNumeric(s) || s == "0" || s[0] != '0' }

var instantForms = []string{
	time.DateOnly, "2006-01-02T15:04", "2006-01-02T15:04:05", "2006-01-02T15:04Z07:00", time.RFC3339,
}

// parseInstant reads an ISO 8601 date, or date and time; without a zone it is
// UTC.
func parseInstant(s string) (time.Time, bool) {
	for _, form := range instantForms {
		if t, err := time.Parse(form, s); err == nil {
			return t, true
		}
	}
	return time.Time{}, false
}
