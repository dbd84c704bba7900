package visitor

import "slices"

// Presence bits in the head of an exposure, below its variant.
const (
	isMixed = 1 << iota
	isMeasured
	variantShift = iota
)

// Presence bits in the head of a total: what is 0, or follows from the rest, is
// left out.
const (
	hasSum = 1 << iota
	hasValue
	hasPer
	hasBefore
)

func (e *encoder) exposures(seen map[string]Exposure) {
	e.uint(uint64(len(seen)))
	for _, key := range sortedKeys(seen) {
		x := seen[key]
		measured := x.Rules != ""
		e.text(key)
		e.uint(uint64(x.Variant)<<variantShift | bit(isMixed, x.Mixed) | bit(isMeasured, measured))
		e.assertion(x.assertion())
		if measured {
			e.participation(&x.Participation)
		}
	}
}

func (e *encoder) participation(p *Participation) {
	e.text(p.Rules)
	e.text(p.Segment)
	e.uint(uint64(len(p.In)))
	for _, key := range p.In {
		e.text(key)
	}
	e.uint(uint64(len(p.Totals)))
	for i := range p.Totals {
		e.metric(&p.Totals[i])
	}
}

func (e *encoder) metric(t *Total) {
	e.text(t.Metric)
	e.uint(bit(hasSum, t.Sum != 0) | bit(hasValue, t.Value != t.Sum) | bit(hasPer, t.Per != 0) | bit(hasBefore, t.Before != 0))
	if t.Sum != 0 {
		e.int(t.Sum)
	}
	if t.Value != t.Sum {
		e.int(t.Value)
	}
	if t.Per != 0 {
		e.int(t.Per)
	}
	if t.Before != 0 {
		e.int(t.Before)
	}
}

func (d *decoder) exposures() map[string]Exposure {
	return decodeMap(d, 5, func() (string, Exposure) {
		key, head := d.text(), d.uint()
		if d.version == recordVersion2 || d.version == recordVersion3 {
			head <<= variantShift
		}
		by := d.assertion()
		x := Exposure{Variant: int(head >> variantShift), At: by.At, Pos: by.Pos, By: by.By, Mixed: head&isMixed != 0}
		if head&isMeasured != 0 {
			x.Participation = d.participation()
		}
		return key, x
	})
}

func (d *decoder) participation() Participation {
	p := Participation{Rules: d.text(), Segment: d.text()}
	if p.Rules == "" {
		d.fail("a participation is without rules")
	}
	if n := d.count(1); n > 0 {
		p.In = make([]string, n)
		for i := range p.In {
			p.In[i] = d.text()
		}
	}
	if n := d.count(2); n > 0 {
		p.Totals = make([]Total, n)
		for i := range p.Totals {
			p.Totals[i] = d.metric()
		}
	}
	if !slices.IsSorted(p.In) || !slices.IsSortedFunc(p.Totals, compareTotals) {
		d.fail("a participation is not in order")
	}
	return p
}

func (d *decoder) metric() Total {
	t := Total{Metric: d.text()}
	head := d.uint()
	if head&hasSum != 0 {
		t.Sum = d.int()
	}
	if t.Value = t.Sum; head&hasValue != 0 {
		t.Value = d.int()
	}
	if head&hasPer != 0 {
		t.Per = d.int()
	}
	if head&hasBefore != 0 {
		t.Before = d.int()
	}
	return t
}
