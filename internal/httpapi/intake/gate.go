package intake

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"golang.org/x/sync/semaphore"

	"github.com/segue-dev/segue/internal/fault"
)

const (
	// DefaultInFlight is how many bytes of bodies are worked on at a time: enough
	// to keep a store that commits in groups busy, and little enough that what is
	// let in is done soon and leaves room for resolves.
	DefaultInFlight = 4 << 20

	// DefaultWait is how long a request waits to be let in.
	DefaultWait = time.Second

	// leastWeight is what a request weighs at least, however small its body.
	leastWeight = 4 << 10

	// queues is how many times InFlight may wait to be let in.
	queues = 4
)

// An Observer is told how busy an Intake is, for metrics. It must not block; it
// is called from many goroutines.
type Observer interface {
	// InFlight tells by how much the bytes of bodies being worked on have changed.
	InFlight(change int64)
	// TurnedAway counts a request that was not let in.
	TurnedAway()
}

// A gate keeps overload out: of more work than can be done soon, what comes last
// is turned away, so that the rest is done as fast as ever.
type gate struct {
	size     int64
	wait     time.Duration
	observer Observer

	room    *semaphore.Weighted
	waiting atomic.Int64
}

func newGate(opts Options) *gate {
	return &gate{size: opts.InFlight, wait: opts.Wait, observer: opts.Observer, room: semaphore.NewWeighted(opts.InFlight)}
}

// enter waits until a body of so many bytes may be worked on; the caller must
// call leave when it is done. It fails with fault.Overloaded if that is not soon,
// and with the error of ctx when that ends first.
func (g *gate) enter(ctx context.Context, bytes int) (leave func(), err error) {
	weight := min(max(int64(bytes), leastWeight), g.size)
	if !g.room.TryAcquire(weight) {
		if err := g.queue(ctx, weight); err != nil {
			return nil, err
		}
	}
	g.observe(weight)
	return func() {
		g.observe(-weight)
		g.room.Release(weight)
	}, nil
}

func (g *gate) queue(ctx context.Context, weight int64) error {
	defer g.waiting.Add(-weight)
	if g.waiting.Add(weight) > queues*g.size {
		return g.turnAway()
	}
	patient, cancel := context.WithTimeoutCause(ctx, g.wait, errPatience)
	defer cancel()
	if err := g.room.Acquire(patient, weight); err == nil {
		return nil
	}
	if err := context.Cause(patient); !errors.Is(err, errPatience) {
		return err
	}
	return g.turnAway()
}

var errPatience = errors.New("waited long enough")

func (g *gate) turnAway() error {
	if g.observer != nil {
		g.observer.TurnedAway()
	}
	return fault.New(fault.Overloaded, "more signals come in than can be stored; send them again after Retry-After seconds")
}

func (g *gate) observe(change int64) {
	if g.observer != nil {
		g.observer.InFlight(change)
	}
}
