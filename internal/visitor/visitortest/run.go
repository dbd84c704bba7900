// Package visitortest tests implementations of visitor.Store: every sentence of
// its contract is a subtest.
package visitortest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/segue-dev/segue/internal/signal"
	"github.com/segue-dev/segue/internal/visitor"
)

// Options say what else a store can do.
type Options struct {
	// Limits are those with which the stores that open returns were made.
	Limits visitor.Limits
	// Reopen closes a store that open returned and opens it again; nil if the
	// store keeps nothing once it is closed.
	Reopen func(testing.TB, visitor.Store) visitor.Store
}

// Run tests the stores that open returns, each of which must be empty. Whoever
// opens one also closes it when the test ends.
func Run(t *testing.T, open func(testing.TB) visitor.Store, opts Options) {
	s := suite{open, opts}
	t.Run("a visitor never stored has an empty record with its id", s.unknown)
	t.Run("Update returns the record as it is afterwards", s.updateReturns)
	t.Run("GetSince returns a record once, until it changes", s.getSince)
	t.Run("who has read a record never reads an older one", s.neverBack)
	t.Run("f is given what is stored", s.updateGives)
	t.Run("concurrent updates of one visitor all stay", s.oneVisitor)
	t.Run("concurrent updates of many visitors all stay", s.manyVisitors)
	t.Run("updates of different visitors do not wait for each other", s.noWaiting)
	t.Run("if f fails nothing is stored", s.failing)
	t.Run("a change without signals stores nothing", s.withoutAdded)
	t.Run("a panic of f stores nothing and blocks nobody", s.panicking)
	t.Run("a record given out never changes", s.immutable)
	t.Run("Erase leaves nothing of a visitor but the counters", s.erase)
	t.Run("joined ids have the record of all their signals", s.joins)
	t.Run("nothing is lost of what comes while ids are joined", s.joinsWhileAppending)
	t.Run("users of one device stay apart", s.usersOfOneDevice)
	t.Run("a join that cannot be right is refused", s.refusals)
	t.Run("Erase of any id leaves nothing of the visitor", s.eraseJoined)
	t.Run("a whole change replaces the record", s.whole)
	t.Run("counters add up", s.counters)
	t.Run("Adjust moves counters alone", s.adjust)
	t.Run("All yields every record in ascending order of id", s.all)
	t.Run("All ends when the loop does", s.allEnds)
	t.Run("All yields records during updates whole", s.allMeanwhile)
	t.Run("ids of any kind are kept apart", s.awkwardIDs)
	t.Run("many appends equal one", s.manyAppends)
	t.Run("a cancelled context stops every call", s.cancelled)
	t.Run("Ping of a working store succeeds", s.ping)
	t.Run("what was stored is there after opening again", s.reopen)
}

type suite struct {
	open func(testing.TB) visitor.Store
	opts Options
}

// take returns the function that takes sigs in and moves counters.
func (s suite) take(sigs []signal.Signal, counters ...visitor.Counter) func(*visitor.Record) (visitor.Change, error) {
	return func(r *visitor.Record) (visitor.Change, error) {
		next, outcomes := r.With(s.opts.Limits, sigs...)
		c := visitor.Change{Next: next, Counters: counters}
		for i, o := range outcomes {
			if o == visitor.Accepted {
				c.Added = append(c.Added, sigs[i])
			}
		}
		return c, nil
	}
}

// want returns the record of id that has taken sigs in.
func (s suite) want(id string, sigs ...signal.Signal) *visitor.Record {
	r, _ := (&visitor.Record{ID: id}).With(s.opts.Limits, sigs...)
	return r
}

func (s suite) update(t testing.TB, st visitor.Store, id string, sigs []signal.Signal, counters ...visitor.Counter) {
	t.Helper()
	_, err := st.Update(t.Context(), id, s.take(sigs, counters...))
	require.NoError(t, err)
}

func get(t testing.TB, st visitor.Store, id string) *visitor.Record {
	t.Helper()
	r, err := st.Get(t.Context(), id)
	require.NoError(t, err)
	return r
}

func readAll(t testing.TB, st visitor.Store) []*visitor.Record {
	t.Helper()
	var all []*visitor.Record
	for r, err := range st.All(t.Context()) {
		require.NoError(t, err)
		all = append(all, r)
	}
	return all
}

func readCounters(t testing.TB, st visitor.Store) []visitor.Counter {
	t.Helper()
	var all []visitor.Counter
	for c, err := range st.Counters(t.Context()) {
		require.NoError(t, err)
		all = append(all, c)
	}
	return all
}

func (s suite) unknown(t *testing.T) {
	st := s.open(t)
	require.Equal(t, &visitor.Record{ID: "nobody"}, get(t, st, "nobody"))
	require.Empty(t, readAll(t, st), "asking for a visitor does not store one")
}

func (s suite) updateReturns(t *testing.T) {
	st, sigs := s.open(t), Signals("d", 3)
	r, err := st.Update(t.Context(), "v", s.take(sigs))
	require.NoError(t, err)
	require.Equal(t, s.want("v", sigs...), r)
	require.Equal(t, r, get(t, st, "v"))
}

func (s suite) getSince(t *testing.T) {
	st, sigs := s.open(t), Signals("d", 2)
	since := func(id string, stamp uint64) (*visitor.Record, uint64) {
		r, now, err := st.GetSince(t.Context(), id, stamp)
		require.NoError(t, err)
		return r, now
	}
	r, stamp := since("nobody", 0)
	require.Equal(t, &visitor.Record{ID: "nobody"}, r)
	for i, sig := range sigs {
		s.update(t, st, "v", []signal.Signal{sig})
		r, now := since("v", stamp)
		require.Equal(t, s.want("v", sigs[:i+1]...), r, "a changed record is never taken for the old one")
		r, again := since("v", now)
		require.Equal(t, now == 0, r != nil, "an unchanged record with a stamp is not given out again")
		require.Equal(t, now, again)
		stamp = now
	}
	s.update(t, st, "w", sigs)
	r, _ = since("w", stamp)
	require.NotNil(t, r, "the stamp of one visitor is not another's")
}

func (s suite) neverBack(t *testing.T) {
	st, sigs := s.open(t), Signals("d", 60)
	s.update(t, st, "v", sigs[:1])
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			var stamp uint64
			for seen := 1; seen < len(sigs); {
				r, now, err := st.GetSince(t.Context(), "v", stamp)
				switch {
				case err != nil:
					t.Error(err)
					return
				case r == nil:
					continue
				case len(r.Signals) < seen:
					t.Errorf("read %d signals after %d", len(r.Signals), seen)
					return
				}
				seen, stamp = len(r.Signals), now
			}
		})
	}
	for i := 1; i < len(sigs); i++ {
		s.update(t, st, "v", sigs[i:i+1])
		require.Equal(t, s.want("v", sigs[:i+1]...), get(t, st, "v"))
	}
	wg.Wait()
}

func (s suite) updateGives(t *testing.T) {
	st, sigs := s.open(t), Signals("d", 4)
	for i := range sigs {
		_, err := st.Update(t.Context(), "v", func(r *visitor.Record) (visitor.Change, error) {
			if want := s.want("v", sigs[:i]...); !sameRecord(want, r) {
				return visitor.Change{}, fmt.Errorf("given %+v instead of %+v", r, want)
			}
			return s.take(sigs[i : i+1])(r)
		})
		require.NoError(t, err)
	}
}

// sameRecord reports whether two records are stored as the same bytes.
func sameRecord(a, b *visitor.Record) bool {
	return a.ID == b.ID && slices.Equal(visitor.AppendRecord(nil, a), visitor.AppendRecord(nil, b))
}

func (s suite) oneVisitor(t *testing.T) {
	st, sigs := s.open(t), Signals("d", 50)
	var wg sync.WaitGroup
	for i := range sigs {
		wg.Go(func() {
			if _, err := st.Update(t.Context(), "v", s.take(sigs[i:i+1], visitor.Counter{Key: "n", N: 1})); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	require.Equal(t, s.want("v", sigs...), get(t, st, "v"))
	require.Equal(t, []visitor.Counter{{Key: "n", N: 50}}, readCounters(t, st))
}

func (s suite) manyVisitors(t *testing.T) {
	const visitors, rounds = 40, 5
	st, sigs := s.open(t), Signals("d", rounds)
	var wg sync.WaitGroup
	for v := range visitors {
		wg.Go(func() {
			for i := range rounds {
				if _, err := st.Update(t.Context(), fmt.Sprint("v", v), s.take(sigs[i:i+1], visitor.Counter{Key: "n", N: 1})); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	all := readAll(t, st)
	require.Len(t, all, visitors)
	for _, r := range all {
		require.Equal(t, s.want(r.ID, sigs...), r)
	}
	require.Equal(t, []visitor.Counter{{Key: "n", N: visitors * rounds}}, readCounters(t, st))
}

// noWaiting tries several others: two visitors may share a lock by chance.
func (s suite) noWaiting(t *testing.T) {
	st, sigs := s.open(t), Signals("d", 1)
	entered, leave := make(chan struct{}), make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		_, err := st.Update(t.Context(), "slow", func(r *visitor.Record) (visitor.Change, error) {
			close(entered)
			<-leave
			return s.take(sigs)(r)
		})
		if err != nil {
			t.Error(err)
		}
	})
	<-entered
	done := make(chan struct{}, 8)
	for i := range cap(done) {
		wg.Go(func() {
			if _, err := st.Update(t.Context(), fmt.Sprint("quick", i), s.take(sigs)); err != nil {
				t.Error(err)
			}
			done <- struct{}{}
		})
	}
	select {
	case <-done:
	case <-time.After(20 * time.Second):
		t.Error("all other visitors wait")
	}
	close(leave)
	wg.Wait()
}

func (s suite) failing(t *testing.T) {
	st, sigs := s.open(t), Signals("d", 2)
	s.update(t, st, "v", sigs[:1], visitor.Counter{Key: "n", N: 1})
	refused := errors.New("refused")
	for _, id := range []string{"v", "w"} {
		_, err := st.Update(t.Context(), id, func(r *visitor.Record) (visitor.Change, error) {
			c, _ := s.take(sigs, visitor.Counter{Key: "n", N: 100})(r)
			return c, refused
		})
		require.ErrorIs(t, err, refused)
	}
	require.Equal(t, []*visitor.Record{s.want("v", sigs[0])}, readAll(t, st))
	require.Equal(t, s.want("v", sigs[0]), get(t, st, "v"))
	require.Equal(t, []visitor.Counter{{Key: "n", N: 1}}, readCounters(t, st))
}

func (s suite) withoutAdded(t *testing.T) {
	st, sigs := s.open(t), Signals("d", 2)
	s.update(t, st, "v", sigs[:1])
	for _, id := range []string{"v", "w"} {
		before := get(t, st, id)
		r, err := st.Update(t.Context(), id, func(r *visitor.Record) (visitor.Change, error) {
			next, _ := r.With(s.opts.Limits, sigs...)
			return visitor.Change{Next: next, Counters: []visitor.Counter{{Key: "n", N: 1}}}, nil
		})
		require.NoError(t, err)
		require.Equal(t, before, r)
		require.Equal(t, before, get(t, st, id))
	}
	require.Len(t, readAll(t, st), 1)
	require.Empty(t, readCounters(t, st))
}

func (s suite) panicking(t *testing.T) {
	st, sigs := s.open(t), Signals("d", 1)
	require.Panics(t, func() {
		_, _ = st.Update(t.Context(), "v", func(*visitor.Record) (visitor.Change, error) { panic("f") })
	})
	s.update(t, st, "v", sigs)
	require.Equal(t, s.want("v", sigs...), get(t, st, "v"))
}

func (s suite) immutable(t *testing.T) {
	st, sigs := s.open(t), Signals("d", 40)
	s.update(t, st, "v", sigs[:20])
	before := get(t, st, "v")
	for i := 20; i < len(sigs); i++ {
		s.update(t, st, "v", sigs[i:i+1])
	}
	require.Equal(t, s.want("v", sigs[:20]...), before)
}

func (s suite) counters(t *testing.T) {
	st, sigs := s.open(t), Signals("d", 3)
	s.update(t, st, "v", sigs[:1], visitor.Counter{Key: "b", N: 5}, visitor.Counter{Key: "a/x", N: 1}, visitor.Counter{Key: "b", N: -2})
	s.update(t, st, "w", sigs[1:2], visitor.Counter{Key: "b", N: -10}, visitor.Counter{Key: "ä\x00", N: 1 << 60}, visitor.Counter{Key: "a", N: 7})
	s.update(t, st, "v", sigs[2:], visitor.Counter{Key: "a", N: 1})
	require.Equal(t, []visitor.Counter{{Key: "a", N: 8}, {Key: "a/x", N: 1}, {Key: "b", N: -7}, {Key: "ä\x00", N: 1 << 60}}, readCounters(t, st))
}

func (s suite) adjust(t *testing.T) {
	st := s.open(t)
	s.update(t, st, "v", Signals("d", 1), visitor.Counter{Key: "a", N: 5})
	require.NoError(t, st.Adjust(t.Context(), nil))
	require.NoError(t, st.Adjust(t.Context(), []visitor.Counter{{Key: "a", N: -2}, {Key: "b", N: 1}}))
	require.Equal(t, []visitor.Counter{{Key: "a", N: 3}, {Key: "b", N: 1}}, readCounters(t, st))
	if s.opts.Reopen != nil {
		st = s.opts.Reopen(t, st)
		require.Equal(t, []visitor.Counter{{Key: "a", N: 3}, {Key: "b", N: 1}}, readCounters(t, st))
	}
}

func (s suite) cancelled(t *testing.T) {
	st, sigs := s.open(t), Signals("d", 2)
	s.update(t, st, "v", sigs[:1], visitor.Counter{Key: "n", N: 1})
	ctx, cancel := context.WithCancel(t.Context())
	_, err := st.Update(ctx, "v", func(r *visitor.Record) (visitor.Change, error) {
		cancel()
		return s.take(sigs[1:])(r)
	})
	require.ErrorIs(t, err, context.Canceled)
	_, err = st.Update(ctx, "v", s.take(sigs[1:]))
	require.ErrorIs(t, err, context.Canceled)
	_, err = st.Get(ctx, "v")
	require.ErrorIs(t, err, context.Canceled)
	require.ErrorIs(t, st.Erase(ctx, "v"), context.Canceled)
	require.ErrorIs(t, st.Ping(ctx), context.Canceled)
	for _, err := range st.All(ctx) {
		require.ErrorIs(t, err, context.Canceled)
	}
	for _, err := range st.Counters(ctx) {
		require.ErrorIs(t, err, context.Canceled)
	}
	require.Equal(t, s.want("v", sigs[0]), get(t, st, "v"))
}

func (s suite) ping(t *testing.T) {
	require.NoError(t, s.open(t).Ping(t.Context()))
}

func (s suite) reopen(t *testing.T) {
	if s.opts.Reopen == nil {
		t.Skip("this store keeps nothing once it is closed")
	}
	st, sigs := s.open(t), Signals("d", 30)
	for i := range sigs {
		s.update(t, st, fmt.Sprint("v", i%3), sigs[i:i+1], visitor.Counter{Key: "n", N: 1})
	}
	records, counters := readAll(t, st), readCounters(t, st)
	require.Len(t, records, 3)
	st = s.opts.Reopen(t, st)
	require.Equal(t, records, readAll(t, st))
	require.Equal(t, counters, readCounters(t, st))
	s.update(t, st, "v0", sigs)
	require.Equal(t, s.want("v0", sigs...), get(t, st, "v0"))
}
