package results

import (
	"fmt"
	"math"
	"slices"

	"github.com/segue-dev/segue/internal/measure"
	"github.com/segue-dev/segue/internal/measure/stats"
)

// sameShare is the share of the lift of all below which two lifts are the same,
// where that is more than the practical margin.
const sameShare = 0.2

// splitPlanned is for how many visitors the search for splits is made sharpest: a
// number that does not follow what is seen.
const splitPlanned = 10_000

// A merger is two segments that respond alike to all that they are offered.
type merger struct {
	one, twin string
	margin    float64 // to both sides, in which the difference of their lifts lies
	p         float64 // that it does not
	lifts     [2]float64
}

func (m *merger) other(segment string) string {
	if segment == m.one {
		return m.twin
	}
	return m.one
}

func (m *merger) why(metric *measure.Metric, segment string) string {
	return fmt.Sprintf("It responds like %s to all that both were offered, and the same variant is best for both: their lifts differ by less than %s, which is proven (p = %.3g, for all pairs).",
		m.other(segment), amount(metric, m.margin), m.p)
}

// mergers returns, for each segment, the one that is proven to be the same; of
// two such segments the one with the lower priority is told.
func (in *inquiry) mergers(m *measure.Metric, offers []*offered) map[string]*merger {
	var pairs []*merger
	for _, o := range offers {
		pairs = append(pairs, in.pairs(m, o)...)
	}
	p := make([]float64, len(pairs))
	for i := range pairs {
		p[i] = pairs[i].p
	}
	proven := map[string]*merger{}
	for i, adjusted := range stats.BH(p) {
		pairs[i].p = adjusted
		if have := proven[pairs[i].twin]; adjusted < alpha && (have == nil || adjusted < have.p) {
			proven[pairs[i].twin] = pairs[i]
		}
	}
	return proven
}

// pairs compares all pairs of segments that were offered the same and for which
// the same variant is best.
func (in *inquiry) pairs(m *measure.Metric, o *offered) []*merger {
	var found []*merger
	until := in.cal.matured(m.Window)
	for j := range o.keys {
		for i := range j {
			if o.suspect[o.keys[i]] || o.suspect[o.keys[j]] {
				continue
			}
			one, _ := o.means(m, o.keys[i], until)
			other, _ := o.means(m, o.keys[j], until)
			if bestOf(one, o.variants) != bestOf(other, o.variants) {
				continue
			}
			if pair := in.pair(m, o, o.keys[i], o.keys[j]); pair != nil {
				found = append(found, pair)
			}
		}
	}
	return found
}

// pair compares how two segments respond to each variant; nil if one comparison
// cannot be made.
func (in *inquiry) pair(m *measure.Metric, o *offered, one, other string) *merger {
	out := &merger{one: one, twin: other}
	for _, v := range o.variants {
		if v == 0 {
			continue
		}
		rs := in.responses(m, o.cube, []string{one, other}, 0, v)
		if len(rs) < 2 || !rs[0].ready || !rs[1].ready {
			return nil
		}
		e, err := stats.Between(rs[0].effect, rs[1].effect, stats.Absolute)
		if err != nil {
			return nil
		}
		margin := sameMargin(m, rs)
		p := stats.Sequential{Alpha: alpha, Planned: rs[0].planned + rs[1].planned}.SameP(e, margin)
		if p >= out.p {
			out.p, out.margin = p, margin
		}
		out.lifts = [2]float64{rs[0].effect.Diff, rs[1].effect.Diff}
	}
	return out
}

// sameMargin is below what the difference of two lifts does not matter: a share of
// the lift of both, or the practical margin, whichever is more.
func sameMargin(m *measure.Metric, rs []response) float64 {
	n := rs[0].effect.N + rs[1].effect.N
	weigh := func(of func(stats.Effect) float64) float64 {
		return math.Abs((of(rs[0].effect)*rs[0].effect.N + of(rs[1].effect)*rs[1].effect.N) / n)
	}
	lift := weigh(func(e stats.Effect) float64 { return e.Diff })
	control := weigh(func(e stats.Effect) float64 { return e.Control })
	return max(sameShare*lift, m.PracticalMargin()*control)
}

// A splitting is a declared split whose sides respond differently, and for which
// different content pays.
type splitting struct {
	split     string
	found     float64        // evidence in the half in which it was looked for
	confirmed stats.Estimate // difference of the lifts in the other half
	interval  stats.Interval
	best      [2]int // of the inside and of the outside
}

func (s *splitting) why(m *measure.Metric) string {
	return fmt.Sprintf("Those in %s respond differently: their lift is %s greater (%s to %s), found in one half of the visitors and confirmed in the other. Variant %d is best for them, and %d for the others.",
		s.split, amount(m, s.confirmed.Value), amount(m, s.interval.Low), amount(m, s.interval.High), s.best[0], s.best[1])
}

// splitOf returns the split by which a segment had better be divided; nil if none
// is proven. All declared splits are looked at in one half of the visitors, held
// to the bounds of many (e-BH), and what is found there has to come true in the
// other half, which nobody has looked at; and it pays only if the best variant is
// not the same on both sides.
func (in *inquiry) splitOf(m *measure.Metric, offers []*offered, segment string) *splitting {
	type candidate struct {
		splitting
		sides   *sides
		variant int
	}
	var all []candidate
	var logs []float64
	for _, o := range offers {
		if o.suspect[segment] {
			continue
		}
		for _, split := range sortedKeys(o.cube.splits[segment]) {
			for _, v := range o.variants {
				if v == 0 {
					continue
				}
				s := o.cube.splits[segment][split]
				e, q, ok := in.apart(m, s, 0, v)
				if !ok {
					continue
				}
				all = append(all, candidate{splitting{split: split, found: q.LogE(e), best: bestSides(m, s, o.variants)}, s, v})
				logs = append(logs, q.LogE(e))
			}
		}
	}
	for i, real := range stats.EBH(logs, alpha) {
		c := &all[i]
		if !real || c.best[0] == c.best[1] {
			continue
		}
		e, q, ok := in.apart(m, c.sides, 1, c.variant)
		if ok && !q.Interval(e).Has(0) {
			c.confirmed, c.interval = e, q.Interval(e)
			return &c.splitting
		}
	}
	return nil
}

// apart estimates by how much the lift of a variant is greater inside a split than
// outside, in one half of the visitors. ok is false if there are too few.
func (in *inquiry) apart(m *measure.Metric, s *sides, half, variant int) (e stats.Estimate, q stats.Sequential, ok bool) {
	var effects [2]stats.Effect
	for i, side := range []map[int]*measure.Counts{s.inside[half], s.outside[half]} {
		var control, treated sample
		control.add(side[0], m.ID())
		treated.add(side[variant], m.ID())
		if lacks(m, control, treated, stats.MinDays) != nil {
			return e, q, false
		}
		var report Effect
		report, effects[i] = compare(m, control, treated, stats.Sequential{Alpha: alpha})
		if report.Cannot != "" {
			return e, q, false
		}
	}
	e, err := stats.Between(effects[1], effects[0], stats.Absolute)
	return e, stats.Sequential{Alpha: alpha, Planned: splitPlanned}, err == nil
}

// bestSides returns the best variants inside and outside.
func bestSides(m *measure.Metric, s *sides, variants []int) (best [2]int) {
	for i, halves := range [][2]map[int]*measure.Counts{s.inside, s.outside} {
		score := map[int]float64{}
		for _, v := range variants {
			var sum sample
			for _, half := range halves {
				sum.add(half[v], m.ID())
			}
			if y, err := values(m, sum); err == nil && sum.visitors > 0 {
				score[v] = direction(m) * y.Mean
			}
		}
		best[i] = bestOf(score, variants)
	}
	return best
}

func sortedKeys(m map[string]*sides) []string {
	keys := make([]string, 0, len(m))
	for key := range m {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}
