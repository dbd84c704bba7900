package results

import (
	"cmp"
	"maps"
	"slices"

	"github.com/segue-dev/segue/internal/experience"
	"github.com/segue-dev/segue/internal/measure"
)

const (
	// mixedAlarm is the share of visitors who saw several variants from which on
	// identities or assignment are broken.
	mixedAlarm = 0.01
	// trailing is over how many full days arrivals are averaged.
	trailing = 14
	// planningDays is how long a comparison is planned to take, and plannedLeast
	// the fewest visitors that are planned for. The plan is made of the arrivals of
	// the first week, and never changed after: a plan that follows what is seen
	// would be one that is made after looking.
	planningDays = 28
	plannedLeast = 500
	week         = 7
)

// shares returns which share of the visitors each variant is to have; nil if e
// is not known. Index 0 has what the ranges leave over.
func shares(e *experience.Experience) map[int]float64 {
	if e == nil {
		return nil
	}
	edges := []float64{0, 1}
	for _, r := range e.Distribution {
		edges = append(edges, min(max(r.Start, 0), 1), min(max(r.End, 0), 1))
	}
	slices.Sort(edges)
	out := map[int]float64{}
	for i := 1; i < len(edges); i++ {
		middle := (edges[i-1] + edges[i]) / 2
		at := slices.IndexFunc(e.Distribution, func(r experience.Range) bool { return r.Start <= middle && middle <= r.End })
		variant := 0
		if at >= 0 {
			variant = e.Distribution[at].Index
		}
		if width := edges[i] - edges[i-1]; width > 0 {
			out[variant] += width
		}
	}
	return out
}

// experience reports on one experience.
func (in *inquiry) experience(id string) Experience {
	e := in.published(id)
	x := Experience{ID: id, Name: id, Gone: e == nil}
	if e != nil {
		x.Name, x.Audience = cmp.Or(e.Name, id), e.Audience
	}
	c := in.cubes[id]
	if c == nil {
		c = newCube()
	}
	in.fill(&x, c, shares(e))
	return x
}

// programme reports on personalization as a whole; nil if nobody is held out.
func (in *inquiry) programme(tally *measure.Tally) *Programme {
	c := in.cubes[measure.Programme]
	if c == nil || !in.Holdout.Enabled() && c.all().visitors(0) == 0 {
		return nil
	}
	var expected map[int]float64
	if share := in.Holdout.Share; share > 0 {
		expected = map[int]float64{0: share, 1: 1 - share}
	}
	p := &Programme{HeldOut: in.Holdout.Share, Leaks: tally.Leaks()}
	p.Experience = Experience{ID: measure.Programme, Name: "personalization as a whole"}
	in.fill(&p.Experience, c, expected)
	p.Segments, p.Differences = []Group{}, []Difference{}
	if held := p.All.visitors(0); held > 0 {
		p.LeakShare = float64(p.Leaks) / float64(held)
	}
	p.LeakAlarm = p.LeakShare > mixedAlarm
	return p
}

// visitors of a variant.
func (g *Group) visitors(variant int) int64 {
	for _, a := range g.Arms {
		if a.Variant == variant {
			return a.Visitors
		}
	}
	return 0
}

// fill reports on the groups of an experience.
func (in *inquiry) fill(x *Experience, c *cube, expected map[int]float64) {
	x.Segments, x.Differences = []Group{}, []Difference{}
	all := c.all()
	keys := in.ranked(slices.Collect(maps.Keys(c.groups)))
	whole, balances := balancesOf(all, c, keys, expected)
	x.All = in.group("", all, expected, whole, whole.Alarm)
	for i, key := range keys {
		if in.Segment == "" || key == in.Segment {
			x.Segments = append(x.Segments, in.group(key, c.groups[key], expected, balances[i], whole.Alarm || balances[i].Alarm))
		}
	}
	if !whole.Alarm {
		x.Differences = in.differences(c, keys)
	}
}

// group reports on the visitors of one segment, or of all. Without trust there
// are no verdicts.
func (in *inquiry) group(key string, g *cells, expected map[int]float64, balance Balance, suspect bool) Group {
	out := Group{Segment: key, Mixed: g.mixed, Balance: balance, Since: g.first(), PerDay: in.perDay(g), Planned: planned(g), Metrics: []Result{}, Arms: []Arm{}}
	for _, variant := range variantsOf(g, expected) {
		out.Arms = append(out.Arms, Arm{Variant: variant, Visitors: g.visitors(variant), Expected: expected[variant]})
	}
	if seen := g.total() + g.mixed; seen > 0 {
		out.MixedShare = float64(g.mixed) / float64(seen)
	}
	out.MixedAlarm = out.MixedShare > mixedAlarm
	for i := range in.Metrics {
		if m := &in.Metrics[i]; in.Metric == "" || m.Key == in.Metric {
			out.Metrics = append(out.Metrics, in.result(m, g, &out, suspect))
		}
	}
	return out
}

// variantsOf returns the variants that somebody is to have, or has had.
func variantsOf(g *cells, expected map[int]float64) []int {
	all := slices.Concat(slices.Collect(maps.Keys(g.arms)), slices.Collect(maps.Keys(expected)))
	slices.Sort(all)
	return slices.Compact(all)
}

// perDay is how many visitors a full day brings, lately.
func (in *inquiry) perDay(g *cells) float64 {
	today := in.cal.today()
	days := min(trailing, fullDays(g.first(), in.cal.back(1)))
	if days == 0 {
		return 0
	}
	return float64(g.between(in.cal.back(days), today)) / float64(days)
}

// planned is for how many visitors intervals are made narrowest.
func planned(g *cells) int64 {
	first := g.first()
	if first == "" {
		return plannedLeast
	}
	n := g.between(first, after(first, week))
	return max(plannedLeast, n*planningDays/week)
}
