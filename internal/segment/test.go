package segment

import (
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/segue-dev/segue/internal/segment/syntax"
	"github.com/segue-dev/segue/internal/signal"
)

// A test compares the values of a property with constants.
type test struct {
	one   func(signal.Value) bool // nil for exists
	every bool                    // all values must pass, not some; none is enough
	exist bool                    // of exists: whether there must be values
}

// passes reports whether vals pass t. Without values only the tests that ask
// all values are true.
func (t *test) passes(vals []prop) bool {
	if t.one == nil {
		return (len(vals) > 0) == t.exist
	}
	for i := range vals {
		if t.one(vals[i].Value) != t.every {
			return !t.every
		}
	}
	return t.every
}

func newTest(t syntax.Test) (test, error) {
	v := values(t.Values)
	if len(v) == 0 || t.Op == syntax.Between && len(v) != 2 {
		return test{}, invalid(t.Pos, "%s: compares with %d values", t.Op, len(v))
	}
	switch t.Op {
	case syntax.Exists:
		return test{exist: v[0].Bool()}, nil
	case syntax.Matches:
		re, err := regexp.Compile(v[0].String())
		if err != nil {
			return test{}, invalid(t.Pos, "matches: %v: write an RE2 regular expression", err)
		}
		return test{one: func(v signal.Value) bool { return re.MatchString(v.String()) }}, nil
	case syntax.SemverEq, syntax.SemverGt, syntax.SemverGte, syntax.SemverLt, syntax.SemverLte:
		return newVersionTest(t.Op, v[0].String(), t.Pos)
	case syntax.Ne, syntax.Nin:
		equal := equalToSome(v)
		return test{one: func(v signal.Value) bool { return !equal(v) }, every: true}, nil
	case syntax.NotContain:
		s := v[0].String()
		return test{one: func(v signal.Value) bool { return !strings.Contains(v.String(), s) }, every: true}, nil
	}
	if one := comparing(t.Op, v); one != nil {
		return test{one: one}, nil
	}
	return test{}, invalid(t.Pos, "unknown comparison %q", t.Op)
}

// comparing returns the test of one value for the operators that cannot fail
// to compile; nil for others.
func comparing(op syntax.TestOp, v []signal.Value) func(signal.Value) bool {
	text := func(passes func(s, part string) bool) func(signal.Value) bool {
		part := v[0].String()
		return func(v signal.Value) bool { return passes(v.String(), part) }
	}
	switch op {
	case syntax.Eq, syntax.In:
		return equalToSome(v)
	case syntax.Contains:
		return text(strings.Contains)
	case syntax.StartsWith:
		return text(strings.HasPrefix)
	case syntax.EndsWith:
		return text(strings.HasSuffix)
	case syntax.Between:
		low, high := ordered(atLeast, v[0]), ordered(atMost, v[1])
		return func(v signal.Value) bool { return low(v) && high(v) }
	case syntax.Gt, syntax.Gte, syntax.Lt, syntax.Lte:
		return ordered(relations[op], v[0])
	}
	return nil
}

// equalToSome returns a test for being equal to one of want.
func equalToSome(want []signal.Value) func(signal.Value) bool {
	if len(want) == 1 {
		return equalTo(want[0])
	}
	if texts, ok := onlyTexts(want); ok {
		return func(v signal.Value) bool { return slices.Contains(texts, v.String()) }
	}
	tests := make([]func(signal.Value) bool, len(want))
	for i, w := range want {
		tests[i] = equalTo(w)
	}
	return func(v signal.Value) bool {
		for _, equal := range tests {
			if equal(v) {
				return true
			}
		}
		return false
	}
}

// onlyTexts returns values as text; ok is false if some spells a number.
func onlyTexts(vals []signal.Value) (texts []string, ok bool) {
	for _, v := range vals {
		if _, isNumber := v.Float(); isNumber {
			return nil, false
		}
		texts = append(texts, v.String())
	}
	return texts, true
}

// equalTo is signal.Value.Equal, faster for text that spells no number.
func equalTo(want signal.Value) func(signal.Value) bool {
	if _, ok := want.Float(); ok {
		return want.Equal
	}
	text := want.String()
	return func(v signal.Value) bool { return v.String() == text }
}

// ordered returns a test for being greater or less than want: as numbers, or
// as instants if want is no number. What is neither passes no such test.
func ordered(op relation, want signal.Value) func(signal.Value) bool {
	if limit, ok := want.Float(); ok {
		return func(v signal.Value) bool {
			f, ok := v.Float()
			return ok && op.holds(f, limit)
		}
	}
	limit, ok := parseInstant(want.String())
	return func(v signal.Value) bool {
		if !ok || v.Kind() != signal.Text {
			return false
		}
		t, ok := parseInstant(v.String())
		return ok && op.holds(float64(t), float64(limit))
	}
}

var instantForms = []string{
	time.DateOnly, "2006-01-02T15:04", "2006-01-02T15:04:05", "2006-01-02T15:04Z07:00", time.RFC3339,
}

// parseInstant reads a date, or date and time, of ISO 8601; without a zone it
// is UTC. The result is in ms since the epoch.
func parseInstant(s string) (int64, bool) {
	if len(s) < len(time.DateOnly) || s[4] != '-' {
		return 0, false
	}
	for _, form := range instantForms {
		if t, err := time.Parse(form, s); err == nil {
			return t.UnixMilli(), true
		}
	}
	return 0, false
}

func values(scalars []syntax.Scalar) []signal.Value {
	out := make([]signal.Value, len(scalars))
	for i, s := range scalars {
		out[i] = valueOf(s)
	}
	return out
}

func valueOf(s syntax.Scalar) signal.Value {
	switch s := s.(type) {
	case bool:
		return signal.BoolOf(s)
	case float64:
		return signal.NumberOf(s)
	case string:
		return signal.TextOf(s)
	default:
		return signal.Value{}
	}
}
