package visitor

import "strings"

// A Participation is what measurement keeps of an exposure. Package measure
// fills it in. It is stored with the record, so that what it says stays known
// when the signals have left the log, and is never changed in place.
type Participation struct {
	Rules   string   // revision of the segments that Segment and In come from; "" = not measured
	Segment string   // the current micro-segment as of the exposure; "" = none
	In      []string // the declared splits that held then, ascending
	Totals  []Total  // ascending by metric; a metric without signals is not there
}

// A Total is what one metric makes of a visitor after an exposure, in the
// metric's own unit.
type Total struct {
	Metric string // key and version of the metric
	Sum    int64  // of its signals within its window
	Value  int64  // what counts of Sum
	Per    int64  // of a ratio: what Value is divided by
	Before int64  // what Value would have been of the time before the exposure
}

func compareTotals(a, b Total) int { return strings.Compare(a.Metric, b.Metric) }

// Total returns what a metric makes of the visitor; zeros if it is not there.
func (p *Participation) Total(metric string) Total {
	for i := range p.Totals {
		if p.Totals[i].Metric == metric {
			return p.Totals[i]
		}
	}
	return Total{Metric: metric}
}

// WithExposures returns r with other exposures, which it keeps.
func (r *Record) WithExposures(exposures map[string]Exposure) *Record {
	return r.altered(func(r *Record) { r.Summary.Exposures = nilIfEmpty(exposures) })
}

// A Meter keeps participations, and the counters that they are summed up in, in
// step with the signals. Its methods are pure: what they are given stays as it
// is, and asked again they say the same.
type Meter interface {
	// Take completes a change that takes signals in: it brings the
	// participations of c.Next up to date, sets c.Exposed if With alone would
	// not have made them so, and adds to c.Counters.
	Take(before *Record, c *Change)

	// Unite returns the union of two records, next, with its participations up
	// to date, and the differences it makes to the counters of both.
	Unite(one, other, next *Record) (*Record, []Counter)

	// Forget returns r without its participations, and the differences that
	// move what these have added from the counters of visitors to those of
	// erased ones.
	Forget(r *Record) (*Record, []Counter)
}

// Unmeasured is a Meter that measures nothing.
type Unmeasured struct{}

// Take implements Meter.
func (Unmeasured) Take(*Record, *Change) {}

// Unite implements Meter.
func (Unmeasured) Unite(_, _, next *Record) (*Record, []Counter) { return next, nil }

// Forget implements Meter.
func (Unmeasured) Forget(r *Record) (*Record, []Counter) { return r, nil }
