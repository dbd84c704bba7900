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

	store, err := OpenStore(cfg, slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	seen := stateOf(t.Context(), cfg, store)
	site, _, err := LoadWith(t.Context(), cfg, store)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, store.Close()) })
	p := &publisher{
		cfg: cfg, lists: store, resolver: resolve.New(store, ingest.New(store, ingest.Options{}), site, resolve.Options{}),
		metrics: telemetry.New(prometheus.NewRegistry(), telemetry.Build{}), log: slog.New(slog.DiscardHandler), seen: seen,
	}
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

func TestAStickyExperienceIsAFinding(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600))
	}
	write("segue.yaml", "store: \"memory:\"\ncontent: \"\"\nsegments: \"\"\nexperiences: e.yaml\n")
	write("e.yaml", "id: e1\nsticky: true\nvariables: { theme: [light, dark] }\n")
	cfg, err := config.Load(filepath.Join(dir, "segue.yaml"), nil, nil)
	require.NoError(t, err)
	_, findings, err := Load(cfg)
	require.NoError(t, err)
	require.Len(t, findings, 1)
	require.Contains(t, findings[0].Message, "experience e1: it is sticky")
}
