package stats

import (
	"cmp"
	"math"
	"slices"

	"gonum.org/v1/gonum/stat/distuv"
)

// EBH returns which of many findings are real, of which a share of alpha may be
// false: the Benjamini-Hochberg procedure for e-values (Wang and Ramdas, 2022).
// It holds whatever the findings have to do with each other, and at all times.
func EBH(logE []float64, alpha float64) []bool {
	order := descending(logE)
	last := -1
	for k, i := range order {
		if logE[i] >= math.Log(float64(len(logE))/(float64(k+1)*alpha)) {
			last = k
		}
	}
	real := make([]bool, len(logE))
	for _, i := range order[:last+1] {
		real[i] = true
	}
	return real
}

// BH returns p-values adjusted for being many: those at most alpha are real, but
// for a share of alpha (Benjamini and Hochberg, 1995).
func BH(p []float64) []float64 {
	order := descending(p)
	adjusted := make([]float64, len(p))
	least := 1.0
	for k, i := range order {
		least = min(least, p[i]*float64(len(p))/float64(len(p)-k))
		adjusted[i] = least
	}
	return adjusted
}

// Holm returns p-values adjusted so that the probability of any false finding
// among those at most alpha is alpha (Holm, 1979).
func Holm(p []float64) []float64 {
	order := descending(p)
	slices.Reverse(order)
	adjusted := make([]float64, len(p))
	most := 0.0
	for k, i := range order {
		most = max(most, min(1, p[i]*float64(len(p)-k)))
		adjusted[i] = most
	}
	return adjusted
}

// descending returns the indexes of values, the greatest first.
func descending(values []float64) []int {
	order := make([]int, len(values))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(i, j int) int { return cmp.Compare(values[j], values[i]) })
	return order
}

// A Spread says how much the effects of several groups differ.
type Spread struct {
	Q       float64 // Cochran's
	P       float64 // of all being the same
	I2      float64 // share of the variation that is not chance
	Tau2    float64 // variance of the true effects (DerSimonian and Laird, 1986)
	Common  float64 // the effect if all are the same
	Mean    float64 // of the true effects, if they are not
	MeanVar float64
}

// Heterogeneity says how much effects differ, given their standard errors. There
// must be two or more.
func Heterogeneity(effects []Estimate) (Spread, error) {
	if len(effects) < 2 {
		return Spread{}, ErrTooFew
	}
	var w, wy, w2 float64
	for _, e := range effects {
		if e.SE <= 0 {
			return Spread{}, ErrZeroVariance
		}
		weight := 1 / (e.SE * e.SE)
		w, wy, w2 = w+weight, wy+weight*e.Value, w2+weight*weight
	}
	s := Spread{Common: wy / w}
	for _, e := range effects {
		s.Q += (e.Value - s.Common) * (e.Value - s.Common) / (e.SE * e.SE)
	}
	df := float64(len(effects) - 1)
	s.P = distuv.ChiSquared{K: df}.Survival(s.Q)
	if s.Q > 0 {
		s.I2 = max(0, 1-df/s.Q)
	}
	s.Tau2 = max(0, (s.Q-df)/(w-w2/w))
	var rw, rwy float64
	for _, e := range effects {
		weight := 1 / (e.SE*e.SE + s.Tau2)
		rw, rwy = rw+weight, rwy+weight*e.Value
	}
	s.Mean, s.MeanVar = rwy/rw, 1/rw
	return s, nil
}

// Shrunk returns an effect drawn to the mean of all, by as much as it is
// uncertain: what to rank and to decide by, for the greatest of many is mostly
// lucky.
func (s Spread) Shrunk(e Estimate) Estimate {
	se2 := e.SE * e.SE
	b := se2 / (se2 + s.Tau2)
	return Estimate{
		Value: b*s.Mean + (1-b)*e.Value,
		SE:    math.Sqrt((1-b)*se2 + b*b*s.MeanVar), N: e.N,
	}
}
