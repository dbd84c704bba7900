package backtest

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/segue-dev/segue/internal/fault"
	"github.com/segue-dev/segue/internal/segment"
	"github.com/segue-dev/segue/internal/segment/syntax"
)

// parse reads definitions from YAML.
func parse(t *testing.T, src string) []syntax.Definition {
	t.Helper()
	defs, err := syntax.Parse("rule.yaml", []byte(src))
	require.NoError(t, err)
	return defs
}

const liveSegments = `
{segment: old, name: Old, soWhat: x, priority: 2, when: {count: {of: x}}}
---
{segment: upon-old, name: Upon old, soWhat: x, priority: 1, when: {segment: old}}
---
{segment: idea, name: Idea, soWhat: x, status: draft, when: {count: {of: z}}}
`

func TestSets(t *testing.T) {
	live := compile(t, parse(t, liveSegments), nil)
	candidates := parse(t, `
{segment: old, name: New, soWhat: x, status: retired, when: {count: {of: y}}}
---
{segment: upon-upon, name: Upon upon, soWhat: x, status: draft, when: {all: [{segment: upon-old}, {not: {segment: idea}}]}}
`)
	for against, want := range map[string][]string{
		"": {"old", "upon-old"}, "upon-old": {"upon-old"}, "old": {"old"}, "idea": {"idea"}, "upon-upon": {"upon-upon"},
	} {
		asked, compared, err := Sets(live, candidates, against, segment.Options{})
		require.NoError(t, err)
		require.Equal(t, []string{"old", "upon-upon"}, activeKeys(asked))
		require.Equal(t, want, activeKeys(compared), against)
	}
	asked, compared, err := Sets(live, candidates, "", segment.Options{})
	require.NoError(t, err)
	got := run(t, asked, Options{Live: compared}, record(t, "v", "0s y"), record(t, "w", "0s x"))
	require.Equal(t, "New", got.Segments[0].Name)
	require.Equal(t, 1, got.Segments[1].End, "what a candidate refers to refers to the candidates")
	require.Equal(t, []Overlap{{Key: "old", Ever: 1, End: 1}, {Key: "upon-old", Ever: 1, End: 1}}, got.Segments[0].Overlaps,
		"it is compared with the live segment of its key")
}

func activeKeys(set *segment.Set) []string {
	var keys []string
	for _, i := range active(set) {
		keys = append(keys, set.Key(i))
	}
	return keys
}

func TestMistakesOfCandidates(t *testing.T) {
	live := compile(t, parse(t, liveSegments), nil)
	candidates := parse(t, "segment: new\nname: New\nsoWhat: x\nwhen:\n  segment: odl\n")
	_, _, err := Sets(live, candidates, "", segment.Options{})
	require.EqualError(t, err, `rule.yaml:5:3: there is no segment "odl": define it, or mend the reference`)

	_, _, err = Sets(live, parse(t, "{segment: new, name: New, soWhat: x, when: {count: {of: x}}}"), "odl", segment.Options{})
	require.EqualError(t, err, `there is no segment "odl" to compare with; there are old, idea, new, upon-old`)
	require.Equal(t, fault.NotFound, fault.KindOf(err))
}
