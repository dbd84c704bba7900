package segment

import (
	"math"

	"github.com/segue-dev/segue/internal/segment/syntax"
)

// A sequence compares how often signals satisfied its steps in order. What a
// match is depends on the signals alone, so a Log holds the signals at which
// some match ends, and evaluating is to look for those in the window.
type sequence struct {
	cal    *calendar // of its days, if it has to lie in one
	steps  []step    // a step that is taken several times is there as often
	scope  scope
	span   int64 // ms from the first signal to the last; noLimit if unbounded
	reach  int64 // ms that a match surely lasts at most; noLimit if unbounded
	window window
	column int
	count  comparisons
	// whole says that all signals of a match must lie in the window, not just
	// the last.
	whole bool
	// often says that matches are counted one after another, none beginning
	// before the one before has ended. Otherwise it is enough that there is
	// one.
	often bool
}

const noLimit = int64(math.MaxInt64)

// A step is one signal of a match. What it says of the previous step is about
// the signal taken for that.
type step struct {
	matcher        int
	minGap, maxGap int64 // ms since the previous step; maxGap may be noLimit
	strict         bool  // the gap must not be 0
	without        []int // matchers none of which may lie strictly between
	same           []*property
	first          bool // only the first signal of the record that matches may be taken
}

// A scope is within what all signals of a match must lie. Several may be asked.
type scope struct{ session, page, day bool }

func (n *sequence) eval(f *frame) (truth, int64) {
	c := &f.log.columns[n.column]
	n.lookThrough(f)
	if n.window.kind == syntax.AnySession {
		return inSomeSession(f, c, n.over)
	}
	return n.over(f, c, f.inWindow(c, &n.window))
}

// over is eval for the matches that end in a span of entries.
func (n *sequence) over(f *frame, c *column, s span) (truth, int64) {
	from := int64(math.MinInt64)
	if n.whole && !n.window.ofSession() {
		from, _ = n.window.bounds(f)
	}
	size, first := n.size(f, c, s, from)
	now := truthOf(n.count.hold(float64(size)))
	if n.window.ofSession() {
		return now, Forever
	}
	next := f.entering(c, &n.window, s)
	if size > 0 {
		at := f.log.at[c.pos[first]]
		if n.whole {
			at = f.log.at[c.ref[first]]
		}
		next = min(next, n.window.leaves(at))
	}
	return now, f.until(next)
}

// size counts the matches among the entries of s, of which none may begin
// before instant from, and returns the entry that the horizon depends on: as
// long as it stays in the window the count is the same.
func (n *sequence) size(f *frame, c *column, s span, from int64) (size, first int) {
	switch {
	case n.whole:
		return n.disjoint(f, c, s, from)
	case s.len() == 0:
		return 0, s.lo
	case n.often:
		return s.len(), s.lo
	default:
		return 1, s.hi - 1
	}
}

// disjoint counts the matches that begin at from or later, from left to right,
// each as early as it can end, none beginning before the one before has ended.
func (n *sequence) disjoint(f *frame, c *column, s span, from int64) (size, first int) {
	most := s.len()
	if !n.often {
		// The match that begins last is the last to leave the window.
		if s.len() == 0 || f.log.at[c.ref[s.hi-1]] < from {
			return 0, s.lo
		}
		return 1, s.hi - 1
	}
	start := f.log.before(from)
	for i := s.lo; i < s.hi && size < most; i++ {
		if int(c.ref[i]) < start {
			continue
		}
		if size == 0 {
			first = i
		}
		size++
		start = int(c.pos[i]) + 1
	}
	return size, first
}

// lookThrough notes that the signals of the window count, and those before it
// that a match may begin with.
func (n *sequence) lookThrough(f *frame) {
	if f.log.dropped == 0 {
		return
	}
	from := int64(math.MinInt64)
	if n.window.kind == syntax.CurrentSession {
		f.inSession(n.scope.session)
		if n.scope.session {
			return
		}
	} else if !n.window.ofSession() {
		from, _ = n.window.bounds(f)
	}
	for i := range n.steps {
		lo := from
		switch {
		case n.steps[i].first || lo == math.MinInt64 || !n.whole && n.reach == noLimit:
			lo = math.MinInt64
		case !n.whole:
			lo -= n.reach
		}
		f.lookBack(n.steps[i].matcher, lo)
	}
}
