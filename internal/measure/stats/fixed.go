package stats

import (
	"math"

	"gonum.org/v1/gonum/stat/distuv"
)

// manyDegrees is from how many degrees of freedom on Student's distribution is
// taken for the normal one: distuv gets less exact there than that is.
const manyDegrees = 1e5

// A Fixed is a figure that is valid on one date, which was fixed before: look at
// it earlier as well, and it is wrong more often than it says.
type Fixed struct {
	Estimate
	Degrees  float64
	Interval Interval // with a probability of 1 - alpha
	P        float64  // two-sided
}

// Welch compares two arms on a date fixed before, by Welch's t-test.
func Welch(control, treated Sample, alpha float64) (Fixed, error) {
	e, err := Difference(control, treated)
	return fixed(e, degrees(control, treated), alpha, err)
}

// WelchRelative is Welch for the relative difference, by the delta method.
func WelchRelative(control, treated Sample, alpha float64) (Fixed, error) {
	e, err := relativeDelta(control, treated)
	return fixed(e, degrees(control, treated), alpha, err)
}

func fixed(e Estimate, df, alpha float64, err error) (Fixed, error) {
	if err != nil {
		return Fixed{}, err
	}
	if df < 1 || math.IsNaN(df) {
		return Fixed{}, ErrTooFew
	}
	h := studentQuantile(1-alpha/2, df) * e.SE
	return Fixed{Estimate: e, Degrees: df, Interval: Interval{e.Value - h, e.Value + h}, P: 2 * studentUpper(math.Abs(e.Value/e.SE), df)}, nil
}

// OneSided returns what the true figure is greater than, with a probability of
// 1 - alpha, and the p-value of its being at most 0.
func (f Fixed) OneSided(alpha float64) (low, p float64) {
	return f.Value - studentQuantile(1-alpha, f.Degrees)*f.SE, studentUpper(f.Value/f.SE, f.Degrees)
}

// degrees are those of Welch and Satterthwaite.
func degrees(a, b Sample) float64 {
	va, vb := a.se2(), b.se2()
	return (va + vb) * (va + vb) / (va*va/(a.N-1) + vb*vb/(b.N-1))
}

func studentUpper(t, df float64) float64 {
	if df > manyDegrees {
		return upper(t)
	}
	return distuv.StudentsT{Mu: 0, Sigma: 1, Nu: df}.Survival(t)
}

func studentQuantile(p, df float64) float64 {
	if df > manyDegrees {
		return quantile(p)
	}
	return distuv.StudentsT{Mu: 0, Sigma: 1, Nu: df}.Quantile(p)
}

// SameOn reports whether a difference lies within a margin to both sides, on a
// date fixed before: by two one-sided tests (Schuirmann, 1987), as a p-value.
func SameOn(e Estimate, df, margin float64) (p float64) {
	return max(studentUpper((e.Value+margin)/e.SE, df), studentUpper((margin-e.Value)/e.SE, df))
}

// Wilson returns the interval of a share of k in n, on a date fixed before
// (Wilson, 1927).
func Wilson(k, n int64, alpha float64) Interval {
	return WilsonOf(float64(k)/float64(n), float64(n), alpha)
}

// WilsonOf is Wilson of a share p of observations that are alike in part, and
// worth n independent ones.
func WilsonOf(p, n, alpha float64) Interval {
	if n <= 0 {
		return Interval{0, 1}
	}
	z := quantile(1 - alpha/2)
	centre := p + z*z/(2*n)
	h := z * math.Sqrt(p*(1-p)/n+z*z/(4*n*n))
	scale := 1 + z*z/n
	low, high := (centre-h)/scale, (centre+h)/scale
	switch p { // exact at the ends, where rounding would leave a trace
	case 0:
		low = 0
	case 1:
		high = 1
	}
	return Interval{max(0, low), min(1, high)}
}

// Newcombe returns the interval of the difference of two shares, on a date fixed
// before (Newcombe, 1998, method 10).
func Newcombe(controlK, controlN, treatedK, treatedN int64, alpha float64) Interval {
	c, t := Wilson(controlK, controlN, alpha), Wilson(treatedK, treatedN, alpha)
	pc, pt := Share(controlK, controlN).Mean, Share(treatedK, treatedN).Mean
	return Interval{
		Low:  pt - pc - math.Hypot(pt-t.Low, c.High-pc),
		High: pt - pc + math.Hypot(t.High-pt, pc-c.Low),
	}
}
