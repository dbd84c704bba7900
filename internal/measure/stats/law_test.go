package stats

import (
	"encoding/csv"
	"math"
	"math/big"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func readASOS(t *testing.T) [][]string {
	t.Helper()
	dir := os.Getenv("SEGUE_TEST_DATA")
	if dir == "" {
		t.Skip("SEGUE_TEST_DATA is not set: real series are not looked at")
	}
	f, err := os.Open(filepath.Join(dir, "experiments", "asos.csv"))
	require.NoError(t, err)
	defer func() { _ = f.Close() }()
	rows, err := csv.NewReader(f).ReadAll()
	require.NoError(t, err)
	return rows[1:]
}

func genArms(t *rapid.T) (c, v arm) {
	draw := func(name string) arm {
		n := rapid.Int64Range(2, 100_000).Draw(t, name)
		k := rapid.Int64Range(1, n-1).Draw(t, name+" conversions")
		return arm{N: n, K: &k}
	}
	return draw("control"), draw("treated")
}

func lift(t require.TestingT, q Sequential, c, v arm) Effect {
	e, err := q.Lift(Shares(*c.K, c.N, *v.K, v.N))
	require.NoError(t, err)
	return e
}

func TestLawsOfLift(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c, v := genArms(t)
		q := Sequential{Planned: float64(rapid.IntRange(500, 100_000).Draw(t, "planned"))}
		e := lift(t, q, c, v)
		if math.Abs(e.P-0.05) > 1e-9 {
			require.Equal(t, e.P < 0.05, !e.Interval.Has(0), "the interval excludes 0 where p says so")
		}
		back := lift(t, q, v, c)
		require.InDelta(t, e.Diff, -back.Diff, 1e-12)
		require.InDelta(t, e.Interval.Low, -back.Interval.High, 1e-12)
		require.InDelta(t, e.LogE, back.LogE, 1e-9*math.Abs(e.LogE)+1e-12)
		if e.Relative.Interval.Low > -0.99 { // nearer to -1 nothing is left of it
			require.InDelta(t, 1, (1+e.Relative.Interval.Low)*(1+back.Relative.Interval.High), 1e-9)
		}

		more := Estimate{Value: e.Diff + math.Copysign(e.SE, e.Diff), SE: e.SE, N: e.N}
		require.Greater(t, q.LogE(more), q.LogE(Estimate{Value: e.Diff, SE: e.SE, N: e.N}), "evidence grows with the difference")
		if e.N >= q.Planned {
			require.GreaterOrEqual(t, q.Lower(more), q.Interval(more).Low, "a bound to one side is sharper")
		}
	})
}

func TestScalingScalesEverything(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		sample := func() Sample {
			return Sample{N: float64(rapid.IntRange(2, 1000).Draw(t, "n")), Mean: rapid.Float64Range(0.1, 100).Draw(t, "mean"), Var: rapid.Float64Range(0.1, 100).Draw(t, "variance")}
		}
		a, b, k := sample(), sample(), rapid.Float64Range(0.1, 10).Draw(t, "scale")
		scaled := func(s Sample) Sample { return Sample{N: s.N, Mean: k * s.Mean, Var: k * k * s.Var} }
		q := Sequential{Planned: 1000}
		one, err := q.Lift(Means(a, b))
		require.NoError(t, err)
		other, err := q.Lift(Means(scaled(a), scaled(b)))
		require.NoError(t, err)
		require.InEpsilon(t, k*one.SE, other.SE, 1e-9)
		require.InDelta(t, one.LogE, other.LogE, 1e-6*(1+math.Abs(one.LogE)))
		require.InDelta(t, one.Relative.Lift, other.Relative.Lift, 1e-9*(1+math.Abs(one.Relative.Lift)))
	})
}

func TestSumsOfPartsAreSumsOfTheWhole(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		values := rapid.SliceOfN(rapid.Int64Range(-1_000_000_000, 1_000_000_000), 2, 50).Draw(t, "values")
		cut := rapid.IntRange(0, len(values)).Draw(t, "cut")
		sums := func(values []int64) (n, sum int64, squares *big.Int) {
			squares = new(big.Int)
			for _, v := range values {
				sum += v
				squares.Add(squares, new(big.Int).Mul(big.NewInt(v), big.NewInt(v)))
			}
			return int64(len(values)), sum, squares
		}
		n1, s1, q1 := sums(values[:cut])
		n2, s2, q2 := sums(values[cut:])
		n, s, q := sums(values)
		require.Equal(t, Of(n, s, q), Of(n1+n2, s1+s2, q1.Add(q1, q2)))

		mean, m2 := 0.0, 0.0
		for i, v := range values { // Welford's way
			d := float64(v) - mean
			mean += d / float64(i+1)
			m2 += d * (float64(v) - mean)
		}
		require.InDelta(t, m2/float64(n-1), Of(n, s, q).Var, 1e-9*(1+m2))
	})
}

func TestSamenessIsAnInterval(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		e := Estimate{Value: rapid.Float64Range(-1, 1).Draw(t, "d"), SE: rapid.Float64Range(0.01, 1).Draw(t, "se"), N: 1000}
		margin, df := rapid.Float64Range(0.01, 1).Draw(t, "margin"), rapid.Float64Range(2, 1000).Draw(t, "df")
		p := SameOn(e, df, margin)
		require.True(t, p >= 0 && p <= 1)
		h := studentQuantile(0.95, df) * e.SE
		if math.Abs(p-0.05) > 1e-9 {
			require.Equal(t, p < 0.05, Interval{e.Value - h, e.Value + h}.Within(-margin, margin))
		}
	})
}

func TestVerdictsOfSameness(t *testing.T) {
	q := Sequential{Planned: 100_000}
	require.Equal(t, IsSame, q.Same(Estimate{Value: 0.001, SE: 0.001, N: 100_000}, 0.01))
	require.Equal(t, IsDifferent, q.Same(Estimate{Value: 0.05, SE: 0.001, N: 100_000}, 0.01))
	require.Equal(t, Undecided, q.Same(Estimate{Value: 0.005, SE: 0.01, N: 100_000}, 0.01))
}

func TestWhatCannotBeComputedIsAnError(t *testing.T) {
	q := Sequential{}
	_, err := q.Lift(Means(Sample{}, Sample{N: 5, Mean: 1, Var: 1}))
	require.ErrorIs(t, err, ErrTooFew)
	_, err = q.Lift(Means(Sample{N: 5, Mean: 1}, Sample{N: 5, Mean: 1}))
	require.ErrorIs(t, err, ErrZeroVariance)
	e, err := q.Lift(Means(Sample{N: 5, Mean: 0, Var: 1}, Sample{N: 5, Mean: 1, Var: 1}))
	require.NoError(t, err)
	require.Nil(t, e.Relative, "there is no ratio to nothing")
	_, err = Between(e, e, Logarithmic)
	require.ErrorIs(t, err, ErrZeroBaseline)
	_, err = WelchRelative(Sample{N: 5, Var: 1}, Sample{N: 5, Mean: 1, Var: 1}, 0.05)
	require.ErrorIs(t, err, ErrZeroBaseline)
	_, err = Welch(Sample{N: 1, Mean: 1, Var: 1}, Sample{N: 1, Mean: 2, Var: 1}, 0.05)
	require.ErrorIs(t, err, ErrTooFew)
	_, err = Ratio(Sample{N: 1}, Sample{N: 1}, 0)
	require.ErrorIs(t, err, ErrZeroBaseline)
	_, err = Heterogeneity([]Estimate{{SE: 1}})
	require.ErrorIs(t, err, ErrTooFew)
	_, err = Business{}.Worth(Estimate{SE: 1})
	require.ErrorIs(t, err, ErrTooFew)
	require.Equal(t, Interval{0, 1}, Wilson(0, 0, 0.05))
}

// Thirty users prove nothing.
func TestThirtyUsersProveNothing(t *testing.T) {
	require.NotNil(t, Gate{Binary: true, ControlN: 30, TreatedN: 30, ControlSome: 3, TreatedSome: 10, Days: 30}.Lacks())
	plan := ForShare(0.05, 1)
	relative := func(n float64) float64 { return plan.Detectable(n) / 0.05 }
	require.Greater(t, relative(30), 3.0, "only an effect of more than +300 % would show")
	need, _ := ForShare(0.05, 0.1).Needed()
	require.InDelta(t, 31_231, need, 50)
	need, _ = ForShare(0.05, 0.2).Needed()
	require.InDelta(t, 8155, need, 10)
	need, _ = ForShare(0.05, 0.5).Needed()
	require.InDelta(t, 1468, need, 5)
	require.InDelta(t, 10.0, Days(1000, 500, 50), 0)
	require.True(t, math.IsInf(Days(1, 0, 0), 1))
	require.Zero(t, Days(1, 2, 0))
}
