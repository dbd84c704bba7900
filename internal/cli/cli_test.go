package cli_test

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/segue-dev/segue/config"
	"github.com/segue-dev/segue/internal/app"
	"github.com/segue-dev/segue/internal/cli"
	"github.com/segue-dev/segue/internal/httpapi"
	"github.com/segue-dev/segue/internal/visitor"
)

// asCommand makes the test binary be segue itself, for tests that need a
// process of its own.
const asCommand = "SEGUE_TEST_AS_COMMAND"

func TestMain(m *testing.M) {
	if os.Getenv(asCommand) == "" {
		os.Exit(m.Run())
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	os.Exit(cli.Main(ctx, os.Args[1:], cli.Env{Stdout: os.Stdout, Stderr: os.Stderr}))
}

// segue runs a command in this process.
func segue(t *testing.T, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, err bytes.Buffer
	code = cli.Main(t.Context(), args, cli.Env{Stdout: &out, Stderr: &err})
	return code, out.String(), err.String()
}

// done runs a command that must succeed and returns its output.
func done(t *testing.T, args ...string) string {
	t.Helper()
	code, stdout, stderr := segue(t, args...)
	require.Zero(t, code, stderr)
	return stdout
}

// decoded runs a command that must succeed, and decodes its JSON.
func decoded(t *testing.T, args ...string) map[string]any {
	t.Helper()
	var v map[string]any
	require.NoError(t, json.Unmarshal([]byte(done(t, append(args, "--output", "json")...)), &v))
	return v
}

func example(name string) string { return filepath.Join("..", "..", "examples", name) }

// storefront returns the flags of the storefront example with a store in dir.
func storefront(dir string) []string {
	return []string{"--config", filepath.Join(example("storefront"), "segue.yaml"), "--set", "store=pebble:" + dir}
}

func with(flags []string, args ...string) []string { return append(args, flags...) }

// records returns all records of the store in dir.
func records(t *testing.T, dir string) map[string]*visitor.Record {
	t.Helper()
	cfg, err := config.Load(filepath.Join(example("storefront"), "segue.yaml"), nil, []string{"store=pebble:" + dir})
	require.NoError(t, err)
	store, err := app.OpenStore(cfg, nil, nil)
	require.NoError(t, err)
	defer func() { require.NoError(t, store.Close()) }()
	all := map[string]*visitor.Record{}
	for record, err := range store.All(t.Context()) {
		require.NoError(t, err)
		all[record.ID] = record
	}
	return all
}

func TestExitCodes(t *testing.T) {
	dir := t.TempDir()
	for name, src := range map[string]string{
		"doubtful.yaml": "id: e\nsegment: nobody\ncomponents: [{baseline: site-footer, variants: [hidden]}]\n",
		"wrong.yaml":    "segment: a\nname: A\nsoWhat: x\nwhen: {never: {of: X}}\nexamples:\n  - {name: bad, signals: \"0s X\", at: 1s, member: true}\n",
	} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(src), 0o600))
	}
	flags := storefront("unused")
	for name, tc := range map[string]struct {
		args   []string
		code   int
		stderr string
	}{
		"help":             {[]string{"--help"}, 0, ""},
		"fine":             {with(flags, "validate"), 0, ""},
		"findings":         {with(flags, "validate", "--set", "experiences="+dir+"/doubtful.yaml"), 3, ""},
		"failing examples": {with(flags, "validate", "--set", "content=", "--set", "segments="+dir+"/wrong.yaml"), 1, `example "bad" of segment a`},
		"bad setting":      {with(flags, "validate", "--set", "retention=x"), 1, "--set retention=x: retention: "},
		"no configuration": {[]string{"validate", "--config", dir + "/none.yaml"}, 1, "does not exist"},
		"no command":       {nil, 2, "segue --help"},
		"unknown command":  {[]string{"serv"}, 2, "serv"},
		"unknown flag":     {[]string{"validate", "--confg", "x"}, 2, "--confg"},
		"unknown form":     {with(flags, "validate", "--output", "xml"), 2, "--output"},
		"nobody there":     {[]string{"healthcheck", "--url", "http://127.0.0.1:1"}, 1, "not ready"},
		"missing file":     {with(flags, "replay", dir+"/none.ndjson"), 2, "none.ndjson"},
		"bad end":          {with(flags, "replay", "--end", "soon", dir+"/wrong.yaml"), 1, "--end soon: write now"},
	} {
		t.Run(name, func(t *testing.T) {
			code, _, stderr := segue(t, tc.args...)
			require.Equal(t, tc.code, code, stderr)
			require.Contains(t, stderr, tc.stderr)
		})
	}
}

func TestFindingsAreData(t *testing.T) {
	dir := t.TempDir()
	src := "id: e\nsegment: nobody\ncomponents: [{baseline: site-footer, variants: [hidden]}]\n"
	require.NoError(t, os.WriteFile(filepath.Join(dir, "e.yaml"), []byte(src), 0o600))
	code, stdout, stderr := segue(t, with(storefront("unused"), "validate", "--set", "experiences="+dir, "-o", "jsonl")...)
	require.Equal(t, 3, code)
	require.Empty(t, stderr)
	require.JSONEq(t, `{"code": "CT101", "severity": "warning", "message": "experience e: there is no active segment \"nobody\"; there are high-intent, comparison-shopper, returning-buyer, browser"}`, stdout)
}

func TestReplayIsIdempotent(t *testing.T) {
	flags := storefront(t.TempDir())
	file := filepath.Join(example("storefront"), "signals.ndjson")
	first := decoded(t, with(flags, "replay", file)...)
	require.Positive(t, first["accepted"])
	again := decoded(t, with(flags, "replay", file)...)
	require.Zero(t, again["accepted"])
	require.Equal(t, first["accepted"], again["duplicates"])
}

func TestReplayNamesWhatItDidNotTake(t *testing.T) {
	file := filepath.Join(t.TempDir(), "s.ndjson")
	require.NoError(t, os.WriteFile(file, []byte(
		`{"type":"page","anonymousId":"a","timestamp":"2026-11-01T10:00:00Z"}`+"\n"+`{"type":"track","anonymousId":"a","timestamp":"2026-11-01T10:00:00Z"}`+"\nnonsense\n"), 0o600))
	stdout := done(t, with(storefront(t.TempDir()), "replay", file)...)
	require.Contains(t, stdout, "accepted     1\n")
	require.Contains(t, stdout, "rejected     2\n")
	require.Contains(t, stdout, file+":2: event: missing")
	require.Contains(t, stdout, file+":3: ")
}

func TestMembersAfterAReplayShiftedToNow(t *testing.T) {
	flags := storefront(t.TempDir())
	done(t, with(flags, "replay", "--end", "now", filepath.Join(example("storefront"), "signals.ndjson"))...)
	got := decoded(t, with(flags, "segments", "--members")...)
	members := map[string]any{}
	for _, s := range got["segments"].([]any) {
		segment := s.(map[string]any)
		members[segment["key"].(string)] = segment["ids"]
	}
	require.Contains(t, members["high-intent"], "buyer-ana")
	require.Contains(t, members["comparison-shopper"], "comparer-cem")
	require.Contains(t, members["browser"], "browser-bea")

	table := done(t, with(flags, "segments")...)
	require.Regexp(t, `(?m)^SEGMENT +MEMBERS +OF \d+ VISITORS$`, table)
	require.NotContains(t, table, "buyer-ana", "ids only with --members")

	long := decoded(t, with(flags, "segments", "--at", "2020-01-01T00:00:00Z")...)
	require.Equal(t, "2020-01-01T00:00:00Z", long["at"])
}

func TestExplain(t *testing.T) {
	flags := storefront(t.TempDir())
	done(t, with(flags, "replay", "--end", "now", filepath.Join(example("storefront"), "signals.ndjson"))...)
	text := done(t, with(flags, "explain", "buyer-ana", "--segment", "high-intent")...)
	require.Contains(t, text, "buyer-ana is a member of high-intent, until ")
	require.Contains(t, text, "true ")
	got := decoded(t, with(flags, "explain", "buyer-ana")...)
	require.Equal(t, "buyer-ana", got["visitor"])
	require.Len(t, got["segments"], 4)
	code, _, stderr := segue(t, with(flags, "explain", "buyer-ana", "--segment", "high")...)
	require.Equal(t, 1, code)
	require.Contains(t, stderr, "high")
}

func TestVersionAndDescription(t *testing.T) {
	require.NotEmpty(t, decoded(t, "version")["go"])
	require.Equal(t, string(httpapi.OpenAPI), done(t, "openapi"))
}

func TestTheKnownFactsOfRetailRocket(t *testing.T) {
	data := os.Getenv("SEGUE_TEST_DATA")
	if data == "" {
		t.Skip("SEGUE_TEST_DATA names no directory of real inputs")
	}
	recording := filepath.Join(data, "clickstream", "retailrocket-sample.csv")
	flags := []string{"--config", filepath.Join(example("retailrocket"), "segue.yaml"), "--set", "store=pebble:" + t.TempDir()}
	mapping := filepath.Join(example("mappings"), "retailrocket.yaml")
	src, err := os.ReadFile(recording)
	require.NoError(t, err)

	first := decoded(t, with(flags, "replay", "--mapping", mapping, recording)...)
	require.InDelta(t, 9382, first["accepted"], 0)
	require.InDelta(t, 3, first["duplicates"], 0)
	require.InDelta(t, 5000, first["visitors"], 0)
	shuffled := filepath.Join(t.TempDir(), "shuffled.csv")
	require.NoError(t, os.WriteFile(shuffled, reversedTwice(src), 0o600))
	again := decoded(t, with(flags, "replay", "--mapping", mapping, shuffled)...)
	require.Zero(t, again["accepted"])

	got := decoded(t, with(flags, "segments", "--at", "2015-09-18T00:00:00Z")...)
	require.InDelta(t, 5000, got["visitors"], 0)
	members := map[string]any{}
	for _, s := range got["segments"].([]any) {
		members[s.(map[string]any)["key"].(string)] = s.(map[string]any)["members"]
	}
	require.Equal(t, map[string]any{"buyers": 39.0, "browsed-five-no-add": 121.0}, members)
}

// reversedTwice returns a CSV file with its rows in reverse order, each twice.
func reversedTwice(src []byte) []byte {
	lines := strings.SplitAfter(strings.TrimSuffix(string(src), "\n")+"\n", "\n")
	lines = lines[:len(lines)-1]
	out := []byte(lines[0])
	for i := len(lines) - 1; i > 0; i-- {
		out = append(append(out, lines[i]...), lines[i]...)
	}
	return out
}

func TestAHeldStoreSaysWhatToDo(t *testing.T) {
	dir := t.TempDir()
	server := start(t, dir)
	code, _, stderr := segue(t, with(storefront(dir), "replay", filepath.Join(example("storefront"), "signals.ndjson"))...)
	require.Equal(t, 1, code)
	require.Contains(t, stderr, dir)
	require.Contains(t, stderr, "--to URL")
	require.Contains(t, done(t, "healthcheck", "--url", server.public), "ready")
	server.end(t)
	code, _, _ = segue(t, "healthcheck", "--url", server.public, "--timeout", "1s")
	require.Equal(t, 1, code)
}
