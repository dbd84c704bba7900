package results

import (
	"math"

	"github.com/segue-dev/segue/internal/measure"
	"github.com/segue-dev/segue/internal/measure/stats"
)

// farApart is by how many times base rates differ from which on relative lifts
// are compared as well.
const farApart = 2

// A response is how the visitors of one segment respond to a variant.
type response struct {
	segment          string
	planned          float64
	control, treated sample
	effect           stats.Effect
	ready            bool // it passes the gate
	cells            *cells
}

// estimate is the lift of a response.
func (r *response) estimate() stats.Estimate {
	return stats.Estimate{Value: r.effect.Diff, SE: r.effect.SE, N: r.effect.N}
}

// responses returns how segments respond to a variant in place of another, of
// those that can be computed, in the order of keys. Visitors whose window is not
// over do not count.
func (in *inquiry) responses(m *measure.Metric, c *cube, keys []string, from, to int) []response {
	id, until := m.ID(), in.cal.matured(m.Window)
	var out []response
	for _, key := range keys {
		g := c.groups[key]
		if g == nil || key == "" {
			continue
		}
		r := response{segment: key, cells: g, planned: float64(planned(g)), control: g.sample(from, id, until), treated: g.sample(to, id, until)}
		var e Effect
		e, r.effect = compare(m, r.control, r.treated, stats.Sequential{Alpha: alpha, Planned: r.planned})
		if e.Cannot != "" {
			continue
		}
		r.ready = len(lacks(m, r.control, r.treated, fullDays(g.first(), until))) == 0
		out = append(out, r)
	}
	return out
}

// differences compares the segments of an experience with each other.
func (in *inquiry) differences(c *cube, keys []string) []Difference {
	out := []Difference{}
	for i := range in.Metrics {
		m := &in.Metrics[i]
		if in.Metric != "" && m.Key != in.Metric {
			continue
		}
		for _, variant := range variantsOf(c.all(), nil) {
			if variant == 0 {
				continue
			}
			rs := in.responses(m, c, keys, 0, variant)
			if len(rs) > 1 {
				out = append(out, difference(m, variant, rs))
			}
		}
	}
	return out
}

func difference(m *measure.Metric, variant int, rs []response) Difference {
	d := Difference{Metric: m.Key, Variant: variant, Segments: len(rs), P: 1, Pairs: []Pair{}, Shrunk: shrunk(rs)}
	if s, err := stats.Heterogeneity(estimates(rs)); err == nil {
		d.Q, d.P, d.I2 = s.Q, s.P, s.I2
	}
	for j := range rs {
		for i := range j {
			d.Pairs = append(d.Pairs, pairOf(m, &rs[i], &rs[j]))
		}
	}
	return d
}

func estimates(rs []response) []stats.Estimate {
	all := make([]stats.Estimate, len(rs))
	for i := range rs {
		all[i] = rs[i].estimate()
	}
	return all
}

// shrunk draws the lifts of segments to their mean. One alone stays as it is.
func shrunk(rs []response) []Shrunk {
	spread, err := stats.Heterogeneity(estimates(rs))
	out := make([]Shrunk, len(rs))
	for i := range rs {
		e := rs[i].estimate()
		raw := e.Value
		if err == nil {
			e = spread.Shrunk(e)
		}
		h := stats.Sequential{Planned: rs[i].planned}.HalfWidth(e)
		out[i] = Shrunk{Segment: rs[i].segment, Raw: raw, Value: e.Value, Low: e.Value - h, High: e.Value + h}
	}
	return out
}

// pairOf compares two segments.
func pairOf(m *measure.Metric, one, other *response) Pair {
	q := stats.Sequential{Alpha: alpha, Planned: one.planned + other.planned}
	p := Pair{One: one.segment, Other: other.segment, Ready: one.ready && other.ready, P: 1}
	p.Level, _ = compare(m, other.control, one.control, q)
	if e, err := stats.Between(other.effect, one.effect, stats.Absolute); err == nil {
		p.Lift, p.P = *rangeOf(e.Value, q.Interval(e)), q.P(e)
	}
	low, high := min(p.Level.Means[0], p.Level.Means[1]), max(p.Level.Means[0], p.Level.Means[1])
	if low <= 0 || high < farApart*low {
		return p
	}
	if e, err := stats.Between(other.effect, one.effect, stats.Logarithmic); err == nil && !math.IsNaN(e.Value) && !math.IsInf(e.Value, 0) {
		i := q.Interval(e)
		p.Ratio = &Range{Value: math.Expm1(e.Value), Low: math.Expm1(i.Low), High: math.Expm1(i.High)}
	}
	return p
}
