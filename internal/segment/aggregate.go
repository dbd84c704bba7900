package segment

import (
	"github.com/segue-dev/segue/internal/segment/syntax"
	"github.com/segue-dev/segue/internal/signal"
)

// An aggregate compares a figure over the values of a property of the matching
// signals in a window. Without any value it is false.
type aggregate struct {
	fn      syntax.AggFunc
	matcher int
	column  int
	repeats int // of Mode: the column that says which of the values are equal
	window  window
	cmps    comparisons
}

func (n *aggregate) eval(f *frame) (truth, int64) {
	c := &f.log.columns[n.column]
	f.lookThrough(n.matcher, &n.window)
	if n.window.kind == syntax.AnySession {
		return inSomeSession(f, c, n.over)
	}
	s := f.inWindow(c, &n.window)
	return truthOf(n.holds(f, c, s)), f.until(n.changes(f, c, s))
}

// changes returns the first instant at which the figure may differ. In a window
// that only loses entries the latest value stays as long as it is there, and so
// does an extreme.
func (n *aggregate) changes(f *frame, c *column, s span) int64 {
	if s.len() == 0 || n.window.ofSession() || n.window.fills() {
		return f.edge(c, &n.window, s)
	}
	last := s.lo
	switch n.fn {
	case syntax.Latest:
		last = s.hi - 1
	case syntax.Min, syntax.Max:
		extreme := fold(n.fn, c.num[s.lo:s.hi])
		for last = s.hi - 1; c.num[last] != extreme; {
			last--
		}
	}
	return n.window.leaves(f.log.at[c.pos[last]])
}

// over is eval for a span of entries of one session.
func (n *aggregate) over(f *frame, c *column, s span) (truth, int64) {
	return truthOf(n.holds(f, c, s)), Forever
}

func (n *aggregate) holds(f *frame, c *column, s span) bool {
	v, ok := n.figure(f, c, s)
	return ok && n.cmps.holdFor(v)
}

// figure returns the aggregate of a span of entries; ok is false if it is
// empty.
func (n *aggregate) figure(f *frame, c *column, s span) (v signal.Value, ok bool) {
	if s.len() == 0 {
		return signal.Value{}, false
	}
	switch n.fn {
	case syntax.First:
		return f.log.values[c.ref[s.lo]].Value, true
	case syntax.Latest:
		return f.log.values[c.ref[s.hi-1]].Value, true
	case syntax.Mode:
		return f.log.values[c.ref[f.mode(&f.log.columns[n.repeats], s)]].Value, true
	default:
		return signal.NumberOf(fold(n.fn, c.num[s.lo:s.hi])), true
	}
}

// A tally is how often a value occurs from an entry on, and its last entry.
type tally struct{ times, last int }

// mode returns the last entry in s, which is not empty, of the most frequent
// value; of several such values, the one whose last entry is the latest. c is a
// column with references to repetitions.
func (f *frame) mode(c *column, s span) int {
	if cap(f.tallies) < s.len() {
		f.tallies = make([]tally, s.len())
	}
	tallies := f.tallies[:s.len()]
	var most tally
	for i := s.hi - 1; i >= s.lo; i-- {
		t := tally{1, i}
		if next := int(c.ref[i]); next < s.hi {
			t = tallies[next-s.lo]
			t.times++
		}
		tallies[i-s.lo] = t
		if t.times > most.times || t.times == most.times && t.last > most.last {
			most = t
		}
	}
	return most.last
}

// fold aggregates numbers, of which there is at least one, in their order.
func fold(fn syntax.AggFunc, nums []float64) float64 {
	out := nums[0]
	for _, x := range nums[1:] {
		switch fn {
		case syntax.Min:
			out = min(out, x)
		case syntax.Max:
			out = max(out, x)
		default:
			out += x
		}
	}
	if fn == syntax.Avg {
		out /= float64(len(nums))
	}
	return out
}
