package visitor_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/segue-dev/segue/internal/signal"
	"github.com/segue-dev/segue/internal/visitor"
)

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
		s := visitor.NewStore(records, lim, visitor.Unmeasured{})
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
		s := visitor.NewStore(newMemory(), lim, visitor.Unmeasured{})
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

// meddling are joins of ids of one person that could get in each other's way,
// but say nothing that contradicts the others.
var meddling = [][]visitor.Join{{
	{From: "a1", To: "u", As: visitor.Identified},
	{From: "a2", To: "u", As: visitor.Identified},
	{From: "a1", To: "a2", As: visitor.Linked},
	{From: "u", To: "old-u", As: visitor.Aliased},
	{From: "old-u", To: "u", As: visitor.Aliased},
}, {
	{From: "a1", To: "a2", As: visitor.Identified}, // both are sent as user ids, too
	{From: "a2", To: "a1", As: visitor.Identified},
	{From: "a2", To: "a1", As: visitor.Linked},
	{From: "u", To: "a1", As: visitor.Linked},
	{From: "a2", To: "u", As: visitor.Linked},
}}

// Whatever other joins happen between any two steps of a join: nothing is lost
// and nothing counts twice.
func TestAJoinMayBeInterruptedByOthers(t *testing.T) {
	lim := visitor.Limits{MaxSignals: 3}
	interrupt := func(t require.TestingT, call int, first visitor.Join, others ...visitor.Join) {
		records := newMemory()
		s, ctx := visitor.NewStore(records, lim, visitor.Unmeasured{}), context.Background()
		var deeds []deed
		for i, id := range []string{"a1", "a2", "u", "old-u", "a1", "a2", "u", "old-u", "a1", "a1", "u", "u"} {
			deeds = append(deeds, deed{id: id, sig: at(i, fmt.Sprint("m", i))})
			require.NoError(t, deeds[i].do(ctx, s, lim))
		}
		records.calls, records.during = call, func() {
			for _, j := range others {
				require.NoError(t, deed{join: &j}.do(ctx, s, lim))
			}
		}
		for _, j := range append([]visitor.Join{first}, others...) {
			deeds = append(deeds, deed{join: &j})
		}
		for range 2 {
			for _, d := range deeds[12:] {
				require.NoError(t, d.do(ctx, s, lim))
			}
		}
		requireUnion(t, s, lim, deeds)
	}
	for _, pool := range meddling {
		for _, first := range pool {
			for _, other := range pool {
				for call := 1; call <= 12; call++ {
					interrupt(t, call, first, other)
				}
			}
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		joins := rapid.SliceOfN(rapid.SampledFrom(rapid.SampledFrom(meddling).Draw(t, "pool")), 3, 4).Draw(t, "joins")
		interrupt(t, rapid.IntRange(1, 20).Draw(t, "before call"), joins[0], joins[1:]...)
	})
}

// Wherever the process ends during a join, what is read afterwards is what was
// there before or what is there in the end, before anybody sends it again.
func TestAnInterruptedJoinIsSeenAsAWholeOrNotAtAll(t *testing.T) {
	lim, ctx := visitor.Limits{MaxSignals: 10}, context.Background()
	join := visitor.Join{From: "a1", To: "u", By: signal.Signal{ID: "i", At: 7}}
	joined := 0
	for crashIn := 1; crashIn <= 4; crashIn++ {
		for _, durable := range []bool{false, true} {
			records := newMemory()
			s := visitor.NewStore(records, lim, visitor.Unmeasured{})
			mine, theirs := make([]signal.Signal, 12), make([]signal.Signal, 12)
			for i := range mine {
				mine[i], theirs[i] = at(2*i, fmt.Sprint("a", i)), at(2*i+1, fmt.Sprint("u", i))
				mine[i].Device = "a1"
				require.NoError(t, deed{id: "a1", sig: mine[i]}.do(ctx, s, lim))
				require.NoError(t, deed{id: "u", sig: theirs[i]}.do(ctx, s, lim))
			}
			records.crashIn, records.durable = crashIn, durable
			err := deed{join: &join}.do(ctx, s, lim)
			require.Equal(t, crashIn <= 3, errors.Is(err, errCrash), "there are three steps")
			records.crashIn = 0

			anas, users := map[string]bool{}, map[string]bool{}
			for range 2 {
				a, err := s.Get(ctx, "a1")
				require.NoError(t, err)
				u, err := s.Get(ctx, "u")
				require.NoError(t, err)
				anas[dump(a.Unlinked())], users[dump(u.Unlinked())] = true, true
				if a.ID == "u" {
					joined++
					union, _ := (&visitor.Record{ID: "u"}).With(lim, append(mine, theirs...)...)
					require.Equal(t, dump(union), dump(a.Unlinked()))
					require.Equal(t, dump(union), dump(u.Unlinked()))
					require.Equal(t, "a1", u.StableID())
				} else {
					before, _ := (&visitor.Record{ID: "a1"}).With(lim, mine...)
					require.Equal(t, dump(before), dump(a))
					before, _ = (&visitor.Record{ID: "u"}).With(lim, theirs...)
					require.Equal(t, dump(before), dump(u.Unlinked()))
				}
				for r, err := range s.All(ctx) {
					require.NoError(t, err)
					require.Contains(t, []string{dump(a.Unlinked()), dump(u.Unlinked())}, dump(r.Unlinked()))
				}
			}
			require.Len(t, anas, 1, "reading changes nothing")
			require.Len(t, users, 1)
			require.NoError(t, deed{id: "a1", sig: at(99, "next")}.do(ctx, s, lim))
			r, err := s.Get(ctx, "a1")
			require.NoError(t, err)
			require.Equal(t, r.ID == "u", r.Summary.Dropped == 15, "nor is anything counted twice")
		}
	}
	require.Equal(t, 2*5, joined, "the second step joins")
}

// Wherever the process ends while a visitor is erased: once that is asked for
// again, by the same id, nothing is left.
func TestAnInterruptedErasureIsCompletedByTheNext(t *testing.T) {
	ctx, lim := context.Background(), visitor.Limits{}
	for _, id := range []string{"a1", "a2", "z1", "u"} {
		for crashIn := 1; crashIn <= 5; crashIn++ {
			for _, durable := range []bool{false, true} {
				records := newMemory()
				s := visitor.NewStore(records, lim, visitor.Unmeasured{})
				for i, id := range []string{"a1", "a2", "z1", "u"} {
					require.NoError(t, deed{id: id, sig: at(i, fmt.Sprint("m", i))}.do(ctx, s, lim))
				}
				for _, j := range []visitor.Join{
					{From: "z1", To: "a2", As: visitor.Linked}, {From: "a2", To: "a1", As: visitor.Linked}, {From: "z1", To: "u", As: visitor.Identified},
				} {
					require.NoError(t, deed{join: &j}.do(ctx, s, lim))
				}
				records.crashIn, records.durable = crashIn, durable
				require.Equal(t, crashIn <= 4, errors.Is(s.Erase(ctx, id), errCrash))
				records.crashIn = 0
				require.NoError(t, s.Erase(ctx, id))
				require.Empty(t, records.blobs)
			}
		}
	}
}
