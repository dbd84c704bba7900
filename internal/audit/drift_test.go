package audit

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/segue-dev/segue/internal/segment"
	"github.com/segue-dev/segue/internal/segment/syntax"
	"github.com/segue-dev/segue/internal/signal"
	"github.com/segue-dev/segue/internal/visitor"
)

// days35 returns 28 days of before and seven of now.
func days35(before, now int) []int {
	all := make([]int, beforeDays+nowDays)
	for i := range all {
		if all[i] = before; i >= beforeDays {
			all[i] = now
		}
	}
	return all
}

// steady is a Watch of a site on which nothing changes.
func steady() *Watch {
	return &Watch{
		Days:     make([]string, beforeDays+nowDays),
		Signals:  days35(1000, 1000),
		Segments: []SegmentDays{{Key: "a", Members: days35(100, 100), Entries: days35(80, 80), Exits: days35(80, 80)}},
		Events:   []EventDays{{Event: "Order Completed", For: []string{"a"}, Signals: days35(20, 20)}},
		Variants: []VariantState{{Experience: "e", Entry: "v", Updated: begin.AddDate(0, -1, 0)}},
		Results:  []Result{{Experience: "e", Segment: "a", Before: &Lift{.1, .05, .15}, Now: &Lift{.08, .02, .14}, SRM: .4}},
	}
}

func TestEachDriftIsSeen(t *testing.T) {
	for _, c := range Drift(steady(), begin).Checks {
		require.Equal(t, Green, c.Status, "%s: %s", c.ID, c.Found)
		require.Empty(t, c.Fix)
	}
	require.Equal(t, Green, Drift(steady(), begin).Verdict)
	for name, tc := range map[string]struct {
		edit  func(w *Watch)
		check string
		want  Status
		found string
	}{
		"half the traffic": {func(w *Watch) { w.Signals = days35(1000, 400) }, "volume", Red, "2,800 signals in the last 7 days, 7,000 expected from the 4 weeks before: -60 %"},
		"some more":        {func(w *Watch) { w.Signals = days35(1000, 1300) }, "volume", Amber, "+30 %"},
		"a smaller segment": {
			func(w *Watch) { w.Segments[0].Members = days35(100, 40) }, "size", Red, "280 memberships by day",
		},
		"smaller as all is": {
			func(w *Watch) { w.Segments[0].Members, w.Signals = days35(100, 40), days35(1000, 400) }, "size", Green, "all signals being -60 %",
		},
		"a silent event":     {func(w *Watch) { w.Events[0].Signals = days35(20, 0); w.Days[27] = "2026-03-01" }, "dead-event", Red, "the last was on 2026-03-01"},
		"a rare event":       {func(w *Watch) { w.Events[0].Signals = append(make([]int, 27), 1, 0, 0, 0, 0, 0, 0, 0) }, "dead-event", Unknown, "no surprise"},
		"a flapping segment": {func(w *Watch) { w.Segments[0].Entries, w.Segments[0].Exits = days35(80, 300), days35(80, 300) }, "flapping", Red, "6.0 entries and exits for each day of a member, 1.6 before"},
		"a nervous segment":  {func(w *Watch) { w.Segments[0].Entries, w.Segments[0].Exits = days35(80, 150), days35(80, 150) }, "flapping", Amber, "3.0"},
		"hardly a segment": {func(w *Watch) {
			w.Segments[0] = SegmentDays{Key: "a", Members: days35(1, 1), Entries: days35(3, 3), Exits: days35(3, 3)}
		}, "flapping", Unknown, "only 7"},
		"an old variant":         {func(w *Watch) { w.Variants[0].Updated = begin.AddDate(-1, 0, 0) }, "stale-variants", Amber, "1 of 1 variants: 1 old"},
		"a missing variant":      {func(w *Watch) { w.Variants[0].Missing = "is not in the content" }, "stale-variants", Red, "1 cannot be shown"},
		"one of unknown age":     {func(w *Watch) { w.Variants[0].Updated = time.Time{} }, "stale-variants", Green, "nobody knows"},
		"an uneven split":        {func(w *Watch) { w.Results[0].SRM = .0005 }, "srm", Red, "0.0005"},
		"a decayed lift":         {func(w *Watch) { w.Results[0].Now = &Lift{.01, -.02, .04} }, "decayed-lift", Amber, "+1.0 % (-2.0 % to +4.0 %) now"},
		"a lift that turned":     {func(w *Watch) { w.Results[0].Now = &Lift{-.1, -.2, -.01} }, "decayed-lift", Red, "before"},
		"a wide interval is not": {func(w *Watch) { w.Results[0].Now = &Lift{0, -.2, .2} }, "decayed-lift", Green, "now"},
	} {
		t.Run(name, func(t *testing.T) {
			w := steady()
			tc.edit(w)
			c := find(t, Drift(w, begin), tc.check)
			require.Equal(t, tc.want, c.Status, c.Found)
			require.Contains(t, c.Found+strings.Join(c.Items, ""), tc.found)
		})
	}
}

func TestDriftWaitsForThreeWeeks(t *testing.T) {
	w := steady()
	for i := range 20 { // the first days are from before the site
		w.Signals[i], w.Segments[0].Members[i], w.Events[0].Signals[i] = 0, 0, 0
	}
	r := Drift(w, begin)
	for _, id := range []string{"volume", "size", "dead-event"} {
		c := find(t, r, id)
		require.Equal(t, Unknown, c.Status)
		require.Equal(t, begin.AddDate(0, 0, 6).Truncate(time.Hour), c.When)
	}
	for i := 14; i < 20; i++ {
		w.Signals[i] = 1000
	}
	require.Equal(t, Green, find(t, Drift(w, begin), "volume").Status)
	require.Equal(t, Unknown, Drift(&Watch{Days: w.Days, Signals: make([]int, len(w.Days))}, begin).Verdict)
}

// Counts that do what they always do, with weekends and with bursts, hardly ever
// alarm; that half of them are gone is seen.
func TestAlarmsOfChance(t *testing.T) {
	random := rand.New(rand.NewPCG(6, 9))
	series := func(mean, bursts float64, now float64) []int {
		all := make([]int, beforeDays+nowDays)
		for i := range all {
			m := mean
			if i%7 > 4 {
				m /= 3 // weekends
			}
			if i >= beforeDays {
				m *= now
			}
			all[i] = poisson(random, m*math.Exp(bursts*random.NormFloat64()-bursts*bursts/2))
		}
		return all
	}
	for _, tc := range []struct{ mean, bursts float64 }{{20, 0}, {200, 0}, {200, .3}, {2000, .3}} {
		alarms, missed := 0, 0
		const runs = 1000
		for range runs {
			if s := changeOf(series(tc.mean, tc.bursts, 1), 0).judge(); s != Green {
				alarms++
			}
			if s := changeOf(series(tc.mean, tc.bursts, .3), 0).judge(); s == Green {
				missed++
			}
		}
		require.LessOrEqual(t, alarms, runs/100, "%v", tc)
		require.LessOrEqual(t, missed, runs/50, "%v", tc)
	}
}

// poisson draws a count.
func poisson(r *rand.Rand, mean float64) int {
	if mean > 500 {
		return int(math.Round(mean + math.Sqrt(mean)*r.NormFloat64()))
	}
	n, p := 0, math.Exp(-mean)
	for u := r.Float64(); u > p && n < 10_000; n++ {
		u -= p
		p *= mean / float64(n+1)
	}
	return n
}

// Days are those of the zone, of which the one under way is none.
func TestDaysAreGathered(t *testing.T) {
	zone, err := time.LoadLocation("Europe/Berlin") // summer time begins on 29 March 2026
	require.NoError(t, err)
	at := time.Date(2026, 4, 5, 15, 0, 0, 0, zone)
	set, err := segment.Compile([]syntax.Definition{
		definition(t, `{segment: a, name: A, soWhat: x, when: {count: {of: [product_viewed, page]}}}`),
		definition(t, `{segment: b, name: B, soWhat: x, status: draft, when: {count: {of: Never}}}`),
	}, segment.Options{Zone: zone})
	require.NoError(t, err)
	var sigs []signal.Signal
	add := func(name string, when time.Time, flags signal.Flags) {
		sigs = append(sigs, signal.Signal{ID: fmt.Sprint(len(sigs)), Name: name, At: when.UnixMilli(), Device: "d", Flags: flags})
	}
	add("Product Viewed", time.Date(2026, 2, 28, 23, 59, 59, 0, zone), 0) // a day too old
	add("Product Viewed", time.Date(2026, 3, 1, 0, 0, 0, 0, zone), 0)
	add("Order Completed", time.Date(2026, 3, 28, 23, 59, 59, 0, zone), 0)
	add("view_item", time.Date(2026, 3, 29, 23, 59, 59, 999e6, zone), 0)
	add("Product Viewed", time.Date(2026, 4, 4, 12, 0, 0, 0, zone), signal.TooLate)
	add("Product Viewed", time.Date(2026, 4, 5, 0, 0, 0, 0, zone), 0) // today
	rec, _ := (&visitor.Record{ID: "v"}).With(visitor.Limits{}, sigs...)
	goal, err := ParseGoal("goal", "Order Completed")
	require.NoError(t, err)
	one := func(yield func(*visitor.Record, error) bool) { yield(rec, nil) }
	w, err := GatherDays(t.Context(), one, set, Options{At: at, Zone: zone, Goals: []Goal{goal}})
	require.NoError(t, err)
	require.Len(t, w.Days, 35)
	require.Equal(t, "2026-03-01", w.Days[0])
	require.Equal(t, "2026-04-04", w.Days[34])
	on := func(series []int) (dates []string) {
		for i, n := range series {
			if n > 0 {
				dates = append(dates, fmt.Sprintf("%s:%d", w.Days[i], n))
			}
		}
		return dates
	}
	require.Equal(t, []string{"2026-03-01:1", "2026-03-28:1", "2026-03-29:1"}, on(w.Signals))
	events := map[string][]string{}
	for _, e := range w.Events {
		events[e.Event+" for "+strings.Join(e.For, ",")] = on(e.Signals)
	}
	require.Equal(t, map[string][]string{
		"product viewed for a": {"2026-03-01:1", "2026-03-29:1"}, "page for a": nil, "order completed for Order Completed": {"2026-03-28:1"},
	}, events, "drafts need nothing yet")
	require.Len(t, w.Segments, 1)
	require.Equal(t, 35, len(on(w.Segments[0].Members)))

	none, err := segment.Compile(nil, segment.Options{})
	require.NoError(t, err)
	w, err = GatherDays(t.Context(), one, none, Options{At: at, Zone: zone})
	require.NoError(t, err)
	require.Len(t, on(w.Signals), 3)
	require.Empty(t, w.Segments)
}

func definition(t *testing.T, src string) syntax.Definition {
	defs, err := syntax.Parse("rule", []byte(src))
	require.NoError(t, err)
	return defs[0]
}
