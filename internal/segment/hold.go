package segment

import (
	"fmt"
	"time"

	"github.com/segue-dev/segue/internal/segment/syntax"
)

// A held rule is that of a segment with stay or hold: who is a member stays one
// while stay holds, and for at least ms after becoming one. What was is told
// from the log, and not from what happened to be asked.
type held struct {
	number int // of the Set's held rules
	when   node
	stay   node  // nil = no one stays
	ms     int64 // 0 = no one is held
}

// hold returns the rule of a definition, apart from its purpose.
func (c *compiler) hold(d syntax.Definition) node {
	when := c.compile(d.When)
	if d.Stay == nil && d.Hold == 0 {
		return when
	}
	n := &held{number: c.set.held, when: when, ms: d.Hold.Milliseconds()}
	c.set.held++
	if d.Stay != nil {
		n.stay = c.compile(d.Stay)
	}
	return n
}

func (n *held) eval(f *frame) (truth, int64) {
	t, next := n.when.eval(f)
	if t == yes {
		return yes, next
	}
	switch m := n.past(f); {
	case m.in:
		_, next := n.stay.eval(f)
		return yes, next
	case m.was && f.now < m.since+n.ms:
		return yes, f.until(m.since + n.ms)
	}
	return t, next
}

// reason says why who does not satisfy the rule is a member all the same; ""
// if they are not.
func (n *held) reason(f *frame) string {
	if t, _ := n.when.eval(f); t == yes {
		return ""
	}
	switch m := n.past(f); {
	case m.in:
		return fmt.Sprintf("the rule no longer holds, but stay has since %s", clockTime(m.since))
	case m.was && f.now < m.since+n.ms:
		return fmt.Sprintf("the rule no longer holds, but the visitor became a member at %s and is held for %s", clockTime(m.since), words(n.ms))
	}
	return ""
}

func clockTime(ms int64) string { return time.UnixMilli(ms).UTC().Format(time.RFC3339) }

// A membership is what the past up to an instant says, leaving hold aside.
type membership struct {
	in    bool  // whether the visitor is a member
	was   bool  // whether they have become one in the past that was looked at
	since int64 // when they did so last

	begun bool
	asked int64 // the instant
	next  int64 // from when on it may differ
}

// past goes through the past up to a frame's instant. It goes on where it was
// left when time only moved on.
func (n *held) past(f *frame) *membership {
	m := &f.held[n.number]
	if !m.begun || f.now < m.asked {
		*m = membership{begun: true, next: Forever}
		n.begin(f, m)
	}
	for m.asked = f.now; m.next <= f.now; {
		at := m.next
		if in, next := n.at(f, at, m.in); in && !m.in {
			*m = membership{in: true, was: true, since: at, begun: true, asked: f.now, next: next}
		} else {
			m.in, m.next = in, next
		}
	}
	return m
}

// begin begins with the first signal of the log. If nobody stays, it begins as
// late as it can: whoever became a member longer ago is held no more.
func (n *held) begin(f *frame, m *membership) {
	if f.cut > 0 {
		m.next = f.log.at[0]
	}
	if ago := f.now - n.ms; n.stay == nil && ago > m.next {
		m.in, m.next = n.at(f, ago, false)
	} else if f.log.dropped > 0 {
		f.truncated = true
	}
}

// at says whether the visitor is a member at an instant, hold left aside, given
// whether they were one just before; and until when that surely lasts.
func (n *held) at(f *frame, at int64, before bool) (in bool, next int64) {
	g := f.earlier(at)
	t, next := g.ask(n.when)
	in = t == yes
	if !in && before && n.stay != nil {
		t, until := g.ask(n.stay)
		in, next = t == yes, min(next, until)
	}
	f.truncated, f.saturated = f.truncated || g.truncated, f.saturated || g.saturated
	if g.cut < f.cut {
		next = min(next, f.log.at[g.cut])
	}
	return in, next
}

// earlier returns a frame that looks at what f does, at an instant not after
// f's.
func (f *frame) earlier(at int64) *frame {
	if f.inner == nil {
		f.inner = new(frame)
	}
	if g := f.inner; g.log == nil {
		g.begin(f.log, f.ctx, min(at, f.at), at)
	} else {
		g.move(min(at, f.at), at)
	}
	return f.inner
}
