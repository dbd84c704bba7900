package results

import (
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/segue-dev/segue/internal/measure"
)

// A cube is what was counted of one experience, ready to be added up.
type cube struct {
	groups map[string]*cells            // by segment
	splits map[string]map[string]*sides // by segment and split
}

// cells are the visitors of a segment, or of several.
type cells struct {
	arms  map[int][]dayCount // ascending by day, which may be there several times
	mixed int64
}

// A dayCount is what the visitors of one day add up to.
type dayCount struct {
	day    string
	counts *measure.Counts
}

// sides are the visitors of a segment on either side of a split, in each half.
type sides struct {
	inside, outside [2]map[int]*measure.Counts // by half, by variant
}

func newCells() *cells { return &cells{arms: map[int][]dayCount{}} }

func newCube() *cube {
	return &cube{groups: map[string]*cells{}, splits: map[string]map[string]*sides{}}
}

// cubes sorts what was counted by experience. Days before from are left out;
// splits have no days, so that they know nothing of it.
func cubes(tally *measure.Tally, from string) map[string]*cube {
	all := map[string]*cube{}
	of := func(experience string) *cube {
		if all[experience] == nil {
			all[experience] = newCube()
		}
		return all[experience]
	}
	for cell, counts := range tally.All() {
		switch {
		case cell.Split != "":
			of(cell.Experience).side(cell, counts)
		case cell.Day >= from:
			g := of(cell.Experience).group(cell.Segment)
			g.arms[cell.Variant] = append(g.arms[cell.Variant], dayCount{cell.Day, counts})
		}
	}
	for cell, n := range tally.AllMixed() {
		if cell.Day >= from {
			of(cell.Experience).group(cell.Segment).mixed += n
		}
	}
	return all
}

func (c *cube) group(segment string) *cells {
	if c.groups[segment] == nil {
		c.groups[segment] = newCells()
	}
	return c.groups[segment]
}

func (c *cube) side(cell measure.Cell, counts *measure.Counts) {
	s, half := c.sides(cell.Segment, cell.Split), cell.Half&1
	if cell.Inside {
		s.inside[half][cell.Variant] = counts
	} else {
		s.outside[half][cell.Variant] = counts
	}
}

// all returns the visitors of all segments together.
func (c *cube) all() *cells {
	sum := newCells()
	for _, g := range c.groups {
		sum.add(g)
	}
	return sum
}

// add adds the visitors of another group, who are others.
func (g *cells) add(o *cells) {
	for variant, days := range o.arms {
		merged := slices.Concat(g.arms[variant], days)
		slices.SortStableFunc(merged, func(a, b dayCount) int { return strings.Compare(a.day, b.day) })
		g.arms[variant] = merged
	}
	g.mixed += o.mixed
}

// visitors of a variant.
func (g *cells) visitors(variant int) int64 {
	var n int64
	for _, d := range g.arms[variant] {
		n += d.counts.Visitors
	}
	return n
}

// total returns all visitors who are in an arm.
func (g *cells) total() int64 {
	var n int64
	for variant := range g.arms {
		n += g.visitors(variant)
	}
	return n
}

// A sample is the visitors of one arm, and what they add up to in one metric.
type sample struct {
	visitors int64
	sums     measure.Sums
}

func (s *sample) add(counts *measure.Counts, metric string) {
	if counts == nil {
		return
	}
	s.visitors += counts.Visitors
	s.sums = s.sums.Plus(counts.Metrics[metric])
}

// sample returns the visitors of a variant up to a day, that day included.
func (g *cells) sample(variant int, metric, until string) sample {
	var s sample
	for _, d := range g.arms[variant] {
		if d.day > until {
			break
		}
		s.add(d.counts, metric)
	}
	return s
}

// first is the day of the first exposure; "" = there is none.
func (g *cells) first() string {
	first := ""
	for _, days := range g.arms {
		if len(days) > 0 && (first == "" || days[0].day < first) {
			first = days[0].day
		}
	}
	return first
}

// days returns the days with visitors, ascending.
func (g *cells) days() []string {
	var days []string
	for _, arm := range g.arms {
		for _, d := range arm {
			days = append(days, d.day)
		}
	}
	slices.Sort(days)
	return slices.Compact(days)
}

// between counts the visitors of the days from one on to before another.
func (g *cells) between(from, to string) int64 {
	var n int64
	for _, arm := range g.arms {
		for _, d := range arm {
			if d.day >= from && d.day < to {
				n += d.counts.Visitors
			}
		}
	}
	return n
}

// A calendar counts days, UTC, as of an instant.
type calendar struct{ now time.Time }

const day = 24 * time.Hour

// today is a day that is not over.
func (c calendar) today() string { return c.now.UTC().Format(time.DateOnly) }

// back returns the day so many days before today.
func (c calendar) back(days int) string {
	return c.now.UTC().AddDate(0, 0, -days).Format(time.DateOnly)
}

// matured returns the last day whose visitors have all had a window.
func (c calendar) matured(window time.Duration) string {
	return c.now.Add(-window).UTC().AddDate(0, 0, -1).Format(time.DateOnly)
}

// fullDays counts the days from one to another, both included.
func fullDays(from, to string) int {
	a, err1 := time.Parse(time.DateOnly, from)
	b, err2 := time.Parse(time.DateOnly, to)
	if err1 != nil || err2 != nil || b.Before(a) {
		return 0
	}
	return int(b.Sub(a)/day) + 1
}

// after returns the day so many days after another.
func after(date string, days int) string {
	t, err := time.Parse(time.DateOnly, date)
	if err != nil {
		return date
	}
	return t.AddDate(0, 0, days).Format(time.DateOnly)
}

// sides returns the sides of a split of a segment.
func (c *cube) sides(segment, split string) *sides {
	if c.splits[segment] == nil {
		c.splits[segment] = map[string]*sides{}
	}
	if c.splits[segment][split] == nil {
		c.splits[segment][split] = newSides()
	}
	return c.splits[segment][split]
}

func newSides() *sides {
	s := &sides{}
	for half := range s.inside {
		s.inside[half], s.outside[half] = map[int]*measure.Counts{}, map[int]*measure.Counts{}
	}
	return s
}

// add adds the visitors of another split, who are others.
func (s *sides) add(o *sides) {
	for half := range s.inside {
		addCounts(s.inside[half], o.inside[half])
		addCounts(s.outside[half], o.outside[half])
	}
}

func addCounts(to, from map[int]*measure.Counts) {
	for variant, counts := range from {
		sum := measure.Counts{Visitors: counts.Visitors, Metrics: maps.Clone(counts.Metrics)}
		if have := to[variant]; have != nil {
			sum.Visitors += have.Visitors
			for id, s := range have.Metrics {
				sum.Metrics[id] = sum.Metrics[id].Plus(s)
			}
		}
		to[variant] = &sum
	}
}

// pair returns the visitors of two variants alone.
func (g *cells) pair(one, other int) *cells {
	return &cells{arms: map[int][]dayCount{one: g.arms[one], other: g.arms[other]}}
}
