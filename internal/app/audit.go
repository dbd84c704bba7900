package app

import (
	"context"
	"iter"

	"github.com/segue-dev/segue/config"
	"github.com/segue-dev/segue/internal/audit"
	"github.com/segue-dev/segue/internal/backtest"
	"github.com/segue-dev/segue/internal/resolve"
	"github.com/segue-dev/segue/internal/segment"
	"github.com/segue-dev/segue/internal/segment/syntax"
	"github.com/segue-dev/segue/internal/visitor"
)

// An auditor audits the visitors of a running server.
type auditor struct {
	cfg      config.Config
	store    Store
	resolver *resolve.Resolver
	arrivals *audit.Arrivals
}

// Audit implements admin.Auditor.
func (a *auditor) Audit(ctx context.Context, opts audit.Options) (*audit.Report, error) {
	opts.Counted = a.arrivals.Counted()
	return Audit(ctx, a.cfg, a.store, a.resolver.Site(), opts)
}

// Drift implements admin.Auditor.
func (a *auditor) Drift(ctx context.Context, opts audit.Options) (*audit.Report, error) {
	return Drift(ctx, a.cfg, a.store, a.store.All(ctx), a.resolver.Site(), opts)
}

// Audit audits the visitors of a store against the rules of a site.
func Audit(ctx context.Context, cfg config.Config, store Store, site *resolve.Site, opts audit.Options) (*audit.Report, error) {
	opts, err := AuditOptions(cfg, site, Lists(ctx, store), opts)
	if err != nil {
		return nil, err
	}
	opts.MaxSignals = cfg.MaxSignals
	return audit.Run(ctx, records(store.All(ctx)), opts)
}

// AuditOptions returns opts with what the configuration and a site say; metrics
// are further goals.
func AuditOptions(cfg config.Config, site *resolve.Site, lists func(key string) (segment.List, error), opts audit.Options) (audit.Options, error) {
	opts.Zone, opts.SessionGap, opts.Address = cfg.Location(), cfg.SessionGap, cfg.Listen
	metrics, err := config.MetricsOf(cfg.Metrics)
	if err != nil {
		return opts, err
	}
	for i := range metrics.Metrics {
		opts.Goals = append(opts.Goals, audit.GoalOf(&metrics.Metrics[i]))
	}
	in := LintInput(cfg, site, nil, nil)
	opts.Rules = &in
	if site.Segments.Len() == 0 {
		return opts, nil
	}
	all := make([]syntax.Definition, site.Segments.Len())
	for i := range all {
		all[i] = *site.Segments.Definition(i)
	}
	opts.Planned, _, err = backtest.Sets(site.Segments, all, "", SegmentOptions(cfg, site.Content, lists))
	return opts, err
}

// records yields records as an audit takes them.
func records(all iter.Seq2[*visitor.Record, error]) iter.Seq2[audit.Visitor, error] {
	return func(yield func(audit.Visitor, error) bool) {
		for r, err := range all {
			if !yield(audit.Visitor{Record: r}, err) {
				return
			}
		}
	}
}
