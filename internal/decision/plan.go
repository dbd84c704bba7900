package decision

import (
	"cmp"
	"slices"

	"github.com/segue-dev/segue/internal/experience"
)

// A Plan is what can be decided for a set of slots in a locale. It is
// immutable and safe for concurrent use.
type Plan struct {
	experiences []*experience.Experience // in order of id
	slots       []slot
	index       map[string]int // of slots, by baseline
	variables   []variable     // in order of key, then precedence
	words       []word
	checksum    [checksumLen]byte
}

// A slot is all that can become of one baseline.
type slot struct {
	baseline string
	offers   []offer // in order of precedence
	options  []Slot  // all that can be shown; options[0] is the baseline
}

// An offer is what one experience has for a slot.
type offer struct {
	experience int       // index into the plan's experiences
	outcomes   []outcome // by the visitor's index
}

// An outcome is what an offer comes to at one index. One that does not apply
// leaves the slot to the next offer.
type outcome struct {
	applies bool
	slot    Slot
}

// A variable is one experience's say in a variable.
type variable struct {
	experience int
	priority   int
	of         *experience.Variable
}

// NewPlan prepares decisions for slots (baseline entry ids, in the order in
// which a key encodes them). publishable says whether a variant entry may be
// shown; priority gives a segment's priority (an audience without one counts
// as 0, and so does everybody): experiences of a slot are tried in descending
// order of priority, and within one priority in the catalog's order.
func NewPlan(cat *experience.Catalog, slots []string, publishable func(entry string) bool, priority func(audience string) int) *Plan {
	b := builder{publishable: publishable, indexes: map[*experience.Experience]int{}, priorities: map[*experience.Experience]int{}}
	for i, e := range cat.All() {
		b.indexes[e] = i
		if e.Audience != "" {
			b.priorities[e] = priority(e.Audience)
		}
	}
	p := &Plan{
		experiences: cat.All(),
		slots:       make([]slot, len(slots)),
		index:       make(map[string]int, len(slots)),
		variables:   b.variables(cat.All()),
	}
	for i, baseline := range slots {
		p.slots[i] = b.slot(baseline, cat.At(baseline))
		p.index[baseline] = i
	}
	p.words = pack(p.slots)
	p.checksum = checksum(p.slots)
	return p
}

// Index returns the place of a baseline in the slots of the plan's decisions,
// and whether it is a slot of the plan at all.
func (p *Plan) Index(baseline string) (int, bool) {
	i, ok := p.index[baseline]
	return i, ok
}

// Baseline returns the slots as they are when nothing is decided: every one
// shows its baseline for the given reason. The caller owns the result.
func (p *Plan) Baseline(why Reason) []Slot {
	slots := make([]Slot, len(p.slots))
	for i := range p.slots {
		slots[i] = p.slots[i].options[0]
		slots[i].Reason = why
	}
	return slots
}

// A builder holds what the parts of a plan are made from.
type builder struct {
	publishable func(entry string) bool
	indexes     map[*experience.Experience]int
	priorities  map[*experience.Experience]int
}

func (b *builder) slot(baseline string, at []*experience.Experience) slot {
	s := slot{baseline: baseline, options: []Slot{{Baseline: baseline, Entry: baseline}}}
	at = slices.Clone(at)
	slices.SortStableFunc(at, func(x, y *experience.Experience) int {
		return cmp.Compare(b.priorities[y], b.priorities[x])
	})
	for _, e := range at {
		o := b.offer(e, baseline)
		s.offers = append(s.offers, o)
		for _, out := range o.outcomes {
			if out.applies && out.slot.replaced() {
				option := out.slot
				option.Segment, option.Reason = "", ""
				s.options = append(s.options, option)
			}
		}
	}
	return s
}

func (b *builder) offer(e *experience.Experience, baseline string) offer {
	c := e.Component(baseline)
	zero := Slot{Baseline: baseline, Entry: baseline, Experience: e.ID, Segment: e.Audience, Reason: reason(e, 0)}
	if c.Hidden {
		zero.Entry, zero.Hidden = "", true
	}
	o := offer{experience: b.indexes[e], outcomes: []outcome{{applies: true, slot: zero}}}
	for i, v := range c.Variants {
		k := i + 1
		o.outcomes = append(o.outcomes, outcome{
			applies: v.Hidden || b.publishable(v.Entry),
			slot: Slot{
				Baseline: baseline, Variant: k, Entry: v.Entry, Hidden: v.Hidden,
				Experience: e.ID, Segment: e.Audience, Reason: reason(e, k),
			},
		})
	}
	return o
}

// at returns what o comes to at a visitor's index. Beyond the variants that is
// the baseline, of nobody's choice: it is not the holdout's or control's.
func (o *offer) at(index int, s *slot) outcome {
	if index < len(o.outcomes) {
		return o.outcomes[index]
	}
	return outcome{applies: true, slot: Slot{Baseline: s.baseline, Entry: s.baseline, Reason: NoVariant}}
}

func (b *builder) variables(all []*experience.Experience) []variable {
	var vs []variable
	for i, e := range all {
		for k := range e.Variables {
			vs = append(vs, variable{experience: i, priority: b.priorities[e], of: &e.Variables[k]})
		}
	}
	slices.SortStableFunc(vs, func(x, y variable) int {
		return cmp.Or(cmp.Compare(x.of.Key, y.of.Key), cmp.Compare(y.priority, x.priority))
	})
	return vs
}

// reason returns why an experience gave an index to a visitor it took in.
func reason(e *experience.Experience, index int) Reason {
	switch {
	case index == 0 && e.Kind == experience.Experiment:
		return Control
	case index == 0:
		return Holdout
	case e.Audience == "":
		return Everyone
	default:
		return BySegment
	}
}
