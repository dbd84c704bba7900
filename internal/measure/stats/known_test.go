package stats

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestKnownFigures holds the formulas to published figures without other files.
func TestKnownFigures(t *testing.T) {
	newcombe := Newcombe(1, 34, 7, 34, 0.05) // statsmodels
	require.InDelta(t, 0.018921, newcombe.Low, 1e-6)
	require.InDelta(t, 0.340369, newcombe.High, 1e-6)
	require.InDelta(t, 2.0079e-5, MismatchOn([]int64{1000, 1200}, []float64{0.5, 0.5}), 1e-9) // GrowthBook
	require.InDeltaSlice(t, []float64{0.964, 0.2415, 0.0245, 0.964, 0.7532, 0.0245, 0.2415},
		BH([]float64{0.898, 0.138, 0.007, 0.964, 0.538, 0.006, 0.138}), 1e-4) // GrowthBook
	require.Equal(t, []bool{true, true, false, false},
		EBH([]float64{math.Log(79), math.Log(40), math.Log(20), math.Log(10)}, 0.05))
	lift, err := Sequential{Planned: 5000}.Lift(Shares(0, 100, 18, 900))
	require.NoError(t, err)
	require.InDelta(t, 1, lift.P, 1e-9, "0.0058 without smoothing")
}

// TestGateNamesWhatLacks holds each bound of the gate.
func TestGateNamesWhatLacks(t *testing.T) {
	require.Nil(t, Gate{true, 100, 100, 5, 15, 7}.Lacks())
	require.Equal(t, []Lack{
		{LackVisitors, 99, 100}, {LackConversions, 19, 20}, {LackEach, 4, 5}, {LackDays, 6, 7},
	}, Gate{true, 99, 100, 4, 15, 6}.Lacks())
	require.Nil(t, Gate{false, 100, 100, 50, 50, 7}.Lacks())
	require.Equal(t, []Lack{{LackPayers, 49, 50}}, Gate{false, 100, 100, 49, 50, 7}.Lacks())
}
