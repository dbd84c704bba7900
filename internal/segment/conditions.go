package segment

import (
	"slices"
	"strings"
	"time"

	"github.com/segue-dev/segue/internal/fault"
	"github.com/segue-dev/segue/internal/segment/syntax"
)

// compile returns the node of a condition. What cannot be compiled is noted
// and gives a node that may not be evaluated.
func (c *compiler) compile(cond syntax.Cond) node {
	switch x := cond.(type) {
	case syntax.All:
		return all(c.compileAll(x.Of))
	case syntax.Any:
		return some(c.compileAll(x.Of))
	case syntax.Not:
		return not{c.compile(x.Of)}
	case syntax.Segment:
		return reference{c.set.index[x.Key]}
	case syntax.List:
		return c.list(x)
	case syntax.Count:
		return c.count(x)
	case syntax.Aggregate:
		return c.aggregate(x)
	case syntax.Regular:
		m := c.match(x.Match)
		return &regular{matcher: m, column: c.column(postColumn{matcher: m}), atLeast: x.AtLeast, ofLast: int64(x.OfLast), weekly: x.Period == syntax.Week, cal: c.calendar}
	case syntax.Recency:
		return c.recency(x)
	case syntax.Never:
		m := c.match(x.Match)
		return &never{matcher: m, column: c.column(postColumn{matcher: m})}
	case syntax.Sequence:
		return c.sequence(x)
	case syntax.Absence:
		return c.absence(x)
	case syntax.Score:
		return c.score(x)
	case syntax.Affinity:
		return c.affinity(x)
	default:
		return c.compileAbout(cond)
	}
}

// compileAbout is compile for the conditions about a visit, a page view, the
// visitor and the request.
func (c *compiler) compileAbout(cond syntax.Cond) node {
	switch x := cond.(type) {
	case syntax.Session:
		return all(c.session(x))
	case syntax.Dwell:
		m := c.match(pagesWhere(x.On))
		return c.view(m, dwellColumn{m}, true, x.Window, x.Cmp)
	case syntax.Scroll:
		m := c.match(pagesWhere(x.On))
		return c.view(m, scrollColumn{m}, false, x.Window, x.Cmp)
	case syntax.Trait:
		return all(c.traits(x))
	case syntax.Context:
		return all(c.context(x))
	case nil:
		c.fail(fault.New(fault.Invalid, "a rule is empty: give it a condition"))
	default:
		c.fail(invalid(cond.Position(), "unknown condition %T", cond))
	}
	return all(nil)
}

func (c *compiler) compileAll(conds []syntax.Cond) []node {
	nodes := make([]node, len(conds))
	for i, cond := range conds {
		nodes[i] = c.compile(cond)
	}
	return nodes
}

func (c *compiler) count(x syntax.Count) node {
	m := c.match(x.Match)
	n := &count{matcher: m, window: c.window(x.Window), cmps: c.comparisons(x.Cmp), distinct: x.Distinct != ""}
	bySession := n.window.ofSession()
	if n.distinct {
		n.column = c.column(valueColumn{m, c.property(x.Distinct), distinct, bySession})
		return n
	}
	n.column = c.column(postColumn{m, bySession})
	n.total = x.Window.Kind == syntax.Ever && c.set.matchers[m].plain()
	return n
}

func (c *compiler) aggregate(x syntax.Aggregate) node {
	m := c.match(x.Match)
	n := &aggregate{fn: x.Func, matcher: m, window: c.window(x.Window), cmps: c.comparisons(x.Cmp)}
	kind := numbers
	switch x.Func {
	case syntax.First, syntax.Latest:
		kind = anyValue
	case syntax.Mode:
		kind = anyValue
		n.repeats = c.column(valueColumn{m, c.property(x.Property), distinct, n.window.ofSession()})
	}
	n.column = c.column(valueColumn{m, c.property(x.Property), kind, n.window.ofSession()})
	return n
}

func (c *compiler) recency(x syntax.Recency) node {
	m := c.match(x.Match)
	n := &recency{matcher: m, column: c.column(postColumn{matcher: m})}
	switch {
	case x.AtLeast != nil:
		n.atLeast, n.d = true, x.AtLeast.Milliseconds()
	case x.AtMost != nil:
		n.d = x.AtMost.Milliseconds()
	default:
		c.fail(invalid(x.Pos, "recency compares with nothing: write atLeast or atMost"))
	}
	return n
}

func (c *compiler) absence(x syntax.Absence) node {
	a, b, w, d := c.match(x.Of), c.match(x.Without), c.window(x.Window), x.For.Milliseconds()
	if x.Mode == syntax.Once {
		return &lapse{a: a, b: b, column: c.column(lapseColumn{a, b, w.ofSession()}), d: d, window: w}
	}
	return &absence{
		a: a, b: b, d: d, window: w, first: x.Since == syntax.SinceFirst,
		aCol: c.column(postColumn{a, w.ofSession()}), bCol: c.column(postColumn{matcher: b}),
	}
}

func (c *compiler) score(x syntax.Score) node {
	n := &score{halfLife: float64(x.HalfLife) / float64(time.Millisecond), cmps: c.comparisons(x.Cmp)}
	for _, t := range x.Of {
		n.terms = append(n.terms, weight{c.match(t.Match), t.Weight})
	}
	n.column = c.column(scoreColumn{n})
	return n
}

func (c *compiler) view(m int, figures builder, unknown bool, w syntax.Window, cmps []syntax.Cmp) node {
	n := &viewTest{matcher: m, unknown: unknown, window: c.window(w), cmps: c.comparisons(cmps)}
	n.views = c.column(viewColumn{m, n.window.ofSession()})
	n.figures = c.column(figures)
	return n
}

func pagesWhere(p syntax.Pred) syntax.Match {
	return syntax.Match{Events: []syntax.Event{{Kind: syntax.PageEvent}}, Where: p}
}

// session returns a node for each thing asked of the current session, in the
// order of sessionParts.
func (c *compiler) session(x syntax.Session) []node {
	c.askSession()
	var nodes []node
	for _, part := range sessionParts(x) {
		switch {
		case len(part.Number) > 0:
			nodes = append(nodes, &sessionTest{figure: sessionNumber, cmps: c.comparisons(part.Number)})
		case len(part.Pages) > 0:
			nodes = append(nodes, &sessionTest{figure: sessionPages, pages: c.pagesBySession(), cmps: c.comparisons(part.Pages)})
		case len(part.Duration) > 0:
			nodes = append(nodes, &sessionTest{figure: sessionSeconds, acts: c.activityBySession(), cmps: c.comparisons(part.Duration)})
		case len(part.Entry) > 0:
			nodes = append(nodes, c.entry(part.Entry))
		case len(part.Referrer) > 0:
			nodes = append(nodes, c.entry(syntax.Pred{{Property: "referrer", Tests: part.Referrer, Pos: part.Pos}}))
		case part.Returning != nil:
			nodes = append(nodes, returning{*part.Returning})
		case part.ReturnedWithin != nil:
			nodes = append(nodes, &returned{within: part.ReturnedWithin.Milliseconds(), acts: c.activityBySession()})
		}
	}
	return nodes
}

func (c *compiler) pagesBySession() int {
	return c.column(postColumn{c.match(pagesWhere(nil)), true})
}

func (c *compiler) activityBySession() int {
	anything := syntax.Match{Events: []syntax.Event{{Kind: syntax.AnyEvent}}}
	return c.column(postColumn{c.match(anything), true})
}

func (c *compiler) entry(p syntax.Pred) node {
	return &entry{pages: c.pagesBySession(), match: c.column(postColumn{matcher: c.match(pagesWhere(p))})}
}

// sessionParts takes a condition on the session apart, each part asking one
// thing.
func sessionParts(x syntax.Session) []syntax.Session {
	n := x.Node
	parts := []syntax.Session{
		{Node: n, Number: x.Number},
		{Node: n, Pages: x.Pages},
		{Node: n, Duration: x.Duration},
		{Node: n, Entry: x.Entry},
		{Node: n, Referrer: x.Referrer},
		{Node: n, Returning: x.Returning},
		{Node: n, ReturnedWithin: x.ReturnedWithin},
	}
	return slices.DeleteFunc(parts, func(p syntax.Session) bool {
		return len(p.Number)+len(p.Pages)+len(p.Duration)+len(p.Entry)+len(p.Referrer) == 0 &&
			p.Returning == nil && p.ReturnedWithin == nil
	})
}

// traits and context return a node for each property tested.

func (c *compiler) traits(x syntax.Trait) []node {
	nodes := make([]node, len(x.Where))
	m := c.match(syntax.Match{Events: []syntax.Event{{Kind: syntax.IdentifyEvent}}})
	for i, t := range x.Where {
		name := propertyPath(t.Property)
		if !slices.Contains(c.set.traits, name) {
			c.set.traits = append(c.set.traits, name)
		}
		nodes[i] = &traitTest{name: name, tests: c.tests(t.Tests), column: c.column(traitColumn{m, c.set.keys.of(name)})}
	}
	return nodes
}

func (c *compiler) context(x syntax.Context) []node {
	nodes := make([]node, len(x.Where))
	for i, t := range x.Where {
		a := c.set.keys.attribute(strings.TrimPrefix(t.Property, "context."))
		tests := c.tests(t.Tests)
		if a.clock {
			c.clocks[c.calendar.zone.String()] = true
			nodes[i] = newClockTest(a, tests, c.calendar.zone)
			continue
		}
		c.askSession()
		nodes[i] = &contextTest{attribute: a, tests: tests, column: c.column(attributeColumn{a})}
	}
	return nodes
}
