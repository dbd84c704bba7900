package backtest

// add counts a visitor who was a member in spans, of which there are some.
func (s *sizes) add(spans []span, to int64) {
	s.ever++
	if spans[len(spans)-1].hi > to {
		s.end++
	}
	for _, one := range spans {
		s.time += one.within(to)
	}
}

func (s *sizes) merge(o sizes) {
	s.ever += o.ever
	s.end += o.end
	s.time += o.time
}

// within returns how long a span lasts until the end of the period, in ms.
func (s span) within(to int64) int64 { return min(s.hi, to) - s.lo }

// An overlap is what is counted of two segments together.
type overlap struct {
	ever int // members of each at some instant, not necessarily the same
	both int // members of both at one instant
	end  int
	time int64 // ms in both
}

// add counts a visitor who was in the one in spans a and in the other in
// spans b.
func (o *overlap) add(a, b []span, to int64) {
	if len(a) == 0 || len(b) == 0 {
		return
	}
	o.ever++
	met := false
	for len(a) > 0 && len(b) > 0 {
		common := span{max(a[0].lo, b[0].lo), min(a[0].hi, b[0].hi)}
		if common.lo < common.hi {
			met = true
			o.time += common.within(to)
			if common.hi > to {
				o.end++
			}
		}
		if a[0].hi < b[0].hi {
			a = a[1:]
		} else {
			b = b[1:]
		}
	}
	if met {
		o.both++
	}
}

func (o *overlap) merge(p overlap) {
	o.ever += p.ever
	o.both += p.both
	o.end += p.end
	o.time += p.time
}

// report compares segments of sizes a and b.
func (o *overlap) report(a, b sizes) Overlap {
	out := Overlap{
		Ever: b.ever, End: b.end, Both: o.both, BothEnd: o.end,
		VisitorJaccard: share(o.both, a.ever+b.ever-o.ever),
	}
	if union := a.time + b.time - o.time; union > 0 {
		out.TimeJaccard = float64(o.time) / float64(union)
	}
	return out
}
