package resolve

import (
	"slices"
	"time"

	"github.com/segue-dev/segue/internal/decision"
	"github.com/segue-dev/segue/internal/signal"
)

// A past is an answer that was given, with what it depended on besides the
// visitor's record. Asked the same before anything can have changed, it is
// given again without evaluating. It is immutable.
type past struct {
	site        uint64 // by number, since a past must not keep an old site alive
	place       place
	props       signal.Props
	agent       string
	memberships bool  // see question
	from, until int64 // instants, [from, until), at which nothing differs

	segments   []string
	decision   decision.Decision
	key        string
	validUntil time.Time
}

// answers reports whether p, which may be nil, is the answer to q.
func (p *past) answers(q *question) bool {
	return p != nil && p.from <= q.at && q.at < p.until &&
		p.site == q.site.number && p.place == q.plan.place &&
		p.agent == q.agent && p.memberships == q.memberships && slices.Equal(p.props, q.props)
}

func (p *past) give(a *Answer) {
	a.Segments, a.Decision, a.Key, a.ValidUntil = p.segments, p.decision, p.key, p.validUntil
}

// keep remembers the answer a to q, if it is about a record that the store can
// tell from a changed one. An answer for an instant before some signal will
// not do, for that signal will count later; nor does one that looked back
// beyond the record or met too many values, since that may pass.
func (r *Resolver) keep(q *question, a *Answer) {
	if q.stamp == 0 || q.lastSeen > q.at || a.Truncated || a.Saturated {
		return
	}
	until := q.members.Steady
	if !a.ValidUntil.IsZero() {
		until = min(until, a.ValidUntil.UnixMilli())
	}
	m := *q.memory
	m.past = &past{
		site: q.site.number, place: q.plan.place, props: slices.Clone(q.props), agent: q.agent, memberships: q.memberships, from: q.at, until: until,
		segments: a.Segments, decision: a.Decision, key: a.Key, validUntil: a.ValidUntil,
	}
	r.memories.cache.Set(q.visitor, &m)
}

// What parts of a past take, in bytes, with the texts that they do not share.
const (
	pastOverhead  = 400
	perSlot       = 120
	perAssignment = 80
	perVariable   = 80
	perProp       = 64
)

// size estimates the memory of p, which may be nil, in bytes.
func (p *past) size() int {
	if p == nil {
		return 0
	}
	size := pastOverhead + len(p.agent) + len(p.key) + 16*len(p.segments)
	size += perSlot*len(p.decision.Slots) + perAssignment*len(p.decision.Experiences) + perVariable*len(p.decision.Variables)
	for i := range p.props {
		size += perProp + len(p.props[i].Key) + len(p.props[i].Value.String())
	}
	return size
}
