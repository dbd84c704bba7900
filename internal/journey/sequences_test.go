package journey

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestFilesOfSequences(t *testing.T) {
	names := "% UCI calls them\nnews sports\n% Sequences:\n1 1 2\n2\n"
	for text, want := range map[string][]Path{
		names:                      {{Steps: []string{"news", "sports"}, Visitors: 1}, {Steps: []string{"sports"}, Visitors: 1}},
		"# no names\nb a\r\n\nb a": {{Steps: []string{"b", "a"}, Visitors: 2}},
		"1":                        {{Steps: []string{"1"}, Visitors: 1}},
		"":                         {},
	} {
		require.Equal(t, want, sequences(t, Query{}, text).Paths, text)
	}
	got := sequences(t, Query{Goal: "sports", Repeats: true}, names)
	require.Equal(t, 1, got.Visitors)
	require.Equal(t, 1, got.Left.GoalFirst)
	require.Equal(t, []string{"news", "news"}, got.Paths[0].Steps)
	require.Equal(t, 1, got.Base.Converted)
	require.Nil(t, got.Time)
	require.Nil(t, got.Attribution)

	cut := sequences(t, Query{Goal: "buy", Steps: 2, Ignore: []string{"x"}}, "a x b c buy d\n")
	require.Equal(t, 2, cut.StepsTaken)
	require.Equal(t, 1, cut.Left.Cut)
	require.Equal(t, 1, cut.Base.Converted, "what is cut off are steps, not the goal")
}

func TestFilesOfSequencesThatMakeNoSense(t *testing.T) {
	ask := func(q Query, text string) error {
		_, err := RunSequences(t.Context(), strings.NewReader(text), -1, options(t, q))
		return err
	}
	require.EqualError(t, ask(Query{}, "a\n"+strings.Repeat("b ", 40_000)+"\n"), "line 2 is longer than 65536 bytes: one visitor cannot have so many steps")
	require.EqualError(t, ask(Query{Goal: "{of: a, where: {b: 1}}"}, "a"), "goal: a file of sequences has no properties: name the step alone")
}

// FuzzSequences compares paths with those of the plainest way to read a file.
func FuzzSequences(f *testing.F) {
	f.Add("a b b c\nb\n", false)
	f.Add("% x\nnews sports\n% Sequences\n1 2 3\n", true)
	f.Add("#\r\n\r\n g a\n a g a \n", true)
	f.Fuzz(func(t *testing.T, text string, repeats bool) {
		if strings.Contains(strings.ToLower(text), "sequences") || len(text) > 1<<15 {
			return // names are another test's business
		}
		q := Query{Goal: "g", Repeats: repeats, Support: "1", Length: 1, Steps: 1 << 20}
		p, err := readSequences(t.Context(), strings.NewReader(text), -1, options(t, q))
		require.NoError(t, err)
		visitors := 0
		for line := range strings.Lines(text) {
			if line = strings.TrimSpace(line); line == "" || strings.HasPrefix(line, "%") || strings.HasPrefix(line, "#") {
				continue
			}
			words := strings.Fields(line)
			goal := slices.IndexFunc(words, func(w string) bool { return strings.Trim(strings.ToLower(w), "_") == "g" })
			if goal >= 0 {
				words = words[:goal]
			}
			if len(words) == 0 {
				continue
			}
			lo, hi := p.bounds(visitors)
			require.LessOrEqual(t, hi-lo, len(words))
			if repeats {
				require.Equal(t, len(words), hi-lo, line)
			}
			require.Equal(t, goal >= 0, p.goal[visitors] != never, line)
			visitors++
		}
		require.Equal(t, visitors, p.visitors())
	})
}
