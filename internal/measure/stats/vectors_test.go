package stats

import (
	"encoding/json"
	"math"
	"math/big"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/stat/distuv"
)

// The vectors are those of other systems' public test suites, and of scipy; each
// names its source.
func vectors(t *testing.T, into any) {
	t.Helper()
	dir := os.Getenv("SEGUE_TEST_DATA")
	if dir == "" {
		t.Skip("SEGUE_TEST_DATA is not set: the vectors of other systems are not compared")
	}
	src, err := os.ReadFile(filepath.Join(dir, "vectors", "stats_vectors.json"))
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(src, into))
}

type arm struct {
	N          int64
	K          *int64
	Sum, SumSq float64
}

func (a arm) sample() Sample {
	n := float64(a.N)
	if a.K != nil {
		return Share(*a.K, a.N)
	}
	return Sample{N: n, Mean: a.Sum / n, Var: (a.SumSq - a.Sum*a.Sum/n) / (n - 1)}
}

type figure struct {
	Diff, SE float64
	CI95     []float64
	P        float64
	Lo95     *float64
}

func TestWelchVectors(t *testing.T) {
	var v struct {
		Cases []struct {
			Kind     string
			A, B     arm
			Absolute *figure
			Relative *figure
			Tol      float64
		} `json:"welch_ttest"`
	}
	vectors(t, &v)
	require.NotEmpty(t, v.Cases)
	for _, c := range v.Cases {
		check := func(want *figure, got Fixed, err error) {
			require.NoError(t, err)
			require.InDelta(t, want.Diff, got.Value, c.Tol)
			require.InDelta(t, want.SE, got.SE, c.Tol)
			if want.Lo95 != nil {
				low, p := got.OneSided(0.05)
				require.InDelta(t, *want.Lo95, low, c.Tol)
				require.InDelta(t, want.P, p, c.Tol)
				return
			}
			require.InDelta(t, want.CI95[0], got.Interval.Low, c.Tol)
			require.InDelta(t, want.CI95[1], got.Interval.High, c.Tol)
			require.InDelta(t, want.P, got.P, c.Tol)
		}
		if c.Absolute != nil {
			got, err := Welch(c.A.sample(), c.B.sample(), 0.05)
			check(c.Absolute, got, err)
		}
		if c.Relative != nil {
			got, err := WelchRelative(c.A.sample(), c.B.sample(), 0.05)
			check(c.Relative, got, err)
		}
	}
}

func TestSequentialVectors(t *testing.T) {
	var v struct {
		Cases []struct {
			Scale                   string
			A, B                    arm
			N, Diff, SE             float64
			NStar, Alpha            float64
			Rho, HalfWidth, LogE, P *float64
			CI                      []float64
			Tol                     float64
			LogEWire                *float64 `json:"log_e"`
		} `json:"asymptotic_cs"`
	}
	vectors(t, &v)
	require.NotEmpty(t, v.Cases)
	for _, c := range v.Cases {
		q := Sequential{Alpha: c.Alpha, Planned: c.NStar}
		e := Estimate{Value: c.Diff, SE: c.SE, N: c.N}
		if c.Scale != "" {
			var err error
			e, err = relativeDelta(c.A.sample(), c.B.sample())
			require.NoError(t, err)
		}
		if c.Rho != nil {
			require.InDelta(t, *c.Rho, math.Sqrt(q.rho2(c.Alpha)), c.Tol)
		}
		if c.HalfWidth != nil {
			require.InDelta(t, *c.HalfWidth, q.HalfWidth(e), c.Tol)
		}
		if c.LogEWire != nil {
			require.InDelta(t, *c.LogEWire, q.LogE(e), c.Tol*100)
		}
		if c.CI != nil {
			require.InDelta(t, c.CI[0], q.Interval(e).Low, c.Tol)
			require.InDelta(t, c.CI[1], q.Interval(e).High, c.Tol)
		}
		if c.P != nil {
			require.InDelta(t, *c.P, q.P(e), c.Tol)
		}
	}
}

type binaryCase struct {
	KC int64 `json:"k_c"`
	NC int64 `json:"n_c"`
	KT int64 `json:"k_t"`
	NT int64 `json:"n_t"`

	NStar, Alpha float64
	RawDiff      float64   `json:"raw_diff"`
	SE           float64   `json:"ac_se"`
	CI           []float64 `json:"acs_ci"`
	LogE         float64   `json:"log_e"`
	P            float64
	LogRatio     float64   `json:"log_ratio"`
	LogSE        float64   `json:"se"`
	RelCI        []float64 `json:"rel_lift_ci"`
}

func TestSmoothedVectors(t *testing.T) {
	var v struct {
		Absolute struct {
			Cases []binaryCase
			Tol   float64
		} `json:"acs_agresti_caffo"`
		Relative struct {
			Cases []binaryCase
			Tol   float64
		} `json:"acs_log_ratio_smoothed"`
	}
	vectors(t, &v)
	require.NotEmpty(t, v.Absolute.Cases)
	require.NotEmpty(t, v.Relative.Cases)
	for _, c := range v.Absolute.Cases {
		got, err := Sequential{Alpha: c.Alpha, Planned: c.NStar}.Lift(Shares(c.KC, c.NC, c.KT, c.NT))
		require.NoError(t, err)
		require.InDelta(t, c.RawDiff, got.Diff, v.Absolute.Tol)
		require.InDelta(t, c.SE, got.SE, v.Absolute.Tol)
		require.InDelta(t, c.CI[0], got.Interval.Low, v.Absolute.Tol)
		require.InDelta(t, c.CI[1], got.Interval.High, v.Absolute.Tol)
		require.InDelta(t, c.LogE, got.LogE, v.Absolute.Tol)
		require.InDelta(t, c.P, got.P, v.Absolute.Tol)
	}
	for _, c := range v.Relative.Cases {
		got, err := Sequential{Alpha: c.Alpha, Planned: c.NStar}.Lift(Shares(c.KC, c.NC, c.KT, c.NT))
		require.NoError(t, err)
		require.InDelta(t, c.LogSE, got.Relative.LogSE, v.Relative.Tol)
		require.InDelta(t, c.RelCI[0], got.Relative.Interval.Low, v.Relative.Tol)
		require.InEpsilon(t, c.RelCI[1], got.Relative.Interval.High, v.Relative.Tol)
	}
}

func TestConfseqVectors(t *testing.T) {
	var v struct {
		Confseq struct {
			Mixture struct {
				Rho   float64 `json:"best_rho_v100"`
				Log   float64 `json:"log_mixture_s10_v100_vopt100"`
				Bound float64 `json:"bound_v100_vopt100"`
			} `json:"two_sided_normal_mixture"`
			Bernoulli []struct {
				K, N int64
				TOpt float64 `json:"t_opt"`
				CI   []float64
			} `json:"bernoulli_ci"`
		}
	}
	vectors(t, &v)
	rho := mixtureWidth(100, 0.05)
	require.InDelta(t, v.Confseq.Mixture.Rho, rho, 1e-5)
	require.InDelta(t, v.Confseq.Mixture.Log, 0.5*math.Log(rho/(100+rho))+100/(2*(100+rho)), 1e-5)
	require.InDelta(t, v.Confseq.Mixture.Bound, math.Sqrt((100+rho)*math.Log((100+rho)/(rho*0.05*0.05))), 1e-5)
	require.NotEmpty(t, v.Confseq.Bernoulli)
	for _, c := range v.Confseq.Bernoulli {
		got := Bernoulli(c.K, c.N, 0.05, c.TOpt)
		require.InDelta(t, c.CI[0], got.Low, 1e-5, "%d of %d", c.K, c.N)
		require.InDelta(t, c.CI[1], got.High, 1e-5, "%d of %d", c.K, c.N)
	}
}

func TestMismatchVectors(t *testing.T) {
	var v struct {
		Chi2 struct {
			Cases [][]json.RawMessage
			Tol   float64
		} `json:"srm_chi2"`
		Sequential []struct {
			Theta0 []float64
			Counts []int64
			LogE   float64 `json:"log_e"`
			Tol    float64
		} `json:"srm_sequential"`
	}
	vectors(t, &v)
	require.NotEmpty(t, v.Chi2.Cases)
	for _, c := range v.Chi2.Cases {
		var counts []int64
		var shares []float64
		var want float64
		require.NoError(t, json.Unmarshal(c[0], &counts))
		require.NoError(t, json.Unmarshal(c[1], &shares))
		require.NoError(t, json.Unmarshal(c[2], &want))
		require.InDelta(t, want, MismatchOn(counts, shares), v.Chi2.Tol)
	}
	require.NotEmpty(t, v.Sequential)
	for _, c := range v.Sequential {
		require.InDelta(t, c.LogE, Mismatch(c.Counts, c.Theta0), max(c.Tol, 1e-10))
	}
}

func TestMultiplicityVectors(t *testing.T) {
	var v struct {
		Multiplicity struct {
			BH   struct{ P, Adj []float64 }
			Holm struct{ P, Adj []float64 }
			EBH  []struct {
				E      []float64
				Alpha  float64
				Reject []int `json:"reject_idx"`
			}
		}
	}
	vectors(t, &v)
	m := v.Multiplicity
	require.InDeltaSlice(t, m.BH.Adj, BH(m.BH.P), 1e-12)
	require.InDeltaSlice(t, m.Holm.Adj, Holm(m.Holm.P), 1e-12)
	require.NotEmpty(t, m.EBH)
	for _, c := range m.EBH {
		logs := make([]float64, len(c.E))
		for i, e := range c.E {
			logs[i] = math.Log(e)
		}
		alpha := c.Alpha
		if alpha == 0 {
			alpha = 0.05
		}
		var got []int
		for i, real := range EBH(logs, alpha) {
			if real {
				got = append(got, i)
			}
		}
		require.Equal(t, c.Reject, got)
	}
}

func TestEquivalenceAndShareVectors(t *testing.T) {
	var v struct {
		Tost struct {
			Tol   float64
			Cases []struct {
				Diff, SE, Dof, Eps, P float64
				CI90                  []float64
			}
		}
		Newcombe struct {
			K1, N1, K2, N2 int64
			Newcombe       []float64
		} `json:"newcombe_diff"`
		Wilson []struct {
			K, N int64
			CI95 []float64
		}
	}
	vectors(t, &v)
	require.NotEmpty(t, v.Tost.Cases)
	for _, c := range v.Tost.Cases {
		e := Estimate{Value: c.Diff, SE: c.SE}
		require.InDelta(t, c.P, SameOn(e, c.Dof, c.Eps), v.Tost.Tol)
		h := studentQuantile(0.95, c.Dof) * c.SE
		require.InDelta(t, c.CI90[0], c.Diff-h, 1e-6)
		require.InDelta(t, c.CI90[1], c.Diff+h, 1e-6)
	}
	n := v.Newcombe
	got := Newcombe(n.K2, n.N2, n.K1, n.N1, 0.05)
	require.InDelta(t, n.Newcombe[0], got.Low, 1e-12)
	require.InDelta(t, n.Newcombe[1], got.High, 1e-12)
	require.NotEmpty(t, v.Wilson)
	for _, c := range v.Wilson {
		got := Wilson(c.K, c.N, 0.05)
		require.InDelta(t, c.CI95[0], got.Low, 1e-12)
		require.InDelta(t, c.CI95[1], got.High, 1e-12)
	}
}

func TestPowerVectors(t *testing.T) {
	var v struct {
		Power struct {
			Users, Variations, Mean, Var float64
			Rel                          float64 `json:"rel_effect"`
			FixedPower                   float64 `json:"fixed_power"`
			FixedMDE                     float64 `json:"fixed_mde80_rel"`
			Sequential                   float64 `json:"single_look_sequential_power_correct"`
			Mid                          struct {
				A, B       arm
				Rel        float64 `json:"rel_mde"`
				Fixed      float64 `json:"scaling_factor_fixed_exact"`
				Sequential float64 `json:"scaling_factor_sequential_nstar5000"`
			} `json:"mid_experiment"`
		}
		Size struct {
			Cases []struct {
				Kind         string
				MDE, Var, P  float64
				Alpha, Power float64
				Total        float64 `json:"n_total"`
			}
		} `json:"sample_size"`
	}
	vectors(t, &v)
	p := v.Power
	// There the variance of a relative lift counts what treatment does to the mean.
	control := p.Users / p.Variations
	se := func(rel float64) float64 {
		return math.Sqrt(p.Var/control/(p.Mean*p.Mean) + p.Var/control*(1+rel)*(1+rel)/(p.Mean*p.Mean))
	}
	plan := func(rel float64) Plan {
		return Plan{Effect: rel, ControlVar: se(rel) * se(rel) * control / 2, TreatedVar: se(rel) * se(rel) * control / 2}
	}
	require.InDelta(t, p.FixedPower, plan(p.Rel).FixedPowerAt(control), 1e-4)
	require.InDelta(t, p.Sequential, plan(p.Rel).PowerAt(control, Sequential{Planned: 5000}), 1e-4)
	require.InDelta(t, 0.8, plan(p.FixedMDE).FixedPowerAt(control), 1e-3)
	mid := p.Mid
	a, b := mid.A.sample(), mid.B.sample()
	relative := Plan{Effect: mid.Rel, ControlVar: a.Var * (1 + mid.Rel) * (1 + mid.Rel) / (a.Mean * a.Mean), TreatedVar: b.Var / (a.Mean * a.Mean)}
	c, d := relative.Needed()
	require.InDelta(t, mid.Fixed, (c+d)/(a.N+b.N)-1, 1e-3)
	more := (a.N + b.N) / 2 * (1 + mid.Sequential)
	require.InDelta(t, 0.8, relative.PowerAt(more, Sequential{Planned: 5000}), 1e-5)

	require.NotEmpty(t, v.Size.Cases)
	for _, c := range v.Size.Cases {
		size := Plan{Effect: c.MDE, ControlVar: c.Var, TreatedVar: c.Var, Alpha: c.Alpha, Power: c.Power}
		if c.Kind == "prop" {
			size.ControlVar, size.TreatedVar = c.P*(1-c.P), (c.P+c.MDE)*(1-c.P-c.MDE)
		}
		if size.Power == 0 {
			size.Power = 0.85
		}
		a, b := size.Needed()
		require.InEpsilon(t, c.Total, a+b, 0.005)
	}
}

func TestHeterogeneityVectors(t *testing.T) {
	var v struct {
		Heterogeneity struct {
			Eff, SE     []float64
			Q, P, I2    float64
			Tau2        float64   `json:"tau2_DL"`
			Common      float64   `json:"mu_fe"`
			Shrunk      []float64 `json:"eb_shrunk"`
			ShrunkSD    []float64 `json:"eb_sd"`
			Statsmodels struct {
				Mean float64 `json:"mean_re"`
			}
		}
		Cost struct {
			Mean float64 `json:"mu_re"`
			Tau2 float64
			Rows []struct {
				Effect, SE float64
				Visitors   float64 `json:"visitors_per_period"`
				Value      float64 `json:"value_per_conversion"`
				Cost       float64 `json:"cost_per_period"`
				Shrunk     float64
				ShrunkSD   float64 `json:"shrunk_sd"`
				BreakEven  float64 `json:"breakeven_lift"`
				Net        float64
				NetCI      []float64 `json:"net_ci90"`
				Positive   float64   `json:"p_net_positive"`
				Decision   string
			}
		} `json:"cost_vs_lift"`
	}
	vectors(t, &v)
	h := v.Heterogeneity
	effects := func(eff, se []float64) []Estimate {
		var out []Estimate
		for i := range eff {
			out = append(out, Estimate{Value: eff[i], SE: se[i]})
		}
		return out
	}
	got, err := Heterogeneity(effects(h.Eff, h.SE))
	require.NoError(t, err)
	for name, pair := range map[string][2]float64{
		"Q": {h.Q, got.Q}, "P": {h.P, got.P}, "I2": {h.I2, got.I2}, "tau2": {h.Tau2, got.Tau2}, "common": {h.Common, got.Common}, "mean": {h.Statsmodels.Mean, got.Mean},
	} {
		require.InDelta(t, pair[0], pair[1], 1e-9, name)
	}
	for i, e := range effects(h.Eff, h.SE) {
		require.InDelta(t, h.Shrunk[i], got.Shrunk(e).Value, 1e-9)
		require.InDelta(t, h.ShrunkSD[i], got.Shrunk(e).SE, 1e-9)
	}

	var eff, se []float64
	for _, r := range v.Cost.Rows {
		eff, se = append(eff, r.Effect), append(se, r.SE)
	}
	spread, err := Heterogeneity(effects(eff, se))
	require.NoError(t, err)
	require.InDelta(t, v.Cost.Mean, spread.Mean, 1e-12)
	require.InDelta(t, v.Cost.Tau2, spread.Tau2, 1e-12)
	for _, r := range v.Cost.Rows {
		shrunk := spread.Shrunk(Estimate{Value: r.Effect, SE: r.SE})
		require.InDelta(t, r.Shrunk, shrunk.Value, 1e-12)
		require.InDelta(t, r.ShrunkSD, shrunk.SE, 1e-12)
		net, err := Business{Visitors: r.Visitors, Value: r.Value, Cost: r.Cost}.Worth(shrunk)
		require.NoError(t, err)
		require.InDelta(t, r.BreakEven, net.BreakEven, 1e-12)
		require.InDelta(t, r.Net, net.Value, 1e-8)
		require.InDelta(t, r.NetCI[0], net.Interval.Low, 1e-3)
		require.InDelta(t, r.NetCI[1], net.Interval.High, 1e-3)
		require.InDelta(t, r.Positive, net.Positive, 1e-9)
		require.EqualValues(t, r.Decision, net.Decision)
	}
}

func TestAdjustedAndRatioVectors(t *testing.T) {
	var v struct {
		Cuped struct {
			PreA  arm `json:"pre_a"`
			PreB  arm `json:"pre_b"`
			PostA arm `json:"post_a"`
			PostB arm `json:"post_b"`
			NStar float64
			Rel   figureCI `json:"relative"`
			Abs   struct {
				Theta float64
				A     float64 `json:"adj_mean_a"`
				B     float64 `json:"adj_mean_b"`
				Diff  float64
				SE    float64
			} `json:"computed_absolute"`
			Tol float64
		} `json:"cuped_growthbook"`
		Ratio struct {
			A, B     ratioArm
			RatioA   float64 `json:"ratio_a"`
			RatioB   float64 `json:"ratio_b"`
			VarA     float64 `json:"unit_var_a"`
			VarB     float64 `json:"unit_var_b"`
			Diff, SE float64
			P        float64
		} `json:"ratio_metric"`
	}
	vectors(t, &v)
	pair := func(y, x arm) Paired {
		n := float64(y.N)
		return Paired{Y: y.sample(), X: x.sample(), Cov: (1 - y.Sum*x.Sum/n) / (n - 1)}
	}
	a, b, theta := Adjusted(pair(v.Cuped.PostA, v.Cuped.PreA), pair(v.Cuped.PostB, v.Cuped.PreB))
	require.InDelta(t, v.Cuped.Abs.Theta, theta, 1e-12)
	require.InDelta(t, v.Cuped.Abs.A, a.Mean, 1e-12)
	require.InDelta(t, v.Cuped.Abs.B, b.Mean, 1e-12)
	d, err := Difference(a, b)
	require.NoError(t, err)
	require.InDelta(t, v.Cuped.Abs.Diff, d.Value, 1e-12)
	require.InDelta(t, v.Cuped.Abs.SE, d.SE, 1e-12)

	ra, rb := v.Ratio.A.sample(t), v.Ratio.B.sample(t)
	require.InDelta(t, v.Ratio.RatioA, ra.Mean, 1e-14)
	require.InDelta(t, v.Ratio.RatioB, rb.Mean, 1e-14)
	require.InDelta(t, v.Ratio.VarA, ra.Var, 1e-12)
	require.InDelta(t, v.Ratio.VarB, rb.Var, 1e-12)
	e, err := Difference(ra, rb)
	require.NoError(t, err)
	require.InDelta(t, v.Ratio.Diff, e.Value, 1e-14)
	require.InDelta(t, v.Ratio.SE, e.SE, 1e-12)
}

type figureCI struct {
	Diff, SE float64
	CI       []float64
}

type ratioArm struct{ N, SM, SMM, SD, SDD, SMD int64 }

func (r ratioArm) sample(t *testing.T) Sample {
	t.Helper()
	s, err := Ratio(Of(r.N, r.SM, big.NewInt(r.SMM)), Of(r.N, r.SD, big.NewInt(r.SDD)), Covariance(r.N, r.SM, r.SD, big.NewInt(r.SMD)))
	require.NoError(t, err)
	return s
}

func TestNumericVectors(t *testing.T) {
	var v struct {
		Numerics struct {
			Normal struct{ Z, Exact []float64 } `json:"normal_survival"`
			T      [][]float64                  `json:"t_survival"`
			Chi2   [][]float64                  `json:"chi2_survival"`
			Q      [][]float64                  `json:"normal_quantile"`
			Cancel struct {
				Var float64 `json:"exact_var"`
			} `json:"catastrophic_cancellation"`
		}
	}
	vectors(t, &v)
	n := v.Numerics
	for i, z := range n.Normal.Z {
		require.InEpsilon(t, n.Normal.Exact[i], upper(z), 1e-9)
	}
	for _, c := range n.T {
		require.InEpsilon(t, c[2], studentUpper(c[0], c[1]), 1e-7)
	}
	for _, c := range n.Chi2 {
		require.InEpsilon(t, c[2], distuv.ChiSquared{K: c[1]}.Survival(c[0]), 1e-7)
	}
	for _, c := range n.Q {
		require.InDelta(t, c[1], quantile(c[0]), 1e-9)
	}
	var sum int64
	squares := new(big.Int)
	for i := range int64(1000) {
		x := 1_000_000_000 + i%3
		sum += x
		squares.Add(squares, new(big.Int).Mul(big.NewInt(x), big.NewInt(x)))
	}
	require.InDelta(t, n.Cancel.Var, Of(1000, sum, squares).Var, 1e-15)
}
