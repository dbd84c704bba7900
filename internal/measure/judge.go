package measure

import (
	"slices"

	"github.com/segue-dev/segue/internal/segment"
	"github.com/segue-dev/segue/internal/segment/syntax"
	"github.com/segue-dev/segue/internal/visitor"
)

// programmeRules stands for the rules of the programme, which has none.
const programmeRules = "-"

// rulesOf returns the rules by which somebody is a participant of what key
// names.
func (b *Book) rulesOf(key string) string {
	if key == Programme {
		return programmeRules
	}
	return b.rules
}

// judged says which segment a visitor is counted in from an exposure on, and
// which splits held.
func (b *Book) judged(t *taking, key string, e visitor.Exposure) visitor.Participation {
	p := visitor.Participation{Rules: b.rulesOf(key)}
	if key == Programme {
		return p
	}
	view := segment.View{Known: e.At, At: e.At}
	var res segment.Result
	if set := b.opts.Segments; set != nil {
		if t.log == nil {
			t.log = set.Bind(t.next)
		}
		if t.log.Look(view, &res); len(res.Members) > 0 {
			p.Segment = set.Key(res.Members[0])
		}
	}
	if set := b.opts.Splits; set != nil {
		if t.splits == nil {
			t.splits = set.Bind(t.next)
		}
		t.splits.Look(view, &res)
		p.In = sides(set, res.Members)
	}
	return p
}

// The sides of a split.
const (
	inside  = "+"
	outside = "-"
)

// sides returns on which side of each split somebody is who is in members.
func sides(set *segment.Set, members []int) []string {
	var out []string
	for i := range set.Len() {
		if set.Definition(i).Status == syntax.Draft {
			continue
		}
		side := outside
		if slices.Contains(members, i) {
			side = inside
		}
		out = append(out, set.Key(i)+side)
	}
	slices.Sort(out)
	return out
}

// enrol makes the visitor a participant of the programme, if it has begun.
func (t *taking) enrol() {
	h := t.book.opts.Holdout
	r := t.next
	if !h.Enabled() {
		return
	}
	if !h.Since.IsZero() && r.Summary.FirstSeen < h.Since.UnixMilli() {
		t.expel()
		return
	}
	e := visitor.Exposure{At: r.Summary.FirstSeen, Variant: 1}
	if h.Holds(r.StableID()) {
		e.Variant = 0
	}
	old, had := r.Summary.Exposures[Programme]
	switch {
	case !had:
		t.set(Programme, e)
	case old.At != e.At || old.Variant != e.Variant && !old.Mixed:
		e.Mixed = old.Mixed || old.Variant != e.Variant
		t.set(Programme, e)
	}
}

// expel takes a visitor out of the programme who turns out to have been there
// before it began.
func (t *taking) expel() {
	e, had := t.next.Summary.Exposures[Programme]
	if had {
		t.set(Programme, e)
		delete(t.exposures, Programme)
	}
}
