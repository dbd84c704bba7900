package stats

import (
	"math"

	"gonum.org/v1/gonum/stat/distuv"
)

// The evidence of a mismatch from which on it is a warning, and an alarm.
const (
	MismatchWarning = 20
	MismatchAlarm   = 1000
)

// mismatchPrior is how firmly the shares are believed to be about as planned.
const mismatchPrior = 100

// Mismatch returns the logarithm of the evidence that visitors were not assigned
// in the planned shares, valid at all times (Lindon and Malek, 2022). Arms with a
// share of 0 do not count.
func Mismatch(counts []int64, shares []float64) float64 {
	counts, shares = planned(counts, shares)
	alpha, posterior := make([]float64, len(shares)), make([]float64, len(shares))
	logE := 0.0
	for i, share := range shares {
		alpha[i] = mismatchPrior * share
		posterior[i] = alpha[i] + float64(counts[i])
		logE -= float64(counts[i]) * math.Log(share)
	}
	return logE + logBeta(posterior) - logBeta(alpha)
}

// logBeta is the logarithm of the multivariate beta function.
func logBeta(a []float64) float64 {
	var sum, logs float64
	for _, v := range a {
		l, _ := math.Lgamma(v)
		sum, logs = sum+v, logs+l
	}
	whole, _ := math.Lgamma(sum)
	return logs - whole
}

// planned returns the arms that have a share, and the shares so that they sum
// to 1.
func planned(counts []int64, shares []float64) ([]int64, []float64) {
	var n []int64
	var s []float64
	sum := 0.0
	for i, share := range shares {
		if share > 0 {
			n, s = append(n, counts[i]), append(s, share)
			sum += share
		}
	}
	for i := range s {
		s[i] /= sum
	}
	return n, s
}

// MismatchOn is Mismatch on a date fixed before: the p-value of Pearson's χ².
func MismatchOn(counts []int64, shares []float64) float64 {
	counts, shares = planned(counts, shares)
	var n, x2 float64
	for _, c := range counts {
		n += float64(c)
	}
	if n == 0 || len(counts) < 2 {
		return 1
	}
	for i, share := range shares {
		d := float64(counts[i]) - n*share
		x2 += d * d / (n * share)
	}
	return distuv.ChiSquared{K: float64(len(counts) - 1)}.Survival(x2)
}
