package app

import (
	"context"
	"iter"
	"log/slog"
	"slices"
	"time"

	"github.com/segue-dev/segue/config"
	"github.com/segue-dev/segue/internal/audit"
	"github.com/segue-dev/segue/internal/content"
	"github.com/segue-dev/segue/internal/resolve"
	"github.com/segue-dev/segue/internal/telemetry"
	"github.com/segue-dev/segue/internal/visitor"
)

// Drift says what has changed lately about the visitors of a store and the
// segments of a site, as of opts.At. records are those of the store, or such of them
// as there is time for.
func Drift(
	ctx context.Context, cfg config.Config, store Store, records iter.Seq2[*visitor.Record, error], site *resolve.Site, opts audit.Options,
) (*audit.Report, error) {
	opts, err := AuditOptions(cfg, site, nil, opts)
	if err != nil {
		return nil, err
	}
	w, err := audit.GatherDays(ctx, records, site.Segments, opts)
	if err != nil {
		return nil, err
	}
	w.Variants = variantsOf(site)
	if w.Results, err = outcomes(ctx, store, site, opts.At); err != nil {
		return nil, err
	}
	return audit.Drift(w, opts.At), nil
}

// variantsOf returns the variants that experiences show, where there is content.
func variantsOf(site *resolve.Site) []audit.VariantState {
	var all []audit.VariantState
	for _, e := range site.Experiences.All() {
		for i := range e.Components {
			for _, v := range e.Components[i].Variants {
				if !v.Hidden {
					all = append(all, variantOf(site.Content, e.ID, v.Entry))
				}
			}
		}
	}
	return all
}

func variantOf(snapshot *content.Snapshot, experience, entry string) audit.VariantState {
	state := audit.VariantState{Experience: experience, Entry: entry}
	known, ok := snapshot.Entry(entry)
	if !ok {
		for range snapshot.Entries("") { // without any, others keep the content
			state.Missing = "is not in the content"
			break
		}
		return state
	}
	state.Updated = known.UpdatedAt()
	if !slices.ContainsFunc(snapshot.Locales(), func(l string) bool { return snapshot.Publishable(entry, l) }) {
		state.Missing = "is not published in any locale"
	}
	return state
}

// A watcher looks for drift in the background.
type watcher struct {
	cfg      config.Config
	store    Store
	resolver *resolve.Resolver
	metrics  *telemetry.Metrics
	log      *slog.Logger
}

const (
	// firstWatch is how long after its start a server looks for the first time.
	firstWatch = 10 * time.Minute
	// watchShare is for what share of the time the watcher works.
	watchShare = 0.1
	// watchStep is after how many records it rests.
	watchStep = 256
)

// run looks every so often until ctx ends.
func (w *watcher) run(ctx context.Context) error {
	if w.cfg.Drift == 0 {
		return nil
	}
	for wait := min(firstWatch, w.cfg.Drift); pause(ctx, wait) == nil; wait = w.cfg.Drift {
		w.look(ctx, time.Now())
	}
	return nil
}

// look looks once, as of an instant.
func (w *watcher) look(ctx context.Context, at time.Time) {
	report, err := Drift(ctx, w.cfg, w.store, rested(ctx, w.store.All(ctx), pause), w.resolver.Site(), audit.Options{At: at})
	switch {
	case ctx.Err() != nil:
	case err != nil:
		w.log.Error("drift cannot be looked for", "err", err)
	default:
		w.metrics.Drift(report)
		w.tell(report)
	}
}

// tell logs what has changed.
func (w *watcher) tell(r *audit.Report) {
	for _, c := range r.Checks {
		if c.Status == audit.Red || c.Status == audit.Amber {
			w.log.Warn("drift", "check", c.ID, "status", string(c.Status), "segment", c.Segment, "title", c.Title, "found", c.Found)
		}
	}
}

// pause waits; the error is that of ctx, if it ends first.
func pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}

// rested yields records, and rests after every few so that they are worked on
// for only watchShare of the time.
func rested(ctx context.Context, all iter.Seq2[*visitor.Record, error], rest func(context.Context, time.Duration) error) iter.Seq2[*visitor.Record, error] {
	return func(yield func(*visitor.Record, error) bool) {
		n, began := 0, time.Now()
		for r, err := range all {
			if !yield(r, err) {
				return
			}
			if n++; n%watchStep > 0 {
				continue
			}
			if err := rest(ctx, time.Duration(float64(time.Since(began))*(1-watchShare)/watchShare)); err != nil {
				yield(nil, err)
				return
			}
			began = time.Now()
		}
	}
}
