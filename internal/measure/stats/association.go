package stats

import "gonum.org/v1/gonum/stat/distuv"

// minExpected is how often a value must be expected in both samples for χ² to
// look at it by itself.
const minExpected = 5

// SameDistribution returns, on a date fixed before, the p-value of two samples
// being of one distribution, given how often each has each value: Pearson's χ².
// Values that are too rare to be looked at by themselves are looked at together.
func SameDistribution(a, b []int64) float64 {
	var na, nb float64
	for i := range a {
		na, nb = na+float64(a[i]), nb+float64(b[i])
	}
	if na == 0 || nb == 0 {
		return 1
	}
	var rareA, rareB, x2, cells float64
	add := func(a, b float64) {
		e := (a + b) * na / (na + nb)
		f := (a + b) * nb / (na + nb)
		x2 += (a-e)*(a-e)/e + (b-f)*(b-f)/f
		cells++
	}
	for i := range a {
		x, y := float64(a[i]), float64(b[i])
		if (x+y)*min(na, nb)/(na+nb) < minExpected {
			rareA, rareB = rareA+x, rareB+y
		} else {
			add(x, y)
		}
	}
	if rareA+rareB > 0 {
		add(rareA, rareB)
	}
	if cells < 2 {
		return 1
	}
	return distuv.ChiSquared{K: cells - 1}.Survival(x2)
}

// Binomial returns, on a date fixed before, the p-value of k in n when each is
// one with probability p: twice the smaller tail, exactly.
func Binomial(k, n int64, p float64) float64 {
	if n == 0 || p <= 0 || p >= 1 {
		return 1
	}
	return min(1, 2*min(orMore(k, n, p), orMore(n-k, n, 1-p)))
}

// orMore returns the probability of k or more in n.
func orMore(k, n int64, p float64) float64 {
	if k <= 0 {
		return 1
	}
	return distuv.Beta{Alpha: float64(k), Beta: float64(n-k) + 1}.CDF(p)
}
