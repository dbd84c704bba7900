package backtest

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/segue-dev/segue/internal/segment"
	"github.com/segue-dev/segue/internal/segment/syntax"
	"github.com/segue-dev/segue/internal/signal"
	"github.com/segue-dev/segue/internal/visitor"
)

// The laws are checked with short rules over a few events, around the hour at
// which clocks in New York are put forward, so that boundaries are met often.

var (
	newYork  = mustZone("America/New_York")
	lawStart = time.Date(2026, time.March, 7, 22, 0, 0, 0, newYork).UnixMilli()
)

func mustZone(name string) *time.Location {
	zone, err := time.LoadLocation(name)
	if err != nil {
		panic(err)
	}
	return zone
}

// lawRules are of every operator that time or the order of signals matters to.
var lawRules = []string{
	"count: {of: a, last: 20m}",
	"count: {of: '*', between: [10m, 30m], gte: 2}",
	"count: {of: a, today: true, lt: 2}",
	"count: {of: b, lastDays: 2, distinct: p, eq: 1}",
	"count: {of: a, week: current, gte: 2}",
	"count: {of: page, session: current, gte: 2}",
	"count: {of: a, session: any, gte: 2}",
	"sum: {of: b, property: p, last: 1h, gte: 3}",
	"latest: {of: a, property: p, last: 2h, eq: 2}",
	"recency: {of: a, atLeast: 30m}",
	"recency: {of: b, atMost: 10m}",
	"never: {of: b}",
	"sequence: {steps: [{of: a}, {of: b, within: 20m, without: page}], completed: {last: 1h}}",
	"sequence: {steps: [{of: a, first: true}, {of: b, same: p}]}",
	"sequence: {steps: [{of: a}, {of: a, after: 10m}], allWithin: {last: 40m}, times: {gte: 1}}",
	"absence: {of: a, without: b, for: 20m}",
	"absence: {of: a, without: b, for: 20m, since: first}",
	"absence: {of: a, without: b, for: 20m, mode: once, last: 3h}",
	"session: {number: {gte: 2}, returnedWithin: 2h}",
	"score: {of: [{event: a, weight: 2}, {event: b, weight: 3}], halfLife: 15m, gte: 4}",
	"context: {hour: {between: [1, 4]}}",
	"context: {device: 1}",
	"segment: a",
}

// genRules draws some rules, and combinations of them. The first refers to no
// other.
func genRules() *rapid.Generator[[]syntax.Definition] {
	return rapid.Custom(func(t *rapid.T) []syntax.Definition {
		n := rapid.IntRange(1, 3).Draw(t, "rules")
		written := make([]string, n)
		for i := range written {
			most := len(lawRules) - 1
			if i == 0 {
				most--
			}
			draw := func() string { return "{" + lawRules[rapid.IntRange(0, most).Draw(t, "rule")] + "}" }
			switch rapid.IntRange(0, 3).Draw(t, "shape") {
			case 0:
				written[i] = fmt.Sprintf("all: [%s, %s]", draw(), draw())
			case 1:
				written[i] = fmt.Sprintf("any: [%s, not: %s]", draw(), draw())
			default:
				written[i] = draw()
			}
		}
		return rules(t, written...)
	})
}

func genSignals() *rapid.Generator[[]signal.Signal] {
	return rapid.Custom(func(t *rapid.T) []signal.Signal {
		sigs := make([]signal.Signal, rapid.IntRange(1, 16).Draw(t, "signals"))
		for i := range sigs {
			s := signal.Signal{
				ID: fmt.Sprintf("s%02d", i), At: genInstant().Draw(t, "at"), Pos: rapid.IntRange(0, 2).Draw(t, "pos"),
				Device: rapid.SampledFrom([]string{"d1", "d2"}).Draw(t, "device"),
				Name:   rapid.SampledFrom([]string{"a", "a", "b", "b", "c", "page"}).Draw(t, "event"),
			}
			if s.Name == "page" {
				s.Type, s.Name = signal.Page, ""
			}
			if rapid.IntRange(0, 15).Draw(t, "late") == 0 {
				s.Flags = signal.TooLate
			}
			if p := rapid.IntRange(0, 3).Draw(t, "p"); p > 0 {
				s.Props = signal.Props{
					{Key: "context.device", Value: signal.NumberOf(float64(p))},
					{Key: "p", Value: signal.NumberOf(float64(p))},
				}
			}
			sigs[i] = s
		}
		slices.SortFunc(sigs, signal.Compare)
		return sigs
	})
}

// genInstant draws an instant of about half a day, often the same.
func genInstant() *rapid.Generator[int64] {
	return rapid.Custom(func(t *rapid.T) int64 {
		minutes := rapid.IntRange(0, 140).Draw(t, "minutes") * 5
		return lawStart + int64(minutes)*60_000 + int64(rapid.SampledFrom([]int{0, 0, 0, 1, -1}).Draw(t, "ms"))
	})
}

// A past is everything that a law is about.
type past struct {
	set      *segment.Set
	signals  []signal.Signal
	from, to int64
}

func genPast() *rapid.Generator[past] {
	return rapid.Custom(func(t *rapid.T) past {
		p := past{signals: genSignals().Draw(t, "signals"), from: genInstant().Draw(t, "from"), to: genInstant().Draw(t, "to")}
		p.from, p.to = min(p.from, p.to), max(p.from, p.to)
		p.set = compile(t, genRules().Draw(t, "segments"), newYork)
		return p
	})
}

// replayed returns the tally of one record.
func (p past) replayed(t require.TestingT, r *visitor.Record) *tally {
	q, err := newQuestion(p.set, Options{From: time.UnixMilli(p.from), To: time.UnixMilli(p.to), Zone: newYork})
	require.NoError(t, err)
	tally := newTally(q)
	tally.add(r)
	return tally
}

// at returns the segments that a replay found a visitor in at an instant.
func (r *replay) at(at int64) []int {
	members := []int{}
	for i, spans := range r.spans {
		if slices.ContainsFunc(spans, func(s span) bool { return s.lo <= at && at < s.hi }) {
			members = append(members, i)
		}
	}
	return members
}

// moments returns the instants of a past at which something may happen, those
// beside them, and some more.
func (p past) moments(t *rapid.T) []int64 {
	out := []int64{p.from, p.to}
	for _, s := range p.signals {
		for minutes := range int64(14) {
			at := s.At + minutes*10*60_000
			out = append(out, at-1, at, at+1)
		}
	}
	out = append(out, rapid.SliceOfN(rapid.Int64Range(p.from, p.to), 8, 8).Draw(t, "others")...)
	return slices.DeleteFunc(out, func(at int64) bool { return at < p.from || at > p.to })
}

func TestABacktestSaysWhatALiveRequestWouldHaveBeenTold(t *testing.T) {
	members, others := 0, 0
	rapid.Check(t, func(t *rapid.T) {
		p := genPast().Draw(t, "past")
		whole, _ := (&visitor.Record{}).With(visitor.Limits{}, p.signals...)
		got := p.replayed(t, whole).own
		for _, at := range p.moments(t) {
			known := slices.DeleteFunc(slices.Clone(p.signals), func(s signal.Signal) bool { return s.At > at })
			counting := func(s signal.Signal) bool { return s.Flags&signal.TooLate == 0 }
			if !slices.ContainsFunc(known, counting) {
				require.Empty(t, got.at(at), "nobody is a member before their first signal")
				continue
			}
			then, _ := (&visitor.Record{}).With(visitor.Limits{}, known...)
			live := p.set.Evaluate(then, nil, at).Members
			require.Equal(t, append([]int{}, live...), got.at(at), "at %s", time.UnixMilli(at).In(newYork))
			members, others = members+len(live), others+p.set.Len()-len(live)
		}
	})
	require.Greater(t, members*5, others, "members are rare")
	require.Greater(t, others*5, members, "members are everywhere")
}

func TestSpansAreDisjointOrderedAndInThePeriod(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := genPast().Draw(t, "past")
		for _, spans := range p.replayed(t, &visitor.Record{Signals: p.signals}).own.spans {
			last := p.from - 1
			for _, s := range spans {
				require.Greater(t, s.lo, last, "a pause before it")
				require.Greater(t, s.hi, s.lo)
				require.LessOrEqual(t, s.hi, p.to+1)
				last = s.hi
			}
		}
	})
}

func TestAShortenedRecordAnswersAlikeOrSaysSo(t *testing.T) {
	truncated, checked := 0, 0
	rapid.Check(t, func(t *rapid.T) {
		p := genPast().Draw(t, "past")
		keep := visitor.Limits{MaxSignals: rapid.IntRange(1, 12).Draw(t, "kept")}
		short, _ := (&visitor.Record{}).With(keep, p.signals...)
		got := p.replayed(t, short)
		checked++
		if got.coverage.Truncated > 0 {
			truncated++
			return
		}
		whole, _ := (&visitor.Record{}).With(visitor.Limits{}, p.signals...)
		want := p.replayed(t, whole)
		require.Equal(t, want.own.spans, got.own.spans)
		require.Equal(t, want.visitors, got.visitors)
	})
	require.Less(t, truncated*4, checked*3, "too few answers are exact")
}

func TestFiguresAddUp(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := genPast().Draw(t, "past")
		var all []*visitor.Record
		for i := range rapid.IntRange(1, 6).Draw(t, "visitors") {
			r, _ := (&visitor.Record{ID: fmt.Sprint(i)}).With(visitor.Limits{}, genSignals().Draw(t, "signals")...)
			all = append(all, r)
		}
		opts := Options{From: time.UnixMilli(p.from), To: time.UnixMilli(p.to), Zone: newYork, Live: p.set}
		report, err := Run(t.Context(), records(all...), p.set, opts)
		require.NoError(t, err)
		for i, s := range report.Segments {
			checkFigures(t, s, report.Visitors)
			self := s.Overlaps[i]
			require.Equal(t, s.Ever, self.Ever)
			require.Equal(t, s.Ever, self.Both)
			require.Equal(t, s.End, self.BothEnd)
			for j, o := range s.Overlaps {
				back := report.Segments[j].Overlaps[i]
				require.Equal(t, [2]int{o.Both, o.BothEnd}, [2]int{back.Both, back.BothEnd})
				require.InDelta(t, o.VisitorJaccard, back.VisitorJaccard, 0)
				require.InDelta(t, o.TimeJaccard, back.TimeJaccard, 0)
				require.LessOrEqual(t, o.TimeJaccard, 1.0)
			}
		}
		rest := rapid.Permutation(all).Draw(t, "in another order")
		again, err := Run(t.Context(), records(rest...), p.set, opts)
		require.NoError(t, err)
		require.Equal(t, report, again)
	})
}

func checkFigures(t *rapid.T, s Segment, visitors int) {
	require.Equal(t, s.End-s.Start, s.Entries-s.Exits)
	require.Equal(t, s.Start+s.Entries, s.Stay.Complete+s.Stay.Censored, "a stay is complete or not")
	require.LessOrEqual(t, s.Ever, visitors)
	require.LessOrEqual(t, s.Flapping.Visitors, s.Ever)
	entries, exits, before := 0, 0, s.Start
	for _, d := range s.Days {
		entries, exits = entries+d.Entries, exits+d.Exits
		require.Equal(t, d.AtEnd-before, d.Entries-d.Exits, d.Date)
		require.GreaterOrEqual(t, d.Members, d.AtEnd)
		require.LessOrEqual(t, d.Members, before+d.Entries)
		require.LessOrEqual(t, d.Members, s.Ever)
		before = d.AtEnd
	}
	require.Equal(t, s.End, before)
	require.Equal(t, [2]int{s.Entries, s.Exits}, [2]int{entries, exits})
}

func TestDailySizesAreThoseOfTheSpans(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := genPast().Draw(t, "past")
		p.to += rapid.Int64Range(0, 3).Draw(t, "more days") * 86_400_000
		got := p.replayed(t, &visitor.Record{Signals: p.signals})
		for i, spans := range got.own.spans {
			for d, day := range got.segments[i].daily(got.q.days) {
				first, last := max(got.q.days.starts[d], p.from), got.q.days.last[d]
				some := slices.ContainsFunc(spans, func(s span) bool { return s.lo <= last && s.hi > first })
				atEnd := slices.ContainsFunc(spans, func(s span) bool { return s.lo <= last && s.hi > last })
				require.Equal(t, [2]int{number(some), number(atEnd)}, [2]int{day.Members, day.AtEnd})
			}
		}
	})
}

func number(b bool) int {
	if b {
		return 1
	}
	return 0
}

// TestDaysCoverThePeriodOnce walks through zones that have changed their clocks
// at midnight, over it, and by a whole day.
func TestDaysCoverThePeriodOnce(t *testing.T) {
	zones := []string{"UTC", "America/Sao_Paulo", "America/St_Johns", "Asia/Beirut", "Africa/Cairo", "Pacific/Apia", "Pacific/Kiritimati", "America/New_York"}
	rapid.Check(t, func(t *rapid.T) {
		zone := mustZone(rapid.SampledFrom(zones).Draw(t, "zone"))
		first := time.Date(1995, 1, 1, 0, 0, 0, 0, time.UTC).UnixMilli()
		from := first + rapid.Int64Range(0, 24*365*30).Draw(t, "hours")*3_600_000
		to := from + rapid.Int64Range(0, 24*400).Draw(t, "long")*3_600_000
		all := newDays(from, to, zone)
		require.LessOrEqual(t, all.starts[0], from)
		require.Equal(t, to, all.last[len(all.last)-1])
		require.True(t, slices.IsSorted(all.dates))
		for i, start := range all.starts {
			require.Equal(t, all.dates[i], time.UnixMilli(start).In(zone).Format(time.DateOnly), "it is the first instant of its date")
			require.Less(t, time.UnixMilli(start-1).In(zone).Format(time.DateOnly), all.dates[i])
			require.Equal(t, i, all.of(max(start, from)))
			require.Equal(t, i, all.of(all.last[i]))
			if i > 0 {
				require.Equal(t, start-1, all.last[i-1])
			}
		}
	})
}
