package segment

import (
	"github.com/segue-dev/segue/internal/segment/syntax"
)

// maxDistinct is up to how many distinct values are told apart. A greater
// number reads as one more, and the answer says that it is saturated.
const maxDistinct = 1000

// A count compares how many signals match in a window, or how many distinct
// values of a property they have.
type count struct {
	matcher  int
	column   int
	window   window
	distinct bool
	total    bool // signals that have left the log count as well: their total is known
	cmps     comparisons
}

func (n *count) eval(f *frame) (truth, int64) {
	c := &f.log.columns[n.column]
	if !n.total {
		f.lookThrough(n.matcher, &n.window)
	}
	if n.window.kind == syntax.AnySession {
		return inSomeSession(f, c, n.over)
	}
	s := f.inWindow(c, &n.window)
	size := n.size(f, c, s)
	return truthOf(n.cmps.hold(float64(size))), f.until(n.changes(f, c, s, size))
}

// size returns the figure of a span of entries.
func (n *count) size(f *frame, c *column, s span) int {
	switch {
	case n.distinct:
		size := distinctIn(c, s)
		if size > maxDistinct {
			f.saturated = true
			size = maxDistinct + 1
		}
		return size
	case n.total:
		p := f.past(n.matcher)
		if p.vague {
			f.truncated = true
		}
		return s.len() + p.count
	default:
		return s.len()
	}
}

// distinctIn counts the entries of s that have no repetition in s.
func distinctIn(c *column, s span) int {
	n := 0
	for _, next := range c.ref[s.lo:s.hi] {
		if int(next) >= s.hi {
			n++
		}
	}
	return n
}

// over is eval for a span of entries of one session.
func (n *count) over(f *frame, c *column, s span) (truth, int64) {
	return truthOf(n.cmps.hold(float64(n.size(f, c, s)))), Forever
}

// changes returns the first instant at which the figure may pass a limit. A
// window that does not fill only loses entries, the oldest first, so that the
// instant is known without looking at those between.
func (n *count) changes(f *frame, c *column, s span, size int) int64 {
	if n.window.ofSession() || n.window.kind == syntax.Ever {
		return Forever
	}
	if n.window.fills() {
		return f.edge(c, &n.window, s)
	}
	least := n.cmps.below(size)
	if least < 0 {
		return Forever
	}
	last := s.lo + size - least - 1 // the entry that leaves to make it so few
	if n.distinct {
		last = lastOfDistinct(c, s, least)
	}
	return n.window.leaves(f.log.at[c.pos[last]])
}

// lastOfDistinct returns the latest entry of s after which there are only so
// many distinct values.
func lastOfDistinct(c *column, s span, values int) int {
	i := s.hi
	for seen := 0; seen <= values; {
		i--
		if int(c.ref[i]) >= s.hi {
			seen++
		}
	}
	return i
}
