package cli_test

import (
	"archive/zip"
	"compress/gzip"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestJourneysOfTheStorefront(t *testing.T) {
	flags := append(shopHistory(t), "--to", "2026-11-28T00:00:00Z", "--support", "3")
	got := decoded(t, with(flags, "journeys", "--goal", "Order Completed")...)
	require.InDelta(t, 16, got["visitors"], 0)
	require.Equal(t, "Order Completed", got["goal"])
	patterns := got["patterns"].(map[string]any)
	require.InDelta(t, 3, patterns["minSupport"], 0)
	require.Nil(t, got["attribution"].(map[string]any)["lift"])

	text := done(t, with(flags, "journeys", "--goal", "Order Completed")...)
	for _, heading := range []string{
		"TIME TO THE GOAL", "DIRECTLY TO", "PATH\n", "WHERE CONVERTERS AND OTHERS PART", "PATTERNS of up to 4 steps", "ATTRIBUTION of",
		"This is association", "no holdout result yet",
	} {
		require.Contains(t, text, heading)
	}
	require.NotContains(t, text, "%!", "a form of printing is wrong")
	require.NotContains(t, done(t, with(flags, "journeys")...), "CONVERTED", "nobody asked for a goal")

	lines := strings.Split(strings.TrimSpace(done(t, with(flags, "journeys", "-o", "jsonl", "--top", "2")...)), "\n")
	require.Len(t, lines, 2)
	var first struct{ Steps []string }
	require.NoError(t, json.Unmarshal([]byte(lines[0]), &first))
	require.NotEmpty(t, first.Steps)
}

// TestADraftIsARuleThatBacktestsAsItWasMined goes the way from a pattern to a
// segment: draft, validate, backtest.
func TestADraftIsARuleThatBacktestsAsItWasMined(t *testing.T) {
	flags := shopHistory(t)
	ask := with(append(flags, "--to", "2026-11-20T16:00:00Z", "--support", "3", "--goal", "Order Completed"), "journeys")
	got := decoded(t, ask...)
	found := got["patterns"].(map[string]any)["found"].([]any)
	require.Greater(t, len(found), 3)
	for nr, want := range map[string]any{"1": found[0], "4": found[3]} {
		segments := t.TempDir()
		require.NoError(t, os.CopyFS(segments, os.DirFS(filepath.Join(example("storefront"), "segments"))))
		draft := filepath.Join(segments, "mined.yaml")
		require.NoError(t, os.WriteFile(draft, []byte(done(t, append(ask, "--draft", nr)...)), 0o600))
		done(t, with(flags, "validate", "--set", "segments="+segments)...)
		report := decoded(t, with(flags, append([]string{"backtest", draft}, backtestOf(t, draft)...)...)...)
		segment := report["segments"].([]any)[0].(map[string]any)
		pattern := want.(map[string]any)
		require.Equal(t, pattern["support"], segment["ever"], nr)
		members := segment["conversion"].(map[string]any)["members"].(map[string]any)
		for _, figure := range []string{"visitors", "converted", "tooRecent"} {
			require.Equal(t, pattern["conversion"].(map[string]any)[figure], members[figure], nr)
		}
	}
}

// backtestOf returns the flags that a draft says its backtest needs.
func backtestOf(t *testing.T, draft string) []string {
	t.Helper()
	src, err := os.ReadFile(draft)
	require.NoError(t, err)
	_, line, found := strings.Cut(string(src), "segue backtest FILE ")
	require.True(t, found)
	line, _, _ = strings.Cut(line, "\n")
	var flags []string
	for _, word := range regexp.MustCompile(`'[^']*'|\S+`).FindAllString(line, -1) {
		flags = append(flags, strings.Trim(word, "'"))
	}
	return flags
}

// TestTheGuideToJourneysShowsWhatComes runs the commands of docs/journeys.md.
func TestTheGuideToJourneysShowsWhatComes(t *testing.T) {
	src, err := os.ReadFile(filepath.Join("..", "..", "docs", "journeys.md"))
	require.NoError(t, err)
	guide := string(src)
	flags := append(shopHistory(t), "--goal", "Order Completed", "--to", "2026-11-20T16:00:00Z", "--ignore", "page", "--support", "3")
	require.Contains(t, guide, `--goal "Order Completed" --within 1h --to 2026-11-20T16:00:00Z --ignore page --support 3 --touch step --top 3`)
	text := done(t, with(flags, "journeys", "--within", "1h", "--touch", "step", "--top", "3")...)
	require.Contains(t, guide, "```text\n"+text+"```")

	found := decoded(t, with(flags, "journeys")...)["patterns"].(map[string]any)["found"].([]any)
	var drafts strings.Builder
	for _, f := range found {
		drafts.WriteString(f.(map[string]any)["draft"].(string))
	}
	_, rule, _ := strings.Cut(guide, "```yaml\n")
	rule, _, _ = strings.Cut(rule, "```")
	require.Contains(t, drafts.String(), rule)
}

func TestJourneysOfAFile(t *testing.T) {
	dir := t.TempDir()
	plain, packed := filepath.Join(dir, "paths.txt"), filepath.Join(dir, "paths.gz")
	require.NoError(t, os.WriteFile(plain, []byte("home pay buy\nhome help\n"), 0o600))
	f, err := os.Create(packed)
	require.NoError(t, err)
	z := gzip.NewWriter(f)
	_, err = z.Write([]byte("home pay buy\nhome help\n"))
	require.NoError(t, err)
	require.NoError(t, z.Close())
	require.NoError(t, f.Close())
	for _, file := range []string{plain, packed} {
		got := decoded(t, "journeys", "--sequences", file, "--goal", "buy", "--support", "1")
		require.InDelta(t, 2, got["visitors"], 0)
		require.InDelta(t, 1, got["base"].(map[string]any)["converted"], 0)
		require.NotContains(t, got, "timeToGoal")
	}
	require.Contains(t, done(t, "journeys", "--sequences", plain, "--goal", "buy", "--support", "1"), "home > pay")
}

func TestNamesOfStepsDoNotUpsetATerminal(t *testing.T) {
	file := filepath.Join(t.TempDir(), "paths.txt")
	require.NoError(t, os.WriteFile(file, []byte("home \x1b[31mred "+strings.Repeat("x", 100)+"\n"), 0o600))
	text := done(t, "journeys", "--sequences", file)
	require.NotContains(t, text, "\x1b")
	require.Contains(t, text, "home > \uFFFD[31mred > "+strings.Repeat("x", 47)+"…")
}

func TestJourneysOfAZip(t *testing.T) {
	archive := func(names ...string) string {
		file := filepath.Join(t.TempDir(), "paths.zip")
		f, err := os.Create(file)
		require.NoError(t, err)
		z := zip.NewWriter(f)
		for _, name := range names {
			w, err := z.Create(name)
			require.NoError(t, err)
			if !strings.HasSuffix(name, "/") {
				_, err = w.Write([]byte("home pay buy\n"))
				require.NoError(t, err)
			}
		}
		require.NoError(t, z.Close())
		require.NoError(t, f.Close())
		return file
	}
	got := decoded(t, "journeys", "--sequences", archive("paths.seq", "__MACOSX/", "__MACOSX/._paths.seq"))
	require.InDelta(t, 1, got["visitors"], 0)
	for want, file := range map[string]string{
		"the archive holds a and b: unpack the one that is meant": archive("a", "b"),
		"the archive holds no file":                               archive("__MACOSX/"),
	} {
		code, _, stderr := segue(t, "journeys", "--sequences", file)
		require.Equal(t, 1, code)
		require.Contains(t, stderr, file+": "+want)
	}
}

func TestJourneysOfNothingSayWhatToDo(t *testing.T) {
	text := done(t, with(storefront(t.TempDir()), "journeys", "--goal", "Order Completed")...)
	require.Contains(t, text, "take in a log by segue replay")
	require.NotContains(t, text, "PATTERNS")
	text = done(t, with(shopHistory(t), "journeys", "--goal", "Ordr Completed")...)
	require.Contains(t, text, "it may be one of Order Completed")
	require.Contains(t, text, "--support N asks for patterns of fewer visitors")
}

func TestJourneysRefuseWhatTheyCannotDo(t *testing.T) {
	dir := t.TempDir()
	flags := storefront(dir)
	broken := filepath.Join(dir, "broken.zip")
	require.NoError(t, os.WriteFile(broken, []byte("PK\x03\x04"), 0o600))
	for name, tc := range map[string]struct {
		args   []string
		code   int
		stderr string
	}{
		"no time":       {[]string{"journeys", "--within", "soon"}, 2, "--within soon: write a time such as 7d"},
		"no half-life":  {[]string{"journeys", "--half-life", "soon"}, 2, "--half-life soon: write a time such as 7d"},
		"no goal":       {[]string{"journeys", "--goal", "page:"}, 2, "--goal:1:"},
		"backwards":     {[]string{"journeys", "--from", "2026-11-02T00:00:00Z", "--to", "2026-11-01T00:00:00Z"}, 2, "swap them"},
		"no property":   {[]string{"journeys", "--by", "page"}, 2, "--by page: write an event and the property"},
		"no pattern":    {[]string{"journeys", "--draft", "3"}, 2, "--draft 3: there are 0 patterns"},
		"no such file":  {[]string{"journeys", "--sequences", broken + "x"}, 1, "no such file"},
		"broken zip":    {[]string{"journeys", "--sequences", broken}, 1, broken + ": zip:"},
		"goal of where": {[]string{"journeys", "--sequences", broken, "--goal", "{of: a, where: {b: 1}}"}, 1, broken},
	} {
		t.Run(name, func(t *testing.T) {
			code, stdout, stderr := segue(t, with(flags, tc.args...)...)
			require.Equal(t, tc.code, code, stderr)
			require.Contains(t, stderr, tc.stderr)
			require.Empty(t, stdout)
		})
	}
}
