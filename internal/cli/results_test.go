package cli_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// measuredShop returns the flags of the storefront example with visitors who took
// part in one of its experiences: of 120 with each variant, a sixth bought without
// it and half with it.
func measuredShop(t *testing.T) []string {
	t.Helper()
	dir := t.TempDir()
	metrics := filepath.Join(dir, "metrics.yaml")
	require.NoError(t, os.WriteFile(metrics, []byte("metrics:\n  - { metric: purchase, of: Order Completed, window: 7d }\ncostPerHour: 50\n"), 0o600))
	var lines []string
	for i := range 240 {
		at := time.Now().Add(-time.Duration(10+i%20) * 24 * time.Hour).UTC()
		signal := func(n int, body string) {
			lines = append(lines, fmt.Sprintf(`{%s,"anonymousId":"v%d","messageId":"v%d-%d","timestamp":%q}`, body, i, i, n, at.Add(time.Duration(n)*time.Minute).Format(time.RFC3339)))
		}
		signal(1, fmt.Sprintf(`"type":"component","properties":{"experienceId":"exp-goes-with-test","variantIndex":%d}`, i%2))
		if i%2 == 0 && i%12 == 0 || i%2 == 1 && i%4 == 1 {
			signal(2, `"type":"track","event":"Order Completed"`)
		}
	}
	file := filepath.Join(dir, "signals.ndjson")
	require.NoError(t, os.WriteFile(file, []byte(strings.Join(lines, "\n")), 0o600))
	flags := append(storefront(filepath.Join(dir, "data")), "--set", "metrics="+metrics)
	done(t, with(flags, "replay", file)...)
	return flags
}

func TestResultsSayWhatAVariantDoes(t *testing.T) {
	flags := measuredShop(t)
	table := done(t, with(flags, "results", "exp-goes-with-test")...)
	require.Contains(t, table, "Test: what goes with the Hollow (exp-goes-with-test), for everybody")
	require.Regexp(t, `all +visitors 120 / 120\n +purchase, variant 1 +Better: 50 % against 16\.7 %, \+200 % \(`, table)
	require.Contains(t, table, "Nobody is held out of everything")

	report := decoded(t, with(flags, "results", "--readout", time.Now().Add(-24*time.Hour).UTC().Format(time.DateOnly))...)
	require.Len(t, report["advice"], 4)
	for _, mistake := range [][]string{{"results", "nosuch"}, {"results", "--metric", "nosuch"}, {"results", "--from", "soon"}} {
		code, _, stderr := segue(t, with(flags, mistake...)...)
		require.Equal(t, 2, code, stderr)
	}
	require.Contains(t, done(t, with(flags, "recount", "--check")...), "wrong counters  0")

	rows := strings.Split(strings.TrimSpace(done(t, with(flags, "export", "participants")...)), "\n")
	require.Equal(t, "visitor,experience,segment,variant,mixed,exposed_at,rules,purchase", rows[0])
	require.Len(t, rows, 241)
	require.True(t, strings.HasPrefix(rows[1], "v0,exp-goes-with-test,,0,false,"), rows[1])
	require.True(t, strings.HasSuffix(rows[1], ",1"), rows[1])
}

func TestAGateIsShutForASegmentThatNobodyIsIn(t *testing.T) {
	flags := shopHistory(t)
	nobody := written(t, "segment: nobody\nname: Nobody\nsoWhat: x\nwhen: { count: { of: No Such Event } }\n")
	code, stdout, _ := segue(t, with(append(flags, period...), "gate", nobody)...)
	require.Equal(t, 3, code)
	require.Contains(t, stdout, "nobody  had better not be published")
	require.Contains(t, stdout, "error: nobody was ever in it")

	basket := written(t, basketDraft)
	got := decoded(t, with(append(flags, period...), "gate", basket)...)
	gate := got["gates"].([]any)[0].(map[string]any)
	require.Equal(t, true, gate["open"])
	require.NotEmpty(t, gate["overlaps"])
}

func TestAnOverriddenGateIsRecorded(t *testing.T) {
	dir := t.TempDir()
	config := filepath.Join(dir, "segue.yaml")
	require.NoError(t, os.WriteFile(config, []byte("store: pebble:data\ncontent: \"\"\nsegments: \"\"\n"), 0o600))
	signals := filepath.Join(dir, "s.ndjson")
	require.NoError(t, os.WriteFile(signals, fmt.Appendf(nil, `{"type":"track","event":"Seen","anonymousId":"a","messageId":"m","timestamp":%q}`, time.Now().Add(-time.Hour).UTC().Format(time.RFC3339)), 0o600))
	done(t, "replay", signals, "--config", config)
	nobody := written(t, "segment: nobody\nname: Nobody\nsoWhat: x\nwhen: { count: { of: No Such Event } }\n")
	done(t, "gate", nobody, "--config", config, "--override", "a campaign starts tomorrow")
	record, err := os.ReadFile(filepath.Join(dir, "gate-overrides.jsonl"))
	require.NoError(t, err)
	require.Contains(t, string(record), `"reason":"a campaign starts tomorrow"`)
	require.Contains(t, string(record), `"segment":"nobody"`)
}
