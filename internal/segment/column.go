package segment

import "slices"

// A column is what a Log knows ahead for one condition: entries, each at the
// position of a signal, ascending. A column in groups ascends in each group.
type column struct {
	pos   []int32
	num   []float64 // a number of each entry, if the column has numbers
	ref   []int32   // of each entry some other index or position, or its value, if the column has those
	group []int32   // the entries of group g are group[g] to group[g+1], if the column has groups
}

// latest returns the values of the last signal in s, a span of a column with
// values. They are good until the next call.
func (f *frame) latest(c *column, s span) []prop {
	if s.len() == 0 {
		return nil
	}
	first := s.hi - 1
	for first > s.lo && c.pos[first-1] == c.pos[s.hi-1] {
		first--
	}
	if first == s.hi-1 {
		return f.log.values[c.ref[first]:][:1]
	}
	f.several = f.several[:0]
	for _, ref := range c.ref[first:s.hi] {
		f.several = append(f.several, f.log.values[ref])
	}
	return f.several
}

// A builder makes a column. Equal builders make equal columns.
type builder interface {
	build(b *binding) column
}

// postColumn has an entry for each signal that matches.
type postColumn struct {
	matcher   int
	bySession bool
}

func (p postColumn) build(b *binding) column {
	post := b.posts[p.matcher]
	if !p.bySession {
		return column{pos: b.keep(p.matcher)}
	}
	group, order := b.bySession(post)
	if order == nil {
		return column{pos: b.keep(p.matcher), group: group}
	}
	return column{pos: b.ints.pick(post, order), group: group}
}

// valueColumn has an entry for each value of a property of the signals that
// match: every value, or those of signals that say something else than the one
// before, or the finite numbers alone, or with a reference from each value to
// its next repetition (in the same group).
type valueColumn struct {
	matcher   int
	property  *property
	kind      valueKind
	bySession bool
}

type valueKind uint8

const (
	anyValue valueKind = iota
	changes
	numbers
	distinct
)

func (v valueColumn) build(b *binding) column {
	b.find(v)
	var c column
	var order []int32
	if v.bySession {
		c.group, order = b.bySession(b.found.pos)
	}
	if post := b.posts[v.matcher]; order == nil && slices.Equal(b.found.pos, post) {
		c.pos = b.keep(v.matcher)
	} else {
		c.pos = b.ints.pick(b.found.pos, order)
	}
	switch v.kind {
	case numbers:
		c.num = b.nums.pick(b.found.nums, order)
	case distinct:
		c.ref = b.repetitions(b.found.inOrder(order), c.group)
	default:
		c.ref = b.values(order)
	}
	return c
}

// attributeColumn has an entry for each value of an attribute that some signal
// carries, by session. A signal that says the same as the one before in its
// session has none.
type attributeColumn struct{ attribute *attribute }

func (a attributeColumn) build(b *binding) column {
	b.found.reset()
	if !b.kinds.say(a.attribute) {
		return column{group: b.ints.take(len(b.log.sessions) + 1)}
	}
	var buf [2]prop
	b.said = blank(b.said, len(b.log.sessions)) // the entries of the latest signal with the attribute
	for i, session := range b.sessionOf {
		if session < 0 || !b.kind(i).shape.says[a.attribute.n] {
			continue
		}
		vals := a.attribute.in(b.item(int32(i)), &buf)
		if len(vals) > 0 && !b.found.repeats(vals, b.said[session]) {
			b.said[session] = b.found.add(int32(i), vals)
		}
	}
	group, order := b.bySession(b.found.pos)
	return column{pos: b.ints.pick(b.found.pos, order), ref: b.values(order), group: group}
}

// traitColumn has an entry for each value of a trait in the identify signals.
type traitColumn struct {
	matcher int
	key     *key
}

func (t traitColumn) build(b *binding) column {
	b.found.reset()
	for _, pos := range b.posts[t.matcher] {
		b.found.add(pos, b.item(pos).all(t.key))
	}
	return column{pos: b.ints.copy(b.found.pos), ref: b.values(nil)}
}
