package measure

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/segue-dev/segue/internal/experience"
	"github.com/segue-dev/segue/internal/segment"
	"github.com/segue-dev/segue/internal/segment/syntax"
	"github.com/segue-dev/segue/internal/signal"
	"github.com/segue-dev/segue/internal/store/pebblestore"
	"github.com/segue-dev/segue/internal/visitor"
)

const minute = int64(60_000)

// match reads a match as it stands in a rule.
func match(t require.TestingT, of string) syntax.Match {
	c, err := syntax.ParseCond("match", []byte("never: "+of))
	require.NoError(t, err)
	return c.(syntax.Never).Match
}

// rules compiles segments, given as key and condition, the first with the
// greatest priority.
func rules(t require.TestingT, pairs ...string) *segment.Set {
	var defs []syntax.Definition
	for i := 0; i < len(pairs); i += 2 {
		c, err := syntax.ParseCond("rule", []byte(pairs[i+1]))
		require.NoError(t, err)
		defs = append(defs, syntax.Definition{Key: pairs[i], Name: pairs[i], SoWhat: "-", Priority: 100 - i, Status: syntax.Active, When: c})
	}
	set, err := segment.Compile(defs, segment.Options{})
	require.NoError(t, err)
	return set
}

func testBook(t require.TestingT, holdout float64) *Book {
	b, err := NewBook(Options{
		Metrics: []Metric{
			{Key: "bought", Kind: Conversion, Of: match(t, "{of: buy}"), Window: 20 * time.Minute, Before: 10 * time.Minute},
			{Key: "views", Kind: Count, Of: match(t, "{of: page}"), Window: 30 * time.Minute, Cap: 3},
			{Key: "revenue", Kind: Sum, Of: match(t, "{of: buy, where: {test: {ne: true}}}"), Property: "price", Decimals: 2, Window: time.Hour, Cap: 40},
			{Key: "each", Kind: Ratio, Of: match(t, "{of: buy}"), Property: "price", Per: match(t, "{of: page}"), Window: time.Hour},
		},
		Segments: rules(t, "keen", "count: {of: page, gte: 2}", "new", "count: {of: '*'}"),
		Splits:   rules(t, "buyer", "count: {of: buy}", "viewer", "count: {of: page, last: 5m}"),
		Holdout:  experience.Holdout{Share: holdout},
	})
	require.NoError(t, err)
	return b
}

var testLimits = visitor.Limits{}

// A deed is an append or a join.
type deed struct {
	sig  signal.Signal
	join *visitor.Join
}

func (d deed) do(t require.TestingT, s visitor.Store, b *Book, lim visitor.Limits) {
	ctx := context.Background()
	if d.join != nil {
		_, err := s.Join(ctx, *d.join)
		require.NoError(t, err)
		return
	}
	_, err := s.Update(ctx, d.sig.Device, func(r *visitor.Record) (visitor.Change, error) {
		next, outcomes := r.With(lim, d.sig)
		c := visitor.Change{Next: next}
		if outcomes[0] == visitor.Accepted {
			c.Added = []signal.Signal{d.sig}
		}
		b.Take(r, &c)
		return c, nil
	})
	require.NoError(t, err)
}

// page, buy and seen are signals by id.
func page(id string) deed { return deed{sig: signal.Signal{ID: id, Type: signal.Page}} }

func buy(id string, price float64) deed {
	return deed{sig: signal.Signal{ID: id, Name: "buy", Props: signal.Props{{Key: "price", Value: signal.NumberOf(price)}}}}
}

func seen(id, experience string, variant int) deed {
	return deed{sig: signal.Signal{ID: id, Type: signal.Component, Props: signal.Props{
		{Key: "experienceId", Value: signal.TextOf(experience)}, {Key: "variantIndex", Value: signal.NumberOf(float64(variant))},
	}}}
}

func genSignal(t *rapid.T, n int) signal.Signal {
	s := signal.Signal{
		ID: fmt.Sprint("m", n), At: 1_700_000_000_000 + minute*rapid.Int64Range(0, 60).Draw(t, "at"),
		Device: rapid.SampledFrom([]string{"a1", "a2", "b1"}).Draw(t, "device"),
	}
	var d deed
	switch rapid.IntRange(0, 3).Draw(t, "what") {
	case 0:
		d = page(s.ID)
	case 1:
		d = buy(s.ID, float64(rapid.IntRange(-500, 3000).Draw(t, "price"))/100)
		if rapid.Bool().Draw(t, "test") {
			d.sig.Props = append(d.sig.Props, signal.Prop{Key: "test", Value: signal.BoolOf(true)})
		}
	default:
		d = seen(s.ID, rapid.SampledFrom([]string{"e1", "e/2"}).Draw(t, "experience"), rapid.SampledFrom([]int{1, 1, 1, 1, 0}).Draw(t, "variant"))
	}
	s.Type, s.Name, s.Props = d.sig.Type, d.sig.Name, d.sig.Props
	return s
}

func genDeeds(t *rapid.T) []deed {
	deeds := make([]deed, rapid.IntRange(1, 25).Draw(t, "deeds"))
	for i := range deeds {
		deeds[i].sig = genSignal(t, i)
	}
	return deeds
}

func open(t *rapid.T, b *Book, lim visitor.Limits) *pebblestore.Store {
	s, err := pebblestore.OpenMemory(pebblestore.Options{Meter: b, Limits: lim, CompactAfter: 3})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	return s
}

func counters(t require.TestingT, s visitor.Store) map[string]int64 {
	out := map[string]int64{}
	for c, err := range s.Counters(context.Background()) {
		require.NoError(t, err)
		if c.N != 0 {
			out[c.Key] = c.N
		}
	}
	return out
}

func requireExact(t require.TestingT, s visitor.Store) {
	ctx := context.Background()
	differences, err := Recount(s.All(ctx), s.Counters(ctx))
	require.NoError(t, err)
	require.Empty(t, differences)
}

func TestCountersDependOnTheSetOfSignalsAlone(t *testing.T) {
	b := testBook(t, 0.3)
	rapid.Check(t, func(t *rapid.T) {
		deeds := genDeeds(t)
		one, other := open(t, b, testLimits), open(t, b, testLimits)
		for _, d := range deeds {
			d.do(t, one, b, testLimits)
		}
		for _, d := range rapid.Permutation(append(slices.Clone(deeds), deeds...)).Draw(t, "delivered") {
			d.do(t, other, b, testLimits)
		}
		require.Equal(t, counters(t, one), counters(t, other))
		requireExact(t, one)
		requireExact(t, other)
	})
}

// What joined visitors have counted is what one visitor would have.
func TestJoiningMakesOneParticipantOfTwo(t *testing.T) {
	b := testBook(t, 0)
	rapid.Check(t, func(t *rapid.T) {
		deeds := genDeeds(t)
		joins := []deed{
			{join: &visitor.Join{From: "a1", To: "a2", As: visitor.Linked}},
			{join: &visitor.Join{From: "b1", To: "a1", As: visitor.Linked}},
		}
		apart, together := open(t, b, testLimits), open(t, b, testLimits)
		for _, d := range rapid.Permutation(append(slices.Clone(deeds), joins...)).Draw(t, "order") {
			d.do(t, apart, b, testLimits)
		}
		for _, d := range append(joins, deeds...) {
			d.do(t, together, b, testLimits)
		}
		require.Equal(t, counters(t, together), counters(t, apart))
		requireExact(t, apart)
	})
}

// Records that forget signals keep what these have counted, and counters are
// always what records say.
func TestCountersAreWhatBoundedRecordsSay(t *testing.T) {
	b := testBook(t, 0.3)
	lim := visitor.Limits{MaxSignals: 4}
	rapid.Check(t, func(t *rapid.T) {
		s := open(t, b, lim)
		for i, d := range genDeeds(t) {
			d.do(t, s, b, lim)
			switch rapid.IntRange(0, 12).Draw(t, "also") {
			case 0:
				deed{join: &visitor.Join{From: "a1", To: "a2", As: visitor.Linked}}.do(t, s, b, lim)
			case 1:
				deed{join: &visitor.Join{From: "b1", To: "u", As: visitor.Identified, By: signal.Signal{ID: fmt.Sprint("j", i)}}}.do(t, s, b, lim)
			case 2:
				require.NoError(t, s.Erase(context.Background(), d.sig.Device))
			}
		}
		requireExact(t, s)
		_, err := Refold(context.Background(), s, b, nil)
		require.NoError(t, err)
		requireExact(t, s)
	})
}
