package stats_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/segue-dev/segue/internal/measure/stats"
)

// TestBinomial sums all probabilities, as the definition says.
func TestBinomial(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 60).Draw(t, "n")
		k := rapid.IntRange(0, n).Draw(t, "k")
		p := rapid.Float64Range(0.001, 0.999).Draw(t, "p")
		few, many, term := 0.0, 0.0, math.Pow(1-p, float64(n))
		for i := range n + 1 {
			if i <= k {
				few += term
			}
			if i >= k {
				many += term
			}
			term *= float64(n-i) / float64(i+1) * p / (1 - p)
		}
		require.InDelta(t, min(1, 2*min(few, many)), stats.Binomial(int64(k), int64(n), p), 1e-9)
	})
	require.InEpsilon(t, 2*math.Pow(0.01, 50), stats.Binomial(50, 50, 0.01), 1e-9)
	require.Less(t, stats.Binomial(35_000, 300_000, 0.07), 1e-300)
	require.InEpsilon(t, 1, stats.Binomial(0, 0, 0.5), 0)
}

func TestSameDistribution(t *testing.T) {
	// χ² of two by two is n(ad-bc)² over the product of all margins.
	x2 := 600.0 * (150*300 - 100*50) * (150*300 - 100*50) / (250. * 350 * 200 * 400)
	require.InEpsilon(t, math.Erfc(math.Sqrt(x2/2)), stats.SameDistribution([]int64{150, 50}, []int64{100, 300}), 1e-9)
	require.InDelta(t, 1, stats.SameDistribution([]int64{30, 60}, []int64{10, 20}), 0)
	require.InDelta(t, 1, stats.SameDistribution([]int64{9}, []int64{7}), 0, "there is but one value")
	require.InDelta(t, 1, stats.SameDistribution([]int64{0, 0}, []int64{7, 3}), 0, "there is no sample")
	// Each too rare by itself, together they are not.
	rare := stats.SameDistribution([]int64{100, 3, 3, 3, 3}, []int64{100, 0, 0, 0, 0})
	require.InEpsilon(t, stats.SameDistribution([]int64{100, 12}, []int64{100, 0}), rare, 1e-12)
}

// TestSamplesOfOneDistributionAreRarelyToldApart draws both from one with rare
// values.
func TestSamplesOfOneDistributionAreRarelyToldApart(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	const runs = 2000
	small := 0
	for range runs {
		var taken [2][8]int64
		for group, n := range []int{120, 400} {
			for range n {
				taken[group][min(int(r.ExpFloat64()*2), 7)]++
			}
		}
		if stats.SameDistribution(taken[0][:], taken[1][:]) < 0.05 {
			small++
		}
	}
	require.InDelta(t, 0.05*runs, small, 3*math.Sqrt(runs*0.05*0.95))
}
