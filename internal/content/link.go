package content

import "slices"

// A mark says why a link was not followed; see the package comment.
type mark string

// The marks, as they close an open link. The zero mark is none.
const (
	unresolved mark = `,"unresolved":true}`
	cycle      mark = `,"cycle":true}`
	tooDeep    mark = `,"tooDeep":true}`
	hidden     mark = `,"hidden":true}`
)

// link writes what l leads to, or l with a mark. It reports false, and has
// written nothing, if l is to be left out.
func (c *composer) link(l *link) bool {
	baseline, shown := l.target, l.target
	var choice Choice
	if c.slot(l) {
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

// slot reports whether there is a choice of what to show for l.
func (c *composer) slot(l *link) bool {
	return l.kind == toEntry && l.target != nil && l.target.served(c.locale)
}

// hides reports whether l is to be left out.
func (c *composer) hides(l *link) bool {
	return !l.hyperlink && c.slot(l) && c.choose(l.id).Hidden
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
	}
	c.buf = append(c.buf, l.open...)
	c.buf = append(c.buf, m...)
}

// mergeTag writes the node of a merge tag with the tag's entry and its mark.
func (c *composer) mergeTag(f *fragment) {
	start := len(c.buf)
	c.buf = append(c.buf, f.raw...)
	e, rest := f.link.target, f.parts[0].raw
	if m := c.obstacle(e); m != "" {
		c.mark(f.link, m)
		c.buf = append(c.buf, rest...)
		return
	}
	tag, outer := e.tags[c.locale], len(c.places)
	c.entry(e, e, Choice{})
	c.places = c.places[:outer] // Fill replaces the node whole, tags within the tag's entry included
	c.buf = append(c.buf, tag.mark...)
	c.buf = append(c.buf, rest...)
	c.places = append(c.places, place{start: start, end: len(c.buf), tag: tag})
}
