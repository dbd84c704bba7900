package idlist_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/segue-dev/segue/internal/fault"
	"github.com/segue-dev/segue/internal/idlist"
)

func TestReadTakesOneIDALine(t *testing.T) {
	l, err := idlist.Read(strings.NewReader("\ufeffuser_id,name\r\n  b \r\n\na,Ann\n\"c d\",x\nb\n"))
	require.NoError(t, err)
	require.Equal(t, []string{"a", "b", "c d"}, slices.Collect(l.All()))
}

func TestReadNamesTheLineThatIsWrong(t *testing.T) {
	for text, want := range map[string]string{
		"a\nb\x00c\n":                        "line 2: not text in UTF-8: write one id a line",
		"a\n\xff\xfe\n":                      "line 2: not text in UTF-8: write one id a line",
		"a\nb\n" + strings.Repeat("x", 2000): "line 3: longer than 1024 bytes: write one id a line",
	} {
		_, err := idlist.Read(strings.NewReader(text))
		require.EqualError(t, err, want)
		require.Equal(t, fault.Invalid, fault.KindOf(err))
	}
}

func TestListHasWhatItWasMadeOf(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		id := rapid.StringMatching(`[ab,. ]{1,3}`)
		ids, asked := rapid.SliceOf(id).Draw(t, "ids"), id.Draw(t, "asked")
		l, err := idlist.Of(ids...)
		require.NoError(t, err)
		require.Equal(t, slices.Contains(ids, asked), l.Has(asked))
		for _, id := range ids {
			require.True(t, l.Has(id))
		}
		slices.Reverse(ids)
		again, err := idlist.Of(ids...)
		require.NoError(t, err)
		require.Equal(t, l, again)
		back, err := idlist.FromText(l.Text())
		require.NoError(t, err)
		require.Equal(t, l, back)
	})
}

func TestVersionIsThatOfTheIDs(t *testing.T) {
	version := func(ids ...string) string {
		l, err := idlist.Of(ids...)
		require.NoError(t, err)
		return l.Version()
	}
	require.NotEqual(t, version("ab", "c"), version("a", "bc"))
	require.Equal(t, version("a", "b"), version("b", "a", "b"))
}

func TestDamagedTextIsRefused(t *testing.T) {
	for _, text := range []string{"a", "b\na\n", "a\na\n", "\n", "a\n\n"} {
		_, err := idlist.FromText(text)
		require.Error(t, err, "%q", text)
	}
}

func TestNoListIsEmpty(t *testing.T) {
	var l *idlist.List
	require.False(t, l.Has("a"))
	require.Zero(t, l.Len())
	require.Empty(t, slices.Collect(l.All()))
}
