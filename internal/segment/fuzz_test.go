package segment

import (
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/segue-dev/segue/internal/segment/syntax"
	"github.com/segue-dev/segue/internal/signal"
)

func FuzzQueryParameter(f *testing.F) {
	f.Add("https://a.example/?utm_source=mail&x=1#f", "utm_source")
	f.Add("?a+b=%20", "a b")
	f.Add("?%zz=1&&=2", "")
	f.Fuzz(func(t *testing.T, link, name string) {
		got, ok := queryParameter(link, name)
		u, err := url.Parse(link)
		if err != nil {
			return
		}
		want, err := url.ParseQuery(u.RawQuery)
		if err != nil {
			return // not well formed: any reading will do
		}
		require.Equal(t, want.Has(name), ok)
		require.Equal(t, want.Get(name), got)
	})
}

func FuzzVersion(f *testing.F) {
	f.Add("1.2.3", "v1.2.3-rc.1+b")
	f.Add("1", "1.0.0-0")
	f.Fuzz(func(t *testing.T, a, b string) {
		v, okV := parseVersion(a)
		w, okW := parseVersion(b)
		if okV && okW {
			require.Equal(t, v.compare(w), -w.compare(v))
			require.Zero(t, v.compare(v))
		}
	})
}

var fuzzedOps = []syntax.TestOp{
	syntax.Eq, syntax.Ne, syntax.In, syntax.Nin, syntax.Gt, syntax.Gte, syntax.Lt, syntax.Lte, syntax.Between, syntax.Contains,
	syntax.NotContain, syntax.StartsWith, syntax.EndsWith, syntax.Matches, syntax.SemverGt, syntax.SemverEq,
}

// FuzzPredicate holds compiled predicates to what doc.go says of them.
func FuzzPredicate(f *testing.F) {
	for op := range fuzzedOps {
		f.Add(op, "1", "2.0", "1e0")
		f.Add(op, "2026-01-01", "2026-01-02T00:00Z", "2026-01-01T10:00")
		f.Add(op, "a", "ab", "xab")
	}
	f.Fuzz(func(t *testing.T, op int, a, b, value string) {
		rule := syntax.Test{Op: fuzzedOps[(op%len(fuzzedOps)+len(fuzzedOps))%len(fuzzedOps)], Values: []syntax.Scalar{a}}
		if rule.Op == syntax.In || rule.Op == syntax.Nin || rule.Op == syntax.Between {
			rule.Values = append(rule.Values, b)
		}
		compiled, err := newTest(rule)
		if err != nil {
			require.Contains(t, []syntax.TestOp{syntax.Matches, syntax.SemverGt, syntax.SemverEq}, rule.Op)
			return
		}
		got := compiled.passes([]prop{{Value: signal.TextOf(value)}})
		if want, ok := slowly(rule.Op, a, b, value); ok {
			require.Equal(t, want, got, "%s %q %q of %q", rule.Op, a, b, value)
		}
		require.Equal(t, rule.Op == syntax.Ne || rule.Op == syntax.Nin || rule.Op == syntax.NotContain, compiled.passes(nil))
	})
}

// slowly says whether value passes; ok is false for operators that have no
// second definition here.
func slowly(op syntax.TestOp, a, b, value string) (passes, ok bool) {
	number := func(s string) (float64, bool) { return signal.TextOf(s).Float() }
	equal := func(c string) bool {
		x, isX := number(value)
		y, isY := number(c)
		if isX && isY {
			return x == y
		}
		return value == c
	}
	order := func(c string, holds func(x, y float64) bool) bool {
		if y, isNumber := number(c); isNumber {
			x, isX := number(value)
			return isX && holds(x, y)
		}
		x, isX := parseInstant(value)
		y, isY := parseInstant(c)
		return isX && isY && holds(float64(x), float64(y))
	}
	greater := func(x, y float64) bool { return x > y }
	less := func(x, y float64) bool { return x < y }
	notLess := func(x, y float64) bool { return x >= y }
	notGreater := func(x, y float64) bool { return x <= y }
	switch op {
	case syntax.Eq:
		return equal(a), true
	case syntax.Ne:
		return !equal(a), true
	case syntax.In:
		return equal(a) || equal(b), true
	case syntax.Nin:
		return !equal(a) && !equal(b), true
	case syntax.Gt:
		return order(a, greater), true
	case syntax.Gte:
		return order(a, notLess), true
	case syntax.Lt:
		return order(a, less), true
	case syntax.Lte:
		return order(a, notGreater), true
	case syntax.Between:
		return order(a, notLess) && order(b, notGreater), true
	case syntax.Contains:
		return strings.Contains(value, a), true
	case syntax.NotContain:
		return !strings.Contains(value, a), true
	case syntax.StartsWith:
		return strings.HasPrefix(value, a), true
	case syntax.EndsWith:
		return strings.HasSuffix(value, a), true
	default:
		return false, false
	}
}
