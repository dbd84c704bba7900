package journey

import (
	"cmp"
	"math"
	"slices"
)

// z95 is the quantile of the normal distribution for intervals of 95 %.
const z95 = 1.959963984540054

// wilson returns the interval of 95 % of a share by Wilson's score.
func wilson(k, n int) (low, high float64) {
	if n == 0 {
		return 0, 1
	}
	share, size := float64(k)/float64(n), float64(n)
	shrink := 1 + z95*z95/size
	middle := (share + z95*z95/(2*size)) / shrink
	half := z95 / shrink * math.Sqrt(share*(1-share)/size+z95*z95/(4*size*size))
	low, high = middle-half, middle+half
	if k == 0 {
		low = 0
	}
	if k == n {
		high = 1
	}
	return low, high
}

// adjusted returns p-values corrected for their number by Benjamini and
// Hochberg.
func adjusted(ps []float64) []float64 {
	order := make([]int, len(ps))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int { return cmp.Compare(ps[a], ps[b]) })
	out, least := make([]float64, len(ps)), 1.0
	for i, k := range slices.Backward(order) {
		least = min(least, ps[k]*float64(len(ps))/float64(i+1))
		out[k] = least
	}
	return out
}

// binomialTest returns how probable it is by chance that of n visitors as few or
// as many as k convert when each does with the given probability: twice the
// smaller tail, exactly.
func binomialTest(k, n int, probability float64) float64 {
	if n == 0 || probability <= 0 || probability >= 1 {
		return 1
	}
	return min(1, 2*min(tail(k, n, probability), tail(n-k, n, 1-probability)))
}

// tail returns the probability of k or more of n.
func tail(k, n int, p float64) float64 {
	if k <= 0 {
		return 1
	}
	if float64(k) < float64(n)*p {
		return 1 - below(n-k+1, n, 1-p)
	}
	return below(k, n, p)
}

// below sums the probabilities of k, k+1 and so on of n. They must be falling.
func below(k, n int, p float64) float64 {
	if k > n {
		return 0
	}
	term := math.Exp(logChoose(n, k) + float64(k)*math.Log(p) + float64(n-k)*math.Log1p(-p))
	sum := 0.0
	for ; k <= n && term > sum*1e-17; k++ {
		sum += term
		term *= float64(n-k) / float64(k+1) * p / (1 - p)
	}
	return sum
}

func logChoose(n, k int) float64 {
	all, _ := math.Lgamma(float64(n) + 1)
	in, _ := math.Lgamma(float64(k) + 1)
	out, _ := math.Lgamma(float64(n-k) + 1)
	return all - in - out
}

// chiSquaredTail returns the probability of x or more by chi squared with so
// many degrees of freedom: the regularised incomplete gamma function Q.
func chiSquaredTail(x float64, degrees int) float64 {
	if degrees <= 0 || x <= 0 {
		return 1
	}
	a, x := float64(degrees)/2, x/2
	scale, _ := math.Lgamma(a)
	front := math.Exp(a*math.Log(x) - x - scale)
	if x < a+1 {
		term := 1 / a
		sum := term
		for k := a + 1; term > sum*1e-16; k++ {
			term *= x / k
			sum += term
		}
		return 1 - front*sum
	}
	// Lentz's continued fraction.
	const tiny = 1e-300
	b, c := x+1-a, 1/tiny
	d := 1 / b
	h := d
	for i := 1.0; i < 1e5; i++ {
		an := -i * (i - a)
		b += 2
		d = 1 / nonZero(an*d+b)
		c = nonZero(b + an/c)
		h *= d * c
		if math.Abs(d*c-1) < 1e-15 {
			break
		}
	}
	return front * h
}

func nonZero(x float64) float64 {
	if math.Abs(x) < 1e-300 {
		return 1e-300
	}
	return x
}
