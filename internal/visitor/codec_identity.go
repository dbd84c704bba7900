package visitor

import "slices"

// Presence bits in the head of an identity.
const (
	isKnown = 1 << iota
	hasInto
	hasOthers
	hasJoining
	hasClaim
)

// identity stores who a record is of. Of most visitors it is one byte.
func (e *encoder) identity(r *Record) {
	s := &r.Summary
	e.uint(bit(isKnown, r.Known) | bit(hasInto, r.Into != "") | bit(hasOthers, len(r.Others) > 0) |
		bit(hasJoining, len(r.Joining) > 0) | bit(hasClaim, s.stable.ID != ""))
	if r.Into != "" {
		e.text(r.Into)
		e.uint(r.token)
	}
	if len(r.Others) > 0 {
		e.uint(uint64(len(r.Others)))
		for _, id := range r.Others {
			e.text(id)
		}
	}
	if len(r.Joining) > 0 {
		e.uint(uint64(len(r.Joining)))
		for _, j := range r.Joining {
			e.text(j.ID)
			e.uint(j.Token)
		}
	}
	if s.stable.ID != "" {
		e.text(s.stable.ID)
		e.assertion(s.stable.by)
	}
}

func (d *decoder) identity(r *Record) {
	head := d.uint()
	r.Known = head&isKnown != 0
	if head&hasInto != 0 {
		r.Into, r.token = d.text(), d.uint()
	}
	if head&hasOthers != 0 {
		r.Others = make([]string, d.count(1))
		for i := range r.Others {
			r.Others[i] = d.text()
		}
		if !slices.IsSorted(r.Others) {
			d.fail("its ids are not in order")
		}
	}
	if head&hasJoining != 0 {
		r.Joining = make([]Joiner, d.count(2))
		for i := range r.Joining {
			r.Joining[i] = Joiner{d.text(), d.uint()}
		}
	}
	if head&hasClaim != 0 {
		r.Summary.stable = claim{d.text(), d.assertion()}
	}
}
