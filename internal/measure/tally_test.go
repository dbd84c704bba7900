package measure

import (
	"context"
	"math/big"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/segue-dev/segue/internal/signal"
	"github.com/segue-dev/segue/internal/visitor"
)

// Sums are exact, whatever the values: as big numbers would have it.
func TestSumsAreExact(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		value := rapid.Int64Range(-maxValue, maxValue)
		c := contribution{}
		var squares, perSquares, products, beforeProducts big.Int
		var sum, per int64
		for range rapid.IntRange(1, 20).Draw(t, "visitors") {
			total := visitor.Total{
				Metric: "m~1", Value: value.Draw(t, "value"), Per: rapid.Int64Range(0, 1000).Draw(t, "per"), Before: value.Draw(t, "before"),
			}
			e := visitor.Exposure{Variant: 1, Participation: visitor.Participation{Rules: "r", Segment: "a/b", Totals: []visitor.Total{total}}}
			if rapid.Bool().Draw(t, "moved away") {
				c.add("e", e, 1)
				c.add("e", e, -1)
				continue
			}
			c.add("e", e, 1)
			sum, per = sum+total.Value, per+total.Per
			add := func(to *big.Int, a, b int64) { to.Add(to, new(big.Int).Mul(big.NewInt(a), big.NewInt(b))) }
			add(&squares, total.Value, total.Value)
			add(&perSquares, total.Per, total.Per)
			add(&products, total.Value, total.Per)
			add(&beforeProducts, total.Value, total.Before)
		}
		got := tallyOf(t, c).Of(func(c Cell) bool { return c.Segment == "a/b" }).Metrics["m~1"]
		require.Equal(t, sum, got.Sum)
		require.Equal(t, per, got.Per)
		require.Zero(t, squares.Cmp(got.Squares.Big()))
		require.Zero(t, perSquares.Cmp(got.PerSq.Big()))
		require.Zero(t, products.Cmp(got.SumPer.Big()))
		require.Zero(t, beforeProducts.Cmp(got.SumBefore.Big()))
	})
}

func tallyOf(t require.TestingT, c contribution) *Tally {
	tally, err := ReadTally(func(yield func(visitor.Counter, error) bool) {
		for _, counter := range c.counters() {
			if !yield(counter, nil) {
				return
			}
		}
	})
	require.NoError(t, err)
	return tally
}

func TestForeignCountersArePassedOverAndBrokenOnesAreNot(t *testing.T) {
	for key, want := range map[string]string{
		"other":                  "",
		"e/m/x":                  "",
		"m/e/s/1/2026-01-01/n":   "",
		"m/e/s/x/2026-01-01/n":   "run segue recount",
		"m/e/s":                  "too few parts",
		"m/e/s/1/day/m/nosuch":   "unknown field",
		"m/e/s/1/day/m/sum2_9":   "unknown field",
		"m/e/s/1/day/m/sum/more": "wrong number of parts",
		"m/%zz/s/1/day/n":        "run segue recount",
	} {
		_, err := ReadTally(func(yield func(visitor.Counter, error) bool) { yield(visitor.Counter{Key: key, N: 1}, nil) })
		if want == "" {
			require.NoError(t, err, key)
		} else {
			require.ErrorContains(t, err, want, key)
		}
	}
}

// A story: what one visitor does, and where they are counted.
func TestAParticipantIsCountedInTheSegmentOfTheFirstExposure(t *testing.T) {
	b := testBook(t, 0)
	rapid.Check(t, func(t *rapid.T) {
		s := open(t, b, testLimits)
		at := int64(1_700_000_000_000)
		send := func(d deed) {
			at += minute
			d.sig.At, d.sig.Device = at, "v"
			d.do(t, s, b, testLimits)
		}
		send(page("p1"))
		send(seen("x1", "e1", 1)) // one page: new
		send(page("p2"))
		send(page("p3")) // two more: keen, but too late
		send(buy("b1", 19.99))
		send(seen("x2", "e2", 0)) // keen by now
		send(buy("b2", 30))

		tally, err := ReadTally(s.Counters(context.Background()))
		require.NoError(t, err)
		of := func(experience, segment string, variant int) Counts {
			return tally.Of(func(c Cell) bool {
				return c.Experience == experience && c.Segment == segment && c.Variant == variant && c.Split == ""
			})
		}
		ids := map[string]string{}
		for i := range b.metrics {
			ids[b.metrics[i].Key] = b.metrics[i].id
		}
		e1, e2 := of("e1", "new", 1), of("e2", "keen", 0)
		require.EqualValues(t, 1, e1.Visitors)
		require.EqualValues(t, 1, e2.Visitors)
		require.Zero(t, of("e1", "keen", 1).Visitors)
		require.EqualValues(t, 1, e1.Metrics[ids["bought"]].Sum, "a conversion counts once")
		require.EqualValues(t, 2, e1.Metrics[ids["views"]].Sum, "of the pages, those after the exposure")
		require.EqualValues(t, 4000, e1.Metrics[ids["revenue"]].Sum, "capped at 40")
		require.EqualValues(t, 3000, e2.Metrics[ids["revenue"]].Sum)
		require.EqualValues(t, 1, e2.Metrics[ids["bought"]].Before, "what was bought before is for comparison")

		split := tally.Of(func(c Cell) bool { return c.Experience == "e2" && c.Split == "buyer" && c.Inside })
		require.EqualValues(t, 1, split.Visitors)
		require.Zero(t, tally.Of(func(c Cell) bool { return c.Experience == "e1" && c.Split == "buyer" && c.Inside }).Visitors)

		send(seen("x3", "e1", 2))
		tally, err = ReadTally(s.Counters(context.Background()))
		require.NoError(t, err)
		require.Zero(t, of("e1", "new", 1).Visitors, "who has seen two variants says nothing about either")
		require.EqualValues(t, 1, tally.Mixed(func(c Cell) bool { return c.Experience == "e1" && c.Segment == "new" }))
	})
}

// What has left the log stays counted, when visitors are joined and when
// metrics come up later.
func TestWhatHasLeftTheLogStaysCounted(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		b, lim := testBook(t, 0), visitor.Limits{MaxSignals: 3}
		s := open(t, b, lim)
		at := int64(1_700_000_000_000)
		send := func(id string, d deed) {
			at += minute
			d.sig.At, d.sig.Device = at, id
			d.do(t, s, b, lim)
		}
		send("a1", seen("x1", "e1", 1))
		send("a1", buy("b1", 1))
		send("a1", buy("b2", 2))
		for i := range 5 {
			send("a1", page(string(rune('p'+i))))
		}
		send("a2", page("other"))
		deed{join: &visitor.Join{From: "a2", To: "a1", As: visitor.Linked}}.do(t, s, b, lim)
		requireExact(t, s)

		revenue := b.opts.Metrics[2]
		clicks := Metric{Key: "late", Kind: Count, Of: match(t, "{of: page}"), Window: time.Hour}
		later, err := NewBook(Options{Metrics: []Metric{revenue, clicks}, Segments: b.opts.Segments})
		require.NoError(t, err)
		send("a1", page("last"))
		deed := page("by the new metric")
		at += minute
		deed.sig.At, deed.sig.Device = at, "a1"
		deed.do(t, s, later, lim)

		tally, err := ReadTally(s.Counters(context.Background()))
		require.NoError(t, err)
		got := tally.Of(func(c Cell) bool { return c.Split == "" })
		require.EqualValues(t, 300, got.Metrics[revenue.ID()].Sum)
		require.EqualValues(t, 4, got.Metrics[clicks.ID()].Sum, "a new metric asks what the log still has")
		requireExact(t, s)

		changed, err := Refold(context.Background(), s, later, nil)
		require.NoError(t, err)
		require.Equal(t, Recounted{Visitors: 1, Changed: 1}, changed)
		done, err := Folded(context.Background(), s, later)
		require.NoError(t, err)
		require.True(t, done)
		done, err = Folded(context.Background(), s, b)
		require.NoError(t, err)
		require.False(t, done, "the records have been measured by others since")
		tally, err = ReadTally(s.Counters(context.Background()))
		require.NoError(t, err)
		got = tally.Of(func(c Cell) bool { return c.Split == "" })
		require.Len(t, got.Metrics, 2, "metrics that are gone are dropped")
		require.EqualValues(t, 300, got.Metrics[revenue.ID()].Sum)
		requireExact(t, s)
	})
}

func TestTheEdgesOfWindows(t *testing.T) {
	m, err := compile(Metric{Key: "any", Kind: Count, Of: match(t, "{of: '*'}"), Window: time.Minute, Before: time.Minute})
	require.NoError(t, err)
	exposed := place{at: 10 * minute, pos: 1, by: "x"}
	for name, tc := range map[string]struct {
		at          int64
		pos         int
		sum, before int64
	}{
		"the exposure itself":           {10 * minute, 1, 0, 1},
		"of its instant, before":        {10 * minute, 0, 0, 1},
		"of its instant, after":         {10 * minute, 2, 1, 0},
		"the last instant":              {11*minute - 1, 0, 1, 0},
		"just too late":                 {11 * minute, 0, 0, 0},
		"the first instant before":      {9 * minute, 0, 0, 1},
		"just too early to count there": {9*minute - 1, 0, 0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			got := m.total(exposed, []signal.Signal{{ID: "x", At: tc.at, Pos: tc.pos, Name: "n"}})
			require.Equal(t, [2]int64{tc.sum, tc.before}, [2]int64{got.Sum, got.Before})
		})
	}
}

// Who is held out of everything and sees a variant all the same is counted, once.
func TestTheHeldOutWhoSawAVariantAreCounted(t *testing.T) {
	b := testBook(t, 1)
	rapid.Check(t, func(t *rapid.T) {
		s := open(t, b, testLimits)
		at := int64(1_700_000_000_000)
		leaks := func(d deed) int64 {
			at += minute
			d.sig.At, d.sig.Device = at, "v"
			d.do(t, s, b, testLimits)
			requireExact(t, s)
			tally, err := ReadTally(s.Counters(context.Background()))
			require.NoError(t, err)
			return tally.Leaks()
		}
		require.Zero(t, leaks(page("p1")))
		require.Zero(t, leaks(seen("x1", "e1", 0)), "the baseline is what they are to see")
		require.EqualValues(t, 1, leaks(seen("x2", "e2", 1)))
		require.EqualValues(t, 1, leaks(seen("x3", "e3", 2)), "a visitor counts once")
		require.NoError(t, s.Erase(context.Background(), "v"))
		requireExact(t, s)
	})
}
