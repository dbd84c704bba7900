package journey

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestWilsonEqualsItsVectors(t *testing.T) {
	var cases []struct {
		K, N int
		CI   [2]float64 `json:"ci95"`
	}
	vectors(t, "wilson", &cases)
	require.Len(t, cases, 5)
	for _, c := range cases {
		low, high := wilson(c.K, c.N)
		require.InDelta(t, c.CI[0], low, 1e-12)
		require.InDelta(t, c.CI[1], high, 1e-12)
	}
}

func TestCorrectionForManyTests(t *testing.T) {
	got := adjusted([]float64{.898, .138, .007, .964, .538, .006, .138})
	require.InDeltaSlice(t, []float64{.964, .2415, .0245, .964, .7532, .0245, .2415}, got, 1e-12)
}

// TestBinomialTest sums all probabilities, as the definition says.
func TestBinomialTest(t *testing.T) {
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
		require.InDelta(t, min(1, 2*min(few, many)), binomialTest(k, n, p), 1e-9)
	})
	require.InEpsilon(t, 2*math.Pow(0.01, 50), binomialTest(50, 50, 0.01), 1e-9)
	require.Less(t, binomialTest(35_000, 300_000, 0.07), 1e-300)
}

func TestChiSquared(t *testing.T) {
	require.InEpsilon(t, 0.05, chiSquaredTail(3.841458820694124, 1), 1e-12)
	require.InEpsilon(t, 0.01, chiSquaredTail(23.209251158954356, 10), 1e-12)
	require.InEpsilon(t, 0.95, chiSquaredTail(3.9402991361190605, 10), 1e-12)
	require.InEpsilon(t, math.Exp(-300), chiSquaredTail(600, 2), 1e-9)
	require.InDelta(t, 1, chiSquaredTail(0, 3), 0)
}
