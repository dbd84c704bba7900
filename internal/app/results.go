package app

import (
	"context"
	"time"

	"github.com/segue-dev/segue/config"
	"github.com/segue-dev/segue/internal/measure"
	"github.com/segue-dev/segue/internal/resolve"
	"github.com/segue-dev/segue/internal/results"
)

// A researcher reports the results of a running server.
type researcher struct {
	cfg      config.Config
	store    Store
	resolver *resolve.Resolver
}

// Results implements admin.Researcher.
func (r *researcher) Results(ctx context.Context, q results.Query) (*results.Report, error) {
	return Results(ctx, r.cfg, r.store, r.resolver.Site(), q, time.Now())
}

// Results reports what a store has counted of a site; see results.Of.
func Results(ctx context.Context, cfg config.Config, store Store, site *resolve.Site, q results.Query, now time.Time) (*results.Report, error) {
	metrics, err := config.MetricsOf(cfg.Metrics)
	if err != nil {
		return nil, err
	}
	measured := results.Site{
		Metrics: site.Measure.Metrics(), Experiences: site.Experiences.All(), Segments: site.Segments, Holdout: site.Holdout,
		CostPerHour: metrics.CostPerHour,
	}
	if err := q.Check(measured); err != nil {
		return nil, err
	}
	tally, err := measure.ReadTally(store.Counters(ctx))
	if err != nil {
		return nil, err
	}
	return results.Of(tally, measured, q, now)
}
