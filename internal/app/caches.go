package app

import (
	"context"
	"time"

	"github.com/segue-dev/segue/config"
	"github.com/segue-dev/segue/internal/httpapi/native"
	"github.com/segue-dev/segue/internal/permutation"
	"github.com/segue-dev/segue/internal/telemetry"
)

// A caches knows what shared caches may hold.
type caches struct {
	answered *permutation.Registry
	metrics  *telemetry.Metrics
}

func newCaches(cfg config.Config, metrics *telemetry.Metrics) *caches {
	p := cfg.Pages
	return &caches{
		answered: permutation.New(permutation.Options{
			Cap: p.Permutations, Keep: p.SharedAge + max(p.StaleWhileRevalidate, p.StaleIfError),
		}),
		metrics: metrics,
	}
}

// watch counts permutations until ctx ends.
func (c *caches) watch(ctx context.Context) error {
	steps := time.NewTicker(permutation.Step)
	defer steps.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-steps.C:
			c.answered.Turn()
			c.metrics.Permutations(c.answered.Usage(""))
		}
	}
}

// cachingOf returns how shared caches may keep pages.
func cachingOf(cfg config.Config) native.Caching {
	p := cfg.Pages
	return native.Caching{
		SharedAge: p.SharedAge, StaleWhileRevalidate: p.StaleWhileRevalidate, StaleIfError: p.StaleIfError, TagHeaders: p.TagHeaders,
	}
}
