package lint

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/segue-dev/segue/internal/segment"
	"github.com/segue-dev/segue/internal/segment/syntax"
	"github.com/segue-dev/segue/internal/signal"
	"github.com/segue-dev/segue/internal/visitor"
)

func cond(t require.TestingT, rule string) syntax.Cond {
	c, err := syntax.ParseCond("rule", []byte(rule))
	require.NoError(t, err, rule)
	return c
}

func TestWhatIsNeverTrue(t *testing.T) {
	for rule, want := range map[string]bool{
		"all: [{count: {of: a}}, {not: {count: {of: a}}}]":                                          true,
		"all: [{count: {of: a, gte: 3}}, {count: {of: a, lt: 2}}]":                                  true,
		"all: [{count: {of: a, last: 1h, gte: 3}}, {count: {of: a, last: 2h, lt: 3}}]":              true,
		"all: [{count: {of: a, last: 2h, gte: 3}}, {count: {of: a, last: 1h, lt: 3}}]":              false,
		"all: [{count: {of: a, gt: 2}}, {count: {of: a, lt: 3}}]":                                   true,
		"all: [{never: {of: a}}, {count: {of: a, last: 1h}}]":                                       true,
		"all: [{never: {of: a}}, {recency: {of: a, atLeast: 1h}}]":                                  true,
		"all: [{recency: {of: a, atLeast: 2h}}, {recency: {of: a, atMost: 1h}}]":                    true,
		"all: [{not: {recency: {of: a, atLeast: 2h}}}, {not: {recency: {of: a, atMost: 1h}}}]":      false,
		"all: [{count: {of: a, eq: 1}}, {count: {of: a, ne: 1}}]":                                   true,
		"all: [{count: {of: a, gte: 1, lte: 2}}, {count: {of: a, ne: 1}}, {count: {of: a, ne: 2}}]": true,
		"all: [{any: [{count: {of: a}}, {count: {of: b}}]}, {never: {of: a}}, {never: {of: b}}]":    true,
		"all: [{any: [{count: {of: a}}, {count: {of: b}}]}, {never: {of: a}}]":                      false,
		"not: {any: [{count: {of: a}}, {never: {of: a}}]}":                                          true,
		"all: [{count: {of: a, session: any, gte: 2}}, {count: {of: a, session: any, lt: 2}}]":      false,
		"all: [{count: {of: a, where: {p: 1}}}, {count: {of: a, lt: 1}}]":                           false,
	} {
		require.Equal(t, want, never(cond(t, rule)), rule)
	}
}

func TestWhatIsAlwaysTrue(t *testing.T) {
	for rule, want := range map[string]bool{
		"any: [{count: {of: a}}, {not: {count: {of: a}}}]":                             true,
		"any: [{count: {of: a, gte: 2}}, {count: {of: a, lte: 4}}]":                    true,
		"count: {of: a, gte: 0}":                                                       true,
		"any: [{trait: {p: 1}}, {not: {trait: {p: 1}}}]":                               false,
		"any: [{count: {of: a, session: any}}, {count: {of: a, session: any, lt: 1}}]": false,
		"any: [{count: {of: a}}, {never: {of: a}}]":                                    true,
	} {
		require.Equal(t, want, always(cond(t, rule)), rule)
	}
}

func TestWhatCovers(t *testing.T) {
	for _, tc := range []struct {
		wide, narrow string
		want         bool
	}{
		{"count: {of: a}", "count: {of: a, gte: 3}", true},
		{"count: {of: a, last: 2h}", "all: [{count: {of: a, last: 1h}}, {trait: {p: 1}}]", true},
		{"count: {of: a, last: 1h}", "count: {of: a, last: 2h}", false},
		{"trait: {p: 1}", "trait: {p: 1}", true},
		{"trait: {p: 1}", "all: [{trait: {p: 1}}, {count: {of: a}}]", false}, // it may be unknown
		{"any: [{count: {of: a}}, {count: {of: b}}]", "count: {of: b}", true},
	} {
		require.Equal(t, tc.want, covers(cond(t, tc.wide), cond(t, tc.narrow)), "%s ⊇ %s", tc.wide, tc.narrow)
	}
}

var start = time.Date(2026, time.March, 4, 12, 0, 0, 0, time.UTC).UnixMilli()

func genLeaf() *rapid.Generator[syntax.Cond] {
	return rapid.Custom(func(t *rapid.T) syntax.Cond {
		m := syntax.Match{Events: []syntax.Event{{Name: rapid.SampledFrom([]string{"a", "b"}).Draw(t, "event")}}}
		d := time.Duration(rapid.IntRange(1, 3).Draw(t, "hours")) * time.Hour
		ops := []syntax.TestOp{syntax.Eq, syntax.Ne, syntax.Gt, syntax.Gte, syntax.Lt, syntax.Lte}
		cmps := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) syntax.Cmp {
			return syntax.Cmp{Op: rapid.SampledFrom(ops).Draw(t, "op"), Value: float64(rapid.IntRange(0, 3).Draw(t, "limit"))}
		}), 1, 2).Draw(t, "compare")
		windows := []syntax.Window{
			{},
			{Kind: syntax.LastWindow, Last: d},
			{Kind: syntax.BetweenWindow, From: d, Last: 2 * d},
			{Kind: syntax.CurrentSession},
			{Kind: syntax.AnySession},
			{Kind: syntax.DaysWindow, Days: 1},
		}
		switch rapid.IntRange(0, 5).Draw(t, "kind") {
		case 0:
			return syntax.Never{Match: m}
		case 1:
			return syntax.Recency{Match: m, AtLeast: &d}
		case 2:
			return syntax.Recency{Match: m, AtMost: &d}
		case 3:
			return syntax.Trait{Where: syntax.Pred{{Property: "p", Tests: []syntax.Test{{Op: syntax.Eq, Values: []syntax.Scalar{1.0}}}}}}
		default:
			c := syntax.Count{Match: m, Window: rapid.SampledFrom(windows).Draw(t, "window"), Cmp: cmps}
			if rapid.Bool().Draw(t, "distinct") {
				c.Distinct = "p"
			}
			return c
		}
	})
}

func genCond(depth int) *rapid.Generator[syntax.Cond] {
	return rapid.Custom(func(t *rapid.T) syntax.Cond {
		shape := rapid.IntRange(0, 4).Draw(t, "shape")
		if depth == 0 || shape == 0 {
			return genLeaf().Draw(t, "leaf")
		}
		of := rapid.SliceOfN(genCond(depth-1), 2, 3).Draw(t, "parts")
		switch shape {
		case 1, 2:
			return syntax.All{Of: of}
		case 3:
			return syntax.Any{Of: of}
		default:
			return syntax.Not{Of: of[0]}
		}
	})
}

// Nothing is called impossible that a visitor does.
func TestLogicIsOnTheSafeSide(t *testing.T) {
	said := 0
	rapid.Check(t, func(t *rapid.T) {
		a, b := genCond(2).Draw(t, "a"), genCond(1).Draw(t, "b")
		set, err := segment.Compile([]syntax.Definition{{Key: "a", When: a, Priority: 2}, {Key: "b", When: b, Priority: 1}}, segment.Options{})
		require.NoError(t, err)
		isNever, isAlways, isCovered := never(a), always(a), covers(a, b)
		if isNever || isAlways || isCovered {
			said++
		}
		for range 20 {
			var sigs []signal.Signal
			at := start
			for i := range rapid.IntRange(0, 5).Draw(t, "signals") {
				s := signal.Signal{ID: string(rune('a' + i)), Name: rapid.SampledFrom([]string{"a", "b"}).Draw(t, "name"), At: at}
				if rapid.IntRange(0, 3).Draw(t, "identify") == 0 {
					s.Type, s.Name = signal.Identify, ""
				}
				s.Props = signal.Props{{Key: "p", Value: signal.NumberOf(float64(rapid.IntRange(0, 2).Draw(t, "p")))}}
				sigs = append(sigs, s)
				at += rapid.Int64Range(0, 3).Draw(t, "pause") * 20 * 60_000
			}
			rec, _ := (&visitor.Record{}).With(visitor.Limits{}, sigs...)
			var member [2]bool
			for _, m := range set.Evaluate(rec, nil, at+rapid.Int64Range(0, 12).Draw(t, "later")*20*60_000).Members {
				member[m] = true
			}
			require.False(t, isNever && member[0], "never: %s", syntax.Format(a))
			require.False(t, isAlways && !member[0], "always: %s", syntax.Format(a))
			require.False(t, isCovered && member[1] && !member[0], "%s covers %s", syntax.Format(a), syntax.Format(b))
		}
	})
	require.NotZero(t, said)
}
