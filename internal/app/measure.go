package app

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"sync"

	"github.com/segue-dev/segue/config"
	"github.com/segue-dev/segue/internal/experience"
	"github.com/segue-dev/segue/internal/measure"
	"github.com/segue-dev/segue/internal/resolve"
	"github.com/segue-dev/segue/internal/segment"
	"github.com/segue-dev/segue/internal/segment/syntax"
)

// maxSplits is by how many segments others may be split: with more, none of them
// would be told from chance.
const maxSplits = 20

// measureIn says in site what is measured.
func measureIn(cfg config.Config, site *resolve.Site, definitions []syntax.Definition, lists func(string) (segment.List, error)) error {
	metrics, err := config.MetricsOf(cfg.Metrics)
	if err != nil {
		return err
	}
	splits, err := splitsOf(cfg, metrics.Splits, definitions, SegmentOptions(cfg, site.Content, lists))
	if err != nil {
		return err
	}
	share, since := cfg.Holdout.Values()
	site.Holdout = experience.Holdout{Share: share, Since: since}
	site.CostPerHour = metrics.CostPerHour
	site.ExposeOnResolve = cfg.Exposure == config.OnResolve
	site.Measure, err = measure.NewBook(measure.Options{Metrics: metrics.Metrics, Segments: site.Segments, Splits: splits, Holdout: site.Holdout})
	return err
}

// splitsOf compiles the segments that others may be split by: all that is
// defined, so that they may refer to each other, of which those named are
// active.
func splitsOf(cfg config.Config, keys []string, definitions []syntax.Definition, opts segment.Options) (*segment.Set, error) {
	if len(keys) == 0 {
		return nil, nil
	}
	if len(keys) > maxSplits {
		return nil, fmt.Errorf("%s: splits: %d are too many: at most %d can be told from chance", cfg.Metrics, len(keys), maxSplits)
	}
	known := make([]string, len(definitions))
	all := slices.Clone(definitions)
	for i := range all {
		known[i] = all[i].Key
		if all[i].Status = syntax.Draft; slices.Contains(keys, all[i].Key) {
			all[i].Status = syntax.Active
		}
	}
	for _, key := range keys {
		if !slices.Contains(known, key) {
			return nil, fmt.Errorf("%s: splits: there is no segment %q", cfg.Metrics, key)
		}
	}
	return segment.Compile(all, opts)
}

// A refolder measures all visitors anew when the metrics have changed, while
// signals are taken in.
type refolder struct {
	store  Store
	meter  *measure.Live
	log    *slog.Logger
	wake   chan struct{} // receives when other metrics may be in force
	folded sync.Mutex    // held while visitors are measured anew
}

func newRefolder(store Store, meter *measure.Live, log *slog.Logger) *refolder {
	r := &refolder{store: store, meter: meter, log: log, wake: make(chan struct{}, 1)}
	r.look()
	return r
}

// look makes run see whether other metrics are in force.
func (r *refolder) look() {
	select {
	case r.wake <- struct{}{}:
	default: // it is going to
	}
}

// run measures anew whenever it has to, until ctx ends. What fails is tried again
// at the next change, and said.
func (r *refolder) run(ctx context.Context) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-r.wake:
		}
		if err := r.fold(ctx); err != nil && ctx.Err() == nil {
			r.log.Error("not all visitors were measured by the metrics in force; segue recount does it", "err", err)
		}
	}
}

// fold measures all visitors anew, unless they have been.
func (r *refolder) fold(ctx context.Context) error {
	done, err := measure.Folded(ctx, r.store, r.meter.Book())
	if err != nil || done {
		return err
	}
	counted, err := r.Recount(ctx)
	if err == nil && counted.Changed > 0 {
		r.log.Info("visitors were measured by the metrics in force", "visitors", counted.Visitors, "changed", counted.Changed)
	}
	return err
}

// Recount implements admin.Recounter.
func (r *refolder) Recount(ctx context.Context) (measure.Recounted, error) {
	r.folded.Lock()
	defer r.folded.Unlock()
	return measure.Refold(ctx, r.store, r.meter.Book(), nil)
}
