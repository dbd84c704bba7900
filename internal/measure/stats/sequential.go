package stats

import "math"

// minPlanned is the least number of planned visitors that an interval is tuned
// to.
const minPlanned = 500

// A Sequential says how often one may be wrong about a figure that is looked at
// at all times, and for how many visitors it is to be sharpest. Both are chosen
// before looking, and not again.
type Sequential struct {
	Alpha   float64 // 0 = 0.05
	Planned float64 // visitors of all arms together; at least 500
}

func (q Sequential) alpha() float64 {
	if q.Alpha == 0 {
		return 0.05
	}
	return q.Alpha
}

// rho2 tunes the mixture to the planned visitors, without Lambert's W: the
// numerator is 7.94 at 0.05, and 8.21 would be exact.
func (q Sequential) rho2(alpha float64) float64 {
	return (-2*math.Log(alpha) + math.Log(1-2*math.Log(alpha))) / max(q.Planned, minPlanned)
}

// mixed returns how much the mixture weighs n visitors.
func (q Sequential) mixed(n, alpha float64) float64 { return n * q.rho2(alpha) }

// HalfWidth returns how far the interval of an estimate reaches to each side.
func (q Sequential) HalfWidth(e Estimate) float64 {
	a := q.mixed(e.N, q.alpha())
	return e.SE * math.Sqrt(2*(a+1)/a*(0.5*math.Log1p(a)-math.Log(q.alpha())))
}

// Interval returns what holds the true figure, at all times, with a probability
// of 1 - Alpha.
func (q Sequential) Interval(e Estimate) Interval {
	h := q.HalfWidth(e)
	return Interval{e.Value - h, e.Value + h}
}

// Lower returns what the true figure is at all times greater than, with a
// probability of 1 - Alpha.
func (q Sequential) Lower(e Estimate) float64 {
	a := q.mixed(e.N, 2*q.alpha())
	return e.Value - e.SE*math.Sqrt(2*(a+1)/a*math.Log(1+math.Sqrt(a+1)/(2*q.alpha())))
}

// LogE returns the logarithm of the evidence against a figure of 0: the factor by
// which somebody who bet against it has multiplied their stake.
func (q Sequential) LogE(e Estimate) float64 {
	a, z := q.mixed(e.N, q.alpha()), e.Value/e.SE
	return 0.5*z*z*a/(a+1) - 0.5*math.Log1p(a)
}

// P returns the p-value of a figure of 0, which is valid at all times.
func (q Sequential) P(e Estimate) float64 { return math.Min(1, math.Exp(-q.LogE(e))) }

// An Effect is what is said of one variant against another.
type Effect struct {
	Control, Treated float64  // the means
	Diff             float64  // as observed
	Interval         Interval // of the difference, at all times
	LogE             float64  // evidence of a difference
	P                float64
	SE               float64   // of the difference
	N                float64   // visitors of both
	Relative         *Relative // nil if there is no ratio: a mean is not positive
}

// A Relative is an effect as a share of the control.
type Relative struct {
	Lift     float64 // as observed, 0.1 is 10 % more
	Interval Interval
	LogSE    float64 // standard error of the logarithm of the ratio
}

// Arms are the two samples that are compared: as observed, and as inference takes
// them, which are smoothed if they are of a conversion, or adjusted.
type Arms struct {
	Control, Treated       Sample
	ForControl, ForTreated Sample
}

// Shares returns the arms of a conversion: k of n visitors each.
func Shares(controlK, controlN, treatedK, treatedN int64) Arms {
	return Arms{Share(controlK, controlN), Share(treatedK, treatedN), Smoothed(controlK, controlN), Smoothed(treatedK, treatedN)}
}

// Means returns the arms of any other metric.
func Means(control, treated Sample) Arms { return Arms{control, treated, control, treated} }

// Lift says what variant does, compared with control, at any time.
func (q Sequential) Lift(a Arms) (Effect, error) {
	e, err := Difference(a.ForControl, a.ForTreated)
	if err != nil {
		return Effect{}, err
	}
	e.N = a.Control.N + a.Treated.N
	out := Effect{
		Control: a.Control.Mean, Treated: a.Treated.Mean, Diff: a.Treated.Mean - a.Control.Mean,
		Interval: q.Interval(e), LogE: q.LogE(e), P: q.P(e), SE: e.SE, N: e.N,
	}
	ratio, err := LogRatio(a.ForControl, a.ForTreated)
	if err != nil || a.Control.Mean <= 0 {
		return out, nil //nolint:nilerr // there is a difference, but no ratio
	}
	ratio.N = e.N
	logs := q.Interval(ratio)
	out.Relative = &Relative{
		Lift: a.Treated.Mean/a.Control.Mean - 1, LogSE: ratio.SE,
		Interval: Interval{math.Expm1(logs.Low), math.Expm1(logs.High)},
	}
	return out, nil
}

// A Scale says on which two lifts are compared.
type Scale uint8

// The scales.
const (
	Absolute Scale = iota
	Logarithmic
)

// Between estimates by how much the effect b is greater than a: of two segments,
// which share no visitors.
func Between(a, b Effect, on Scale) (Estimate, error) {
	if on == Absolute {
		return Estimate{Value: b.Diff - a.Diff, SE: math.Hypot(a.SE, b.SE), N: a.N + b.N}, nil
	}
	if a.Relative == nil || b.Relative == nil {
		return Estimate{}, ErrZeroBaseline
	}
	return Estimate{
		Value: math.Log1p(b.Relative.Lift) - math.Log1p(a.Relative.Lift),
		SE:    math.Hypot(a.Relative.LogSE, b.Relative.LogSE), N: a.N + b.N,
	}, nil
}
