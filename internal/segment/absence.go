package segment

import (
	"github.com/segue-dev/segue/internal/segment/syntax"
)

// An absence holds when some A has not been followed by any B until now and is
// at least d old. Which A is timed is the anchor: the latest, or the first that
// no B has followed.
type absence struct {
	a, b       int // matchers
	aCol, bCol int
	d          int64 // ms
	first      bool  // the anchor
	window     window
}

func (n *absence) eval(f *frame) (truth, int64) {
	c := &f.log.columns[n.aCol]
	if n.window.kind != syntax.AnySession {
		return n.over(f, c, f.inWindow(c, &n.window))
	}
	return inSomeSession(f, c, n.over)
}

// over is eval for the A in a span of entries.
func (n *absence) over(f *frame, c *column, s span) (truth, int64) {
	i, ok := n.anchor(f, c, s)
	if n.window.kind == syntax.Ever {
		if at, decided := n.dropped(f, s); decided {
			return n.since(f, at)
		}
	} else if !ok || n.first {
		f.lookThrough(n.a, &n.window)
	}
	next := f.entering(c, &n.window, s)
	if !ok {
		return no, f.until(next)
	}
	at := f.log.at[c.pos[i]]
	t, until := n.since(f, at)
	if !n.window.ofSession() {
		next = min(next, n.window.leaves(at))
	}
	return t, f.until(min(next, until))
}

// since tells of an absence that began at an instant.
func (n *absence) since(f *frame, at int64) (truth, int64) {
	if f.now >= at+n.d {
		return yes, Forever
	}
	return no, f.until(at + n.d)
}

// anchor returns the index of the A that is timed.
func (n *absence) anchor(f *frame, c *column, s span) (int, bool) {
	lastB := -1
	b := f.log.columns[n.bCol].pos
	if k := f.existing(b); k > 0 {
		lastB = int(b[k-1])
	}
	i := s.lo + firstAt(c.pos[s.lo:s.hi], lastB)
	if i == s.hi {
		return 0, false
	}
	if !n.first {
		i = s.hi - 1
	}
	return i, true
}

// dropped returns when the absence began if that was with a signal that has
// left the log. It is asked for windows that reach back for ever, and says
// nothing when the log decides.
func (n *absence) dropped(f *frame, s span) (at int64, decided bool) {
	a, b := f.past(n.a), f.past(n.b)
	inLog := s.len() > 0
	bInLog := f.existing(f.log.columns[n.bCol].pos) > 0
	if bInLog || !a.some() || inLog && !n.first {
		return 0, false // later than all that was dropped
	}
	set := f.log.set
	if !set.matchers[n.a].plain() || !set.matchers[n.b].plain() || a.vague || b.vague {
		f.truncated = true
		return 0, false
	}
	at, vague := a.last, a.lastVague
	if n.first {
		at, vague = a.first, false
	}
	switch {
	case b.count == 0 || at > b.last && !vague:
		f.truncated = f.truncated || vague
		return at, true
	case b.last > a.last && !b.lastVague: // it followed every A that was dropped
		return 0, false
	}
	f.truncated = true
	return 0, false
}

// A lapse holds once some A had no B within d after it, whatever came later. It
// is known as soon as more than d has passed.
type lapse struct {
	a, b   int // matchers
	column int // the A, each with the position of the next B after it
	d      int64
	window window
}

func (n *lapse) eval(f *frame) (truth, int64) {
	c := &f.log.columns[n.column]
	if n.window.kind != syntax.AnySession {
		return n.over(f, c, f.inWindow(c, &n.window))
	}
	return inSomeSession(f, c, n.over)
}

func (n *lapse) over(f *frame, c *column, s span) (truth, int64) {
	next := f.entering(c, &n.window, s)
	for i := s.hi - 1; i >= s.lo; i-- {
		if !n.alone(f, c, i) {
			continue
		}
		at := f.log.at[c.pos[i]]
		if known := at + n.d + 1; known > f.now {
			next = min(next, known)
			continue
		}
		leaves := Forever
		if !n.window.ofSession() {
			leaves = n.window.leaves(at)
		}
		return yes, f.until(leaves)
	}
	f.lookThrough(n.a, &n.window)
	return no, f.until(next)
}

// alone reports whether no B that exists follows an A within d.
func (n *lapse) alone(f *frame, c *column, i int) bool {
	b := int(c.ref[i])
	return b >= f.cut || f.log.at[b] > f.log.at[c.pos[i]]+n.d
}

// lapseColumn has the signals that match A, each with the position of the
// first signal after it that matches B, or one beyond all if there is none.
type lapseColumn struct {
	a, b      int
	bySession bool
}

func (l lapseColumn) build(b *binding) column {
	c := postColumn{l.a, l.bySession}.build(b)
	bs := b.posts[l.b]
	c.ref = b.ints.take(len(c.pos))
	for i, pos := range c.pos {
		c.ref[i] = int32(len(b.sigs))
		if k := firstAt(bs, int(pos)+1); k < len(bs) {
			c.ref[i] = bs[k]
		}
	}
	return c
}
