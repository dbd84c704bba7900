package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestTheDefaultsAreDocumentedCompleteAndValid(t *testing.T) {
	c, err := parse("/etc/segue/segue.yaml", nil, nil, nil)
	require.NoError(t, err)
	require.Equal(t, Config{
		Listen:  "127.0.0.1:8080",
		Admin:   "127.0.0.1:8081",
		Store:   "pebble:/etc/segue/data",
		Content: "export:/etc/segue/space.json",
		Contentful: Contentful{
			Poll: 30 * time.Second, PreviewPoll: 5 * time.Second,
			Cache: "/etc/segue/data/content",
		},
		Personalization: Personalization{Prefixes: []string{"/experience", "/insights"}},
		Identity: Identity{Cookies: []string{
			"ajs_anonymous_id", "rl_anonymous_id", "__eventn_id", "ntaid", "ctfl-opt-aid", "segue_id", "_ga", "ajs_user_id",
		}},
		Edge: Edge{Budget: 50 * time.Millisecond},
		Pages: Pages{
			SharedAge: 5 * time.Minute, StaleWhileRevalidate: 24 * time.Hour, StaleIfError: 24 * time.Hour, Permutations: 64,
			TagHeaders: []string{"Surrogate-Key", "Cache-Tag", "Edge-Cache-Tag", "Netlify-Cache-Tag", "Cache-Groups"},
		},
		Snapshot:   Snapshot{Algorithm: "EdDSA", Life: time.Hour},
		OFREP:      OFREP{Streams: 10000},
		Segments:   "/etc/segue/segments",
		MaxSignals: 1000,
		Retention:  90 * 24 * time.Hour,
		SessionGap: 30 * time.Minute, Exposure: Beacon, Holdout: Holdout{Share: "0"}, Archive: Archive{Spool: "/etc/segue/data/archive"},
		Timezone:  "UTC",
		WeekStart: "monday",
		LogLevel:  "info",
		LogFormat: "text",
		Grace:     15 * time.Second,
		Drift:     24 * time.Hour,
		Ingest:    Ingest{InFlight: 4 << 20, Wait: time.Second},

		DeadLetters: "/etc/segue/data/rejected", DeadLettersSize: 64 << 20,
	}, c)
	for _, s := range settings {
		_, name, nested := strings.Cut(s.key, ".")
		line := "\n" + s.key + ":"
		if nested {
			line = "\n  " + name + ":"
		}
		require.Contains(t, string(Default), line, "default.yaml documents every key")
	}
}

func TestLaterSourcesWin(t *testing.T) {
	dir := t.TempDir()
	secret := filepath.Join(dir, "secret")
	require.NoError(t, os.WriteFile(secret, []byte("pebble:/secret\n"), 0o600))
	src := []byte("maxSignals: 1\nretention: 1d\nsessionGap: 1m\nsegments: rules\nstore: pebble:here\n")
	environ := []string{"SEGUE_RETENTION=2d", "SEGUE_SESSION_GAP=2m", "SEGUE_STORE_FILE=" + secret, "SEGUE_EXPERIENCES=mine", "PATH=/bin"}
	c, err := parse("/etc/segue.yaml", src, environ, []string{"sessionGap=3m", "content=export:x.json"})
	require.NoError(t, err)
	require.Equal(t, 1, c.MaxSignals, "the file over the defaults")
	require.Equal(t, 48*time.Hour, c.Retention, "the environment over the file")
	require.Equal(t, 3*time.Minute, c.SessionGap, "--set over the environment")
	require.Equal(t, "pebble:/secret", c.Store, "a value read from a file")
	require.Equal(t, "/etc/rules", c.Segments, "a path of the file is relative to it")
	require.Equal(t, "mine", c.Experiences, "a path of the environment is relative to the working directory")
	require.Equal(t, "export:x.json", c.Content, "and so is one of --set")
}

func TestMistakesAreNamedWithTheirPlace(t *testing.T) {
	for name, tc := range map[string]struct {
		src     string
		environ []string
		sets    []string
		want    []string // each is in the error
	}{
		"unknown key":        {src: "listen: 127.0.0.1:1\nmaxSignal: 5\n", want: []string{`segue.yaml:2:1: unknown key "maxSignal"; did you mean "maxSignals"?`}},
		"key given twice":    {src: "admin: 127.0.0.1:1\nadmin: 127.0.0.1:2\n", want: []string{"segue.yaml:2:1: admin is given twice"}},
		"bad duration":       {src: "retention: 3 months\n", want: []string{"segue.yaml:1:12: retention: "}},
		"negative duration":  {src: "retention: -3d\n", want: []string{"segue.yaml:1:12: retention: a duration cannot be negative"}},
		"bad number":         {src: "maxSignals: many\n", want: []string{`segue.yaml:1:13: maxSignals: "many" is not a whole number`}},
		"negative number":    {src: "maxSignals: -1\n", want: []string{"maxSignals: too small"}},
		"bad size":           {src: "ingest:\n  inFlight: 4MB\n", want: []string{`segue.yaml:2:13: ingest.inFlight: "4MB" is not a size: write a whole number and KiB, MiB or GiB`}},
		"size too small":     {src: "ingest:\n  inFlight: 1023KiB\n", want: []string{"ingest.inFlight: too small"}},
		"a list":             {src: "listen: [a]\n", want: []string{"segue.yaml:1:9: listen is a single value"}},
		"not a mapping":      {src: "- listen\n", want: []string{"segue.yaml:1:1: expected keys and values"}},
		"two documents":      {src: "listen: 127.0.0.1:1\n---\nlisten: 127.0.0.1:2\n", want: []string{"segue.yaml:3:1: a configuration is one document"}},
		"broken YAML":        {src: "listen: [\n", want: []string{"segue.yaml:"}},
		"no loopback":        {src: "listen: 0.0.0.0:80\n", want: []string{`listen: "0.0.0.0:80" can be reached from other machines`, "127.0.0.1:80"}},
		"all interfaces":     {src: "admin: :8081\n", want: []string{`admin: ":8081" can be reached`}},
		"no port":            {src: "listen: localhost\n", want: []string{`listen: "localhost" is not host:port`}},
		"redis":              {src: "store: redis://h:1\n", want: []string{"store: redis is not supported yet"}},
		"unknown store":      {src: "store: sqlite:x\n", want: []string{`store: "sqlite:x" is neither pebble:DIRECTORY nor memory:`}},
		"store without path": {src: "store: 'pebble:'\n", want: []string{"store: pebble: needs a directory"}},
		"content of no kind": {src: "content: space.json\n", want: []string{`content: "space.json" is neither export:FILE nor contentful://`}},
		"unknown tag header": {src: "pages: { tagHeaders: [Cache-Tags] }\n", want: []string{`pages.tagHeaders: "Cache-Tags" is none of`, `did you mean "Cache-Tag"?`}},
		"tag header twice":   {src: "pages: { tagHeaders: [Cache-Tag, Cache-Tag] }\n", want: []string{"pages.tagHeaders: a header is named twice"}},
		"no shared age":      {src: "pages: { sharedAge: 0 }\n", want: []string{"pages.sharedAge: too small"}},
		"no permutations":    {src: "pages: { permutations: 0 }\n", want: []string{"pages.permutations: too small"}},
		"many permutations":  {src: "pages: { permutations: 5000 }\n", want: []string{"pages.permutations: more than 4096"}},
		"purge of no URL":    {src: "purge: { varnish: [\"cache:80\"] }\n", want: []string{"purge.varnish: it must be URLs without a user"}},
		"purge with a user":  {src: "purge: { nginx: [\"http://a:b@c\"] }\n", want: []string{"purge.nginx: it must be URLs without a user"}},
		"Fastly, no token":   {src: "purge: { fastly: abc }\n", want: []string{"purge.fastlyToken: missing: purge.fastly needs it"}},
		"token, no zone":     {src: "purge: { cloudflareToken: abc }\n", want: []string{"purge.cloudflareToken: has no effect without purge.cloudflare"}},
		"webhook, no secret": {src: "purge: { webhooks: [\"https://a/b\"] }\n", want: []string{"purge.webhookSecret: missing"}},
		"no id of a service": {src: "purge: { fastly: a/b, fastlyToken: x }\n", want: []string{`purge.fastly: "a/b" is not an id`}},
		"keys":               {src: "keys: keys.yaml\n", want: []string{"keys: ", "not supported yet"}},
		"exposure":           {src: "exposure: sometimes\n", want: []string{"exposure: ", "beacon, onResolve"}},
		"archive":            {src: "archive: {to: 's3:', accessKey: a}\n", want: []string{"archive.to: ", "archive.secretKey: give both"}},
		"holdout":            {src: "holdout: {share: 5, since: soon}\n", want: []string{"holdout.share: ", "from 0 to 1"}},
		"prefix":             {src: "personalization: {prefixes: [experience]}\n", want: []string{`personalization.prefixes[0]: "experience" is not a path`}},
		"proxy":              {src: "trustedProxies: [10.0.0.0/8, proxy]\n", want: []string{`trustedProxies[1]: "proxy" is neither an address nor a network`}},
		"zone":               {src: "timezone: Mars/Olympus\n", want: []string{`timezone: "Mars/Olympus" is not an IANA time zone`}},
		"weekday":            {src: "weekStart: mondy\n", want: []string{`weekStart: "mondy" is none of`, `did you mean "monday"?`}},
		"level":              {src: "logLevel: loud\n", want: []string{`logLevel: "loud" is none of debug, info, warn, error`}},
		"set without value":  {sets: []string{"listen"}, want: []string{"--set listen: write it as key=value"}},
		"set of unknown key": {sets: []string{"lisen=x"}, want: []string{`--set: unknown key "lisen"; did you mean "listen"?`}},
		"misspelt variable":  {environ: []string{"SEGUE_MAXSIGNALS=1"}, want: []string{`SEGUE_MAXSIGNALS is no setting; did you mean "SEGUE_MAX_SIGNALS"?`}},
		"variable twice":     {environ: []string{"SEGUE_STORE=memory:", "SEGUE_STORE_FILE=/x"}, want: []string{"SEGUE_STORE and SEGUE_STORE_FILE are both set"}},
		"missing value file": {environ: []string{"SEGUE_STORE_FILE=/nowhere"}, want: []string{"SEGUE_STORE_FILE: open /nowhere"}},
		"bad variable":       {environ: []string{"SEGUE_GRACE=soon"}, want: []string{"SEGUE_GRACE: grace: "}},
		"several at once":    {src: "listen: x\nstore: y\nkeys: z\n", want: []string{"listen: ", "store: ", "keys: "}},
		"several in parsing": {src: "maxSignals: x\n", sets: []string{"grace=y"}, want: []string{"maxSignals: ", "--set grace=y: grace: "}},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := parse("segue.yaml", []byte(tc.src), tc.environ, tc.sets)
			require.Error(t, err)
			for _, want := range tc.want {
				require.ErrorContains(t, err, want)
			}
		})
	}
}

func TestNamesOfOrchestratorsAreLeftAlone(t *testing.T) {
	_, err := parse("segue.yaml", nil, []string{"SEGUE_SERVICE_HOST=10.0.0.1", "SEGUE_PORT=tcp://10.0.0.1:80", "SEGUE_TEST_DATA=/data"}, nil)
	require.NoError(t, err)
}

func TestAMissingFileSaysHowToNameAnother(t *testing.T) {
	_, err := Load(filepath.Join(t.TempDir(), "segue.yaml"), nil, nil)
	require.ErrorContains(t, err, "does not exist: name your file with --config FILE")
}

func TestVariableNames(t *testing.T) {
	require.Equal(t, "SEGUE_MAX_SIGNALS", settingOf("maxSignals").variable())
	require.Equal(t, "SEGUE_LISTEN", settingOf("listen").variable())
	require.Equal(t, "SEGUE_CONTENTFUL_WEB_URL", settingOf("contentful.webURL").variable())
}

func write(t *testing.T, dir string, files map[string]string) {
	t.Helper()
	for name, src := range files {
		path := filepath.Join(dir, name)
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		require.NoError(t, os.WriteFile(path, []byte(strings.ReplaceAll(src, "\t", "  ")), 0o600))
	}
}

func FuzzParse(f *testing.F) {
	f.Add(string(Default))
	f.Add("listen: [1, {a: b}]\n---\nx: &a [*a]\n")
	f.Add("? [a]\n: b\n")
	f.Add("contentful: {webhookSecrets: [a, [b]], poll: }\n")
	f.Fuzz(func(t *testing.T, src string) {
		c, err := parse("f.yaml", []byte(src), nil, nil)
		if err == nil {
			require.NoError(t, c.Check(), "what is accepted is valid")
		}
	})
}
