package app

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/segue-dev/segue/config"
	"github.com/segue-dev/segue/internal/httpapi/native"
	"github.com/segue-dev/segue/internal/permutation"
	"github.com/segue-dev/segue/internal/purge"
	"github.com/segue-dev/segue/internal/resolve"
	"github.com/segue-dev/segue/internal/telemetry"
)

// A caches knows what shared caches may hold, and tells them what to drop.
type caches struct {
	answered *permutation.Registry
	purger   *purge.Purger
	metrics  *telemetry.Metrics
	log      *slog.Logger
}

func newCaches(cfg config.Config, metrics *telemetry.Metrics, log *slog.Logger) (*caches, error) {
	targets, err := purgeTargets(cfg.Purge)
	if err != nil {
		return nil, err
	}
	keep := cfg.Pages.SharedAge + max(cfg.Pages.StaleWhileRevalidate, cfg.Pages.StaleIfError)
	return &caches{
		answered: permutation.New(permutation.Options{Cap: cfg.Pages.Permutations, Keep: keep}),
		purger:   purge.New(targets, purge.Options{Keep: keep, Grace: cfg.Grace, Log: log, Observer: metrics}),
		metrics:  metrics, log: log,
	}, nil
}

// purgeTargets returns the caches that are to be told.
func purgeTargets(p config.Purge) (targets []purge.Target, err error) {
	add := func(key string, t purge.Target, failed error) {
		if failed != nil {
			err = fmt.Errorf("purge.%s: %w", key, failed)
		}
		targets = append(targets, t)
	}
	for _, address := range p.Varnish {
		t, err := purge.Varnish(address)
		add("varnish", t, err)
	}
	for _, address := range p.Nginx {
		t, err := purge.Nginx(address)
		add("nginx", t, err)
	}
	if p.Fastly != "" {
		t, err := purge.Fastly(purge.FastlyAPI, p.Fastly, p.FastlyToken.Reveal())
		add("fastly", t, err)
	}
	if p.Cloudflare != "" {
		t, err := purge.Cloudflare(purge.CloudflareAPI, p.Cloudflare, p.CloudflareToken.Reveal())
		add("cloudflare", t, err)
	}
	for _, address := range p.Webhooks {
		t, err := purge.Webhook(address, p.WebhookSecret.Reveal())
		add("webhookSecret", t, err)
	}
	return targets, err
}

// run counts permutations and tells caches until ctx ends.
func (c *caches) run(ctx context.Context) error {
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { c.purger.Run(ctx); return nil })
	group.Go(func() error { c.count(ctx); return nil })
	return group.Wait()
}

// count ends the steps of the window until ctx ends.
func (c *caches) count(ctx context.Context) {
	steps := time.NewTicker(permutation.Step)
	defer steps.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-steps.C:
			c.drop(c.answered.Turn())
			c.metrics.Permutations(c.answered.Usage(""))
		}
	}
}

// published has caches drop what shows something else in after than in before.
func (c *caches) published(before, after *resolve.Site) {
	changed, gone := resolve.Changed(before, after, c.answered.Held())
	if len(changed) > 0 {
		c.log.Info("pages have changed", "permutations", len(changed))
	}
	c.drop(changed)
	c.answered.Forget(gone)
}

// drop has caches drop permutations.
func (c *caches) drop(list []permutation.Permutation) {
	drops := make([]purge.Drop, len(list))
	for i, p := range list {
		drops[i] = purge.Drop{Permutation: p, Names: c.answered.Refs(p.Place)}
	}
	c.purger.Purge(drops)
}

// cachingOf returns how shared caches may keep pages.
func cachingOf(cfg config.Config) native.Caching {
	p := cfg.Pages
	return native.Caching{
		SharedAge: p.SharedAge, StaleWhileRevalidate: p.StaleWhileRevalidate, StaleIfError: p.StaleIfError, TagHeaders: p.TagHeaders,
	}
}
