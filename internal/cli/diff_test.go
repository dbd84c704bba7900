package cli_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// edited returns a directory with the storefront's segments in which old has
// become new.
func edited(t *testing.T, file, before, after string) string {
	t.Helper()
	dir := t.TempDir()
	require.NoError(t, os.CopyFS(dir, os.DirFS(filepath.Join(example("storefront"), "segments"))))
	src, err := os.ReadFile(filepath.Join(dir, file))
	require.NoError(t, err)
	require.Contains(t, string(src), before)
	src = []byte(strings.Replace(string(src), before, after, 1))
	require.NoError(t, os.WriteFile(filepath.Join(dir, file), src, 0o600))
	return dir
}

func TestDescribeSaysWhatEachSegmentMeans(t *testing.T) {
	flags := storefront(t.TempDir())
	text := done(t, with(flags, "segments", "--describe")...)
	for _, key := range []string{"browser", "comparison-shopper", "high-intent", "returning-buyer"} {
		require.Contains(t, text, key+" (active, priority ")
	}
	require.Equal(t, 4, strings.Count(text, "  who: "))
	first := decoded(t, with(flags, "segments", "--describe")...)["segments"].([]any)[0].(map[string]any)
	for _, field := range []string{"key", "version", "name", "soWhat", "status", "plain", "rule"} {
		require.NotEmpty(t, first[field], field)
	}
}

func TestDiffOfWhatIsPublished(t *testing.T) {
	flags := storefront(t.TempDir())
	segments := filepath.Join(example("storefront"), "segments")
	require.Equal(t, "no change\n", done(t, with(flags, "segments", "diff", segments)...))

	was := edited(t, "browser.yaml", "priority: ", "priority: 1")
	text := done(t, with(flags, "segments", "diff", was)...)
	require.Contains(t, text, "~ browser (v")
	require.Contains(t, text, "    priority\n      - 1")
	require.NotContains(t, text, "when")
}

func TestDiffCountsWhoWouldMove(t *testing.T) {
	dir := t.TempDir()
	flags := storefront(dir)
	done(t, with(flags, "replay", filepath.Join(example("storefront"), "signals.ndjson"))...)
	drafted := edited(t, "high-intent.yaml", "priority: 40", "priority: 40\nstatus: draft")
	counted := decoded(t, with(flags, "segments", "--at", "2026-11-20T16:00:00Z")...)
	members := map[any]any{}
	for _, s := range counted["segments"].([]any) {
		members[s.(map[string]any)["key"]] = s.(map[string]any)["members"]
	}
	require.Positive(t, members["high-intent"])

	diff := decoded(t, with(flags, "segments", "diff", filepath.Join(example("storefront"), "segments"), drafted, "--effect", "--at", "2026-11-20T16:00:00Z")...)
	require.Equal(t, counted["visitors"], diff["visitors"])
	require.Equal(t, []any{map[string]any{"segment": "high-intent", "enter": 0.0, "leave": members["high-intent"]}}, diff["effects"])
}

func TestDiffOfAMissingDirectoryNamesIt(t *testing.T) {
	code, _, stderr := segue(t, with(storefront(t.TempDir()), "segments", "diff", "nowhere")...)
	require.Equal(t, 1, code)
	require.Contains(t, stderr, "nowhere does not exist")
}
