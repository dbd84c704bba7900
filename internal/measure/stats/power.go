package stats

import "math"

// A Plan is what an experiment is to find out.
type Plan struct {
	Effect       float64 // the least difference of the means that matters
	ControlVar   float64 // of one visitor's value
	TreatedVar   float64
	Ratio        float64 // treated visitors for each of control; 0 = 1
	Alpha        float64 // 0 = 0.05
	Power        float64 // 0 = 0.8
	WhileRunning bool    // it is looked at while it runs, and not on one date alone
}

func (p Plan) withDefaults() Plan {
	orElse := func(v *float64, otherwise float64) {
		if *v == 0 {
			*v = otherwise
		}
	}
	orElse(&p.Ratio, 1)
	orElse(&p.Alpha, 0.05)
	orElse(&p.Power, 0.8)
	return p
}

// ForShare returns the plan to find a relative difference of a share.
func ForShare(base, relative float64) Plan {
	treated := base * (1 + relative)
	return Plan{Effect: base * relative, ControlVar: base * (1 - base), TreatedVar: treated * (1 - treated)}
}

// Needed returns how many visitors control and treated need; it is infinite if
// the effect is 0.
func (p Plan) Needed() (control, treated float64) {
	p = p.withDefaults()
	if p.Effect == 0 {
		return math.Inf(1), math.Inf(1)
	}
	z := quantile(1-p.Alpha/2) + quantile(p.Power)
	n := z * z * (p.ControlVar + p.TreatedVar/p.Ratio) / (p.Effect * p.Effect)
	if p.WhileRunning {
		n = p.sequentially(n)
	}
	return n, n * p.Ratio
}

// sequentially returns how many visitors of control make one look at the planned
// number have the power, given how many a look on a fixed date needs. That is
// about 1.9 times as many.
func (p Plan) sequentially(fixed float64) float64 {
	low, high := fixed, 8*fixed
	for range 60 {
		mid := (low + high) / 2
		n := mid * (1 + p.Ratio)
		if p.PowerAt(mid, Sequential{Alpha: p.Alpha, Planned: n}) < p.Power {
			low = mid
		} else {
			high = mid
		}
	}
	return high
}

// PowerAt returns the probability to find the effect in one look with so many
// visitors of control, by an interval that is valid at all times.
func (p Plan) PowerAt(control float64, q Sequential) float64 {
	p = p.withDefaults()
	e := Estimate{SE: p.se(control), N: control * (1 + p.Ratio)}
	h := q.HalfWidth(e)
	return upper((h-p.Effect)/e.SE) + upper((h+p.Effect)/e.SE)
}

// FixedPowerAt is PowerAt on a date fixed before.
func (p Plan) FixedPowerAt(control float64) float64 {
	p = p.withDefaults()
	z := quantile(1 - p.Alpha/2)
	d := math.Abs(p.Effect) / p.se(control)
	return upper(z-d) + upper(z+d)
}

func (p Plan) se(control float64) float64 {
	return math.Sqrt(p.ControlVar/control + p.TreatedVar/(control*p.Ratio))
}

// Detectable returns the least difference that so many visitors of control would
// show with the power of the plan; the plan's own Effect does not count.
func (p Plan) Detectable(control float64) float64 {
	p = p.withDefaults()
	if control <= 0 {
		return math.Inf(1)
	}
	se := p.se(control)
	if p.WhileRunning {
		n := control * (1 + p.Ratio)
		return Sequential{Alpha: p.Alpha, Planned: n}.HalfWidth(Estimate{SE: se, N: n}) + quantile(p.Power)*se
	}
	return (quantile(1-p.Alpha/2) + quantile(p.Power)) * se
}

// TooLong is from how many days on a question is not going to be answered: merge,
// ask for a greater effect, or drop it.
const TooLong = 90

// Days returns how long it takes until need visitors are there, of whom have are
// and perDay come; it is infinite if none do, and 0 if all are there.
func Days(need, have, perDay float64) float64 {
	switch {
	case need <= have:
		return 0
	case perDay <= 0:
		return math.Inf(1)
	default:
		return (need - have) / perDay
	}
}

// NeededForSame returns how many visitors each of the four cells needs, two
// segments with two arms, for the two to be told the same within a margin.
func NeededForSame(variance, margin, alpha, power float64) float64 {
	z := quantile(1-alpha) + quantile(1-(1-power)/2)
	return 4 * variance * z * z / (margin * margin)
}

// A Sameness says whether two effects are the same for all practical purposes.
type Sameness string

// The verdicts.
const (
	IsSame      Sameness = "same"
	IsDifferent Sameness = "different"
	Undecided   Sameness = "not enough data yet"
)

// SameP returns the p-value of a difference of effects not lying within a margin
// to both sides, which is valid at all times: Same is IsSame where it is less
// than Alpha.
func (q Sequential) SameP(e Estimate, margin float64) float64 {
	within := Sequential{Alpha: 2 * q.alpha(), Planned: q.Planned}
	if math.Abs(e.Value) >= margin {
		return 1
	}
	above, below := e, e
	above.Value, below.Value = e.Value+margin, margin-e.Value
	return max(within.P(above), within.P(below)) / 2
}

// Same says whether a difference of effects lies within a margin to both sides,
// at any time.
func (q Sequential) Same(e Estimate, margin float64) Sameness {
	within := Sequential{Alpha: 2 * q.alpha(), Planned: q.Planned}.Interval(e)
	switch {
	case within.Within(-margin, margin):
		return IsSame
	case !q.Interval(e).Has(0):
		return IsDifferent
	default:
		return Undecided
	}
}
