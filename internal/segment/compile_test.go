package segment

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/segue-dev/segue/internal/fault"
	"github.com/segue-dev/segue/internal/segment/syntax"
	"github.com/segue-dev/segue/internal/visitor"
)

// definitions parses segments given as lines of "key priority status: rule".
func definitions(t testing.TB, lines string) []syntax.Definition {
	t.Helper()
	var defs []syntax.Definition
	for i, line := range strings.Split(strings.TrimSpace(lines), "\n") {
		head, rule, ok := strings.Cut(strings.TrimSpace(line), ": ")
		require.True(t, ok, line)
		cond, err := syntax.ParseCond("rules.yaml", []byte(strings.Repeat("\n", i)+rule))
		require.NoError(t, err, line)
		words := strings.Fields(head)
		d := syntax.Definition{Key: words[0], Priority: len(words[1]), When: cond, Pos: syntax.Pos{File: "rules.yaml", Line: i + 1, Column: 1}}
		if len(words) > 2 {
			d.Status = syntax.Status(words[2])
		}
		defs = append(defs, d)
	}
	return defs
}

func TestCompileOrdersByPriorityThenKey(t *testing.T) {
	set, err := Compile(definitions(t, `
		low   *   : never: {of: z}
		b     **  : never: {of: z}
		draft *** draft: never: {of: z}
		a     **  : never: {of: z}
		gone  **  retired: never: {of: z}`), Options{})
	require.NoError(t, err)
	var keys []string
	for i := range set.Len() {
		keys = append(keys, set.Key(i))
		n, ok := set.Index(set.Key(i))
		require.True(t, ok)
		require.Equal(t, i, n)
		require.Equal(t, set.Key(i), set.Definition(i).Key)
	}
	require.Equal(t, []string{"draft", "a", "b", "low"}, keys)
	_, ok := set.Index("gone")
	require.False(t, ok)
	priority, ok := set.Priority("b")
	require.True(t, ok)
	require.Equal(t, 2, priority)
	_, ok = set.Priority("gone")
	require.False(t, ok)
	res := set.Evaluate(&visitor.Record{}, nil, 0)
	require.Equal(t, []int{1, 2, 3}, res.Members, "drafts are members of nothing")
}

func TestCompileReportsEveryMistake(t *testing.T) {
	re := func(pattern string) syntax.Cond {
		p := syntax.Pos{File: "cms", Line: 7, Column: 3}
		return syntax.Trait{Where: syntax.Pred{{Property: "p", Tests: []syntax.Test{{Op: syntax.Matches, Values: []syntax.Scalar{pattern}, Pos: p}}}}}
	}
	for name, tc := range map[string]struct {
		defs []syntax.Definition
		want []string
	}{
		"a key twice": {
			definitions(t, "a * : never: {of: z}\na * : never: {of: y}"),
			[]string{`rules.yaml:2:1: segment "a" is defined twice, first at rules.yaml:1:1`},
		},
		"unknown, retired and cyclic references, all at once": {
			definitions(t, "a * : segment: b\nb * : not: {segment: c}\nc * : any: [{segment: a}, {segment: nowhere}]\nd * : segment: gone\ngone * retired: never: {of: z}"),
			[]string{
				`rules.yaml:3:8: segments refer to each other in a circle: a → b → c → a`,
				`rules.yaml:3:22: there is no segment "nowhere"`,
				`rules.yaml:4:1: segment "gone" is retired`,
			},
		},
		"itself": {
			definitions(t, "a * : segment: a"), []string{"a → a"},
		},
		"two bad expressions": {
			[]syntax.Definition{{Key: "a", When: re("(")}, {Key: "b", When: re("[")}},
			[]string{"cms:7:3: matches: error parsing regexp: missing closing )", "cms:7:3: matches: error parsing regexp: missing closing ]"},
		},
		"no rule":  {[]syntax.Definition{{Key: "a"}}, []string{"a rule is empty"}},
		"no steps": {[]syntax.Definition{{Key: "a", When: syntax.Sequence{}}}, []string{"no steps"}},
		"nothing to compare with": {
			[]syntax.Definition{{Key: "a", When: syntax.Trait{Where: syntax.Pred{{Property: "p", Tests: []syntax.Test{{Op: syntax.Eq}}}}}}},
			[]string{"eq: compares with 0 values"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			set, err := Compile(tc.defs, Options{})
			require.Nil(t, set)
			require.Equal(t, fault.Invalid, fault.KindOf(err))
			var joined interface{ Unwrap() []error }
			require.True(t, errors.As(err, &joined))
			require.Len(t, joined.Unwrap(), len(tc.want))
			for _, want := range tc.want {
				require.ErrorContains(t, err, want)
			}
		})
	}
}

func TestReferencesReachDrafts(t *testing.T) {
	set, err := Compile(definitions(t, "a * : segment: b\nb * draft: count: {of: x, last: 1h}"), Options{})
	require.NoError(t, err)
	res := set.Evaluate(record(t, "0s x"), nil, at(t, "0s"))
	require.Equal(t, []int{0}, res.Members)
	require.Equal(t, at(t, "1h"), res.ValidUntil)
}

func TestRevision(t *testing.T) {
	const text = "a * : count: {of: x, last: 1h}\nb ** : recency: {of: y, atMost: 2h}"
	revision := func(defs []syntax.Definition) string {
		set, err := Compile(defs, Options{})
		require.NoError(t, err)
		return set.Revision()
	}
	want := revision(definitions(t, text))
	require.Regexp(t, "^r[0-9a-f]{12}$", want)
	moved := definitions(t, "\n\n"+text)
	slices.Reverse(moved)
	moved[0].Pos.File = "elsewhere.yaml"
	moved[0].Examples = []syntax.Example{{Name: "e"}}
	require.Equal(t, want, revision(moved), "neither order, nor place, nor examples count")
	for _, other := range []string{
		"a * : count: {of: x, last: 2h}\nb ** : recency: {of: y, atMost: 2h}",
		"a * : count: {of: x, last: 1h}\nb ** : recency: {of: y, atLeast: 2h}",
		"a *** : count: {of: x, last: 1h}\nb ** : recency: {of: y, atMost: 2h}",
		"a * draft: count: {of: x, last: 1h}\nb ** : recency: {of: y, atMost: 2h}",
		"a * : count: {of: x, last: 1h}",
	} {
		require.NotEqual(t, want, revision(definitions(t, other)))
	}
}

func TestAViewMayConcernSomeSegmentsOnly(t *testing.T) {
	set, err := Compile(definitions(t, "a ** : count: {of: x, last: 1h}\nb * : count: {of: x, last: 2h}"), Options{})
	require.NoError(t, err)
	var res Result
	set.Bind(record(t, "0s x")).Look(View{At: at(t, "0s"), Known: at(t, "0s"), Concern: []bool{false, true}}, &res)
	require.Equal(t, []int{0, 1}, res.Members)
	require.Equal(t, at(t, "2h"), res.ValidUntil)
}

func TestAResultCanBeUsedAgainForAnotherSet(t *testing.T) {
	var res Result
	for _, lines := range []string{
		"a * : segment: b\nb * : never: {of: z}\nc * : segment: a",
		"a * : never: {of: z}",
		"a * : segment: b\nb * : not: {never: {of: z}}",
	} {
		set, err := Compile(definitions(t, lines), Options{})
		require.NoError(t, err)
		set.Bind(&visitor.Record{}).Evaluate(nil, 5, &res)
		fresh := set.Evaluate(&visitor.Record{}, nil, 5)
		require.ElementsMatch(t, fresh.Members, res.Members)
	}
}
