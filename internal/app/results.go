package app

import (
	"context"
	"time"

	"github.com/segue-dev/segue/internal/measure"
	"github.com/segue-dev/segue/internal/resolve"
	"github.com/segue-dev/segue/internal/results"
)

// A researcher reports the results of a running server.
type researcher struct {
	store    Store
	resolver *resolve.Resolver
}

// Results implements admin.Researcher.
func (r *researcher) Results(ctx context.Context, q results.Query) (*results.Report, error) {
	return Results(ctx, r.store, r.resolver.Site(), q, time.Now())
}

// Results reports what a store has counted of a site; see results.Of.
func Results(ctx context.Context, store Store, site *resolve.Site, q results.Query, now time.Time) (*results.Report, error) {
	tally, err := measure.ReadTally(store.Counters(ctx))
	if err != nil {
		return nil, err
	}
	return results.Of(tally, measuredOf(site), q, now)
}

// measuredOf returns what of a site is measured.
func measuredOf(site *resolve.Site) results.Site {
	return results.Site{
		Metrics: site.Measure.Metrics(), Experiences: site.Experiences.All(), Segments: site.Segments, Holdout: site.Holdout,
		CostPerHour: site.CostPerHour,
	}
}
