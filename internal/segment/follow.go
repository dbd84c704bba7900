package segment

import (
	"github.com/segue-dev/segue/internal/segment/syntax"
	"github.com/segue-dev/segue/internal/visitor"
)

// A segmentSet is a set of segments, a bit for each index.
type segmentSet []uint64

func (s segmentSet) add(i int) { s[i/64] |= 1 << (i % 64) }

func (s segmentSet) has(i int) bool { return s[i/64]>>(i%64)&1 != 0 }

func (s segmentSet) addAll(more segmentSet) {
	for w := range s {
		s[w] |= more[w]
	}
}

// touching finds out which segments a signal can be about.
func (c *compiler) touching(live []syntax.Definition) {
	n := len(live)
	dependents := c.dependents(live)
	withDependents := func(segments []int) segmentSet {
		all := newSegmentSet(n)
		for _, i := range segments {
			all.addAll(dependents[i])
		}
		return all
	}
	for i := range c.set.builders {
		c.set.byColumn = append(c.set.byColumn, withDependents(c.usedColumns[i]))
	}
	c.set.bySession = withDependents(c.usedSession)
}

func newSegmentSet(n int) segmentSet { return make(segmentSet, (n+63)/64) }

// dependents returns for each segment itself and all that refer to it, however
// indirectly.
func (c *compiler) dependents(live []syntax.Definition) []segmentSet {
	all := make([]segmentSet, len(live))
	for i := range all {
		all[i] = newSegmentSet(len(live))
		all[i].add(i)
	}
	for range live { // references are at most that deep
		for i, d := range live {
			for _, ref := range references(d) {
				all[c.set.index[ref.Key]].addAll(all[i])
			}
		}
	}
	return all
}

// A Walk is what Follow needs memory for. The zero Walk is ready; one that is
// used again allocates nothing.
type Walk struct {
	// Truncated and Saturated are as in a Result, of the whole way.
	Truncated, Saturated bool

	frame   frame
	touched []uint64   // by position of a signal: the segments it can be about
	due     segmentSet // those that the signals of the instant can be about
	next    []int64    // by segment: when time may change it
	in      []bool     // by segment
}

// Follow goes through time with a record and tells visit of each change of
// membership: who is a member at from, enters or leaves later, up to instant to.
// At each instant it knows what Evaluate would, but it asks a segment only when a
// signal can be about it or time can change it. Drafts have no members.
func (s *Set) Follow(rec *visitor.Record, from, to int64, w *Walk, visit func(segment int, at int64, member bool)) {
	b := bindings.Get().(*binding)
	b.fill(s, rec)
	w.begin(b, from)
	for at := from; at <= to; {
		cut := w.advance(at)
		soonest := Forever
		for _, i := range s.active {
			if at == from || w.next[i] <= at || w.due.has(i) {
				w.ask(i, at, visit)
			}
			soonest = min(soonest, w.next[i])
		}
		at = soonest
		if cut < len(b.log.at) {
			at = min(at, b.log.at[cut])
		}
	}
	w.frame.end()
	b.reset()
	bindings.Put(b)
}

// begin prepares w for a binding.
func (w *Walk) begin(b *binding, from int64) {
	s := b.log.set
	w.Truncated, w.Saturated = false, false
	w.next, w.in = sized(w.next, len(s.segments)), blank(w.in, len(s.segments))
	for i := range w.next {
		w.next[i] = Forever
	}
	w.due = sized(w.due, len(s.bySession))
	w.touched = blank(w.touched, len(b.log.at)*len(w.due))
	for i := range b.log.columns {
		w.touch(b.log.columns[i].pos, s.byColumn[i])
	}
	for _, t := range b.log.turns {
		w.touch([]int32{t.pos}, s.bySession)
	}
	w.frame.begin(b.log, nil, from, from)
}

// touch notes that the signals at positions can be about segments.
func (w *Walk) touch(positions []int32, segments segmentSet) {
	if len(segments) == 1 {
		for _, p := range positions {
			w.touched[p] |= segments[0]
		}
		return
	}
	for _, p := range positions {
		segmentSet(w.touched[int(p)*len(segments):][:len(segments)]).addAll(segments)
	}
}

// advance moves on to an instant, finds out what its signals can be about, and
// returns how many signals there are then.
func (w *Walk) advance(at int64) (cut int) {
	times := w.frame.log.at
	clear(w.due)
	n := len(w.due)
	for cut = w.frame.cut; cut < len(times) && times[cut] <= at; cut++ {
		w.due.addAll(w.touched[cut*n:][:n])
	}
	w.frame.moveTo(at, at, cut)
	return cut
}

// ask evaluates segment i and tells visit if membership changes.
func (w *Walk) ask(i int, at int64, visit func(segment int, at int64, member bool)) {
	f := &w.frame
	t, next := f.ask(f.log.set.live[i])
	w.next[i] = next
	w.Truncated, w.Saturated = w.Truncated || f.truncated, w.Saturated || f.saturated
	if member := t == yes; member != w.in[i] {
		w.in[i] = member
		visit(i, at, member)
	}
}
