package segment

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/segue-dev/segue/internal/segment/syntax"
	"github.com/segue-dev/segue/internal/visitor"
)

func TestATrimmedRecordAnswersAlikeOrSaysSo(t *testing.T) {
	truncated, checked := 0, 0
	rapid.Check(t, func(t *rapid.T) {
		cond, all := genCond(false).Draw(t, "rule"), genSignals().Draw(t, "signals")
		keep := visitor.Limits{MaxSignals: rapid.IntRange(1, 8).Draw(t, "kept")}
		now := genInstant().Draw(t, "now")
		set := compileLaw(t, cond)
		whole, _ := (&visitor.Record{}).With(visitor.Limits{}, all...)
		trimmed, _ := (&visitor.Record{}).With(keep, all...)
		got := set.Evaluate(trimmed, nil, now)
		checked++
		if got.Truncated {
			truncated++
			return
		}
		require.Equal(t, set.Evaluate(whole, nil, now), got, "%s, kept %d", syntax.Format(cond), len(trimmed.Signals))
	})
	require.Less(t, truncated*3, checked*2, "too few answers are exact")
}

func TestTotalsStandInForDroppedSignals(t *testing.T) {
	signals := parseSignals(t, `
		0s a
		1m b
		2m page:home
		1h a
		2h page:home
		3h c
		4h c`)
	trimmed, _ := (&visitor.Record{}).With(visitor.Limits{MaxSignals: 2}, signals...)
	require.Equal(t, 5, trimmed.Summary.Dropped)
	for _, tc := range []struct {
		rule, at, truth string
		truncated       bool
	}{
		{"count: {of: a, eq: 2}", "5h", "true", false},
		{"count: {of: [a, c], eq: 3}", "3h", "true", false},
		{"count: {of: page, eq: 2}", "5h", "true", false},
		{"count: {of: ['page:home', page], eq: 2}", "5h", "true", false},
		{"count: {of: '*', eq: 7}", "5h", "true", false},
		{"count: {of: track, eq: 5}", "5h", "true", false},
		{"count: {of: [a, track], eq: 5}", "5h", "true", false},
		{"recency: {of: track, atMost: 1h}", "5h", "true", false},
		{"count: {of: track, last: 4h, gte: 3}", "5h", "false", true},
		{"count: {of: a, where: {x: 1}, gte: 1}", "5h", "false", true},
		{"count: {of: c, where: {x: 1}, gte: 1}", "5h", "false", false},
		{"count: {of: a, distinct: x, gte: 1}", "5h", "false", true},
		{"count: {of: a, last: 4h, gte: 1}", "4h", "false", true},
		{"count: {of: a, last: 1h, gte: 1}", "4h", "false", false},
		{"recency: {of: a, atLeast: 4h}", "5h", "true", false},
		{"recency: {of: a, atMost: 4h}", "5h", "true", false},
		{"recency: {of: '*', atMost: 2h}", "3h", "true", false},
		{"never: {of: a}", "5h", "false", false},
		{"never: {of: z}", "5h", "true", false},
		{"never: {of: a, where: {x: 1}}", "5h", "true", true},
		{"absence: {of: a, without: z, for: 4h}", "5h", "true", false},
		{"absence: {of: a, without: z, for: 5h, since: first}", "5h", "true", false},
		{"absence: {of: a, without: c, for: 1h}", "5h", "false", false},
		{"absence: {of: a, without: b, for: 4h}", "5h", "true", false},
		{"absence: {of: b, without: a, for: 1h}", "5h", "false", false},
		{"absence: {of: a, without: b, for: 4h, since: first}", "5h", "false", true},
		{"sequence: {steps: [{of: a}, {of: c}]}", "5h", "false", true},
		{"sequence: {steps: [{of: a, first: true}, {of: c}]}", "5h", "false", true},
		{"sequence: {steps: [{of: c}, {of: c}]}", "5h", "true", false},
		{"sum: {of: c, property: x, gte: 1}", "5h", "false", false},
		{"session: {number: {eq: 5}}", "5h", "true", false},
		{"session: {returnedWithin: 1h}", "3h", "true", false},
		{"count: {of: c, session: current, eq: 1}", "5h", "true", false},
		{"count: {of: c}", "1h", "false", true}, // before all that is left
	} {
		res := compileRule(t, tc.rule, Options{}).Evaluate(trimmed, nil, at(t, tc.at))
		require.Equal(t, tc.truth == "true", len(res.Members) == 1, "%s at %s", tc.rule, tc.at)
		require.Equal(t, tc.truncated, res.Truncated, "%s at %s: truncated", tc.rule, tc.at)
	}
}

func TestASessionThatBeganBeforeTheLog(t *testing.T) {
	trimmed, _ := (&visitor.Record{}).With(visitor.Limits{MaxSignals: 1}, parseSignals(t, "-2h page\n0s page\n10m page")...)
	for rule, truncated := range map[string]bool{
		"session: {number: {eq: 2}}":                     false,
		"session: {returning: true}":                     false,
		"session: {pages: {gte: 1}}":                     true,
		"count: {of: page, session: current}":            true,
		"context: {device: mobile}":                      true,
		"session: {returnedWithin: 2h, pages: {gte: 0}}": true,
	} {
		res := compileRule(t, rule, Options{}).Evaluate(trimmed, nil, at(t, "1h"))
		require.Equal(t, truncated, res.Truncated, rule)
	}
}

func TestAContinuedSessionHasTheNumberOfADroppedOne(t *testing.T) {
	trimmed, _ := (&visitor.Record{}).With(visitor.Limits{MaxSignals: 2}, parseSignals(t, "0s page\n10m page device=d2\n20m page")...)
	require.True(t, compileRule(t, "session: {number: {eq: 1}}", Options{}).isMember(trimmed, at(t, "21m")))
	require.True(t, compileRule(t, "session: {number: {eq: 2}}", Options{}).isMember(trimmed, at(t, "11m")))
}

func (s *Set) isMember(rec *visitor.Record, at int64) bool {
	return len(s.Evaluate(rec, nil, at).Members) > 0
}

func TestTheLastOfSeveralDroppedSignalsIsNotKnownOnceALaterOneIsHeld(t *testing.T) {
	trimmed, _ := (&visitor.Record{}).With(visitor.Limits{MaxSignals: 1}, parseSignals(t, "0s a\n1h a\n5h a")...)
	set := compileRule(t, "recency: {of: a, atMost: 2h}", Options{})
	res := set.Evaluate(trimmed, nil, at(t, "3h"))
	require.True(t, res.Truncated)
	require.Equal(t, []int{0}, res.Members, "it is taken to be the latest dropped signal")
	require.False(t, set.Evaluate(trimmed, nil, at(t, "6h")).Truncated)
}

func TestTraitsOutliveTheirSignals(t *testing.T) {
	trimmed, _ := (&visitor.Record{}).With(visitor.Limits{MaxSignals: 1}, parseSignals(t, "0s identify plan=pro\n1h page")...)
	require.Empty(t, trimmed.Signals[0].Props)
	require.Equal(t, "true", truthIn(t, "trait: {plan: pro}", trimmed, nil, "2h"))
	require.Equal(t, "unknown", truthIn(t, "trait: {plan: pro}", trimmed, nil, "-1s"))
}
