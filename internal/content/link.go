package content

import "slices"

// A mark says why a link was not followed; see the package comment.
type mark string

// The marks, as they close an open link. The zero mark is none.
const (
	unresolved mark = `,"unresolved":true,"reason":"not-published"}`
	elsewhere  mark = `,"unresolved":true,"reason":"other-space"}`
	cycle      mark = `,"cycle":true}`
	tooDeep    mark = `,"tooDeep":true}`
	hidden     mark = `,"hidden":true}`
)

// link writes what l leads to, or l with a mark. It reports false, and has
// written nothing, if l is to be left out.
func (c *composer) link(l *link) bool {
	baseline := c.content.target(l)
	shown := baseline
	var choice Choice
	if c.slot(l, baseline) {
		choice = c.choose(baseline.ID)
		if choice.Hidden {
			if l.hyperlink {
				c.mark(l, hidden)
			}
			return l.hyperlink
		}
		shown = c.chosen(baseline, choice)
	}
	if m := c.obstacle(shown); m != "" {
		c.mark(l, m)
	} else {
		c.entry(shown, baseline, choice)
	}
	return true
}

// slot reports whether there is a choice of what to show for l, which leads to
// target.
func (c *composer) slot(l *link, target *Entry) bool {
	return l.kind == toEntry && target != nil && target.served(c.locale)
}

// hides reports whether l is to be left out.
func (c *composer) hides(l *link) bool {
	return !l.hyperlink && c.slot(l, c.content.target(l)) && c.choose(l.id).Hidden
}

// replaced reports whether l shows anything but its target.
func (c *composer) replaced(l *link, target *Entry) bool {
	if !c.slot(l, target) {
		return false
	}
	choice := c.choose(target.ID)
	return choice.Hidden || c.chosen(target, choice) != target
}

// obstacle returns the mark of a link that leads to e, if it cannot be followed.
func (c *composer) obstacle(e *Entry) mark {
	switch {
	case e == nil || !e.served(c.locale):
		return unresolved
	case len(c.open) > c.limit:
		return tooDeep
	case slices.Contains(c.open, e):
		return cycle
	}
	return ""
}

// mark writes a link that is not followed.
func (c *composer) mark(l *link, m mark) {
	if m == unresolved {
		c.unresolved = append(c.unresolved, l.id)
		if l.kind == toOtherSpace {
			m = elsewhere
		}
	}
	c.buf = append(c.buf, l.open...)
	c.buf = append(c.buf, m...)
}

// target returns what a link leads to; nil if that is not there.
func (s *Snapshot) target(l *link) *Entry {
	switch l.kind {
	case toEntry:
		return s.entries.get(l.id)
	case toAsset:
		return s.assets.get(l.id)
	}
	return nil
}

// inline writes the parts of an inline node. The node of a merge tag has the
// tag's entry and its mark.
func (c *composer) inline(parts []fragment) bool {
	l := parts[1].link
	if l == nil {
		return c.join(parts)
	}
	e := c.content.target(l)
	if e == nil || e.tags == nil || c.replaced(l, e) {
		return c.join(parts)
	}
	start := len(c.buf)
	c.buf = append(c.buf, parts[0].raw...)
	rest := parts[2].raw
	if m := c.obstacle(e); m != "" {
		c.mark(l, m)
		c.buf = append(c.buf, rest...)
		return true
	}
	tag, outer := e.tags[c.locale], len(c.places)
	c.entry(e, e, Choice{})
	c.places = c.places[:outer] // Fill replaces the node whole, tags within the tag's entry included
	c.buf = append(c.buf, tag.mark...)
	c.buf = append(c.buf, rest...)
	c.places = append(c.places, place{start: start, end: len(c.buf), tag: tag})
	return true
}
