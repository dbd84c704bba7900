// Package purge tells caches which permutations of pages they must drop.
//
// The rule it upholds: what is to be dropped is told to every cache until it has
// taken note, however long that one is away, and nothing else is. Only the end of
// the process loses it: the lifetime of what was kept then bounds how long it is
// still served.
//
// Each cache has a queue of its own, so that none waits for another. What is
// dropped is dropped once more a little later: an answer that was under way when
// the page changed may reach a cache after the first time.
package purge

import (
	"cmp"
	"context"
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/segue-dev/segue/internal/permutation"
)

// A Drop is a permutation that caches must drop.
type Drop struct {
	permutation.Permutation
	Names []permutation.Ref // under which its page was asked for
}

// A Target is a cache, or something that speaks for caches.
type Target interface {
	// Name says which it is, without secrets.
	Name() string
	// Most is how many drops one Purge takes.
	Most() int
	// Purge tells it to drop what it may hold of drops, which are in order and
	// were decided on at the given instant. It may be told the same twice.
	Purge(ctx context.Context, drops []Drop, at time.Time) error
}

// An Observer is told what became of drops, for metrics. target is a Name,
// outcome one of those below.
type Observer interface {
	Purged(target, outcome string, drops int)
	PurgesPending(target string, drops int)
}

// What became of drops.
const (
	Done    = "done"
	Failed  = "failed"  // and tried again
	Expired = "expired" // caches have dropped it by themselves
	Lost    = "lost"    // there was no room, or the process ended
)

// Options are the settings of a Purger.
type Options struct {
	Keep     time.Duration // how long a cache may hold what it was given; 0 = a day
	Grace    time.Duration // how long Run may take to tell the rest when it is to end; 0 = 15s
	Log      *slog.Logger
	Observer Observer // nil = none
}

const (
	// secondTime is how long after the first time something is dropped again. No
	// request takes longer unless something is wrong.
	secondTime = 5 * time.Second
	// minPause and maxPause bound the time between attempts.
	minPause, maxPause = time.Second, time.Minute
	// patience is how long one attempt may take.
	patience = 10 * time.Second
	// maxPending bounds the drops that wait for one target.
	maxPending = 50_000
)

// A Purger tells all targets. It is safe for concurrent use.
type Purger struct {
	opts   Options
	queues []*queue
}

// New returns a Purger that tells targets as long as Run runs.
func New(targets []Target, o Options) *Purger {
	o.Keep, o.Grace = cmp.Or(o.Keep, 24*time.Hour), cmp.Or(o.Grace, 15*time.Second)
	p := &Purger{opts: o}
	for _, t := range targets {
		p.queues = append(p.queues, newQueue(t, o))
	}
	return p
}

// Purge queues drops for every target and returns at once.
func (p *Purger) Purge(drops []Drop) {
	if len(drops) == 0 {
		return
	}
	now := time.Now()
	for _, q := range p.queues {
		q.add(drops, now)
		q.add(drops, now.Add(secondTime))
	}
}

// Run tells targets until ctx ends, and then what is left, as long as Grace
// allows.
func (p *Purger) Run(ctx context.Context) {
	var wg sync.WaitGroup
	for _, q := range p.queues {
		wg.Go(func() { q.run(ctx) })
	}
	wg.Wait()
}

// run tells one target.
func (q *queue) run(ctx context.Context) {
	pause := time.Duration(0)
	for ctx.Err() == nil {
		batch, wait := q.next(time.Now())
		if len(batch) == 0 {
			q.sleep(ctx, wait, q.wake)
			continue
		}
		if q.tell(ctx, batch) {
			pause = 0
			continue
		}
		pause = min(max(2*pause, minPause), maxPause)
		q.sleep(ctx, pause+rand.N(pause/4), nil)
	}
	q.finish(context.WithoutCancel(ctx))
}

// finish tells what is left, without a second time, and gives up at the first
// failure.
func (q *queue) finish(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, q.opts.Grace)
	defer cancel()
	for {
		batch, _ := q.next(time.Now().Add(secondTime))
		if len(batch) == 0 {
			return
		}
		if !q.tell(ctx, batch) {
			lost := q.empty()
			q.observe(Lost, lost)
			q.opts.Log.Error("purge: the rest is lost, since Segue stops: caches keep it for as long as they may",
				"target", q.target.Name(), "drops", lost)
			return
		}
	}
}

// sleep waits for a time, for ctx, or for wake, which may be nil.
func (q *queue) sleep(ctx context.Context, wait time.Duration, wake <-chan struct{}) {
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	case <-wake:
	}
}

// tell tells the target a batch and reports whether it has taken note. If not,
// the batch waits again.
func (q *queue) tell(ctx context.Context, batch []waiting) bool {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	drops := make([]Drop, len(batch))
	at := batch[0].due
	for i, w := range batch {
		drops[i] = w.drop
		if w.due.After(at) {
			at = w.due
		}
	}
	err := q.target.Purge(ctx, drops, at)
	if err == nil {
		q.observe(Done, len(batch))
		return true
	}
	q.observe(Failed, len(batch))
	q.opts.Log.Warn("purge: failed, and is tried again", "target", q.target.Name(), "drops", len(batch), "err", err)
	q.back(batch)
	return false
}
