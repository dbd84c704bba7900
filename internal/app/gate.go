package app

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/segue-dev/segue/config"
	"github.com/segue-dev/segue/internal/backtest"
	"github.com/segue-dev/segue/internal/lint"
	"github.com/segue-dev/segue/internal/measure"
	"github.com/segue-dev/segue/internal/resolve"
	"github.com/segue-dev/segue/internal/results"
	"github.com/segue-dev/segue/internal/segment/syntax"
)

// Gate says whether segments are worth publishing, on the history of a store:
// what is to be expected of them, and what speaks against them. effect is the
// relative difference of the primary metric that is hoped for.
func Gate(
	ctx context.Context, cfg config.Config, store Store, site *resolve.Site, candidates []syntax.Definition, opts backtest.Options, effect float64,
) ([]results.Gate, error) {
	goal := primary(site.Measure)
	if goal != nil {
		opts.Goal = &backtest.Goal{Match: goal.Of, Within: goal.Window}
	}
	report, err := Backtest(ctx, cfg, store, site, candidates, "", opts)
	if err != nil {
		return nil, err
	}
	asked, _, err := backtest.Sets(site.Segments, candidates, "", SegmentOptions(cfg, site.Content, Lists(ctx, store)))
	if err != nil {
		return nil, err
	}
	input := LintInput(cfg, site, nil, nil)
	input.Segments = asked
	if goal != nil {
		input.Goals = goal.Of.Events
	}
	findings := lint.Check(input)
	gates := []results.Gate{}
	for i := range report.Segments {
		gates = append(gates, results.GateOf(draftOf(report, &report.Segments[i], site, findings, effect)))
	}
	return gates, nil
}

// primary returns the metric that advice goes by; nil if there is none.
func primary(b *measure.Book) *measure.Metric {
	metrics := b.Metrics()
	i := slices.IndexFunc(metrics, func(m measure.Metric) bool { return !m.Guardrail })
	if i < 0 {
		return nil
	}
	return &metrics[i]
}

// draftOf collects what is known of a segment.
func draftOf(report *backtest.Report, s *backtest.Segment, site *resolve.Site, findings []lint.Finding, effect float64) results.Draft {
	d := results.Draft{
		Segment: s.Key, Visitors: report.Visitors, Members: s.Ever, Flapping: s.Flapping.Share, Effect: effect,
		Days: int(report.To.Sub(report.From) / (24 * time.Hour)), Active: activeBut(site, s.Key),
	}
	for _, o := range s.Overlaps {
		if o.Key != s.Key && o.VisitorJaccard > 0 {
			d.Overlaps = append(d.Overlaps, results.Neighbour{Segment: o.Key, Jaccard: o.VisitorJaccard})
		}
	}
	if c := s.Conversion; c != nil && c.Members.Visitors > 0 {
		d.Base, d.Known = c.Members.Share, c.Members.Visitors
	}
	for _, f := range findings {
		text := fmt.Sprintf("%s: %s", f.Code, f.Message)
		switch {
		case f.Segment != s.Key || f.Allowed != "" || f.Code == lint.NoVariant: // a draft has none yet
		case f.Severity == lint.Error:
			d.Mistakes = append(d.Mistakes, text)
		default:
			d.Doubts = append(d.Doubts, text)
		}
	}
	return d
}

// activeBut counts the active segments but one.
func activeBut(site *resolve.Site, key string) int {
	n := 0
	for i := range site.Segments.Len() {
		if site.Segments.Definition(i).Status == syntax.Active && site.Segments.Key(i) != key {
			n++
		}
	}
	return n
}
