// Package results says what personalization does, from what measurement has
// counted: how each variant compares with the control in each segment, whether
// the comparison can be believed, what to do about each segment, and when that
// will be known if it is not.
//
// The rule it upholds: looking is free. Verdicts rest on intervals that hold
// however often one looks, are held back until there is enough to go by, and are
// not given at all while arms do not have the visitors that they should. A
// segment is judged against the best single variant for everybody, since it is
// the segment that is to pay, not the content.
//
// It is a pure function of the counters, what is published, and the time: nothing
// is remembered between two reports. What has to stay as it was is a function of
// days that are over.
package results

import (
	"cmp"
	"slices"
	"time"

	"github.com/segue-dev/segue/internal/experience"
	"github.com/segue-dev/segue/internal/fault"
	"github.com/segue-dev/segue/internal/measure"
	"github.com/segue-dev/segue/internal/segment"
	"github.com/segue-dev/segue/internal/segment/syntax"
)

// A Site is what is measured.
type Site struct {
	Metrics     []measure.Metric // the first that is no guardrail is the primary one
	Experiences []*experience.Experience
	Segments    *segment.Set // nil = none
	Holdout     experience.Holdout
	CostPerHour float64 // of upkeep; 0 = unknown
}

// A Query says what of it is asked.
type Query struct {
	Experiences []string // by id; none = all
	Metric      string   // key; "" = all. Advice goes by the primary metric whatever is asked
	Segment     string   // key; "" = all
	From        string   // leave exposures before this day out; "" = none
	Readout     string   // the day that was fixed for a decision; "" = none
	Days        bool     // report day by day as well
	CostPerHour float64  // instead of the site's; 0 = the site's
}

// Check returns a fault.Invalid, or a fault.NotFound, whose text begins with the
// name of what is wrong.
func (q Query) Check(s Site) error {
	for _, date := range []struct{ name, day string }{{"from", q.From}, {"readout", q.Readout}} {
		if _, err := time.Parse(time.DateOnly, date.day); err != nil && date.day != "" {
			return fault.New(fault.Invalid, "%s %s: write a day such as 2026-11-23", date.name, date.day)
		}
	}
	if q.CostPerHour < 0 {
		return fault.New(fault.Invalid, "cost-per-hour %v: write what an hour costs, such as 80", q.CostPerHour)
	}
	if q.Metric != "" && !slices.ContainsFunc(s.Metrics, func(m measure.Metric) bool { return m.Key == q.Metric }) {
		return fault.New(fault.NotFound, "metric %s: there is none; there are %v", q.Metric, keysOf(s.Metrics))
	}
	if q.Segment != "" {
		if s.Segments == nil {
			return fault.New(fault.NotFound, "segment %s: there are no segments", q.Segment)
		}
		if _, ok := s.Segments.Index(q.Segment); !ok {
			return fault.New(fault.NotFound, "segment %s: there is none", q.Segment)
		}
	}
	return nil
}

func keysOf(metrics []measure.Metric) []string {
	keys := make([]string, len(metrics))
	for i := range metrics {
		keys[i] = metrics[i].Key
	}
	return keys
}

// An inquiry is a report in the making.
type inquiry struct {
	Site
	Query
	cal   calendar
	cubes map[string]*cube
}

// Of reports what a tally says of a site, as of an instant. The error is that of
// Query.Check, or says that an experience is not known.
func Of(tally *measure.Tally, site Site, q Query, now time.Time) (*Report, error) {
	if err := q.Check(site); err != nil {
		return nil, err
	}
	in := &inquiry{Site: site, Query: q, cal: calendar{now}, cubes: cubes(tally, q.From)}
	if q.CostPerHour > 0 {
		in.Site.CostPerHour = q.CostPerHour
	}
	report := &Report{At: now.UTC(), From: q.From, Metrics: infoOf(site.Metrics), Notes: []string{}, Experiences: []Experience{}, Advice: []Advice{}, Returns: []Return{}}
	ids, err := in.asked()
	if err != nil {
		return nil, err
	}
	for _, id := range ids {
		report.Experiences = append(report.Experiences, in.experience(id))
	}
	report.Programme = in.programme(tally)
	report.Advice, report.Returns = in.advise()
	report.Notes = in.notes(report)
	return report, nil
}

func infoOf(metrics []measure.Metric) []MetricInfo {
	info := make([]MetricInfo, len(metrics))
	for i := range metrics {
		m := &metrics[i]
		info[i] = MetricInfo{
			Key: m.Key, Name: cmp.Or(m.Name, m.Key), Kind: string(m.Kind), WindowDays: m.Window.Hours() / 24,
			Lower: m.Down, Guardrail: m.Guardrail, Margin: m.PracticalMargin(), Value: m.Worth,
		}
	}
	return info
}

// asked returns the ids of the experiences to report on: those of the site, and
// those that were counted and are gone.
func (in *inquiry) asked() ([]string, error) {
	var all []string
	for _, e := range in.Site.Experiences {
		all = append(all, e.ID)
	}
	for id := range in.cubes {
		if id != measure.Programme {
			all = append(all, id)
		}
	}
	slices.Sort(all)
	all = slices.Compact(all)
	if len(in.Query.Experiences) == 0 {
		return all, nil
	}
	for _, id := range in.Query.Experiences {
		if !slices.Contains(all, id) {
			return nil, fault.New(fault.NotFound, "experience %s: there is none; there are %v", id, all)
		}
	}
	return in.Query.Experiences, nil
}

// published returns the experience of an id; nil if there is none any more.
func (in *inquiry) published(id string) *experience.Experience {
	for _, e := range in.Site.Experiences {
		if e.ID == id {
			return e
		}
	}
	return nil
}

// primary is the metric that advice goes by; nil = there is none.
func (in *inquiry) primary() *measure.Metric {
	for i := range in.Metrics {
		if !in.Metrics[i].Guardrail {
			return &in.Metrics[i]
		}
	}
	return nil
}

// ranked returns the keys of segments by priority, those that are not known last.
func (in *inquiry) ranked(keys []string) []string {
	rank := func(key string) int {
		if key == "" {
			return 1 << 30
		}
		if in.Segments != nil {
			if i, ok := in.Segments.Index(key); ok {
				return i
			}
		}
		return 1 << 29
	}
	slices.Sort(keys)
	slices.SortStableFunc(keys, func(a, b string) int { return cmp.Compare(rank(a), rank(b)) })
	return keys
}

// definition returns that of a segment; nil if there is none.
func (in *inquiry) definition(key string) *syntax.Definition {
	if in.Segments == nil {
		return nil
	}
	if i, ok := in.Segments.Index(key); ok {
		return in.Segments.Definition(i)
	}
	return nil
}

// notes say what keeps the report from saying more.
func (in *inquiry) notes(r *Report) []string {
	notes := []string{}
	if len(in.Metrics) == 0 {
		notes = append(notes, "No metric is configured, so that only visitors are counted: write what counts as success into a file, and name it at metrics (docs/measurement.md).")
	}
	if len(in.cubes) == 0 {
		notes = append(notes, "Nobody has taken part in anything yet: report what visitors see as component signals or Experience Viewed, or set exposure: onResolve (docs/measurement.md).")
	}
	if m := in.primary(); m != nil && m.Worth == 0 {
		notes = append(notes, "What one of "+m.Key+" is worth is not known: give the metric a value, and segments are weighed against what they cost.")
	}
	if in.Site.CostPerHour == 0 {
		notes = append(notes, "What an hour of upkeep costs is not known: set costPerHour beside the metrics, or give --cost-per-hour.")
	}
	if r.Programme == nil {
		notes = append(notes, "Nobody is held out of everything, so that nothing says what personalization is worth as a whole: set holdout.share, such as 0.05.")
	}
	return notes
}
