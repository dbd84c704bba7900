package lint

import (
	"slices"
	"strings"

	"github.com/segue-dev/segue/internal/experience"
	"github.com/segue-dev/segue/internal/segment/syntax"
)

// site looks at what is shown, and at all segments together.
func (c *checker) site() {
	c.active()
	if c.withoutContent() {
		return // decisions alone are served, about entries that others keep
	}
	accepted := c.Content.Accepted(c.Experiences.Slots())
	for _, e := range c.Experiences.All() {
		for i := range e.Components {
			c.component(e, &e.Components[i], accepted[e.Components[i].Baseline])
		}
	}
	c.permutations(c.Content.Pages())
}

func (c *checker) withoutContent() bool {
	for range c.Content.Entries("") {
		return false
	}
	return true
}

// component doubts variants that do not fit where they are to be shown; accepted
// are the types that may be shown there, nil for any.
func (c *checker) component(e *experience.Experience, slot *experience.Component, accepted []string) {
	d := c.definition(e.Audience)
	if _, ok := c.Content.Entry(slot.Baseline); !ok {
		c.doubt(UnfitVariant, d, placeOf(d), "experience %s: baseline %s is not in the content: publish it, or take it out of the experience", e.ID, slot.Baseline)
		return
	}
	for i, v := range slot.Variants {
		if v.Hidden {
			continue
		}
		doubt := func(format string, args ...any) {
			c.doubt(UnfitVariant, d, placeOf(d), "experience %s: variant %d of baseline %s, entry %s, "+format, append([]any{e.ID, i + 1, slot.Baseline, v.Entry}, args...)...)
		}
		entry, ok := c.Content.Entry(v.Entry)
		switch missing := c.missing(slot.Baseline, v.Entry); {
		case !ok:
			doubt("is not in the content: the slot falls through to the next experience")
		case accepted != nil && !slices.Contains(accepted, entry.Type):
			doubt("is a %s, and where it is to be shown there may be only %s", entry.Type, strings.Join(accepted, ", "))
		case len(missing) > 0:
			doubt("is not published in %s, where the baseline is: the slot falls through there", strings.Join(missing, ", "))
		}
	}
}

// missing returns the locales in which an entry cannot be shown and another
// can.
func (c *checker) missing(baseline, entry string) []string {
	return slices.DeleteFunc(c.Content.Locales(), func(locale string) bool {
		return !c.Content.Publishable(baseline, locale) || c.Content.Publishable(entry, locale)
	})
}

// definition returns that of an audience; nil if it is no segment.
func (c *checker) definition(audience string) *syntax.Definition {
	if i, ok := c.Segments.Index(audience); ok {
		return c.Segments.Definition(i)
	}
	return nil
}

func placeOf(d *syntax.Definition) syntax.Pos {
	if d == nil {
		return syntax.Pos{}
	}
	return d.Pos
}

// active advises against more segments than people can tell apart.
func (c *checker) active() {
	n := 0
	for i := range c.Segments.Len() {
		if c.Segments.Definition(i).Status != syntax.Draft {
			n++
		}
	}
	if n > maxActive {
		c.doubt(TooMany, nil, syntax.Pos{}, "%d segments are active: beyond %d, each is worth less than the work it makes; see which could be merged", n, maxActive)
	}
}
