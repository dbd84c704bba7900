package stats

import "math"

// Bernoulli returns the interval of a share of k in n, exact at all times however
// few there are, and sharpest at the planned number: a confidence sequence by a
// beta-binomial mixture (Howard, Ramdas, McAuliffe, Sekhon, 2021).
func Bernoulli(k, n int64, alpha, planned float64) Interval {
	if n == 0 {
		return Interval{0, 1}
	}
	excluded := func(p float64) bool { return bernoulliLogE(k, n, p, planned) > -math.Log(alpha) }
	mean := float64(k) / float64(n)
	i := Interval{0, 1}
	if k > 0 && excluded(edge) {
		i.Low = bisect(edge, mean, excluded)
	}
	if k < n && excluded(1-edge) {
		i.High = bisect(1-edge, mean, excluded)
	}
	return i
}

// edge is as near to 0 and 1 as shares are tried.
const edge = 1e-12

// bisect returns the share at which excluded, which holds at out and not at in,
// ceases to.
func bisect(out, in float64, excluded func(float64) bool) float64 {
	for range 100 {
		if mid := (out + in) / 2; excluded(mid) {
			out = mid
		} else {
			in = mid
		}
	}
	return in
}

// bernoulliLogE is the logarithm of the evidence against a share p.
func bernoulliLogE(k, n int64, p, planned float64) float64 {
	q, hits, misses := 1-p, float64(k), float64(n-k)
	v := p * q
	r := max(mixtureWidth(planned*v, 0.05)-v, 1e-3*v)
	return logBeta([]float64{r/q + hits, r/p + misses}) - logBeta([]float64{r / q, r / p}) - hits*math.Log(p) - misses*math.Log(q)
}

// mixtureWidth is the width of a two-sided normal mixture that is sharpest at an
// intrinsic time v.
func mixtureWidth(v, alpha float64) float64 {
	l := -2 * math.Log(alpha)
	return v / (l + math.Log1p(l))
}
