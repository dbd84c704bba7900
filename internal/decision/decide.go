package decision

import "github.com/segue-dev/segue/internal/experience"

// Decide decides for one visitor. It reuses what dst holds, so that a caller
// who keeps dst allocates nothing; slices taken from dst earlier change.
func (p *Plan) Decide(v Visitor, dst *Decision) {
	dst.Slots, dst.Experiences, dst.Variables = dst.Slots[:0], dst.Experiences[:0], dst.Variables[:0]
	dst.places = dst.places[:0]
	if v.HeldOut {
		p.holdOut(dst)
		return
	}
	for _, e := range p.experiences {
		at := placeIn(e, v)
		dst.places = append(dst.places, at)
		if at.in() {
			dst.Experiences = append(dst.Experiences, Assignment{
				Experience: e, Variant: at.index, Segment: e.Audience, Reason: at.reason(reason(e, at.index)), Sticky: e.Sticky,
			})
		}
	}
	for i := range p.slots {
		dst.Slots = append(dst.Slots, p.slots[i].decide(dst.places))
	}
	p.decideVariables(dst)
}

// holdOut gives every slot its baseline.
func (p *Plan) holdOut(dst *Decision) {
	for i := range p.slots {
		s := p.slots[i].options[0]
		s.Reason = Holdout
		dst.Slots = append(dst.Slots, s)
	}
}

func placeIn(e *experience.Experience, v Visitor) place {
	if e.Sticky && v.Seen != nil {
		if index, ok := v.Seen(e.ID); ok && e.Has(index) {
			return place{index: index, kept: true}
		}
	}
	if e.Audience != "" && !v.Member(e.Audience) {
		return place{index: notMember}
	}
	index, in := e.Assign(v.StableID)
	if !in {
		return place{index: notInTraffic}
	}
	return place{index: index}
}

// reason is why a visitor has a place, given why they would have it otherwise.
func (p place) reason(otherwise Reason) Reason {
	if p.kept {
		return Sticky
	}
	return otherwise
}

// decide gives the slot to the first offer that applies. If none does, the
// reason is that of the first which would have, but for its traffic or variant.
func (s *slot) decide(places []place) Slot {
	why := Default
	for i := range s.offers {
		o := &s.offers[i]
		missed := Default
		switch at := places[o.experience]; at.index {
		case notMember:
		case notInTraffic:
			missed = NotInTraffic
		default:
			if out := o.at(at.index, s); out.applies {
				if out.slot.Experience != "" {
					out.slot.Reason = at.reason(out.slot.Reason)
				}
				return out.slot
			}
			missed = NoVariant
		}
		if why == Default {
			why = missed
		}
	}
	return Slot{Baseline: s.baseline, Entry: s.baseline, Reason: why}
}

func (p *Plan) decideVariables(dst *Decision) {
	for i := range p.variables {
		v := &p.variables[i]
		at := dst.places[v.experience]
		last := len(dst.Variables) - 1
		if !at.in() || last >= 0 && dst.Variables[last].Key == v.of.Key {
			continue
		}
		dst.Variables = append(dst.Variables, Variable{
			Key: v.of.Key, Value: v.of.At(at.index), Experience: p.experiences[v.experience].ID, Variant: at.index,
		})
	}
}
