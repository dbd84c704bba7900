package segment

import "slices"

// A sequenceColumn has the signals at which a match of a sequence can end, each
// with the position at which a match that ends there or before begins at the
// latest: of matches in one session, by session. If the sequence is counted it
// has only the ends of matches that do not overlap.
type sequenceColumn struct{ sequence *sequence }

func (s sequenceColumn) build(b *binding) column {
	n := s.sequence
	t := b.tableOf(n)
	ends := t.last()
	c := column{pos: b.ints.copy(ends.pos), ref: b.ints.copy(ends.start)}
	if n.window.ofSession() {
		return n.bySession(b, c)
	}
	return n.settle(c)
}

// settle turns the latest start of a match that ends at each entry into what
// counting needs.
func (n *sequence) settle(c column) column {
	if n.often && !n.whole {
		return disjointOf(c)
	}
	for i := 1; i < len(c.ref); i++ {
		c.ref[i] = max(c.ref[i], c.ref[i-1])
	}
	return c
}

// bySession settles the matches that end in each session: those counted over
// the whole record before they are told apart, those that must lie in one
// session after that.
func (n *sequence) bySession(b *binding, c column) column {
	if n.often && !n.whole {
		c = disjointOf(c)
	}
	group, order := b.bySession(c.pos)
	out := column{pos: b.ints.pick(c.pos, order), ref: b.ints.pick(c.ref, order), group: group}
	for g := range len(b.log.sessions) {
		for i := group[g] + 1; i < group[g+1]; i++ {
			out.ref[i] = max(out.ref[i], out.ref[i-1])
		}
	}
	return out
}

// disjointOf keeps the ends of matches that follow one another, each the
// earliest possible. It uses the memory of c.
func disjointOf(c column) column {
	out := column{pos: c.pos[:0], ref: c.ref[:0]}
	start := int32(0)
	for i, from := range c.ref {
		if from >= start {
			start = c.pos[i] + 1
			out.pos, out.ref = append(out.pos, c.pos[i]), append(out.ref, from)
		}
	}
	return out
}

// A table holds, for each step of a sequence, the signals that can be taken for
// it by some match so far.
//
// What a step asks is about the signal taken for the step before, and the span
// about the first one. So of all the ways to get to a signal only the one that
// began last matters: it lasts longest, and no later step can tell it from the
// others. That makes the table exact, and its size the number of signals.
type table struct {
	b    *binding
	n    *sequence
	rows []row
	days []int64 // local day of each position; nil if not needed
}

// A row holds the signals that can be taken for a step, ascending, each with
// the position of the first signal of the match that began last.
type row struct{ pos, start []int32 }

func (t *table) last() row { return t.rows[len(t.rows)-1] }

// tableOf returns the table of a sequence, which is good until the next call.
func (b *binding) tableOf(n *sequence) table {
	b.rows = blank(b.rows, len(n.steps))
	t := table{b: b, n: n, rows: b.rows}
	if n.scope.day {
		t.days = make([]int64, len(b.sigs))
		for i, at := range b.log.at {
			t.days[i] = t.n.cal.day(at)
		}
	}
	for i := range n.steps {
		candidates := t.candidates(&n.steps[i])
		if i == 0 {
			t.rows[0] = row{pos: candidates, start: candidates}
			continue
		}
		t.rows[i] = t.advance(i, candidates)
		if len(t.rows[i].pos) == 0 {
			break
		}
	}
	return t
}

// candidates returns the signals that match a step by themselves.
func (t *table) candidates(s *step) []int32 {
	l := t.b.log
	pos := t.b.posts[s.matcher]
	if s.first {
		if l.past != nil && l.past[s.matcher].count > 0 && l.set.matchers[s.matcher].plain() {
			return nil // the first has left the log
		}
		pos = pos[:min(1, len(pos))]
	}
	if !t.n.scope.session && !t.n.scope.page {
		return pos
	}
	return slices.DeleteFunc(slices.Clone(pos), func(p int32) bool { return !t.inScope(p) })
}

// inScope reports whether the signal lies in a session and page view at all.
func (t *table) inScope(p int32) bool {
	return (!t.n.scope.session || t.b.sessionOf[p] >= 0) && (!t.n.scope.page || t.b.pages()[p] >= 0)
}

// advance makes the row of step i from the one before.
func (t *table) advance(i int, candidates []int32) row {
	out := row{pos: t.b.work.take(len(candidates))[:0], start: t.b.work.take(len(candidates))[:0]}
	for _, pos := range candidates {
		if _, start, ok := t.from(i, pos); ok && t.withinSpan(start, pos) {
			out.pos, out.start = append(out.pos, pos), append(out.start, start)
		}
	}
	return out
}

func (t *table) withinSpan(start, pos int32) bool {
	at := t.b.log.at
	return at[pos]-at[start] <= t.n.span
}

// from returns the index in the row before of the signal from which step i can
// get to pos in the match that began last, and where that began.
func (t *table) from(i int, pos int32) (index int, start int32, ok bool) {
	s, before, at := &t.n.steps[i], &t.rows[i-1], t.b.log.at
	bound := t.lastBetween(s, pos)
	for k := firstAt(before.pos, int(pos)) - 1; k >= 0; k-- {
		prev := before.pos[k]
		gap := at[pos] - at[prev]
		if prev < bound || gap > s.maxGap || ok && start >= prev {
			break // and so it is for all before
		}
		if gap < s.minGap || s.strict && gap == 0 || !t.together(prev, pos) || !t.alike(s, prev, pos) {
			continue
		}
		if !ok || before.start[k] > start {
			index, start, ok = k, before.start[k], true
		}
	}
	return index, start, ok
}

// lastBetween returns the position before which the previous signal may not
// lie, because of a signal before pos that may not lie between.
func (t *table) lastBetween(s *step, pos int32) int32 {
	bound := int32(-1)
	for _, m := range s.without {
		post := t.b.posts[m]
		if k := firstAt(post, int(pos)); k > 0 {
			bound = max(bound, post[k-1])
		}
	}
	return bound
}

// together reports whether two signals share the scopes of the sequence.
func (t *table) together(p, q int32) bool {
	scope := t.n.scope
	return (!scope.session || t.b.sessionOf[p] == t.b.sessionOf[q]) &&
		(!scope.page || t.b.pages()[p] == t.b.pages()[q]) &&
		(!scope.day || t.days[p] == t.days[q])
}

// alike reports whether two signals share a value of each property that must be
// the same.
func (t *table) alike(s *step, p, q int32) bool {
	var pbuf, qbuf [2]prop
	for _, property := range s.same {
		ps, qs := property.of(t.b.item(p), &pbuf), property.of(t.b.item(q), &qbuf)
		if !shareValue(ps, qs) {
			return false
		}
	}
	return true
}

func shareValue(ps, qs []prop) bool {
	for _, p := range ps {
		for _, q := range qs {
			if p.Value.Equal(q.Value) {
				return true
			}
		}
	}
	return false
}

// witness returns the signals of a match of all steps up to one that is taken by
// pos; one that begins as late as it can.
func (t *table) witness(step int, pos int32) []int32 {
	out := []int32{pos}
	for i := step; i > 0; i-- {
		k, _, ok := t.from(i, pos)
		if !ok {
			break
		}
		pos = t.rows[i-1].pos[k]
		out = append(out, pos)
	}
	slices.Reverse(out)
	return out
}
