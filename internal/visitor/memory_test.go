package visitor_test

import (
	"context"
	"errors"
	"iter"
	"maps"
	"slices"
	"sync"

	"github.com/segue-dev/segue/internal/visitor"
)

// memory is visitor.Records that keep what is stored as an engine does, encoded,
// and crash when they are told to: a crash loses the change or only its
// acknowledgement.
type memory struct {
	mu      sync.Mutex
	blobs   map[string][]byte
	stamps  map[string]uint64
	stamp   uint64
	crashIn int  // changes until the next crash; 0 = none
	durable bool // whether the change is stored that crashes
	calls   int  // until during is done; 0 = never
	during  func()
}

var errCrash = errors.New("crash")

func newMemory() *memory { return &memory{blobs: map[string][]byte{}, stamps: map[string]uint64{}} }

// call is made by every call: something else may happen before it.
func (m *memory) call() {
	m.mu.Lock()
	f := m.during
	if m.calls--; m.calls != 0 {
		f = nil
	}
	m.mu.Unlock()
	if f != nil {
		f()
	}
}

func (m *memory) get(id string) *visitor.Record {
	if blob, ok := m.blobs[id]; ok {
		r, err := visitor.DecodeRecord(id, blob)
		if err != nil {
			panic(err)
		}
		return r
	}
	return &visitor.Record{ID: id}
}

func (m *memory) Get(_ context.Context, id string) (*visitor.Record, error) {
	m.call()
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.get(id), nil
}

func (m *memory) GetSince(_ context.Context, id string, stamp uint64) (*visitor.Record, uint64, error) {
	m.call()
	m.mu.Lock()
	defer m.mu.Unlock()
	now := m.stamps[id]
	if now != 0 && now == stamp {
		return nil, now, nil
	}
	return m.get(id), now, nil
}

// crashes reports whether a change fails, and whether it is made.
func (m *memory) crashes() (fails, made bool) {
	if m.crashIn == 0 {
		return false, true
	}
	m.crashIn--
	return m.crashIn == 0, m.crashIn > 0 || m.durable
}

func (m *memory) set(id string, r *visitor.Record) error {
	fails, made := m.crashes()
	if made {
		m.stamp++
		m.blobs[id], m.stamps[id] = visitor.AppendRecord(nil, r), m.stamp
	}
	if fails {
		return errCrash
	}
	return nil
}

func (m *memory) Update(_ context.Context, id string, f func(*visitor.Record) (visitor.Change, error)) (*visitor.Record, error) {
	m.call()
	m.mu.Lock()
	defer m.mu.Unlock()
	r := m.get(id)
	if _, err := f(r); err != nil { // as after a conflict
		return nil, err
	}
	change, err := f(r)
	if err != nil {
		return nil, err
	}
	if len(change.Added) == 0 && !change.Whole {
		return r, nil
	}
	if err := m.set(id, change.Next); err != nil {
		return nil, err
	}
	return m.get(id), nil
}

func (m *memory) Erase(_ context.Context, id string) error {
	m.call()
	m.mu.Lock()
	defer m.mu.Unlock()
	if _, ok := m.blobs[id]; !ok {
		return nil
	}
	fails, made := m.crashes()
	if made {
		delete(m.blobs, id)
		delete(m.stamps, id)
	}
	if fails {
		return errCrash
	}
	return nil
}

func (m *memory) All(context.Context) iter.Seq2[*visitor.Record, error] {
	return func(yield func(*visitor.Record, error) bool) {
		m.mu.Lock()
		all := maps.Clone(m.blobs)
		m.mu.Unlock()
		for _, id := range slices.Sorted(maps.Keys(all)) {
			r, err := visitor.DecodeRecord(id, all[id])
			if !yield(r, err) {
				return
			}
		}
	}
}

func (m *memory) Counters(context.Context) iter.Seq2[visitor.Counter, error] {
	return func(func(visitor.Counter, error) bool) {}
}

func (m *memory) Ping(context.Context) error { return nil }

func (m *memory) Close() error { return nil }

func (m *memory) Adjust(context.Context, []visitor.Counter) error { return nil }
