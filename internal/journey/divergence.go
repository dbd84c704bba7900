package journey

import (
	"cmp"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/segue-dev/segue/internal/measure/stats"
)

const (
	// depth is how many steps from the first are compared.
	depth = 10
	// enough is how many visitors of either outcome must take a step for it to
	// be the point of divergence.
	enough = 100
	// leading is how many steps of either direction are told.
	leading = 2
)

// A Divergence says where those who reached the goal and others part: for each
// step from the first on, how differently they took it.
type Divergence struct {
	Point int          `json:"point"` // number of the step at which they differ most; 0 = none that enough of both took
	Steps []Difference `json:"steps"`
}

// A Difference compares which step those who reached the goal and others took
// at one place of their paths. Who had no such step is not counted.
type Difference struct {
	Step      int     `json:"step"` // its number, from 1
	Converted int     `json:"converted"`
	Others    int     `json:"others"`
	Bits      float64 `json:"bits"`   // Jensen-Shannon divergence, from 0 (alike) to 1, less what chance is expected to make
	P         float64 `json:"p"`      // of such a difference by chance: by chi squared, or by permutation where not enough took the step
	Q         float64 `json:"q"`      // P corrected for all steps compared (Benjamini and Hochberg)
	Enough    bool    `json:"enough"` // at least 100 of both
	Over      []Taken `json:"over"`   // what those who reached the goal took more often, at most two
	Under     []Taken `json:"under"`  // and less often
}

// A Taken is how large a share of two groups took a step.
type Taken struct {
	Step      string  `json:"step"`
	Converted float64 `json:"converted"`
	Others    float64 `json:"others"`
}

// divergence compares converters and others step by step; nil without a goal.
func (p *paths) divergence() *Divergence {
	if p.opts.Goal == nil {
		return nil
	}
	at := make([][]counts, depth)
	for k := range at {
		at[k] = make([]counts, len(p.kinds))
	}
	p.each(func(v, group int) {
		lo, hi := p.watched(v)
		for k, s := range p.steps[lo:min(hi, lo+depth)] {
			at[k][s][group]++
		}
	})
	d := &Divergence{Steps: []Difference{}}
	var ps []float64
	for k, taken := range at {
		diff := p.difference(taken)
		if diff.Converted == 0 || diff.Others == 0 {
			break
		}
		diff.Step = k + 1
		if d.Steps = append(d.Steps, diff); diff.Enough && (d.Point == 0 || diff.Bits > d.Steps[d.Point-1].Bits) {
			d.Point = diff.Step
		}
		ps = append(ps, diff.P)
	}
	for i, q := range stats.BH(ps) {
		d.Steps[i].Q = q
	}
	return d
}

// difference compares the steps that two groups took.
func (p *paths) difference(taken []counts) Difference {
	var n counts
	for _, c := range taken {
		n[0] += c[0]
		n[1] += c[1]
	}
	d := Difference{Converted: n[0], Others: n[1], Enough: n[0] >= enough && n[1] >= enough, Over: []Taken{}, Under: []Taken{}}
	if n[0] == 0 || n[1] == 0 {
		return d
	}
	d.Bits = jensenShannon(taken, n)
	if d.Enough {
		d.P = sameDistribution(taken)
	} else {
		d.P = permutation(taken, n)
	}
	var all []Taken
	for s, c := range taken {
		if c.total() > 0 {
			all = append(all, Taken{p.name(int32(s)), share(c[0], n[0]), share(c[1], n[1])})
		}
	}
	slices.SortStableFunc(all, func(a, b Taken) int { return cmp.Compare(b.Converted-b.Others, a.Converted-a.Others) })
	for i := range min(leading, len(all)) {
		if t := all[i]; t.Converted > t.Others {
			d.Over = append(d.Over, t)
		}
		if t := all[len(all)-1-i]; t.Converted < t.Others {
			d.Under = append(d.Under, t)
		}
	}
	return d
}

// jensenShannon returns the divergence of two samples in bits, less its expected
// excess, to the first order in the sizes of the samples (as Miller and Madow
// correct an entropy), but not below 0.
func jensenShannon(taken []counts, n counts) float64 {
	nats, excess := 0.0, 0.0
	for _, c := range taken {
		if c.total() == 0 {
			continue
		}
		a, b := share(c[0], n[0]), share(c[1], n[1])
		mean := (a + b) / 2
		for group, x := range [2]float64{a, b} {
			if x > 0 {
				nats += x / 2 * math.Log(x/mean)
				excess += (1-x)/(4*float64(n[group])) - x*(1-x)/(8*mean*float64(n[group]))
			}
		}
	}
	return max(0, nats-excess) / math.Ln2
}

// permutation returns the p-value of chi squared of two samples of which one is
// small: how often the difference is as great when as many as are in the small
// one are drawn by lot from both. The lots are always the same.
func permutation(taken []counts, n counts) float64 {
	small := 0
	if n[1] < n[0] {
		small = 1
	}
	everybody := make([]int32, 0, n.total())
	drawn := make([]int, len(taken))
	for s, c := range taken {
		drawn[s] = c[small]
		for range c.total() {
			everybody = append(everybody, int32(s))
		}
	}
	share := float64(n[small]) / float64(n.total())
	distance := func() (x float64) {
		for s, c := range taken {
			if expected := share * float64(c.total()); expected > 0 {
				x += (float64(drawn[s]) - expected) * (float64(drawn[s]) - expected) / expected
			}
		}
		return x
	}
	const lots = 1999
	const same = 1 - 1e-9 // what differs by less differs by rounding
	seen, as := distance()*same, 1
	r := rand.New(rand.NewPCG(1, 1))
	for range lots {
		clear(drawn)
		for i := range n[small] {
			j := i + r.IntN(len(everybody)-i)
			everybody[i], everybody[j] = everybody[j], everybody[i]
			drawn[everybody[i]]++
		}
		if distance() >= seen {
			as++
		}
	}
	return float64(as) / (lots + 1)
}

// sameDistribution returns the p-value of chi squared of two large samples.
func sameDistribution(taken []counts) float64 {
	a, b := make([]int64, len(taken)), make([]int64, len(taken))
	for s, c := range taken {
		a[s], b[s] = int64(c[0]), int64(c[1])
	}
	return stats.SameDistribution(a, b)
}
