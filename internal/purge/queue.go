package purge

import (
	"slices"
	"sync"
	"time"

	"github.com/segue-dev/segue/internal/permutation"
)

// A waiting drop is to be told when it is due.
type waiting struct {
	drop Drop
	due  time.Time
}

// A queue holds what one target is to be told. What is due and comes again is
// there once.
type queue struct {
	target Target
	opts   Options
	wake   chan struct{} // has one when something was added

	mu  sync.Mutex
	due map[permutation.Permutation]waiting // since it was due
	// later is in order of time.
	later []waiting
}

func newQueue(t Target, o Options) *queue {
	return &queue{target: t, opts: o, wake: make(chan struct{}, 1), due: map[permutation.Permutation]waiting{}}
}

// add queues drops for an instant.
func (q *queue) add(drops []Drop, due time.Time) {
	q.mu.Lock()
	defer q.mu.Unlock()
	lost := 0
	for _, d := range drops {
		if len(q.due)+len(q.later) >= maxPending {
			lost++
			continue
		}
		q.later = append(q.later, waiting{d, due})
	}
	slices.SortStableFunc(q.later, func(a, b waiting) int { return a.due.Compare(b.due) })
	if lost > 0 {
		q.opts.Log.Error("purge: too much waits: caches keep the rest for as long as they may", "target", q.target.Name(), "drops", lost)
		q.observe(Lost, lost)
	}
	select {
	case q.wake <- struct{}{}:
	default:
	}
}

// next takes what is due out of the queue, as much as the target takes at once,
// in order; if that is nothing, it says how long to wait.
func (q *queue) next(now time.Time) (batch []waiting, wait time.Duration) {
	q.mu.Lock()
	defer q.mu.Unlock()
	due := 0
	for due < len(q.later) && !q.later[due].due.After(now) {
		q.put(q.later[due])
		due++
	}
	q.later = slices.Delete(q.later, 0, due)
	expired := 0
	for id, w := range q.due {
		if now.Sub(w.due) > q.opts.Keep {
			delete(q.due, id)
			expired++
			continue
		}
		batch = append(batch, w)
	}
	slices.SortFunc(batch, func(a, b waiting) int { return a.drop.Compare(b.drop.Permutation) })
	batch = batch[:min(len(batch), q.target.Most())]
	for _, w := range batch {
		delete(q.due, w.drop.Permutation)
	}
	q.observe(Expired, expired)
	q.pending()
	switch {
	case len(batch) > 0:
		return batch, 0
	case len(q.later) > 0:
		return nil, q.later[0].due.Sub(now)
	default:
		return nil, time.Hour
	}
}

// put makes w due. Of two the later counts, for the page has changed since.
func (q *queue) put(w waiting) {
	if there, ok := q.due[w.drop.Permutation]; !ok || there.due.Before(w.due) {
		q.due[w.drop.Permutation] = w
	}
}

// back makes a batch that failed due again.
func (q *queue) back(batch []waiting) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, w := range batch {
		q.put(w)
	}
	q.pending()
}

// empty drops what waits and returns how much that was.
func (q *queue) empty() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, w := range q.later {
		q.put(w)
	}
	lost := len(q.due)
	q.later = nil
	clear(q.due)
	q.pending()
	return lost
}

func (q *queue) observe(outcome string, drops int) {
	if q.opts.Observer != nil && drops > 0 {
		q.opts.Observer.Purged(q.target.Name(), outcome, drops)
	}
}

// pending tells how much is due.
func (q *queue) pending() {
	if q.opts.Observer != nil {
		q.opts.Observer.PurgesPending(q.target.Name(), len(q.due))
	}
}
