package segment

import (
	"math"

	"github.com/segue-dev/segue/internal/segment/syntax"
)

// A window is which entries of a column count, by their time.
type window struct {
	kind        syntax.WindowKind
	last        int64 // ms; of LastWindow and BetweenWindow
	from        int64 // ms; of BetweenWindow
	days, after int64 // of DaysWindow: how many, and how many later ones do not count
	cal         *calendar
}

func (c *compiler) window(w syntax.Window) window {
	out := window{cal: c.calendar, kind: w.Kind, last: w.Last.Milliseconds(), from: w.From.Milliseconds(), days: int64(w.Days)}
	if w.Previous {
		out.after = 1
	}
	if out.ofSession() {
		c.askSession()
	}
	return out
}

// ofSession reports whether w is about sessions and not about time.
func (w *window) ofSession() bool {
	return w.kind == syntax.CurrentSession || w.kind == syntax.AnySession
}

// fills reports whether time alone brings entries into w.
func (w *window) fills() bool {
	return w.kind == syntax.BetweenWindow || w.kind == syntax.DaysWindow && w.after > 0
}

// bounds returns the first and the last millisecond of w at the frame's
// instant.
func (w *window) bounds(f *frame) (lo, hi int64) {
	cal := w.cal
	switch w.kind {
	case syntax.LastWindow:
		return f.now - w.last + 1, math.MaxInt64
	case syntax.BetweenWindow:
		return f.now - w.last + 1, f.now - w.from
	case syntax.DaysWindow:
		today := cal.day(f.now)
		if w.after == 0 {
			return cal.start(today - w.days + 1), math.MaxInt64
		}
		return cal.start(today - w.days), cal.start(today) - 1
	case syntax.WeekWindow:
		return cal.start(cal.week(cal.day(f.now))), math.MaxInt64
	default:
		return math.MinInt64, math.MaxInt64
	}
}

// leaves returns the instant at which w no longer holds an entry of time t that
// it holds now.
func (w *window) leaves(t int64) int64 {
	cal := w.cal
	switch w.kind {
	case syntax.LastWindow, syntax.BetweenWindow:
		return t + w.last
	case syntax.DaysWindow:
		return cal.start(cal.day(t) + w.days + w.after)
	case syntax.WeekWindow:
		return cal.start(cal.week(cal.day(t)) + 7)
	default:
		return Forever
	}
}

// enters returns the instant at which a window that fills comes to hold an
// entry of time t that is still too young.
func (w *window) enters(t int64) int64 {
	if w.kind == syntax.BetweenWindow {
		return t + w.from
	}
	cal := w.cal
	return cal.start(cal.day(t) + 1)
}

// A span is a range of entries of a column: those in a window.
type span struct{ lo, hi int }

func (s span) len() int { return s.hi - s.lo }

// inWindow returns the entries of c that are in w. A window of the current
// session needs a column by session; one of any session has no single span.
func (f *frame) inWindow(c *column, w *window) span {
	switch w.kind {
	case syntax.CurrentSession:
		if f.session < 0 {
			return span{}
		}
		return f.inGroup(c, f.session)
	case syntax.Ever:
		return span{0, f.existing(c.pos)}
	}
	lo, hi := w.bounds(f)
	end := f.existing(c.pos)
	s := span{f.log.firstFrom(c.pos[:end], lo), end}
	if hi != math.MaxInt64 {
		s.hi = max(s.lo, f.log.firstFrom(c.pos[:end], hi+1))
	}
	return s
}

// inGroup returns the entries of group g of c that exist.
func (f *frame) inGroup(c *column, g int) span {
	lo, hi := int(c.group[g]), int(c.group[g+1])
	return span{lo, lo + f.existing(c.pos[lo:hi])}
}

// edge returns the first instant at which w loses or takes in an entry of c,
// of which it now holds s.
func (f *frame) edge(c *column, w *window, s span) int64 {
	next := Forever
	if w.ofSession() {
		return next
	}
	if s.len() > 0 {
		next = w.leaves(f.log.at[c.pos[s.lo]])
	}
	return min(next, f.entering(c, w, s))
}

// entering returns when w takes in the first entry after s; Forever if never.
func (f *frame) entering(c *column, w *window, s span) int64 {
	if !w.fills() || s.hi >= f.existing(c.pos) {
		return Forever
	}
	return w.enters(f.log.at[c.pos[s.hi]])
}

// existing returns how many of the ascending positions belong to signals that
// exist.
func (f *frame) existing(pos []int32) int {
	if n := len(pos); n == 0 || f.cut == len(f.log.at) || int(pos[n-1]) < f.cut {
		return n
	}
	return firstAt(pos, f.cut)
}

// firstAt returns the index of the first of the ascending positions that is at
// least p.
func firstAt(pos []int32, p int) int {
	lo, hi := 0, len(pos)
	for lo < hi {
		if mid := int(uint(lo+hi) >> 1); int(pos[mid]) < p {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	return lo
}
