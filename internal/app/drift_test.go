package app

import (
	"bytes"
	"context"
	"errors"
	"iter"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"

	"github.com/segue-dev/segue/config"
	"github.com/segue-dev/segue/internal/ingest"
	"github.com/segue-dev/segue/internal/resolve"
	"github.com/segue-dev/segue/internal/signal"
	"github.com/segue-dev/segue/internal/telemetry"
	"github.com/segue-dev/segue/internal/visitor"
)

// An event that has stopped coming is told as a metric and in the log.
func TestDriftIsWatched(t *testing.T) {
	cfg, err := config.Load(filepath.Join("..", "..", "examples", "storefront", "segue.yaml"), nil, []string{"store=memory:"})
	require.NoError(t, err)
	store, err := OpenStore(cfg, nil, slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	defer func() { require.NoError(t, store.Close()) }()
	site, _, err := Load(cfg)
	require.NoError(t, err)
	at := time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)
	in := ingest.New(store, ingest.Options{})
	for day := 1; day <= 34; day++ {
		var b ingest.Batch
		for range 8 {
			event := "Product Viewed"
			if day > 8 {
				event = "Product Added"
			}
			b.Messages = append(b.Messages, signal.Message{Type: "track", Event: event, AnonymousID: "v", Timestamp: at.AddDate(0, 0, -day).Add(time.Duration(len(b.Messages)) * time.Minute)})
		}
		b.Historical = true
		_, err := in.Accept(t.Context(), b)
		require.NoError(t, err)
	}
	metrics := telemetry.New(prometheus.NewRegistry(), telemetry.Build{})
	var log bytes.Buffer
	w := &watcher{cfg, store, resolve.New(store, in, site, resolve.Options{}), metrics, slog.New(slog.NewTextHandler(&log, nil))}
	w.look(t.Context(), at)

	res := httptest.NewRecorder()
	metrics.Handler().ServeHTTP(res, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	require.Contains(t, res.Body.String(), `segue_drift{check="dead-event",segment="none"} 2`)
	require.Contains(t, res.Body.String(), `segue_drift{check="volume",segment="none"} 0`)
	require.Contains(t, res.Body.String(), "segue_drift_at_seconds 1.795176e+09")
	require.Contains(t, log.String(), `title="Event product added"`)
	require.NotContains(t, log.String(), "check=volume")

	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.NoError(t, w.run(ctx), "it ends with what it belongs to")
	w.cfg.Drift = 0
	require.NoError(t, w.run(t.Context()), "0 is never")
}

// However many visitors there are, they are read for a tenth of the time.
func TestTheWatcherRests(t *testing.T) {
	records := func(yield func(*visitor.Record, error) bool) {
		for range 3 * watchStep {
			if !yield(&visitor.Record{}, nil) {
				return
			}
		}
	}
	rests := 0
	broken := errors.New("broken")
	rest := func(_ context.Context, d time.Duration) error {
		require.GreaterOrEqual(t, d, time.Duration(0))
		if rests++; rests < 3 {
			return nil
		}
		return broken
	}
	n, last := count(rested(t.Context(), records, rest))
	require.Equal(t, 3, rests)
	require.Equal(t, 3*watchStep+1, n)
	require.ErrorIs(t, last, broken)
	_, last = count(rested(t.Context(), func(yield func(*visitor.Record, error) bool) { yield(nil, broken) }, rest))
	require.ErrorIs(t, last, broken)
}

func count(all iter.Seq2[*visitor.Record, error]) (n int, last error) {
	for _, err := range all {
		n++
		last = err
	}
	return n, last
}
