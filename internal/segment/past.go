package segment

import (
	"math"
	"strings"

	"github.com/segue-dev/segue/internal/segment/syntax"
	"github.com/segue-dev/segue/internal/visitor"
)

// A past is what a record's permanent totals tell of the signals that have
// left its log and are of a matcher's events.
type past struct {
	count       int
	first, last int64 // times of the earliest and the latest
	vague       bool  // there may be more: there was no room for all totals
	lastVague   bool  // last is not known, only that it is no later
}

// some reports whether such signals have left the log, as far as is known.
func (p past) some() bool { return p.count > 0 || p.vague }

func (p past) and(q past) past {
	switch {
	case !q.some():
		return p
	case !p.some():
		return q
	}
	out := past{count: p.count + q.count, first: min(p.first, q.first), last: max(p.last, q.last)}
	out.vague, out.lastVague = p.vague || q.vague, p.lastVague || q.lastVague
	return out
}

// pasts returns the past of every matcher.
func (b *binding) pasts() []past {
	set := b.log.set
	byEvent := make([]past, len(set.totals))
	for i, t := range set.totals {
		byEvent[i] = b.pastOf(t, len(b.posts[t.matcher]))
	}
	out := make([]past, len(set.matchers))
	for i := range set.matchers {
		m := &set.matchers[i]
		if m.anything {
			out[i] = b.activityPast()
			continue
		}
		for _, t := range m.totals {
			out[i] = out[i].and(byEvent[t])
		}
	}
	return out
}

// pastOf returns what has left the log of an event, of which the log still
// holds so many signals.
func (b *binding) pastOf(t total, held int) past {
	s := b.summary
	if t.tracks {
		return b.tracksPast(held)
	}
	total, known := s.Events[t.key]
	if !known {
		others := s.OtherEvents.Count
		if t.named {
			others = s.OtherNames.Count
		}
		return past{vague: others > 0, first: s.FirstSeen, last: s.Horizon, lastVague: true}
	}
	return b.left(total, held)
}

// tracksPast is pastOf of all track events.
func (b *binding) tracksPast(held int) past {
	s := b.summary
	var all visitor.EventTotal
	for key, total := range s.Events {
		if strings.HasPrefix(key, "track:") {
			all = all.Plus(total)
		}
	}
	p := b.left(all, held)
	if s.OtherEvents.Count > 0 {
		p = p.and(past{vague: true, first: s.FirstSeen, last: s.Horizon, lastVague: true})
	}
	return p
}

// left returns what has left the log of the signals of a total, of which the log
// still holds so many.
func (b *binding) left(total visitor.EventTotal, held int) past {
	s := b.summary
	p := past{count: total.Count - held, first: total.First, last: total.Last}
	if p.count <= 0 {
		return past{}
	}
	switch {
	case held == 0:
	case p.count == 1:
		p.last = p.first
	default:
		p.last, p.lastVague = s.Horizon, true
	}
	return p
}

// activityPast returns what has left the log of all activity. Which heartbeats
// were of hidden tabs is not known of those that have left.
func (b *binding) activityPast() past {
	s := b.summary
	p := past{count: s.Dropped, first: s.FirstSeen, last: math.MinInt64}
	for _, stream := range s.Streams {
		p.last = max(p.last, stream.Last)
	}
	p.vague = s.Events["track:heartbeat"].Count > 0 || s.OtherEvents.Count > 0
	if len(s.Streams) == 0 {
		return past{vague: p.vague, first: s.FirstSeen, last: s.Horizon, lastVague: true}
	}
	return p
}

// past returns the past of a matcher.
func (f *frame) past(m int) past {
	if f.log.past == nil {
		return past{}
	}
	return f.log.past[m]
}

// lookBack notes that signals of a matcher count from instant from on, so that
// dropped ones may be missing.
func (f *frame) lookBack(m int, from int64) {
	if f.log.dropped > 0 && from <= f.log.horizon && f.past(m).some() {
		f.truncated = true
	}
}

// lookThrough is lookBack for all of a window.
func (f *frame) lookThrough(m int, w *window) {
	if f.log.dropped == 0 {
		return
	}
	switch w.kind {
	case syntax.CurrentSession:
		f.inSession(true)
	case syntax.AnySession: // inSomeSession sees to it
	default:
		lo, _ := w.bounds(f)
		f.lookBack(m, lo)
	}
}

// inSession reports whether there is a current session, and notes if it may be
// one that has left the log. whole says that its signals count, so that it
// matters if some of them have.
func (f *frame) inSession(whole bool) bool {
	if f.session < 0 {
		f.truncated = f.truncated || f.log.dropped > 0
		return false
	}
	if whole && f.log.sessions[f.session].continued {
		f.truncated = true
	}
	return true
}
