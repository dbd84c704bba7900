package app

import (
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"

	"github.com/segue-dev/segue/config"
	"github.com/segue-dev/segue/internal/ingest"
	"github.com/segue-dev/segue/internal/measure"
	"github.com/segue-dev/segue/internal/resolve"
	"github.com/segue-dev/segue/internal/telemetry"
)

func TestEditsAreServedWhenTheyAreGood(t *testing.T) {
	dir := t.TempDir()
	rule := filepath.Join(dir, "segments", "a.yaml")
	require.NoError(t, os.Mkdir(filepath.Dir(rule), 0o700))
	edited := time.Now()
	edit := func(text string) {
		require.NoError(t, os.WriteFile(rule, []byte(text), 0o600))
		edited = edited.Add(time.Second) // file systems may tell times coarsely
		require.NoError(t, os.Chtimes(rule, edited, edited))
	}
	const good = "segment: KEY\nname: A\nsoWhat: x\nwhen: { never: { of: x } }\n"
	edit(strings.Replace(good, "KEY", "one", 1))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "segue.yaml"), []byte("store: \"memory:\"\ncontent: \"\"\n"), 0o600))
	cfg, err := config.Load(filepath.Join(dir, "segue.yaml"), nil, nil)
	require.NoError(t, err)

	store, err := OpenStore(cfg, nil, slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, store.Close()) })
	p := &publisher{
		cfg: cfg, lists: store, content: fileSource(cfg), meter: new(measure.Live),
		metrics: telemetry.New(prometheus.NewRegistry(), telemetry.Build{}), log: slog.New(slog.DiscardHandler),
	}
	site, err := p.first(t.Context())
	require.NoError(t, err)
	p.resolver = resolve.New(store, ingest.New(store, ingest.Options{}), site, resolve.Options{})
	served := func() string {
		a, err := p.resolver.Resolve(t.Context(), resolve.Request{AnonymousID: "v"})
		require.NoError(t, err)
		return strings.Join(a.Segments, " ")
	}

	p.look(t.Context())
	require.Same(t, site, p.resolver.Site(), "nothing was edited")
	edit("segment: one\nname: ")
	p.look(t.Context())
	require.Equal(t, "one", served(), "the last good rules are served")
	require.ErrorContains(t, p.check(t.Context()), "a.yaml:")
	edit(strings.Replace(good, "KEY", "two", 1) + "examples: [{ name: nobody, at: 0s, member: false }]\n")
	p.look(t.Context())
	require.Equal(t, "one", served(), "an example fails")
	require.ErrorContains(t, p.check(t.Context()), `example "nobody" of segment two: the visitor should not be a member and is`)
	edit(strings.Replace(good, "KEY", "two", 1))
	p.look(t.Context())
	require.Equal(t, "two", served())
	require.NoError(t, p.check(t.Context()))
	require.NoError(t, os.WriteFile(filepath.Join(filepath.Dir(rule), "b.yaml"), []byte(strings.Replace(good, "KEY", "three", 1)), 0o600))
	p.look(t.Context())
	require.Equal(t, "three two", served(), "a new file counts")
	require.NoError(t, os.Remove(rule))
	p.look(t.Context())
	require.Equal(t, "three", served(), "and so does one that has gone")
}

// An example that content decides must not keep content from being served.
func TestFailingExamplesAreMistakesButForThoseAboutContent(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600))
	}
	write("segue.yaml", "store: \"memory:\"\ncontent: \"\"\nsegments: s.yaml\n")
	cfg, err := config.Load(filepath.Join(dir, "segue.yaml"), nil, nil)
	require.NoError(t, err)
	store, err := OpenStore(cfg, nil, slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, store.Close()) })

	const head = "segment: one\nname: One\nsoWhat: x\nexamples: [{ name: reads, signals: 0s page entry=e1, at: 0s, member: true }]\n"
	const refers = "---\nsegment: two\nname: Two\nsoWhat: x\nwhen: { affinity: { topic: coffee, halfLife: 7d, gte: 1 } }\n"
	for rule, want := range map[string]struct {
		mistake  bool
		findings int // one is that no entry has the topic
	}{
		"when: { never: { of: page } }\n":                                          {true, 0},
		"when: { affinity: { topic: coffee, halfLife: 7d, gte: 1 } }\n":            {false, 2},
		"when: { all: [{ not: { not: { segment: two } } }] }\n" + refers:           {false, 2},
		"when: { never: { of: x } }\nstay: { segment: two }\n" + refers:            {false, 1},
		"when: { all: [{ count: { of: page } }, { not: { list: customers } }] }\n": {false, 1},
	} {
		write("s.yaml", head+rule)
		l, err := loadToServe(t.Context(), cfg, fileSource(cfg), store)
		if want.mistake {
			require.ErrorContains(t, err, `example "reads" of segment one`, rule)
			continue
		}
		require.NoError(t, err, rule)
		require.Len(t, l.findings(), want.findings, rule)
	}
}
