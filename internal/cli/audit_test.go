package cli_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// statuses returns the colours of the checks of a report, by id; those about a
// segment by id and key.
func statuses(report map[string]any) map[string]string {
	all := map[string]string{}
	for _, c := range report["checks"].([]any) {
		c := c.(map[string]any)
		id := c["id"].(string)
		if key, ok := c["segment"].(string); ok {
			id += " " + key
		}
		all[id] = c["status"].(string)
	}
	return all
}

func TestAuditOfAStore(t *testing.T) {
	flags := shopHistory(t)
	audit := func(args ...string) string {
		code, stdout, stderr := segue(t, with(flags, append([]string{"audit", "--at", "2026-11-20T16:00:00Z"}, args...)...)...)
		require.Equal(t, 3, code, "so few members are a finding: %s", stderr)
		return stdout
	}
	var got map[string]any
	require.NoError(t, json.Unmarshal([]byte(audit("--goal", "Order Completed", "--output", "json")), &got))
	require.InDelta(t, 16, got["visitors"], 0)
	require.Equal(t, "2026-11-20T16:00:00Z", got["at"])
	checks := statuses(got)
	require.Equal(t, "green", checks["unknown-events"])
	require.Equal(t, "unknown", checks["arrival-order"], "a store does not know")
	require.Contains(t, checks, "reach high-intent")
	table := audit()
	require.Contains(t, table, "these may be goals")
	require.Contains(t, table, "16 visitors, ")
	require.Contains(t, audit("--output", "jsonl"), `{"id":`)
}

func TestDriftOfAStore(t *testing.T) {
	flags := shopHistory(t)
	code, table, stderr := segue(t, with(flags, "audit", "--drift", "--at", "2026-11-21T00:00:00Z")...)
	require.Contains(t, []int{0, 3}, code, stderr)
	require.Contains(t, table, "high-intent: Size (size)")
	require.Contains(t, table, "Event order completed (dead-event)")
	require.Contains(t, table, "Stale variants (stale-variants)")
	empty := decoded(t, with(storefront(t.TempDir()), "audit", "--drift")...)
	require.Equal(t, "unknown", statuses(empty)["volume"])
}

func TestAuditOfAnEmptyStoreGivesAdvice(t *testing.T) {
	table := done(t, with(storefront(t.TempDir()), "audit")...)
	require.Contains(t, table, "No visitor yet")
	require.Contains(t, table, "    curl -s http://127.0.0.1:8080/v1/page -d")
}

func TestAuditOfALogNeedsNoConfigurationAndStoresNothing(t *testing.T) {
	log, err := filepath.Abs(filepath.Join(example("storefront"), "signals.ndjson"))
	require.NoError(t, err)
	dir := t.TempDir()
	t.Chdir(dir)
	code, stdout, stderr := segue(t, "audit", log, "--output", "json")
	require.Empty(t, stderr)
	require.Contains(t, []int{0, 3}, code)
	require.Contains(t, stdout, `"visitors": 16`)
	left, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Empty(t, left)
}

func TestAuditSaysWhatIsWrong(t *testing.T) {
	flags := storefront(t.TempDir())
	for name, tc := range map[string]struct {
		args []string
		code int
		want string
	}{
		"mapping of nothing": {with(flags, "audit", "--mapping", "x.yaml"), 2, "name the log"},
		"drift of a log":     {with(flags, "audit", "--drift", written(t, "")), 2, "leave the files out"},
		"no effect":          {with(flags, "audit", "--effect", "0"), 2, "--effect 0"},
		"no bots":            {with(flags, "audit", "--bot-rate", "0"), 2, "--bot-rate 0"},
		"no event":           {with(flags, "audit", "--goal", "page:"), 2, "--goal:1:"},
		"no log":             {with(flags, "audit", "none.ndjson"), 2, "none.ndjson"},
		"no configuration":   {[]string{"audit", written(t, ""), "--config", "none.yaml"}, 1, "none.yaml"},
	} {
		t.Run(name, func(t *testing.T) {
			code, stdout, stderr := segue(t, tc.args...)
			require.Equal(t, tc.code, code)
			require.Contains(t, stderr, tc.want)
			require.Empty(t, stdout)
		})
	}
}

// The recording of RetailRocket is shuffled, and has neither sessions nor
// anything of time spent.
func TestAuditOfRetailRocket(t *testing.T) {
	data := os.Getenv("SEGUE_TEST_DATA")
	if data == "" {
		t.Skip("SEGUE_TEST_DATA names no directory of real inputs")
	}
	args := []string{
		"audit", filepath.Join(data, "clickstream", "retailrocket-sample.csv"), "--mapping", filepath.Join(example("mappings"), "retailrocket.yaml"),
		"--config", filepath.Join(example("retailrocket"), "segue.yaml"), "--goal", "Order Completed",
	}
	code, table, _ := segue(t, args...)
	require.Equal(t, 3, code, "there are findings")
	for _, want := range []string{
		"no dwell signal", "no session id", "shuffled order", "5000 visitors, 9382 signals, 2015-05-03 to 2015-09-18",
		"39 of 5,000 visitors reached it: 0.8 % (0.6 % to 1.1 %)", "3 of 9,385 deliveries had come before", "RED      buyers: Can it be measured in 30 days",
	} {
		require.Contains(t, table, want)
	}
}
