package purge_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/segue-dev/segue/internal/permutation"
	"github.com/segue-dev/segue/internal/purge"
)

// A cache remembers what it was told, and does not answer while it is down.
type cache struct {
	name string
	most int

	mu       sync.Mutex
	down     bool
	attempts []time.Time
	told     [][]string // keys
	outcomes map[string]int
	pending  int
}

func (c *cache) Name() string { return c.name }

func (c *cache) Most() int { return max(c.most, 1) }

func (c *cache) Purge(_ context.Context, drops []purge.Drop, _ time.Time) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.attempts = append(c.attempts, time.Now())
	if c.down {
		return errors.New("down")
	}
	var keys []string
	for _, d := range drops {
		keys = append(keys, d.Key)
	}
	c.told = append(c.told, keys)
	return nil
}

// Purged and PurgesPending are of the one cache of a test.
func (c *cache) Purged(_, o string, n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.outcomes == nil {
		c.outcomes = map[string]int{}
	}
	c.outcomes[o] += n
}

func (c *cache) PurgesPending(_ string, n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.pending = n
}

func (c *cache) set(down bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.down = down
}

// state returns a copy of what c remembers.
func (c *cache) state() *cache {
	c.mu.Lock()
	defer c.mu.Unlock()
	return &cache{attempts: slices.Clone(c.attempts), told: slices.Clone(c.told), outcomes: maps.Clone(c.outcomes), pending: c.pending}
}

func drops(keys ...string) (all []purge.Drop) {
	for _, key := range keys {
		all = append(all, purge.Drop{Permutation: permutation.Permutation{Place: permutation.Place{Page: "home", Locale: "en-US"}, Key: key}})
	}
	return all
}

// running runs a purger of caches within a bubble until f returns.
func running(t *testing.T, o purge.Options, f func(p *purge.Purger), caches ...*cache) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		var targets []purge.Target
		for _, c := range caches {
			targets = append(targets, c)
		}
		if o.Log == nil {
			o.Log = slog.New(slog.DiscardHandler)
		}
		p := purge.New(targets, o)
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { p.Run(ctx); close(done) }()
		f(p)
		cancel()
		<-done
	})
}

func TestWhatIsDroppedIsDroppedAtOnceAndOnceMore(t *testing.T) {
	c := &cache{most: 10}
	running(t, purge.Options{}, func(p *purge.Purger) {
		p.Purge(drops("b", "a"))
		synctest.Wait()
		require.Equal(t, [][]string{{"a", "b"}}, c.state().told)
		time.Sleep(10 * time.Second)
		synctest.Wait()
		require.Equal(t, [][]string{{"a", "b"}, {"a", "b"}}, c.state().told)
		time.Sleep(time.Hour)
		synctest.Wait()
		require.Len(t, c.state().told, 2)
	}, c)
}

func TestACacheThatIsAwayIsToldWhenItIsBack(t *testing.T) {
	away, there := &cache{most: 10, down: true}, &cache{most: 10}
	running(t, purge.Options{Observer: away}, func(p *purge.Purger) {
		p.Purge(drops("a"))
		time.Sleep(time.Minute)
		p.Purge(drops("b", "a"))
		time.Sleep(30 * time.Minute)
		synctest.Wait()
		require.Empty(t, away.state().told)
		require.Equal(t, [][]string{{"a"}, {"a"}, {"a", "b"}, {"a", "b"}}, there.state().told, "the others do not wait")
		require.InDelta(t, 30, len(away.state().attempts), 12, "about once a minute")
		require.GreaterOrEqual(t, away.state().attempts[1].Sub(away.state().attempts[0]), time.Second)

		away.set(false)
		time.Sleep(2 * time.Minute)
		synctest.Wait()
		require.Equal(t, [][]string{{"a", "b"}}, away.state().told, "what waited goes together")
		require.Positive(t, away.state().outcomes[purge.Failed])
	}, away, there)
}

func TestNoMoreIsToldAtOnceThanACacheTakes(t *testing.T) {
	c := &cache{most: 2}
	running(t, purge.Options{}, func(p *purge.Purger) {
		p.Purge(drops("a", "b", "c", "d", "e"))
		synctest.Wait()
		require.Equal(t, [][]string{{"a", "b"}, {"c", "d"}, {"e"}}, c.state().told)
	}, c)
}

func TestWhatCachesHaveDroppedByThemselvesIsNotTold(t *testing.T) {
	c := &cache{most: 10, down: true}
	running(t, purge.Options{Keep: time.Hour, Observer: c}, func(p *purge.Purger) {
		p.Purge(drops("a"))
		time.Sleep(2 * time.Hour)
		c.set(false)
		p.Purge(drops("b"))
		time.Sleep(2 * time.Minute)
		synctest.Wait()
		for _, keys := range c.state().told {
			require.Equal(t, []string{"b"}, keys)
		}
		require.Equal(t, 1, c.state().outcomes[purge.Expired])
		require.Zero(t, c.state().pending)
	}, c)
}

func TestTheEndWaitsForWhatIsLeft(t *testing.T) {
	c := &cache{most: 1}
	running(t, purge.Options{}, func(p *purge.Purger) { p.Purge(drops("a", "b")) }, c)
	require.ElementsMatch(t, [][]string{{"a"}, {"b"}}, c.state().told[:2])
}

func TestWhatIsLostAtTheEndIsSaid(t *testing.T) {
	var log bytes.Buffer
	c := &cache{name: "varnish cache:80", most: 10, down: true}
	running(t, purge.Options{Log: slog.New(slog.NewTextHandler(&log, nil)), Observer: c}, func(p *purge.Purger) {
		p.Purge(drops("a", "b"))
		synctest.Wait()
	}, c)
	require.Equal(t, 2, c.state().outcomes[purge.Lost])
	require.Contains(t, log.String(), `level=ERROR msg="purge: the rest is lost`)
	require.Contains(t, log.String(), `target="varnish cache:80" drops=2`)
}

func TestTheQueueIsBounded(t *testing.T) {
	c := &cache{most: 100, down: true}
	running(t, purge.Options{Observer: c}, func(p *purge.Purger) {
		var keys []string
		for i := range 60_000 {
			keys = append(keys, fmt.Sprint(i))
		}
		p.Purge(drops(keys...))
		synctest.Wait()
		require.Positive(t, c.state().outcomes[purge.Lost])
		require.LessOrEqual(t, c.state().pending, 50_000)
	}, c)
}
