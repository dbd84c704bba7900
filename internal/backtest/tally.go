package backtest

import (
	"slices"
	"time"

	"github.com/segue-dev/segue/internal/signal"
	"github.com/segue-dev/segue/internal/visitor"
)

// A tally counts visitors, one after the other. Tallies of one question add up.
type tally struct {
	q               *question
	own, live, goal *replay // live and goal may be nil
	times           []int64 // of the signals of the visitor at hand

	visitors  int
	coverage  Coverage
	horizon   int64 // the latest of the records
	shortened bool  // some record has a horizon
	segments  []figures
	others    []sizes // by segment compared with
}

// sizes are how many members a segment had, and for how long altogether.
type sizes struct {
	ever, end int
	time      int64 // ms
}

func newTally(q *question) *tally {
	t := &tally{q: q, own: newReplay(q.set), live: newReplay(q.live), goal: newReplay(q.goal)}
	t.segments = make([]figures, len(q.asked))
	for i := range t.segments {
		t.segments[i] = newFigures(q)
	}
	t.others = make([]sizes, len(q.compared))
	return t
}

// add counts one visitor.
func (t *tally) add(record *visitor.Record) {
	first, seen := t.signals(record)
	if !seen || first > t.q.to {
		return
	}
	t.visitors++
	t.cover(record)
	from := max(first, t.q.from)
	t.own.run(record, from, t.q.to)
	if t.live != nil {
		t.live.run(record, from, t.q.to)
		t.compare()
	}
	if t.goal != nil {
		t.goal.run(record, from, t.q.to)
	}
	for i, segment := range t.q.asked {
		t.count(&t.segments[i], t.own.spans[segment])
	}
	t.admit()
}

// signals takes down when the signals were that count, and returns when the
// visitor's first one was.
func (t *tally) signals(record *visitor.Record) (first int64, seen bool) {
	t.times = t.times[:0]
	for i := range record.Signals {
		if s := &record.Signals[i]; s.Flags&signal.TooLate == 0 {
			t.times = append(t.times, s.At)
		}
	}
	if record.Summary.Dropped > 0 {
		return record.Summary.FirstSeen, true
	}
	if len(t.times) == 0 {
		return 0, false
	}
	return t.times[0], true
}

// firstAfter returns the index of the first of the ascending times after at.
func firstAfter(times []int64, at int64) int {
	i, _ := slices.BinarySearch(times, at+1)
	return i
}

func (t *tally) cover(record *visitor.Record) {
	if record.Summary.Dropped == 0 {
		return
	}
	if !t.shortened || record.Summary.Horizon > t.horizon {
		t.shortened, t.horizon = true, record.Summary.Horizon
	}
	t.coverage.Shortened++
}

// admit takes down what the answers about a visitor say of themselves.
func (t *tally) admit() {
	if t.own.walk.Truncated {
		t.coverage.Truncated++
	}
	if t.own.walk.Saturated {
		t.coverage.Saturated++
	}
	if t.live != nil && t.live.walk.Truncated {
		t.coverage.ComparedTruncated++
	}
}

// compare counts a visitor in the segments compared with.
func (t *tally) compare() {
	for j, other := range t.q.compared {
		if spans := t.live.spans[other]; len(spans) > 0 {
			t.others[j].add(spans, t.q.to)
		}
	}
}

// count counts a visitor in the figures of a segment in which they were so.
func (t *tally) count(f *figures, spans []span) {
	if len(spans) > 0 {
		f.add(t.q, spans)
	}
	for j, other := range t.q.compared {
		f.overlaps[j].add(spans, t.live.spans[other], t.q.to)
	}
	if t.goal != nil {
		f.conversion.add(t.q, spans, t.times, t.goal.spans[0])
	}
}

// merge adds the figures of another tally of the same question.
func (t *tally) merge(o *tally) {
	t.visitors += o.visitors
	t.coverage.Shortened += o.coverage.Shortened
	t.coverage.Truncated += o.coverage.Truncated
	t.coverage.ComparedTruncated += o.coverage.ComparedTruncated
	t.coverage.Saturated += o.coverage.Saturated
	if o.shortened && (!t.shortened || o.horizon > t.horizon) {
		t.shortened, t.horizon = true, o.horizon
	}
	for i := range t.segments {
		t.segments[i].merge(&o.segments[i])
	}
	for j := range t.others {
		t.others[j].merge(o.others[j])
	}
}

func (t *tally) report() *Report {
	r := &Report{
		From: time.UnixMilli(t.q.from).UTC(), To: time.UnixMilli(t.q.to).UTC(), Zone: t.q.opts.Zone.String(),
		Visitors: t.visitors, Coverage: t.coverage, Segments: make([]Segment, len(t.segments)),
	}
	if t.shortened {
		r.Coverage.CompleteSince = time.UnixMilli(t.horizon + 1).UTC()
	}
	for i := range t.segments {
		r.Segments[i] = t.segment(i)
	}
	return r
}

func (t *tally) segment(i int) Segment {
	f := &t.segments[i]
	d := t.q.set.Definition(t.q.asked[i])
	s := Segment{
		Key: d.Key, Name: d.Name,
		Ever: f.ever, Start: f.start, End: f.end, Entries: f.entries, Exits: f.exits,
		Stay:     f.stay(),
		Flapping: Flapping{Visitors: f.flapping, Share: share(f.flapping, f.ever)},
		Days:     f.daily(t.q.days),
		Overlaps: make([]Overlap, len(t.others)),
	}
	for j, other := range t.others {
		s.Overlaps[j] = f.overlaps[j].report(f.sizes, other)
		s.Overlaps[j].Key = t.q.live.Key(t.q.compared[j])
	}
	if t.goal != nil {
		s.Conversion = f.conversion.report(t.q)
	}
	return s
}
