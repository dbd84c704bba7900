package app

import (
	"log/slog"
	"os"
	"path/filepath"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"

	"github.com/segue-dev/segue/config"
	"github.com/segue-dev/segue/internal/ingest"
	"github.com/segue-dev/segue/internal/telemetry"
)

func TestArrivalsAreKeptBesideTheStore(t *testing.T) {
	metrics, log := telemetry.New(prometheus.NewRegistry(), telemetry.Build{}), slog.New(slog.DiscardHandler)
	cfg := config.Config{Store: "pebble:" + t.TempDir()}
	none, err := Counted(cfg)
	require.NoError(t, err)
	require.Nil(t, none, "nobody has counted yet")
	for range 3 {
		c := openCounting(cfg, metrics, log)
		c.Ingested(ingest.Tally{Accepted: 2, Duplicates: 1})
		c.save()
	}
	counted, err := Counted(cfg)
	require.NoError(t, err)
	require.Equal(t, 9, counted.Deliveries)
	require.Equal(t, 3, counted.Repeated)

	path := countingFile(cfg)
	require.NoError(t, os.WriteFile(path, []byte("{"), 0o600))
	_, err = Counted(cfg)
	require.ErrorContains(t, err, "remove it")
	c := openCounting(cfg, metrics, log)
	require.Zero(t, c.Counted().Deliveries, "a server does not stop for it")
	c.path = filepath.Join(path, "nowhere")
	c.save()

	c = openCounting(config.Config{Store: "memory:"}, metrics, log)
	c.save()
	require.Empty(t, c.path)
}
