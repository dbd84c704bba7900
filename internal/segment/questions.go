package segment

import (
	"fmt"
	"strings"

	"github.com/segue-dev/segue/internal/segment/syntax"
)

// What conditions have in common is compiled once: matchers, columns and
// properties are found again by what they mean.

func (c *compiler) comparisons(cmps []syntax.Cmp) comparisons {
	out, err := newComparisons(cmps)
	if err != nil {
		c.fail(err)
	}
	return out
}

func (c *compiler) tests(ts []syntax.Test) []test {
	out := make([]test, len(ts))
	for i, t := range ts {
		var err error
		if out[i], err = newTest(t); err != nil {
			c.fail(err)
		}
	}
	return out
}

func (c *compiler) property(path string) *property {
	path = propertyPath(path)
	p, ok := c.properties[path]
	if !ok {
		p = newProperty(path, &c.set.keys)
		c.properties[path] = p
	}
	return p
}

// column returns the index of the column that b builds.
func (c *compiler) column(b builder) int {
	i := c.columnOf(b)
	c.usedColumns[i] = append(c.usedColumns[i], c.current)
	return i
}

func (c *compiler) columnOf(b builder) int {
	i, ok := c.columns[b]
	if !ok {
		i = len(c.set.builders)
		c.columns[b] = i
		c.set.builders = append(c.set.builders, b)
	}
	return i
}

// askSession notes that the current segment depends on which session is the
// current one.
func (c *compiler) askSession() { c.usedSession = append(c.usedSession, c.current) }

// match returns the index of the matcher of m.
func (c *compiler) match(m syntax.Match) int {
	events := withoutRepetition(m.Events)
	key := matchKey(events, m.Where)
	i, ok := c.matchers[key]
	if !ok {
		i = c.newMatcher(key, events, c.pred(m.Where))
	}
	return i
}

// newMatcher returns the index of a new matcher, which is remembered under key.
func (c *compiler) newMatcher(key string, events []syntax.Event, where []propTest) int {
	i := len(c.set.matchers)
	c.matchers[key] = i
	out := matcher{where: where}
	c.set.matchers = append(c.set.matchers, out)
	for _, e := range events {
		c.set.events.add(e, int32(i))
		if e.Kind == syntax.AnyEvent {
			out.anything = true
			continue
		}
		out.totals = append(out.totals, c.total(e))
	}
	c.set.matchers[i] = out
	return i
}

// total returns the index of the total that counts an event.
func (c *compiler) total(e syntax.Event) int {
	t := totalOf(e)
	if i, ok := c.totals[t]; ok {
		return i
	}
	i := len(c.set.totals)
	c.totals[t] = i
	c.set.totals = append(c.set.totals, t)
	c.set.totals[i].matcher = c.match(syntax.Match{Events: []syntax.Event{e}})
	return i
}

func (c *compiler) pred(p syntax.Pred) []propTest {
	out := make([]propTest, len(p))
	for i, t := range p {
		out[i] = propTest{property: c.property(t.Property), tests: c.tests(t.Tests)}
	}
	return out
}

// matchKey returns a text that is the same for matches that mean the same.
func matchKey(events []syntax.Event, where syntax.Pred) string {
	var b strings.Builder
	for _, e := range events {
		fmt.Fprintf(&b, "%d %q;", e.Kind, e.Name)
	}
	for _, t := range where {
		fmt.Fprintf(&b, "%q", propertyPath(t.Property))
		for _, test := range t.Tests {
			fmt.Fprintf(&b, " %s", test.Op)
			for _, v := range test.Values {
				fmt.Fprintf(&b, " %d %q", valueOf(v).Kind(), valueOf(v))
			}
		}
		b.WriteByte(';')
	}
	return b.String()
}
