package pebblestore

import (
	"errors"
	"sync"

	"github.com/cockroachdb/pebble/v2"

	"github.com/segue-dev/segue/internal/visitor"
)

// maxGroupBytes is the size at which a group takes no more batches. A group is
// kept well below the memory that Pebble fills before it writes tables.
const maxGroupBytes = 1 << 20

// A committer makes batches durable in groups: those that arrive while a group
// is being written are the next one, and share its sync. It has no goroutine of
// its own: the first of a group writes it.
type committer struct {
	// committing is held by whoever has a commit under way. Pebble shows a
	// batch to readers before it is durable, so a snapshot takes it too.
	committing sync.Mutex

	mu   sync.Mutex
	open *group // that still takes batches; nil if there is none
}

// A group is the batches of one sync.
type group struct {
	batches []*pebble.Batch
	bytes   int
	done    chan struct{} // closed when err is final
	err     error
}

// commit writes what fill puts into a batch, and returns when it is durable.
func (s *records) commit(fill func(*pebble.Batch) error) error {
	b := s.db.NewBatch()
	if err := fill(b); err != nil {
		return errors.Join(err, b.Close())
	}
	g, first := s.commits.join(b)
	if first {
		s.write(g)
	}
	<-g.done
	return errors.Join(g.err, b.Close())
}

// join adds b to a group. The caller writes the group if b is the first of it.
func (c *committer) join(b *pebble.Batch) (g *group, first bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if first = c.open == nil; first {
		c.open = &group{done: make(chan struct{})}
	}
	g = c.open
	g.batches = append(g.batches, b)
	if g.bytes += b.Len(); g.bytes >= maxGroupBytes {
		c.open = nil
	}
	return g, first
}

// shut makes g take no more batches.
func (c *committer) shut(g *group) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.open == g {
		c.open = nil
	}
}

// write makes g durable, once the group before it is.
func (s *records) write(g *group) {
	defer close(g.done)
	s.commits.committing.Lock()
	defer s.commits.committing.Unlock()
	s.commits.shut(g)
	whole := s.db.NewBatchWithSize(g.bytes)
	for _, b := range g.batches {
		g.err = errors.Join(g.err, whole.Apply(b, nil))
	}
	if g.err != nil {
		return
	}
	_, g.err = guarded(s.state, func() (struct{}, error) {
		return struct{}{}, errors.Join(whole.Commit(pebble.Sync), whole.Close())
	})
}

// writeChange writes to b what makes after of before, and the counters.
func writeChange(b *pebble.Batch, id string, before, after storedRecord, counters []visitor.Counter) error {
	var err error
	if n := len(after.tails); n > 0 {
		err = b.Set(tailKey(id, n-1), after.tails[n-1], nil)
	} else {
		err = b.Set(baseKey(id), after.base, nil)
		for i := range before.tails {
			err = errors.Join(err, b.Delete(tailKey(id, i), nil))
		}
	}
	return errors.Join(err, writeCounters(b, counters))
}

// writeCounters writes differences of counters to b.
func writeCounters(b *pebble.Batch, counters []visitor.Counter) error {
	var err error
	for _, c := range counters {
		err = errors.Join(err, b.Merge(counterKey(c.Key), appendSum(nil, c.N), nil))
	}
	return err
}

// writeErasure writes to b what leaves nothing of stored.
func writeErasure(b *pebble.Batch, id string, stored storedRecord) error {
	err := b.Delete(baseKey(id), nil)
	for i := range stored.tails {
		err = errors.Join(err, b.Delete(tailKey(id, i), nil))
	}
	return err
}
