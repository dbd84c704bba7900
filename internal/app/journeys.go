package app

import (
	"context"

	"github.com/segue-dev/segue/config"
	"github.com/segue-dev/segue/internal/journey"
	"github.com/segue-dev/segue/internal/resolve"
)

// Journeys implements admin.Traveller.
func (b *backtester) Journeys(ctx context.Context, opts journey.Options) (*journey.Report, error) {
	return Journeys(ctx, b.cfg, b.store, b.resolver.Site(), opts)
}

// Journeys reports the journeys of the visitors of a store; see journey.Run.
func Journeys(ctx context.Context, cfg config.Config, store Store, site *resolve.Site, opts journey.Options) (*journey.Report, error) {
	var err error
	if opts.Lift, err = programmeLift(ctx, store, site); err != nil {
		return nil, err
	}
	opts.SessionGap = cfg.SessionGap
	return journey.Run(ctx, store.All(ctx), opts)
}
