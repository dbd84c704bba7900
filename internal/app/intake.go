package app

import (
	"log/slog"

	"github.com/segue-dev/segue/config"
	"github.com/segue-dev/segue/internal/deadletter"
	"github.com/segue-dev/segue/internal/httpapi/intake"
	"github.com/segue-dev/segue/internal/ingest"
	"github.com/segue-dev/segue/internal/telemetry"
)

func intakeOptions(cfg config.Config, metrics *telemetry.Metrics) intake.Options {
	return intake.Options{InFlight: int64(cfg.Ingest.InFlight), Wait: cfg.Ingest.Wait, Observer: metrics}
}

// A letterBox keeps rejected signals until it is closed.
type letterBox interface {
	ingest.Rejects
	Close() error
}

// openLetters opens what keeps rejected signals, as cfg says. The caller closes
// it when no more signals come.
func openLetters(cfg config.Config, log *slog.Logger, metrics *telemetry.Metrics) letterBox {
	if cfg.DeadLetters == "" {
		return noLetters{}
	}
	return deadletter.Open(deadletter.Options{
		Dir: cfg.DeadLetters, MaxSize: int64(cfg.DeadLettersSize), Log: log, Observer: metrics,
	})
}

// noLetters keeps nothing.
type noLetters struct{}

func (noLetters) Keep(ingest.Batch, []ingest.Rejection) {}
func (noLetters) Close() error                          { return nil }
