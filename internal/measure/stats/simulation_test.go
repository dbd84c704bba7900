package stats

import (
	"cmp"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
)

// runs is how often each simulation is repeated. SEGUE_LONG repeats them ten
// times as often.
func runs(n int) int {
	if os.Getenv("SEGUE_LONG") != "" {
		return 10 * n
	}
	return n
}

// atMost is the greatest share of false findings that n runs show, if the true
// one is p: p and three standard deviations.
func atMost(p float64, n int) float64 { return p + 3*math.Sqrt(p*(1-p)/float64(n)) }

// A trial is an A/A test of a conversion under way.
type trial struct {
	random             *rand.Rand
	base, share        float64
	controlN, controlK int64
	treatedN, treatedK int64
}

// visit adds n visitors.
func (t *trial) visit(n int) {
	for range n {
		var k int64
		if t.random.Float64() < t.base {
			k = 1
		}
		if t.random.Float64() < t.share {
			t.treatedN, t.treatedK = t.treatedN+1, t.treatedK+k
		} else {
			t.controlN, t.controlK = t.controlN+1, t.controlK+k
		}
	}
}

// open reports whether enough is there for a verdict.
func (t *trial) open() bool {
	return Gate{
		Binary: true, ControlN: t.controlN, TreatedN: t.treatedN, ControlSome: t.controlK, TreatedSome: t.treatedK, Days: MinDays,
	}.Lacks() == nil
}

// falseFindings returns the shares of A/A tests that find something when they are
// looked at every 10 visitors: as a difference and as a ratio, and without
// smoothing and gate.
func falseFindings(seed uint64, n, visitors int, base, share float64) (absolute, relative, plugIn float64) {
	const every = 10
	q := Sequential{Planned: float64(visitors)}
	random := rand.New(rand.NewPCG(seed, 1)) //nolint:gosec // repeatable
	for range n {
		t := trial{random: random, base: base, share: share}
		var foundAbsolute, foundRelative, foundPlugIn bool
		for range visitors / every {
			t.visit(every)
			if e, err := Difference(Share(t.controlK, t.controlN), Share(t.treatedK, t.treatedN)); err == nil && e.N >= 200 {
				foundPlugIn = foundPlugIn || q.P(e) < 0.05
			}
			if !t.open() || foundAbsolute && foundRelative {
				continue
			}
			effect, err := q.Lift(Shares(t.controlK, t.controlN, t.treatedK, t.treatedN))
			if err != nil {
				continue
			}
			foundAbsolute = foundAbsolute || !effect.Interval.Has(0)
			foundRelative = foundRelative || !effect.Relative.Interval.Has(0)
		}
		absolute, relative, plugIn = absolute+count(foundAbsolute), relative+count(foundRelative), plugIn+count(foundPlugIn)
	}
	return absolute / float64(n), relative / float64(n), plugIn / float64(n)
}

func count(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

// Where nothing differs, looking all the time finds something in at most one test
// of twenty, however uneven the arms.
func TestLookingOftenIsNotWrongTooOften(t *testing.T) {
	n := runs(300)
	for _, share := range []float64{0.5, 0.1, 0.05} {
		for _, base := range []float64{0.02, 0.05} {
			t.Run(fmt.Sprintf("%.0f%% treated, base %.0f%%", share*100, base*100), func(t *testing.T) {
				t.Parallel()
				absolute, relative, plugIn := falseFindings(uint64(share*1000+base*100), n, 8000, base, share)
				require.LessOrEqual(t, absolute, atMost(0.05, n))
				require.LessOrEqual(t, relative, atMost(0.05, n))
				if share < 0.5 {
					require.Greater(t, plugIn, atMost(0.05, n), "without smoothing and gate it would be wrong too often: that is what they are for")
				}
			})
		}
	}
}

// Amounts of which most visitors have none.
func TestLookingOftenAtAmountsIsNotWrongTooOften(t *testing.T) {
	const visitors, every, share, payers = 20_000, 100, 0.1, 0.05
	n := runs(200)
	q := Sequential{Planned: visitors}
	random := rand.New(rand.NewPCG(7, 7)) //nolint:gosec // repeatable
	wrong := 0.0
	for range n {
		var sums [2]struct{ n, some, sum, squares float64 }
		found := false
		for i := 1; i <= visitors && !found; i++ {
			arm := &sums[0]
			if random.Float64() < share {
				arm = &sums[1]
			}
			arm.n++
			if random.Float64() < payers {
				v := math.Min(500, math.Exp(3+random.NormFloat64()))
				arm.some, arm.sum, arm.squares = arm.some+1, arm.sum+v, arm.squares+v*v
			}
			if i%every != 0 {
				continue
			}
			gate := Gate{ControlN: int64(sums[0].n), TreatedN: int64(sums[1].n), ControlSome: int64(sums[0].some), TreatedSome: int64(sums[1].some), Days: MinDays}
			if gate.Lacks() != nil {
				continue
			}
			sample := func(i int) Sample {
				s := sums[i]
				return Sample{N: s.n, Mean: s.sum / s.n, Var: (s.squares - s.sum*s.sum/s.n) / (s.n - 1)}
			}
			effect, err := q.Lift(Means(sample(0), sample(1)))
			require.NoError(t, err)
			found = !effect.Interval.Has(0)
		}
		wrong += count(found)
	}
	require.LessOrEqual(t, wrong/float64(n), atMost(0.05, n))
}

// Planned visitors find the planned effect as often as planned.
func TestExperimentsHaveTheirPlannedPower(t *testing.T) {
	n := runs(1500)
	plan := ForShare(0.1, 0.3)
	plan.WhileRunning = true
	control, treated := plan.Needed()
	fixed := plan
	fixed.WhileRunning = false
	fixedControl, _ := fixed.Needed()
	require.InDelta(t, 1.92, control/fixedControl, 0.03, "looking at all times costs that many more")

	random := rand.New(rand.NewPCG(3, 3)) //nolint:gosec // repeatable
	q := Sequential{Planned: control + treated}
	draw := func(n, p float64) (k int64) {
		for range int(n) {
			k += int64(count(random.Float64() < p))
		}
		return k
	}
	found := 0.0
	for range n {
		effect, err := q.Lift(Shares(draw(control, 0.1), int64(control), draw(treated, 0.13), int64(treated)))
		require.NoError(t, err)
		found += count(!effect.Interval.Has(0))
	}
	require.InDelta(t, 0.8, found/float64(n), 0.02+3*math.Sqrt(0.16/float64(n)))
	require.InDelta(t, plan.Effect, plan.Detectable(control), 1e-6)
}

// The alarm for wrong shares is false as rarely, and raised as soon, as the
// reference says.
func TestMismatchIsAlarmedInTime(t *testing.T) {
	const looks, every = 500, 20
	n := runs(400)
	random := rand.New(rand.NewPCG(5, 5)) //nolint:gosec // repeatable
	falseE, falseP := 0.0, 0.0
	for range n {
		counts := make([]int64, 2)
		var alarmedE, alarmedP bool
		for range looks {
			for range every {
				counts[random.IntN(2)]++
			}
			alarmedE = alarmedE || Mismatch(counts, []float64{0.5, 0.5}) >= math.Log(100)
			alarmedP = alarmedP || MismatchOn(counts, []float64{0.5, 0.5}) < 0.001
		}
		falseE, falseP = falseE+count(alarmedE), falseP+count(alarmedP)
	}
	require.LessOrEqual(t, falseE/float64(n), atMost(0.01, n), "by the evidence")
	require.Greater(t, falseP, falseE, "a p-value that is looked at often is false more often")

	for _, tc := range []struct{ share, about float64 }{{0.55, 1600}, {0.52, 10_650}} {
		caught := make([]float64, 101)
		for i := range caught {
			counts := make([]int64, 2)
			for step := 1; ; step++ {
				for range every {
					counts[int(count(random.Float64() < tc.share))]++
				}
				if Mismatch(counts, []float64{0.5, 0.5}) >= math.Log(MismatchAlarm) {
					caught[i] = float64(step * every)
					break
				}
			}
		}
		slices.Sort(caught)
		require.InEpsilon(t, tc.about, caught[len(caught)/2], 0.3, "%v: median visitors until the alarm", tc.share)
	}
}

// Of twenty features that make no difference, looked at twenty times, none is
// found to make one in more than one search of twenty.
func TestSplitsAreNotFoundWhereThereAreNone(t *testing.T) {
	const features, looks, perLook = 20, 20, 500
	n := runs(150)
	random := rand.New(rand.NewPCG(9, 9)) //nolint:gosec // repeatable
	found := 0.0
	for range n {
		var cells [features][2][2][2]int64 // by side, arm, and whether converted
		any := false
		for range looks {
			for range perLook {
				bits := random.Uint64()
				arm, converted := int(bits>>62&1), int(count(random.Float64() < 0.1))
				for f := range features {
					cells[f][bits>>f&1][arm][converted]++
				}
			}
			any = any || slices.Contains(EBH(evidenceOf(t, cells[:]), 0.05), true)
		}
		found += count(any)
	}
	require.LessOrEqual(t, found/float64(n), atMost(0.05, n))
}

// evidenceOf returns the evidence that the sides of each feature respond
// differently.
func evidenceOf(t *testing.T, cells [][2][2][2]int64) []float64 {
	t.Helper()
	q := Sequential{Planned: 10_000}
	logE := make([]float64, len(cells))
	for f := range cells {
		var sides [2]Effect
		for side := range sides {
			c, v := cells[f][side][0], cells[f][side][1]
			effect, err := q.Lift(Shares(c[1], c[0]+c[1], v[1], v[0]+v[1]))
			require.NoError(t, err)
			sides[side] = effect
		}
		e, err := Between(sides[0], sides[1], Absolute)
		require.NoError(t, err)
		logE[f] = q.LogE(e)
	}
	return logE
}

// The series of 78 real experiments (ASOS): of 381 metrics 224 are significant at
// some snapshot and 105 at the end. Intervals for all times exclude 0 in as few as
// are significant at the end, however often they are looked at, and hold what the
// end shows; not always, since effects move from week to week.
func TestRealSeriesCrossLessOften(t *testing.T) {
	series := asos(t)
	require.Len(t, series, 381)
	var some, atEnd, crossed, held, snapshots int
	for _, s := range series {
		last := s[len(s)-1]
		q := Sequential{Planned: last.N}
		significant, excluded := false, false
		for _, e := range s {
			significant = significant || e.P < 0.05
			excluded = excluded || !q.Interval(e.Estimate).Has(0)
			held += int(count(q.Interval(e.Estimate).Has(last.Value)))
			snapshots++
		}
		some += int(count(significant))
		atEnd += int(count(last.P < 0.05))
		crossed += int(count(excluded))
	}
	require.Equal(t, 224, some)
	require.Equal(t, 105, atEnd)
	require.LessOrEqual(t, crossed, atEnd)
	require.Greater(t, held, snapshots*95/100, "of %d snapshots", snapshots)
}

// asos returns the differences of each metric of each experiment, by time.
func asos(t *testing.T) [][]Fixed {
	t.Helper()
	rows := readASOS(t)
	type snapshot struct {
		at float64
		Fixed
	}
	groups := map[string][]snapshot{}
	for _, row := range rows {
		var v [7]float64
		whole := true
		for i := range v {
			var err error
			v[i], err = strconv.ParseFloat(row[3+i], 64)
			whole = whole && err == nil
		}
		if !whole {
			continue
		}
		c, a := Sample{N: v[1], Mean: v[3], Var: v[5]}, Sample{N: v[2], Mean: v[4], Var: v[6]}
		key := row[0] + "/" + row[1] + "/" + row[2]
		e, err := Welch(c, a, 0.05)
		if err != nil || c.Var == 0 || a.Var == 0 {
			e = Fixed{Estimate: Estimate{SE: 1, N: v[1] + v[2]}, P: 1} // nothing there yet
		}
		groups[key] = append(groups[key], snapshot{v[0], e})
	}
	var out [][]Fixed
	for _, g := range groups {
		slices.SortFunc(g, func(a, b snapshot) int { return cmp.Compare(a.at, b.at) })
		series := make([]Fixed, len(g))
		for i := range g {
			series[i] = g[i].Fixed
		}
		out = append(out, series)
	}
	return out
}
