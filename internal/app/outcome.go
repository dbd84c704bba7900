package app

import (
	"context"
	"time"

	"github.com/segue-dev/segue/internal/audit"
	"github.com/segue-dev/segue/internal/journey"
	"github.com/segue-dev/segue/internal/measure"
	"github.com/segue-dev/segue/internal/resolve"
	"github.com/segue-dev/segue/internal/results"
)

// lately is how much of the latest time drift compares with all before.
const lately = 14 * 24 * time.Hour

// outcomes returns what measurement says of each experience in each segment, lately
// and before, for drift to compare.
func outcomes(ctx context.Context, store Store, site *resolve.Site, at time.Time) ([]audit.Result, error) {
	tally, err := measure.ReadTally(store.Counters(ctx))
	if err != nil {
		return nil, err
	}
	measured := measuredOf(site)
	before, err := results.Of(tally, measured, results.Query{}, at.Add(-lately))
	if err != nil {
		return nil, err
	}
	now, err := results.Of(tally, measured, results.Query{From: at.Add(-lately).UTC().Format(time.DateOnly)}, at)
	if err != nil {
		return nil, err
	}
	known := map[[2]string]*results.Group{}
	for i := range before.Experiences {
		x := &before.Experiences[i]
		for j := range x.Segments {
			known[[2]string{x.ID, x.Segments[j].Segment}] = &x.Segments[j]
		}
	}
	var all []audit.Result
	for i := range now.Experiences {
		x := &now.Experiences[i]
		for j := range x.Segments {
			g := &x.Segments[j]
			all = append(all, audit.Result{
				Experience: x.ID, Segment: g.Segment, SRM: g.Balance.P,
				Before: liftOf(known[[2]string{x.ID, g.Segment}], matured), Now: liftOf(g, soFar),
			})
		}
	}
	return all, nil
}

func matured(l *results.Lift) *results.Range { return l.Matured.Relative }
func soFar(l *results.Lift) *results.Range   { return l.All.Relative }

// liftOf returns the lift of the first variant in the first metric; nil if there is
// too little to go by.
func liftOf(g *results.Group, of func(*results.Lift) *results.Range) *audit.Lift {
	if g == nil || len(g.Metrics) == 0 || len(g.Metrics[0].Lifts) == 0 {
		return nil
	}
	l := &g.Metrics[0].Lifts[0]
	r := of(l)
	if r == nil || l.All.Visitors[0] < enough || l.All.Visitors[1] < enough {
		return nil
	}
	return &audit.Lift{Lift: r.Value, Low: r.Low, High: r.High}
}

// enough visitors of an arm for a lift to be looked at.
const enough = 100

// programmeLift returns what the holdout says of personalization as a whole; nil if
// it says nothing yet.
func programmeLift(ctx context.Context, store Store, site *resolve.Site) (*journey.Lift, error) {
	if !site.Holdout.Enabled() {
		return nil, nil
	}
	report, err := Results(ctx, store, site, results.Query{}, time.Now())
	if err != nil || report.Programme == nil {
		return nil, err
	}
	lift := liftOf(&report.Programme.All, matured)
	if lift == nil {
		return nil, nil
	}
	held := report.Programme.All.Metrics[0].Lifts[0].Matured.Visitors[0]
	return &journey.Lift{Relative: lift.Lift, Low: lift.Low, High: lift.High, Visitors: int(held)}, nil
}
