package cli_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const basketDraft = `segment: basket-without-order
name: Basket without order
soWhat: Bring the basket to mind
status: draft
priority: 35
when:
  absence: { of: Product Added, without: Order Completed, for: 10m }
`

// written writes a file of segments and returns its path.
func written(t *testing.T, src string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "rule.yaml")
	require.NoError(t, os.WriteFile(file, []byte(src), 0o600))
	return file
}

// shopHistory returns the flags of the storefront example with the signals of
// its visitors in a store.
func shopHistory(t *testing.T) []string {
	t.Helper()
	flags := storefront(t.TempDir())
	done(t, with(flags, "replay", filepath.Join(example("storefront"), "signals.ndjson"))...)
	return flags
}

// period is that of the signals of the storefront example.
var period = []string{"--from", "2026-10-10T00:00:00Z", "--to", "2026-11-20T16:00:00Z"}

func TestBacktestOfADraft(t *testing.T) {
	flags := append(shopHistory(t), period...)
	got := decoded(t, with(flags, "backtest", written(t, basketDraft), "--goal", "order_completed", "--within", "1d")...)
	require.Equal(t, "2026-10-10T00:00:00Z", got["from"])
	require.InDelta(t, 16, got["visitors"], 0)
	segments := got["segments"].([]any)
	require.Len(t, segments, 1)
	draft := segments[0].(map[string]any)
	require.Equal(t, "basket-without-order", draft["key"])
	require.InDelta(t, 6, draft["entries"], 0)
	days := draft["days"].([]any)
	require.Len(t, days, 42)
	require.Equal(t, map[string]any{"date": "2026-11-20", "members": 6.0, "atEnd": 6.0, "entries": 4.0, "exits": 0.0}, days[41])
	var others []string
	for _, o := range draft["overlaps"].([]any) {
		others = append(others, o.(map[string]any)["key"].(string))
	}
	require.Equal(t, []string{"high-intent", "comparison-shopper", "returning-buyer", "browser"}, others)
	require.Equal(t, map[string]any{"visitors": 1.0, "converted": 0.0, "share": 0.0, "tooRecent": 5.0}, draft["conversion"].(map[string]any)["members"])

	against := decoded(t, with(flags, "backtest", written(t, basketDraft), "--against", "high-intent")...)
	require.Len(t, against["segments"].([]any)[0].(map[string]any)["overlaps"], 1)
}

// TestBacktestOfALiveSegmentFindsItself holds the replayed history to what
// the command segments counts at its end.
func TestBacktestOfALiveSegmentFindsItself(t *testing.T) {
	flags := shopHistory(t)
	counted := decoded(t, with(flags, "segments", "--at", "2026-11-20T16:00:00Z")...)
	for _, s := range counted["segments"].([]any) {
		key := s.(map[string]any)["key"].(string)
		rule := filepath.Join(example("storefront"), "segments", key+".yaml")
		got := decoded(t, with(append(flags, period...), "backtest", rule, "--against", key)...)
		tried := got["segments"].([]any)[0].(map[string]any)
		require.Equal(t, s.(map[string]any)["members"], tried["end"], key)
		overlap := tried["overlaps"].([]any)[0].(map[string]any)
		require.InDelta(t, 1, overlap["visitorJaccard"], 0, key)
		require.InDelta(t, 1, overlap["timeJaccard"], 0, key)
	}
}

func TestBacktestIsPrintedForPeople(t *testing.T) {
	flags := append(shopHistory(t), period...)
	text := done(t, with(flags, "backtest", written(t, basketDraft), "--goal", "Order Completed", "--within", "1d", "--set", "timezone=Europe/Berlin")...)
	require.Contains(t, text, "2026-10-10 02:00:00 CEST to 2026-11-20 17:00:00 CET")
	require.Contains(t, text, "history   complete\n")
	require.Contains(t, text, "basket-without-order: Basket without order\n")
	require.Regexp(t, `ever a member +6 \(37\.5 %\)`, text)
	require.Regexp(t, `(?m)^after the first entry +0 \(0\.0 %\) +1 +5$`, text)
	require.Regexp(t, `(?m)^2026-11-20 +6 +6 +4 +0$`, text)
	require.Regexp(t, `(?m)^high-intent +\d+ +\d+ +\d of \d`, text)

	short := done(t, with(flags, "backtest", written(t, basketDraft), "--set", "maxSignals=1000")...)
	require.NotContains(t, short, "CONVERTED", "nobody asked for a goal")
}

// TestTheGuideToBacktestsShowsWhatComes runs the command of docs/backtest.md
// with the rule that is shown there.
func TestTheGuideToBacktestsShowsWhatComes(t *testing.T) {
	src, err := os.ReadFile(filepath.Join("..", "..", "docs", "backtest.md"))
	require.NoError(t, err)
	guide := string(src)
	block := func(kind string) string {
		_, rest, found := strings.Cut(guide, "```"+kind+"\n")
		require.True(t, found, kind)
		text, _, _ := strings.Cut(rest, "```")
		return text
	}
	_, command, found := strings.Cut(guide, "basket-left.yaml --config segue.yaml ")
	require.True(t, found)
	command, _, _ = strings.Cut(command, "\n")
	command, goal, _ := strings.Cut(command, ` --goal "Order Completed" `)
	args := append(strings.Fields(command+" "+goal), "--goal", "Order Completed", written(t, block("yaml")))
	require.Equal(t, block("text"), done(t, with(shopHistory(t), append([]string{"backtest"}, args...)...)...))
}

func TestBacktestSaysWhatIsNotKnown(t *testing.T) {
	flags := append(storefront(t.TempDir()), "--set", "maxSignals=3")
	done(t, with(flags, "replay", filepath.Join(example("storefront"), "signals.ndjson"))...)
	text := done(t, with(append(flags, period...), "backtest", written(t, basketDraft))...)
	require.Regexp(t, `history +complete since 2026-11-\d\d \S+ UTC: older signals of \d+ visitors are gone`, text)
	require.Regexp(t, `truncated +\d+ \(\d+\.\d %\): the rules look back to signals that are gone`, text)
	require.Regexp(t, `truncated +\d+ \(\d+\.\d %\) in the segments compared with`, text)
}

func TestBacktestPrintsALineForEachSegment(t *testing.T) {
	two := basketDraft + "---\n" + strings.Replace(basketDraft, "basket-without-order", "another", 1)
	lines := strings.Split(strings.TrimSpace(done(t, with(append(shopHistory(t), period...), "backtest", written(t, two), "-o", "jsonl")...)), "\n")
	require.Len(t, lines, 2)
	var first struct{ Key string }
	require.NoError(t, json.Unmarshal([]byte(lines[0]), &first))
	require.Equal(t, "another", first.Key, "in order of priority, then of key")
}

func TestBacktestRefusesWhatItCannotDo(t *testing.T) {
	good := written(t, basketDraft)
	unknown := written(t, strings.Replace(basketDraft, "without: Order", "wihout: Order", 1))
	dangling := written(t, strings.Replace(basketDraft, "absence: {", "segment: nobody #", 1))
	flags := storefront(t.TempDir())
	for name, tc := range map[string]struct {
		args   []string
		code   int
		stderr string
	}{
		"no rule":           {[]string{"backtest"}, 2, "<rule>"},
		"no such file":      {[]string{"backtest", good + "x"}, 2, "rule.yamlx"},
		"period backwards":  {[]string{"backtest", good, "--from", "2026-11-02T00:00:00Z", "--to", "2026-11-01T00:00:00Z"}, 2, "--from 2026-11-02T00:00:00Z is after the end, 2026-11-01T00:00:00Z: swap them"},
		"no instant":        {[]string{"backtest", good, "--from", "yesterday"}, 2, "--from"},
		"unknown other":     {[]string{"backtest", good, "--against", "high-intend"}, 2, `--against: there is no segment "high-intend" to compare with; there are high-intent,`},
		"no time":           {[]string{"backtest", good, "--goal", "X", "--within", "soon"}, 2, "--within soon: write the time in which the goal counts, such as 7d"},
		"no goal":           {[]string{"backtest", good, "--goal", "page:"}, 2, "--goal:1:"},
		"period too long":   {[]string{"backtest", good, "--from", "1066-01-01T00:00:00Z"}, 2, "longer than 100000 days"},
		"mistake in a rule": {[]string{"backtest", unknown}, 1, unknown + ":7:"},
		"dangling rule":     {[]string{"backtest", dangling}, 1, dangling + ":7:3: there is no segment"},
	} {
		t.Run(name, func(t *testing.T) {
			code, stdout, stderr := segue(t, with(flags, tc.args...)...)
			require.Equal(t, tc.code, code, stderr)
			require.Contains(t, stderr, tc.stderr)
			require.Empty(t, stdout)
		})
	}
}

// TestBacktestOfTheBuyersOfRetailRocket knows that 39 visitors of a public
// recording bought, and that whoever has is a buyer for ever.
func TestBacktestOfTheBuyersOfRetailRocket(t *testing.T) {
	data := os.Getenv("SEGUE_TEST_DATA")
	if data == "" {
		t.Skip("SEGUE_TEST_DATA names no directory of real inputs")
	}
	flags := []string{"--config", filepath.Join(example("retailrocket"), "segue.yaml"), "--set", "store=pebble:" + t.TempDir()}
	mapping := filepath.Join(example("mappings"), "retailrocket.yaml")
	done(t, with(flags, "replay", "--mapping", mapping, filepath.Join(data, "clickstream", "retailrocket-sample.csv"))...)
	rule := filepath.Join(example("retailrocket"), "segments", "buyers.yaml")
	got := decoded(t, with(flags, "backtest", rule, "--from", "2015-05-01T00:00:00Z", "--to", "2015-09-18T03:00:00Z")...)
	require.InDelta(t, 5000, got["visitors"], 0)
	buyers := got["segments"].([]any)[0].(map[string]any)
	for figure, want := range map[string]float64{"ever": 39, "entries": 39, "exits": 0, "start": 0, "end": 39} {
		require.InDelta(t, want, buyers[figure], 0, figure)
	}
	overlaps := buyers["overlaps"].([]any)
	require.InDelta(t, 1, overlaps[0].(map[string]any)["timeJaccard"], 0, "with itself")
	require.InDelta(t, 121, overlaps[1].(map[string]any)["end"], 0)
}
