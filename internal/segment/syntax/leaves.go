package syntax

import "iter"

// Leaves returns the conditions without parts that the rule of d is made of,
// when before stay, as written.
func (d *Definition) Leaves() iter.Seq[Cond] {
	return func(yield func(Cond) bool) {
		if eachLeaf(d.When, yield) && d.Stay != nil {
			eachLeaf(d.Stay, yield)
		}
	}
}

// eachLeaf yields leaves until it is told to stop, and reports whether it was
// not.
func eachLeaf(c Cond, yield func(Cond) bool) bool {
	switch c := c.(type) {
	case All:
		return eachLeafOf(c.Of, yield)
	case Any:
		return eachLeafOf(c.Of, yield)
	case Not:
		return eachLeaf(c.Of, yield)
	default:
		return yield(c)
	}
}

func eachLeafOf(conds []Cond, yield func(Cond) bool) bool {
	for _, c := range conds {
		if !eachLeaf(c, yield) {
			return false
		}
	}
	return true
}
