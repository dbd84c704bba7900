package resolve

import (
	"maps"
	"slices"
	"sync"

	"github.com/segue-dev/segue/internal/decision"
	"github.com/segue-dev/segue/internal/segment"
	"github.com/segue-dev/segue/internal/segment/whatif"
	"github.com/segue-dev/segue/internal/signal"
	"github.com/segue-dev/segue/internal/visitor"
)

// A question is all that an answer depends on.
type question struct {
	site    *Site
	plan    *plan
	visitor string
	props   signal.Props    // of the request's context, as they came
	agent   string          // the browser's user agent
	context segment.Context // what both say; made when it is needed
	at      int64
	// memberships says that the answer holds until any membership differs, and
	// not only those that decide a slot.
	memberships bool
	*memory
	*scratch
}

// scratch is what deciding needs memory for; it is used again and again.
type scratch struct {
	members, probe segment.Result
	later          decision.Decision
}

var scratches = sync.Pool{New: func() any { return new(scratch) }}

// ask answers with segments, decision and key.
func (q *question) ask(a *Answer) {
	q.log.Look(q.view(), &q.members)
	q.decide(q.members.Members, &a.Decision)
	a.Segments = q.site.keys(q.members.Members)
	a.Truncated, a.Saturated = q.members.Truncated, q.members.Saturated
	a.Key = q.plan.Key(&a.Decision)
}

// view returns the instant that is asked about, as seen from it.
func (q *question) view() segment.View {
	v := segment.View{Context: q.context, At: q.at, Known: q.at, Concern: q.plan.concern}
	if q.memberships {
		v.Concern = nil
	}
	return v
}

// decide decides for members.
func (q *question) decide(members []int, d *decision.Decision) {
	q.plan.Decide(decision.Visitor{
		StableID: q.stable,
		Member:   func(audience string) bool { return q.site.isMember(audience, members) },
		Seen:     q.hasSeen,
		HeldOut:  q.site.Holdout.Holds(q.stable),
	}, d)
}

// hasSeen returns the index of an experience that the visitor had seen first by
// the instant of the question.
func (q *question) hasSeen(experience string) (index int, ok bool) {
	first, ok := q.seen[experience]
	return first.Variant, ok && first.At <= q.at
}

// holdsUntil returns the earliest instant at which the slots or variables differ
// from d, which was asked for: not every change of membership changes them. If
// memberships count, the first of those is it.
func (q *question) holdsUntil(d *decision.Decision) int64 {
	if q.memberships {
		return q.members.ValidUntil
	}
	return q.log.Until(q.view(), &q.members, &q.probe, func(members []int) bool {
		q.decide(members, &q.later)
		return !d.Same(&q.later) || !d.SameVariables(&q.later)
	})
}

// isMember reports whether audience is among members.
func (s *Site) isMember(audience string, members []int) bool {
	for _, m := range members {
		if s.Segments.Key(m) == audience {
			return true
		}
	}
	return false
}

// keys returns the keys of members.
func (s *Site) keys(members []int) []string {
	keys := make([]string, len(members))
	for i, m := range members {
		keys[i] = s.Segments.Key(m)
	}
	return keys
}

// An Explained segment is why a visitor is in it, or not, and what may become of
// that.
type Explained struct {
	*segment.Explanation
	Outlook *whatif.Outlook
	At      int64    // the instant asked about, ms since the epoch
	LeftOut []string // experiences for the segment that are not understood, and why
}

// Redact takes what the visitor's signals and request said out of e. What is
// left of values are those of the rules.
func (e *Explained) Redact() {
	e.Explanation.Redact()
	if e.Outlook.Nearest != nil {
		e.Outlook.Nearest.Redact()
	}
	for _, p := range e.Outlook.Stuck {
		p.Redact()
	}
}

// Explain explains one segment for a record, or all of them if key is empty, and
// looks ahead. The error is a fault.NotFound for an unknown key.
func (s *Site) Explain(rec *visitor.Record, key string, ctx segment.Context, at int64) ([]*Explained, error) {
	list, err := s.explain(rec, key, ctx, at)
	if err != nil {
		return nil, err
	}
	all := make([]*Explained, len(list))
	for i, e := range list {
		if _, refused := s.Refused[e.Segment]; refused {
			all[i] = &Explained{Explanation: e, Outlook: &whatif.Outlook{}, At: at}
			continue
		}
		q := whatif.Question{Set: s.Segments, Segment: e.Segment, Record: rec, Context: ctx, At: at}
		outlook, err := q.Outlook()
		if err != nil {
			return nil, err
		}
		all[i] = &Explained{e, outlook, at, s.LeftOut[e.Segment]}
	}
	return all, nil
}

// explain explains one segment, or all of them if key is empty, refused
// audiences at the end.
func (s *Site) explain(rec *visitor.Record, key string, ctx segment.Context, at int64) ([]*segment.Explanation, error) {
	if why, refused := s.Refused[key]; refused {
		return []*segment.Explanation{refusedAudience(key, why)}, nil
	}
	if key != "" {
		e, err := s.Segments.Explain(rec, key, ctx, at)
		return []*segment.Explanation{e}, err
	}
	all := make([]*segment.Explanation, s.Segments.Len())
	for i := range all {
		e, err := s.Segments.Explain(rec, s.Segments.Key(i), ctx, at)
		if err != nil {
			return nil, err
		}
		all[i] = e
	}
	for _, key := range slices.Sorted(maps.Keys(s.Refused)) {
		all = append(all, refusedAudience(key, s.Refused[key]))
	}
	return all, nil
}

// refusedAudience explains that nobody is in an audience.
func refusedAudience(key, why string) *segment.Explanation {
	return &segment.Explanation{Segment: key, Truth: "unknown", ValidUntil: segment.Forever, Reason: why}
}
