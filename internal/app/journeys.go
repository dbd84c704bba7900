package app

import (
	"context"

	"github.com/segue-dev/segue/config"
	"github.com/segue-dev/segue/internal/journey"
)

// Journeys implements admin.Traveller.
func (b *backtester) Journeys(ctx context.Context, opts journey.Options) (*journey.Report, error) {
	return Journeys(ctx, b.cfg, b.store, opts)
}

// Journeys reports the journeys of the visitors of a store; see journey.Run.
func Journeys(ctx context.Context, cfg config.Config, store Store, opts journey.Options) (*journey.Report, error) {
	opts.SessionGap = cfg.SessionGap
	return journey.Run(ctx, store.All(ctx), opts)
}
