package results

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/segue-dev/segue/internal/experience"
	"github.com/segue-dev/segue/internal/measure"
	"github.com/segue-dev/segue/internal/segment"
	"github.com/segue-dev/segue/internal/segment/syntax"
	"github.com/segue-dev/segue/internal/signal"
	"github.com/segue-dev/segue/internal/store/pebblestore"
	"github.com/segue-dev/segue/internal/visitor"
)

// now is when all is over: the visitors of the stories come in the four weeks
// before the last one.
var now = time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)

// A world is visitors in two segments who are shown one of two variants, and what
// they do then.
type world struct {
	visitors int
	share    float64 // of variant 1
	drop     float64 // of visitors with variant 1 whom nobody counts
	// buys is how likely a visitor of a segment buys, by variant.
	buys map[string][2]float64
	// mobile is the same for those of a split, if it is not nil.
	mobile map[string][2]float64
	hours  float64
	worth  float64
	refund float64 // how likely a visitor with variant 1 wants the money back, which nobody else does more than once in a hundred
}

const rules = `
segment: keen
name: Keen
soWhat: x
priority: 20
cost: { hoursPerMonth: HOURS }
when: { count: { of: Search } }
---
segment: calm
name: Calm
soWhat: x
priority: 10
cost: { hoursPerMonth: HOURS }
when: { not: { count: { of: Search } } }
`

func segments(t *testing.T, hours float64) (set, splits *segment.Set) {
	t.Helper()
	defs, err := syntax.Parse("rules.yaml", []byte(strings.ReplaceAll(rules, "HOURS", fmt.Sprint(hours))))
	require.NoError(t, err)
	set, err = segment.Compile(defs, segment.Options{})
	require.NoError(t, err)
	defs, err = syntax.Parse("splits.yaml", []byte("segment: mobile\nname: Mobile\nsoWhat: x\nwhen: { count: { of: page, where: { device: mobile } } }\n"))
	require.NoError(t, err)
	splits, err = segment.Compile(defs, segment.Options{})
	require.NoError(t, err)
	return set, splits
}

// report takes what happens in w in as signals, and reports on it.
func (w world) report(t *testing.T, q Query) *Report {
	t.Helper()
	set, splits := segments(t, w.hours)
	of, err := syntax.ParseCond("of", []byte("never: { of: Order Completed }"))
	require.NoError(t, err)
	metric := measure.Metric{Key: "purchase", Name: "Purchases", Kind: measure.Conversion, Of: of.(syntax.Never).Match, Window: 7 * 24 * time.Hour, Worth: w.worth}
	refunds, err := syntax.ParseCond("of", []byte("never: { of: Order Refunded }"))
	require.NoError(t, err)
	metrics := []measure.Metric{metric, {Key: "refunds", Kind: measure.Conversion, Of: refunds.(syntax.Never).Match, Window: 7 * 24 * time.Hour, Down: true, Guardrail: true}}
	book, err := measure.NewBook(measure.Options{Metrics: metrics, Segments: set, Splits: splits})
	require.NoError(t, err)
	random := rand.New(rand.NewPCG(11, 12)) //nolint:gosec // repeatable
	counters := map[string]int64{}
	for i := range w.visitors {
		for _, c := range w.live(book, random, i) {
			counters[c.Key] += c.N
		}
	}
	tally, err := measure.ReadTally(func(yield func(visitor.Counter, error) bool) {
		for key, n := range counters {
			if !yield(visitor.Counter{Key: key, N: n}, nil) {
				return
			}
		}
	})
	require.NoError(t, err)
	ranges, err := experience.Ranges([]float64{1 - w.share, w.share})
	require.NoError(t, err)
	site := Site{Metrics: metrics, Segments: set, CostPerHour: 10, Experiences: []*experience.Experience{
		{ID: "e1", Name: "Hero", Traffic: 1, Distribution: ranges, Components: []experience.Component{{Baseline: "hero", Variants: []experience.Variant{{Entry: "hero-2"}}}}},
	}}
	report, err := Of(tally, site, q, now)
	require.NoError(t, err)
	again, err := Of(tally, site, q, now)
	require.NoError(t, err)
	require.Equal(t, report, again, "it does not depend on the order of cells, which is another each time")
	return report
}

// live returns what visitor i adds to the counters.
func (w world) live(book *measure.Book, random *rand.Rand, i int) []visitor.Counter {
	variant, key := 0, []string{"keen", "calm"}[i%2]
	if random.Float64() < w.share {
		variant = 1
	}
	if variant == 1 && random.Float64() < w.drop {
		return nil
	}
	mobile := random.IntN(2) == 0
	buys := w.buys[key][variant]
	if mobile && w.mobile != nil {
		buys = w.mobile[key][variant]
	}
	at := now.Add(-time.Duration(9*24+random.IntN(28*24)) * time.Hour).UnixMilli()
	device := "desktop"
	if mobile {
		device = "mobile"
	}
	sigs := []signal.Signal{{ID: "p", Type: signal.Page, Props: signal.Props{{Key: "device", Value: signal.TextOf(device)}}}}
	if key == "keen" {
		sigs = append(sigs, signal.Signal{ID: "s", Name: "Search"})
	}
	sigs = append(sigs, signal.Signal{ID: fmt.Sprint("x", i), Type: signal.Component, Props: signal.Props{
		{Key: "experienceId", Value: signal.TextOf("e1")}, {Key: "variantIndex", Value: signal.NumberOf(float64(variant))},
	}})
	if random.Float64() < buys {
		sigs = append(sigs, signal.Signal{ID: "b", Name: "Order Completed"})
	}
	if refund := []float64{0.01, w.refund}[variant]; w.refund > 0 && random.Float64() < refund {
		sigs = append(sigs, signal.Signal{ID: "r", Name: "Order Refunded"})
	}
	id := fmt.Sprint("v", i)
	for n := range sigs {
		sigs[n].At, sigs[n].Device = at+int64(n)*60_000, id
	}
	c := visitor.Change{Added: sigs}
	nobody := &visitor.Record{ID: id}
	c.Next, _ = nobody.With(visitor.Limits{}, sigs...)
	book.Take(nobody, &c)
	return c.Counters
}

// alike gives both segments the same.
func alike(control, treated float64) map[string][2]float64 {
	return map[string][2]float64{"keen": {control, treated}, "calm": {control, treated}}
}

func adviceOf(t *testing.T, r *Report, key string) Advice {
	t.Helper()
	i := slices.IndexFunc(r.Advice, func(a Advice) bool { return a.Segment == key })
	require.GreaterOrEqual(t, i, 0)
	return r.Advice[i]
}

func TestWhatMakesNoDifferenceIsNotFound(t *testing.T) {
	r := world{visitors: 6000, share: 0.5, buys: alike(0.2, 0.2)}.report(t, Query{})
	for _, g := range append(r.Experiences[0].Segments, r.Experiences[0].All) {
		require.Contains(t, []Verdict{Open, Waiting}, g.Metrics[0].Lifts[0].Verdict, g.Segment)
		require.False(t, g.Balance.Alarm)
	}
}

func TestAnEffectIsFoundWithItsInterval(t *testing.T) {
	r := world{visitors: 8000, share: 0.5, buys: alike(0.1, 0.2)}.report(t, Query{Readout: "2026-11-24", Days: true})
	l := r.Experiences[0].All.Metrics[0].Lifts[0]
	require.Equal(t, Better, l.Verdict, l.Say)
	require.True(t, l.Matured.Absolute.Low < 0.1 && 0.1 < l.Matured.Absolute.High)
	require.True(t, l.Matured.Relative.Low < 1 && 1 < l.Matured.Relative.High)
	require.Less(t, l.Readout.P, 0.001)
	require.Greater(t, l.Readout.Absolute.Low, l.Matured.Absolute.Low, "one look on a fixed date is sharper")
	require.NotEmpty(t, r.Experiences[0].All.Metrics[0].Days)
	require.Contains(t, l.Say, "Better: 2")
}

func TestThirtyVisitorsAreToldThatTheyProveNothing(t *testing.T) {
	r := world{visitors: 60, share: 0.5, buys: alike(0.1, 0.9)}.report(t, Query{})
	a := adviceOf(t, r, "keen")
	require.Equal(t, Wait, a.Action)
	require.Contains(t, a.Why, "of 100 visitors in the smaller arm")
	require.Contains(t, a.Why, "nothing below")
	require.Equal(t, Waiting, r.Experiences[0].All.Metrics[0].Lifts[0].Verdict)
}

// A variant that a part of its visitors does not report proves nothing.
func TestUnevenArmsSuppressVerdicts(t *testing.T) {
	r := world{visitors: 6000, share: 0.5, drop: 0.3, buys: alike(0.1, 0.3)}.report(t, Query{})
	require.True(t, r.Experiences[0].All.Balance.Alarm)
	require.Equal(t, Suppressed, r.Experiences[0].All.Metrics[0].Lifts[0].Verdict)
	a := adviceOf(t, r, "keen")
	require.Equal(t, Wait, a.Action)
	require.Contains(t, a.Why, "do not have the visitors")
	require.Contains(t, a.Do, "Find out why")
	require.True(t, r.Suspect())
}

func TestAdvice(t *testing.T) {
	for name, tc := range map[string]struct {
		world world
		keen  Action
		with  string
		calm  Action
	}{
		"segments that respond the same are merged": {
			world{visitors: 24_000, share: 0.5, buys: alike(0.3, 0.5)}, Keep, "", Merge,
		},
		"of segments that want different variants, the one that wants another than most is kept": {
			world{visitors: 24_000, share: 0.5, buys: map[string][2]float64{"keen": {0.1, 0.25}, "calm": {0.3, 0.2}}}, Retire, "", Keep,
		},
		"a segment that changes nothing is retired": {
			world{visitors: 30_000, share: 0.5, buys: map[string][2]float64{"keen": {0.6, 0.6}, "calm": {0.3, 0.5}}}, Retire, "", "",
		},
		"a segment that costs more than it brings is retired": {
			world{visitors: 24_000, share: 0.5, buys: map[string][2]float64{"keen": {0.1, 0.15}, "calm": {0.3, 0.1}}, hours: 1000, worth: 0.01}, Retire, "", Retire,
		},
		"a variant that harms a guardrail is retired though it sells": {
			world{visitors: 24_000, share: 0.5, buys: map[string][2]float64{"keen": {0.1, 0.25}, "calm": {0.3, 0.1}}, refund: 0.2}, Retire, "", "",
		},
		"a segment of two kinds is split": {
			world{
				visitors: 24_000, share: 0.5, buys: map[string][2]float64{"keen": {0.4, 0.1}, "calm": {0.2, 0.2}},
				mobile: map[string][2]float64{"keen": {0.1, 0.4}, "calm": {0.2, 0.2}},
			}, Split, "mobile", "",
		},
	} {
		t.Run(name, func(t *testing.T) {
			r := tc.world.report(t, Query{})
			keen, calm := adviceOf(t, r, "keen"), adviceOf(t, r, "calm")
			require.Equal(t, tc.keen, keen.Action, keen.Why)
			require.Equal(t, tc.with, keen.With)
			if tc.calm != "" {
				require.Equal(t, tc.calm, calm.Action, calm.Why)
			}
			for _, a := range r.Advice {
				require.NotEmpty(t, a.Why)
				require.NotEmpty(t, a.Do)
				require.NotEmpty(t, a.Undo)
			}
		})
	}
}

// The variant makes calm visitors search, so that they become keen: who looks at
// the segment of the end finds an effect in it where there is none.
func TestAVariantThatMovesVisitorsIsNotMistakenForOneThatWorks(t *testing.T) {
	const visitors = 8000
	set, _ := segments(t, 0)
	of, err := syntax.ParseCond("of", []byte("never: { of: Order Completed }"))
	require.NoError(t, err)
	metric := measure.Metric{Key: "purchase", Kind: measure.Conversion, Of: of.(syntax.Never).Match, Window: 7 * 24 * time.Hour}
	book, err := measure.NewBook(measure.Options{Metrics: []measure.Metric{metric}, Segments: set})
	require.NoError(t, err)
	store, err := pebblestore.OpenMemory(pebblestore.Options{Meter: book})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, store.Close()) })
	random := rand.New(rand.NewPCG(1, 1)) //nolint:gosec // repeatable
	var naive [2]struct{ n, k int64 }     // keen at the end, by variant
	for i := range visitors {
		variant, eager := random.IntN(2), random.IntN(2) == 0
		buys := random.Float64() < map[bool]float64{true: 0.4, false: 0.1}[eager]
		searches := eager && random.IntN(4) > 0 || variant == 1 && random.IntN(2) == 0
		at := now.Add(-time.Duration(10*24+random.IntN(20*24)) * time.Hour).UnixMilli()
		id := fmt.Sprint("v", i)
		sigs := []signal.Signal{{ID: "p", Type: signal.Page}, {ID: fmt.Sprint("x", i), Type: signal.Component, Props: signal.Props{
			{Key: "experienceId", Value: signal.TextOf("e1")}, {Key: "variantIndex", Value: signal.NumberOf(float64(variant))},
		}}}
		if searches {
			sigs = append(sigs, signal.Signal{ID: "s", Name: "Search"})
			naive[variant].n++
		}
		if buys {
			sigs = append(sigs, signal.Signal{ID: "b", Name: "Order Completed"})
			if searches {
				naive[variant].k++
			}
		}
		for n := range sigs {
			sigs[n].At, sigs[n].Device = at+int64(n)*60_000, id
		}
		_, err := store.Update(t.Context(), id, func(r *visitor.Record) (visitor.Change, error) {
			c := visitor.Change{Added: sigs}
			c.Next, _ = r.With(visitor.Limits{}, sigs...)
			book.Take(r, &c)
			return c, nil
		})
		require.NoError(t, err)
	}
	tally, err := measure.ReadTally(store.Counters(t.Context()))
	require.NoError(t, err)
	ranges, err := experience.Ranges([]float64{0.5, 0.5})
	require.NoError(t, err)
	report, err := Of(tally, Site{Metrics: []measure.Metric{metric}, Segments: set, Experiences: []*experience.Experience{{ID: "e1", Traffic: 1, Distribution: ranges}}}, Query{}, now)
	require.NoError(t, err)

	sample := func(variant int) sample {
		return sample{visitors: naive[variant].n, sums: measure.Sums{Sum: naive[variant].k, Some: naive[variant].k, Squares: measure.Wide{naive[variant].k}}}
	}
	wrong, _ := compare(&metric, sample(0), sample(1), sequential(&Group{Planned: 4000}, 1))
	require.Less(t, wrong.Absolute.High, 0.0, "by the segment of the end the variant seems to harm keen visitors")
	for _, g := range append(report.Experiences[0].Segments, report.Experiences[0].All) {
		lift := g.Metrics[0].Lifts[0]
		require.Equal(t, Open, lift.Verdict, "%s: %s", g.Segment, lift.Say)
		require.True(t, lift.Matured.Absolute.Low < 0 && lift.Matured.Absolute.High > 0)
	}
}

// Two segments counted together are the visitors of both.
func TestMergedCellsAreThoseOfBoth(t *testing.T) {
	random := rand.New(rand.NewPCG(2, 2)) //nolint:gosec // repeatable
	group := func() *cells {
		g := newCells()
		for variant := range 2 {
			for d := range 5 {
				k := random.Int64N(50)
				g.arms[variant] = append(g.arms[variant], dayCount{fmt.Sprintf("2026-11-0%d", d+1), &measure.Counts{
					Visitors: 50 + random.Int64N(50), Metrics: map[string]measure.Sums{"m": {Sum: k, Some: k, Squares: measure.Wide{k}}},
				}})
			}
		}
		g.mixed = random.Int64N(9)
		return g
	}
	one, other := group(), group()
	c := newCube()
	c.groups["one"], c.groups["other"] = one, other
	both := c.all()
	require.Equal(t, one.total()+other.total(), both.total())
	require.Equal(t, one.mixed+other.mixed, both.mixed)
	for variant := range 2 {
		a, b, sum := one.sample(variant, "m", "2026-11-03"), other.sample(variant, "m", "2026-11-03"), both.sample(variant, "m", "2026-11-03")
		require.Equal(t, a.visitors+b.visitors, sum.visitors)
		require.Equal(t, a.sums.Plus(b.sums), sum.sums)
	}
}

func TestQueriesThatMakeNoSenseAreNamed(t *testing.T) {
	site := Site{Metrics: []measure.Metric{{Key: "purchase"}}}
	for want, q := range map[string]Query{
		"metric revenue: there is none; there are [purchase]": {Metric: "revenue"},
		"segment keen: there are no segments":                 {Segment: "keen"},
		"from soon: write a day":                              {From: "soon"},
		"readout x: write a day":                              {Readout: "x"},
		"cost-per-hour -1":                                    {CostPerHour: -1},
	} {
		require.ErrorContains(t, q.Check(site), want)
	}
	empty, err := measure.ReadTally(func(func(visitor.Counter, error) bool) {})
	require.NoError(t, err)
	_, err = Of(empty, site, Query{Experiences: []string{"e9"}}, now)
	require.ErrorContains(t, err, "experience e9: there is none")
	r, err := Of(empty, Site{}, Query{}, now)
	require.NoError(t, err)
	require.Len(t, r.Notes, 4, "an empty report says what to do")
}
