package visitor_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"maps"
	"slices"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/segue-dev/segue/internal/signal"
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
}

var errCrash = errors.New("crash")

func newMemory() *memory { return &memory{blobs: map[string][]byte{}, stamps: map[string]uint64{}} }

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
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.get(id), nil
}

func (m *memory) GetSince(_ context.Context, id string, stamp uint64) (*visitor.Record, uint64, error) {
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

// A deed is an append or a join, as a client sends it until it is acknowledged.
type deed struct {
	id   string // of an append
	sig  signal.Signal
	join *visitor.Join
}

func (d deed) do(ctx context.Context, s visitor.Store, lim visitor.Limits) error {
	if d.join != nil {
		_, err := s.Join(ctx, *d.join)
		return err
	}
	_, err := s.Update(ctx, d.id, func(r *visitor.Record) (visitor.Change, error) {
		next, outcomes := r.With(lim, d.sig)
		change := visitor.Change{Next: next}
		if outcomes[0] == visitor.Accepted {
			change.Added = []signal.Signal{d.sig}
		}
		return change, nil
	})
	return err
}

var anonymous = []string{"a1", "a2", "a3", "z1", "z2"}

// users are the one whose each anonymous id is, so that nobody's device is
// another's.
var users = map[string]string{"a1": "u", "a2": "u", "z1": "u", "a3": "b", "z2": "b"}

// genDeed draws appends and joins of a few visitors. n tells signals apart.
func genDeed(t *rapid.T, n int) deed {
	pick := func(ids ...string) string { return rapid.SampledFrom(ids).Draw(t, "id") }
	by := signal.Signal{ID: fmt.Sprint("join", n), At: rapid.Int64Range(0, 50).Draw(t, "when") * 60_000, Pos: n}
	switch rapid.IntRange(0, 6).Draw(t, "deed") {
	case 0:
		id := pick(anonymous...)
		return deed{join: &visitor.Join{From: id, To: users[id], As: visitor.Identified, By: by}}
	case 1:
		id := pick(anonymous...)
		other := pick(anonymous...)
		if users[other] != users[id] {
			other = users[id]
		}
		return deed{join: &visitor.Join{From: id, To: other, As: visitor.Linked}}
	case 2:
		return deed{join: &visitor.Join{From: pick("old-u", "u"), To: pick("old-u", "u"), As: visitor.Aliased, By: by}}
	default:
		s := genSignal().Draw(t, "signal")
		s.ID, s.Device, s.UserID = fmt.Sprint("m", n), pick(anonymous...), ""
		return deed{id: s.Device, sig: s}
	}
}

// groups are which ids are one visitor's.
type groups map[string]string

func (g groups) of(id string) string {
	for g[id] != "" {
		id = g[id]
	}
	return id
}

// requireUnion fails unless each visitor has the record of all their signals, by
// each of their ids, and no other.
func requireUnion(t require.TestingT, s visitor.Store, lim visitor.Limits, deeds []deed) {
	ctx, g, sent := context.Background(), groups{}, map[string][]signal.Signal{}
	for _, d := range deeds {
		if d.join != nil && g.of(d.join.From) != g.of(d.join.To) {
			g[g.of(d.join.From)] = g.of(d.join.To)
		}
	}
	ids := append([]string{"u", "b", "old-u"}, anonymous...)
	for _, d := range deeds {
		if d.join == nil {
			sent[g.of(d.id)] = append(sent[g.of(d.id)], d.sig)
		}
	}
	visitors := map[string]string{} // record by group
	for _, id := range ids {
		r, err := s.Get(ctx, id)
		require.NoError(t, err)
		want, _ := (&visitor.Record{ID: r.ID}).With(lim, sent[g.of(id)]...)
		require.Equal(t, dump(want.WithoutStreams()), dump(r.Unlinked().WithoutStreams()), "%s", id)
		require.Empty(t, r.Joining, "nothing is left to do")
		require.True(t, r.Has(id), "%s", id)
		if was, ok := visitors[g.of(id)]; ok {
			require.Equal(t, was, r.ID)
		}
		visitors[g.of(id)] = r.ID
	}
	seen := map[string]int{}
	for r, err := range s.All(ctx) {
		require.NoError(t, err)
		seen[r.ID]++
		require.Equal(t, visitors[g.of(r.ID)], r.ID, "All yields each visitor once")
	}
	for id, n := range seen {
		require.Equal(t, 1, n, id)
	}
}

// Whatever the order of appends and joins, however often they are repeated and
// wherever the process ends between two steps: once all are acknowledged, each
// visitor has the record of all their signals.
func TestJoinedVisitorsHaveTheUnionOfTheirSignals(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		lim, ctx := genLimits().Draw(t, "limits"), context.Background()
		records := newMemory()
		s := visitor.NewStore(records, lim)
		deeds := make([]deed, rapid.IntRange(1, 40).Draw(t, "deeds"))
		var undone []deed
		for i := range deeds {
			deeds[i] = genDeed(t, i)
			if rapid.IntRange(0, 2).Draw(t, "crash") == 0 {
				records.crashIn, records.durable = rapid.IntRange(1, 4).Draw(t, "in"), rapid.Bool().Draw(t, "durable")
			}
			if err := deeds[i].do(ctx, s, lim); err != nil {
				require.ErrorIs(t, err, errCrash)
				undone = append(undone, deeds[i])
			}
			records.crashIn = 0
		}
		for _, d := range rapid.Permutation(undone).Draw(t, "repeated") {
			require.NoError(t, d.do(ctx, s, lim))
		}
		requireUnion(t, s, lim, deeds)
	})
}

// The same with all of it at once.
func TestConcurrentJoins(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		lim := genLimits().Draw(t, "limits")
		s := visitor.NewStore(newMemory(), lim)
		deeds := make([]deed, rapid.IntRange(1, 60).Draw(t, "deeds"))
		for i := range deeds {
			deeds[i] = genDeed(t, i)
		}
		var wg sync.WaitGroup
		errs := make([]error, 4)
		for w := range errs {
			wg.Go(func() {
				for i, d := range deeds {
					if i%len(errs) == w || d.join != nil {
						errs[w] = errors.Join(errs[w], d.do(context.Background(), s, lim))
					}
				}
			})
		}
		wg.Wait()
		require.NoError(t, errors.Join(errs...))
		for _, d := range deeds { // what is repeated changes nothing
			require.NoError(t, d.do(context.Background(), s, lim))
		}
		requireUnion(t, s, lim, deeds)
	})
}
