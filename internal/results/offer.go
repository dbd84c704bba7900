package results

import (
	"fmt"
	"maps"
	"slices"

	"github.com/segue-dev/segue/internal/experience"
	"github.com/segue-dev/segue/internal/measure"
	"github.com/segue-dev/segue/internal/measure/stats"
)

// An offered is a set of variants, by all experiences that have just these: what
// one of them shows to one segment and another to another can be compared.
type offered struct {
	ids      []string
	cube     *cube
	keys     []string // of the segments that somebody was in, by priority
	variants []int
	suspect  map[string]bool // by segment: its arms cannot be believed
	common   int             // the best single variant for everybody
	alone    bool            // one segment only was offered it
}

// offers returns what is offered, in order of the experiences.
func (in *inquiry) offers(m *measure.Metric) []*offered {
	var all []*offered
	by := map[string]*offered{}
	for _, e := range in.Site.Experiences {
		c := in.cubes[e.ID]
		if c == nil {
			continue
		}
		what := fmt.Sprint(e.Components, e.Variables)
		o := by[what]
		if o == nil {
			o = &offered{cube: newCube(), suspect: map[string]bool{}}
			by[what], all = o, append(all, o)
		}
		o.take(e, c)
	}
	all = slices.DeleteFunc(all, func(o *offered) bool { return len(variantsOf(o.cube.all(), nil)) < 2 })
	for _, o := range all {
		o.keys = slices.DeleteFunc(in.ranked(slices.Collect(maps.Keys(o.cube.groups))), func(key string) bool { return key == "" })
		o.variants = variantsOf(o.cube.all(), nil)
		o.common, o.alone = in.common(m, o)
	}
	return all
}

// take adds what was counted of an experience.
func (o *offered) take(e *experience.Experience, c *cube) {
	o.ids = append(o.ids, e.ID)
	keys := slices.Collect(maps.Keys(c.groups))
	whole, balances := balancesOf(c.all(), c, keys, shares(e))
	for i, key := range keys {
		o.cube.group(key).add(c.groups[key])
		o.suspect[key] = o.suspect[key] || whole.Alarm || balances[i].Alarm
	}
	for segment, splits := range c.splits {
		for split, s := range splits {
			o.cube.sides(segment, split).add(s)
		}
	}
}

// common returns the variant that is best for everybody, and whether there is
// only one segment to go by; then it is the control. Segments weigh as many as
// their visitors, whatever share of these had which variant.
func (in *inquiry) common(m *measure.Metric, o *offered) (variant int, alone bool) {
	until := in.cal.matured(m.Window)
	score := map[int]float64{}
	segments := 0
	for _, key := range o.keys {
		means, n := o.means(m, key, until)
		if len(means) < len(o.variants) {
			continue
		}
		segments++
		for v, mean := range means {
			score[v] += mean * float64(n)
		}
	}
	if segments < 2 {
		return 0, true
	}
	return bestOf(score, o.variants), false
}

// means returns what each variant does in a segment, better being greater, and
// how many visitors that rests on. Variants without visitors have none.
func (o *offered) means(m *measure.Metric, key, until string) (means map[int]float64, visitors int64) {
	means = map[int]float64{}
	for _, v := range o.variants {
		s := o.cube.groups[key].sample(v, m.ID(), until)
		y, err := values(m, s)
		if err != nil || s.visitors == 0 {
			continue
		}
		means[v] = direction(m) * y.Mean
		visitors += s.visitors
	}
	return means, visitors
}

// direction is 1 if more is better, and -1 if less is.
func direction(m *measure.Metric) float64 {
	if m.Down {
		return -1
	}
	return 1
}

// bestOf returns the variant with the greatest score, of equal ones the first.
func bestOf(score map[int]float64, variants []int) int {
	best, found := 0, false
	for _, v := range variants {
		if s, ok := score[v]; ok && (!found || s > score[best]) {
			best, found = v, true
		}
	}
	return best
}

// A gain is what a segment's best variant does in place of the common one.
type gain struct {
	offer    *offered
	segment  string
	best     int
	response *response // nil: it cannot be computed
	report   Effect
	missing  []stats.Lack
	estimate stats.Estimate // better is greater; shrunk once all are known
	planned  float64
	when     moment
	least    float64
	monthly  float64 // visitors
}

// gains returns what every segment gains by its own best variant, shrunk.
func (in *inquiry) gains(m *measure.Metric, o *offered) []*gain {
	var all []*gain
	var known []*gain
	var raw []stats.Estimate
	for _, key := range o.keys {
		g := in.gain(m, o, key)
		all = append(all, g)
		if g.response != nil {
			known, raw = append(known, g), append(raw, g.estimate)
		}
	}
	if spread, err := stats.Heterogeneity(raw); err == nil {
		for _, g := range known {
			g.estimate = spread.Shrunk(g.estimate)
		}
	}
	return all
}

func (in *inquiry) gain(m *measure.Metric, o *offered, key string) *gain {
	until, cells := in.cal.matured(m.Window), o.cube.groups[key]
	means, _ := o.means(m, key, until)
	others := slices.DeleteFunc(slices.Clone(o.variants), func(v int) bool { return v == o.common })
	g := &gain{offer: o, segment: key, best: bestOf(means, others), planned: float64(planned(cells)), monthly: month * in.perDay(cells)}
	if _, ok := means[g.best]; !ok || g.best == o.common {
		g.best = others[0]
	}
	control, treated := cells.sample(o.common, m.ID(), until), cells.sample(g.best, m.ID(), until)
	q := stats.Sequential{Alpha: alpha / float64(len(others)), Planned: g.planned}
	var effect stats.Effect
	g.report, effect = compare(m, control, treated, q)
	g.missing = lacks(m, control, treated, fullDays(cells.first(), until))
	d := demandOf(m, control, treated)
	g.when, g.least = in.when(d.visitors, float64(control.visitors+treated.visitors), in.perDay(cells.pair(o.common, g.best)), m.Window), d.least
	if g.report.Cannot == "" {
		g.response = &response{segment: key, cells: cells, planned: g.planned, control: control, treated: treated, effect: effect, ready: len(g.missing) == 0}
		g.estimate = g.response.estimate()
		g.estimate.Value *= direction(m)
	}
	return g
}
