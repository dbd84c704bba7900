package segment

import (
	"time"

	"github.com/segue-dev/segue/internal/segment/syntax"
)

func (c *compiler) sequence(x syntax.Sequence) node {
	n := &sequence{cal: c.calendar, window: c.window(x.Window), span: limit(x.Span), whole: x.AllWithin}
	n.scope = scope{session: x.In == syntax.InSession, page: x.In == syntax.InPage, day: x.In == syntax.InDay}
	if n.whole && n.window.ofSession() {
		n.scope.session = true
	}
	for _, s := range x.Steps {
		n.steps = append(n.steps, c.steps(s)...)
	}
	if len(n.steps) == 0 {
		c.fail(invalid(x.Pos, "the sequence has no steps"))
	}
	n.reach = n.lasts()
	n.often = len(x.Times) > 0
	n.count = comparisons{{op: atLeast, limit: 1}}
	if n.often {
		n.count = c.comparisons(x.Times)
	}
	n.column = c.column(sequenceColumn{n})
	return n
}

// steps returns a step once for each time it is to be taken. How it follows the
// step before is asked of the first of them; that properties are the same and
// time has passed, of all.
func (c *compiler) steps(x syntax.Step) []step {
	s := step{matcher: c.match(x.Match), maxGap: limit(x.Within), strict: x.StrictTime, first: x.First}
	if x.After != nil {
		s.minGap = x.After.Milliseconds()
	}
	for _, m := range x.Without {
		s.without = append(s.without, c.match(m))
	}
	if x.Directly != nil {
		events := x.Directly.Events
		if len(events) == 0 {
			events = []syntax.Event{{Kind: syntax.PageEvent}}
		}
		s.without = append(s.without, c.match(syntax.Match{Events: events}))
	}
	for _, path := range x.Same {
		s.same = append(s.same, c.property(path))
	}
	again := step{matcher: s.matcher, maxGap: noLimit, strict: s.strict, same: s.same}
	all := []step{s}
	for len(all) < x.Times {
		all = append(all, again)
	}
	return all
}

func limit(d *time.Duration) int64 {
	if d == nil {
		return noLimit
	}
	return d.Milliseconds()
}

// lasts returns how long a match lasts at most.
func (n *sequence) lasts() int64 {
	if n.scope.day {
		return min(n.span, 2*day)
	}
	sum := int64(0)
	for i := range n.steps {
		if gap := n.steps[i].maxGap; i > 0 && (gap == noLimit || noLimit-sum < gap) {
			return n.span
		} else if i > 0 {
			sum += gap
		}
	}
	return min(n.span, sum)
}
