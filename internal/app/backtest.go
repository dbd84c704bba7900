package app

import (
	"context"

	"github.com/segue-dev/segue/config"
	"github.com/segue-dev/segue/internal/backtest"
	"github.com/segue-dev/segue/internal/resolve"
	"github.com/segue-dev/segue/internal/segment"
	"github.com/segue-dev/segue/internal/segment/syntax"
)

// A backtester replays the history of a running server.
type backtester struct {
	cfg      config.Config
	store    Store
	resolver *resolve.Resolver
}

// Backtest implements admin.Backtester.
func (b *backtester) Backtest(ctx context.Context, candidates []syntax.Definition, against string, opts backtest.Options) (*backtest.Report, error) {
	return Backtest(ctx, b.cfg, b.store, b.resolver.Site(), candidates, against, opts)
}

// Backtest replays the visitors of a store in candidates, next to the segments
// of a site; see backtest.Sets and backtest.Run.
func Backtest(
	ctx context.Context, cfg config.Config, store Store, site *resolve.Site, candidates []syntax.Definition, against string, opts backtest.Options,
) (*backtest.Report, error) {
	asked, compared, err := backtest.Sets(site.Segments, candidates, against, SegmentOptions(cfg, site.Content, Lists(ctx, store)))
	if err != nil {
		return nil, err
	}
	opts.Zone, opts.Live = cfg.Location(), compared
	return backtest.Run(ctx, store.All(ctx), asked, opts)
}

// SegmentOptions returns what segments depend on besides themselves.
func SegmentOptions(cfg config.Config, topics segment.Topics, lists func(key string) (segment.List, error)) segment.Options {
	return segment.Options{
		SessionGap: cfg.SessionGap, Zone: cfg.Location(), WeekStart: cfg.FirstWeekday(), Lists: lists, Topics: topics,
	}
}
