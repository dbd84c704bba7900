// Package stats says what counts allow to be said: pure functions of sums.
//
// Which function answers which question:
//
//	How much better is a variant?          Lift, while it runs; Welch, on one date fixed before
//	Is there enough to say so?             Gate
//	Do two segments respond differently?   Between, Heterogeneity
//	Are they the same for all purposes?    Same, and SameOn on a date fixed before
//	Which of many differences are real?    EBH of e-values; BH and Holm of p-values
//	Was everybody assigned as planned?     Mismatch, MismatchOn
//	How long will it take?                 Needed, Detectable, Days
//	Does it pay?                           Worth
//
// The rule it upholds: whatever is shown while an experiment runs stays right
// however often it is looked at. Intervals and e-values of Sequential are valid
// at all times together (asymptotic confidence sequences: Waudby-Smith, Arbour,
// Sinha, Kennedy, Ramdas: Time-uniform central limit theory and asymptotic
// confidence sequences, 2021), binary arms are smoothed before (Agresti and
// Caffo, 2000), without which uneven arms cry wolf, and relative lifts are those
// of logarithms. What is valid on one date only says so in its name.
//
// What cannot be computed is an error, never NaN.
package stats

import (
	"errors"
	"math"
	"math/big"

	"gonum.org/v1/gonum/stat/distuv"
)

// What keeps a figure from being computed.
var (
	ErrTooFew       = errors.New("too few visitors")
	ErrZeroVariance = errors.New("all visitors have the same value")
	ErrZeroBaseline = errors.New("the control has nothing to compare with")
)

// A Sample is what is known of the values of one arm.
type Sample struct {
	N    float64 // visitors
	Mean float64
	Var  float64 // unbiased
}

// Of returns the sample with a sum and a sum of squares, exactly: it makes one
// rounding, at the end.
func Of(n, sum int64, squares *big.Int) Sample {
	if n == 0 {
		return Sample{}
	}
	return Sample{N: float64(n), Mean: float64(sum) / float64(n), Var: covariance(n, sum, sum, squares)}
}

// covariance returns the unbiased covariance of two values over n visitors, of
// which the sums and that of the products are known. It is 0 for one visitor.
func covariance(n, sumX, sumY int64, products *big.Int) float64 {
	if n < 2 {
		return 0
	}
	count := big.NewInt(n)
	top := new(big.Int).Mul(count, products)
	top.Sub(top, new(big.Int).Mul(big.NewInt(sumX), big.NewInt(sumY)))
	cov, _ := new(big.Rat).SetFrac(top, count.Mul(count, big.NewInt(n-1))).Float64()
	return cov
}

// Share returns the sample of a conversion that k of n visitors made, with the
// variance p(1-p).
func Share(k, n int64) Sample {
	if n == 0 {
		return Sample{}
	}
	p := float64(k) / float64(n)
	return Sample{N: float64(n), Mean: p, Var: p * (1 - p)}
}

// Smoothed returns Share with one conversion and one visitor without added, as
// Agresti and Caffo do: what uneven arms need for their variance to be believed.
func Smoothed(k, n int64) Sample { return Share(k+1, n+2) }

// Ratio returns the sample of a ratio of sums, such as clicks by views: values
// over visitors have a mean of mean(m)/mean(d), and the variance that the delta
// method gives it.
func Ratio(m, d Sample, cov float64) (Sample, error) {
	if d.Mean == 0 {
		return Sample{}, ErrZeroBaseline
	}
	r := m.Mean / d.Mean
	v := (m.Var + r*r*d.Var - 2*r*cov) / (d.Mean * d.Mean)
	return Sample{N: m.N, Mean: r, Var: v}, nil
}

// Covariance returns that of two values of n visitors, exactly but for one
// rounding, given their sums and that of their products.
func Covariance(n, sumX, sumY int64, products *big.Int) float64 {
	return covariance(n, sumX, sumY, products)
}

// se2 is the square of the standard error of the mean.
func (s Sample) se2() float64 { return s.Var / s.N }

// A Paired sample has, of each visitor, a value and one from before that goes
// with it.
type Paired struct {
	Y, X Sample
	Cov  float64
}

// Adjusted returns the samples of control and treatment with what the values
// before explain taken out (CUPED: Deng, Xu, Kohavi, Walker, 2013). Theta is
// pooled over both.
func Adjusted(control, treated Paired) (c, t Sample, theta float64) {
	variance := pooled(control.X, treated.X, control.X, treated.X, control.X.Var, treated.X.Var)
	if variance == 0 {
		return control.Y, treated.Y, 0
	}
	theta = pooled(control.X, treated.X, control.Y, treated.Y, control.Cov, treated.Cov) / variance
	adjust := func(p Paired) Sample {
		return Sample{N: p.Y.N, Mean: p.Y.Mean - theta*p.X.Mean, Var: p.Y.Var + theta*theta*p.X.Var - 2*theta*p.Cov}
	}
	return adjust(control), adjust(treated), theta
}

// pooled returns the covariance of x and y over the visitors of both arms as
// one.
func pooled(x1, x2, y1, y2 Sample, cov1, cov2 float64) float64 {
	n := x1.N + x2.N
	if n < 2 {
		return 0
	}
	mx, my := (x1.N*x1.Mean+x2.N*x2.Mean)/n, (y1.N*y1.Mean+y2.N*y2.Mean)/n
	within := (x1.N-1)*cov1 + (x2.N-1)*cov2
	between := x1.N*(x1.Mean-mx)*(y1.Mean-my) + x2.N*(x2.Mean-mx)*(y2.Mean-my)
	return (within + between) / (n - 1)
}

// An Estimate is a figure with its standard error.
type Estimate struct {
	Value float64
	SE    float64
	N     float64 // visitors that it rests on
}

// An Interval is what a figure lies in.
type Interval struct{ Low, High float64 }

// Has reports whether i has a value.
func (i Interval) Has(v float64) bool { return i.Low <= v && v <= i.High }

// Within reports whether i lies between two values, both excluded.
func (i Interval) Within(low, high float64) bool { return low < i.Low && i.High < high }

// Difference estimates by how much the mean of treated is greater.
func Difference(control, treated Sample) (Estimate, error) {
	if control.N < 1 || treated.N < 1 {
		return Estimate{}, ErrTooFew
	}
	se := math.Sqrt(control.se2() + treated.se2())
	if se == 0 {
		return Estimate{}, ErrZeroVariance
	}
	return Estimate{Value: treated.Mean - control.Mean, SE: se, N: control.N + treated.N}, nil
}

// LogRatio estimates the logarithm of the ratio of the means.
func LogRatio(control, treated Sample) (Estimate, error) {
	if control.N < 1 || treated.N < 1 {
		return Estimate{}, ErrTooFew
	}
	if control.Mean <= 0 || treated.Mean <= 0 {
		return Estimate{}, ErrZeroBaseline
	}
	se := math.Sqrt(control.se2()/(control.Mean*control.Mean) + treated.se2()/(treated.Mean*treated.Mean))
	if se == 0 {
		return Estimate{}, ErrZeroVariance
	}
	return Estimate{Value: math.Log(treated.Mean / control.Mean), SE: se, N: control.N + treated.N}, nil
}

// relativeDelta estimates the relative difference by the delta method. It cries
// wolf if it is looked at more than once.
func relativeDelta(control, treated Sample) (Estimate, error) {
	e, err := Difference(control, treated)
	if err != nil {
		return e, err
	}
	m := math.Abs(control.Mean)
	if m == 0 {
		return e, ErrZeroBaseline
	}
	se2 := treated.se2()/(m*m) + control.se2()*treated.Mean*treated.Mean/math.Pow(m, 4)
	return Estimate{Value: e.Value / m, SE: math.Sqrt(se2), N: e.N}, nil
}

// upper returns the probability that a standard normal exceeds z. distuv's own
// Survival is 0 from 10 on.
func upper(z float64) float64 { return 0.5 * math.Erfc(z/math.Sqrt2) }

// quantile returns the standard normal quantile of p.
func quantile(p float64) float64 { return distuv.UnitNormal.Quantile(p) }
