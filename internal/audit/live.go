package audit

import (
	"maps"
	"sync"
	"time"

	"github.com/segue-dev/segue/internal/ingest"
	"github.com/segue-dev/segue/internal/signal"
)

// Arrivals count how signals arrive at a running server, from its start on: it
// is told of batches as an ingest.Observer, and hands them on. It is safe for
// concurrent use.
type Arrivals struct {
	next ingest.Observer

	mu  sync.Mutex
	sum Counted
}

// NewArrivals returns Arrivals that count from an instant on, and tell next.
func NewArrivals(since time.Time, next ingest.Observer) *Arrivals {
	return &Arrivals{next: next, sum: Counted{Since: since, Rejected: map[signal.Code]int{}}}
}

// Ingested implements ingest.Observer.
func (a *Arrivals) Ingested(t ingest.Tally) {
	a.next.Ingested(t)
	a.mu.Lock()
	defer a.mu.Unlock()
	a.sum.Deliveries += t.Accepted + t.Duplicates + t.Conflicting
	a.sum.Repeated += t.Duplicates + t.Conflicting
	for code, n := range t.Rejected {
		a.sum.Deliveries += n
		a.sum.Rejected[code] += n
	}
}

// Counted returns what has been counted so far.
func (a *Arrivals) Counted() *Counted {
	a.mu.Lock()
	defer a.mu.Unlock()
	sum := a.sum
	sum.Rejected = maps.Clone(sum.Rejected)
	return &sum
}
