package spelling_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/segue-dev/segue/internal/spelling"
)

func TestNearest(t *testing.T) {
	known := []string{"store", "maxSignals", "when", "gte"}
	for word, want := range map[string]string{
		"stroe": "store", "Store": "store", "max_signals": "maxSignals", "whenn": "when", "gt": "gte", "listen": "", "": "",
	} {
		got, _ := spelling.Nearest(word, known)
		require.Equal(t, want, got, word)
	}
}

func TestDistanceIsAMetricOfShortWords(t *testing.T) {
	word := rapid.StringMatching(`[abc]{0,6}`)
	rapid.Check(t, func(t *rapid.T) {
		a, b := word.Draw(t, "a"), word.Draw(t, "b")
		d := spelling.Distance(a, b)
		require.Equal(t, a == b, d == 0)
		require.Equal(t, d, spelling.Distance(b, a))
		require.LessOrEqual(t, d, max(len(a), len(b)))
		require.GreaterOrEqual(t, d, max(len(a)-len(b), len(b)-len(a)))
	})
	require.Equal(t, 1, spelling.Distance("form", "from"), "neighbours swapped are one mistake")
	require.Zero(t, spelling.Distance(strings.Repeat("x", 100), strings.Repeat("x", 64)))
}

func TestSortedPutsTheNearestFirst(t *testing.T) {
	require.Equal(t, []string{"page", "cage", "pager", "story"}, spelling.Sorted("page", []string{"story", "cage", "pager", "page"}))
}
