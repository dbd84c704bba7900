package results

import (
	"errors"
	"fmt"
	"math"
	"strings"

	"github.com/segue-dev/segue/internal/measure"
	"github.com/segue-dev/segue/internal/measure/stats"
)

// alpha is how often a verdict may be wrong.
const alpha = 0.05

// values are those of a sample, as statistics take them, in the metric's least
// unit.
func values(m *measure.Metric, s sample) (stats.Sample, error) {
	y := stats.Of(s.visitors, s.sums.Sum, s.sums.Squares.Big())
	if m.Kind != measure.Ratio {
		return y, nil
	}
	per := stats.Of(s.visitors, s.sums.Per, s.sums.PerSq.Big())
	return stats.Ratio(y, per, stats.Covariance(s.visitors, s.sums.Sum, s.sums.Per, s.sums.SumPer.Big()))
}

// arms returns two samples as they are compared, in the unit that people read,
// and the share of the variance that is gone thanks to what was known before.
func arms(m *measure.Metric, control, treated sample) (a stats.Arms, reduced float64, err error) {
	if m.Kind == measure.Conversion && m.Before == 0 {
		return stats.Shares(control.sums.Sum, control.visitors, treated.sums.Sum, treated.visitors), 0, nil
	}
	c, err1 := values(m, control)
	t, err2 := values(m, treated)
	if err := errors.Join(err1, err2); err != nil {
		return a, 0, stats.ErrZeroBaseline
	}
	a = stats.Means(c, t)
	if m.Kind == measure.Conversion { // of what has no variance, it must not claim to know all
		a.ForControl, a.ForTreated = stats.Smoothed(control.sums.Sum, control.visitors), stats.Smoothed(treated.sums.Sum, treated.visitors)
	}
	if m.Before > 0 && m.Kind != measure.Ratio {
		reduced = adjust(&a, control, treated)
	}
	unit := m.Unit()
	for _, s := range []*stats.Sample{&a.Control, &a.Treated, &a.ForControl, &a.ForTreated} {
		s.Mean, s.Var = s.Mean/unit, s.Var/(unit*unit)
	}
	return a, reduced, nil
}

// adjust takes out of the arms what the time before explains, and returns which
// share of the variance that was. The adjusted means keep the level of the
// control, so that relative differences keep their meaning.
func adjust(a *stats.Arms, control, treated sample) float64 {
	c, t, theta := stats.Adjusted(paired(control, a.ForControl), paired(treated, a.ForTreated))
	before := a.ForControl.Var/a.ForControl.N + a.ForTreated.Var/a.ForTreated.N
	after := c.Var/c.N + t.Var/t.N
	if theta == 0 || !(after < before) || !(after > 0) {
		return 0
	}
	shift := a.ForControl.Mean - c.Mean
	c.Mean, t.Mean = c.Mean+shift, t.Mean+shift
	a.ForControl, a.ForTreated = c, t
	return 1 - after/before
}

// paired joins the values of a sample with those of the time before.
func paired(s sample, y stats.Sample) stats.Paired {
	return stats.Paired{
		Y: y, X: stats.Of(s.visitors, s.sums.Before, s.sums.BeforeSq.Big()),
		Cov: stats.Covariance(s.visitors, s.sums.Before, s.sums.Sum, s.sums.SumBefore.Big()),
	}
}

// compare compares two samples, at any time.
func compare(m *measure.Metric, control, treated sample, q stats.Sequential) (Effect, stats.Effect) {
	e := Effect{Visitors: [2]int64{control.visitors, treated.visitors}, P: 1}
	a, reduced, err := arms(m, control, treated)
	if err == nil && m.Kind == measure.Conversion && control.sums.Sum+treated.sums.Sum == 0 {
		err = errNothing
	}
	var s stats.Effect
	if err == nil {
		e.Means = [2]float64{a.Control.Mean, a.Treated.Mean}
		s, err = q.Lift(a)
	}
	if err != nil {
		e.Cannot = cannot(err)
		return e, stats.Effect{}
	}
	e.Absolute, e.P, e.Reduced = rangeOf(s.Diff, s.Interval), s.P, reduced
	if s.Relative != nil {
		e.Relative = rangeOf(s.Relative.Lift, s.Relative.Interval)
	}
	return e, s
}

// rangeOf returns a figure and its interval.
func rangeOf(value float64, i stats.Interval) *Range {
	return &Range{Value: value, Low: i.Low, High: i.High}
}

// readout compares two samples on the one date that was fixed for it.
func readout(m *measure.Metric, control, treated sample, date string) *Readout {
	r := &Readout{Date: date, P: 1}
	a, _, err := arms(m, control, treated)
	var absolute, relative stats.Fixed
	if err == nil {
		if m.Kind == measure.Conversion && m.Before == 0 {
			a.ForControl, a.ForTreated = a.Control, a.Treated
		}
		absolute, err = stats.Welch(a.ForControl, a.ForTreated, alpha)
	}
	if err != nil {
		r.Cannot = cannot(err)
		return r
	}
	r.Absolute, r.P = rangeOf(absolute.Value, absolute.Interval), absolute.P
	if relative, err = stats.WelchRelative(a.ForControl, a.ForTreated, alpha); err == nil {
		r.Relative = rangeOf(relative.Value, relative.Interval)
	}
	return r
}

var errNothing = errors.New("nobody has done it yet")

// cannot says why something cannot be computed.
func cannot(err error) string {
	switch {
	case errors.Is(err, stats.ErrTooFew):
		return "no visitors yet"
	case errors.Is(err, stats.ErrZeroVariance):
		return "all visitors have the same value"
	case errors.Is(err, stats.ErrZeroBaseline):
		return "the control has nothing to compare with"
	default:
		return err.Error()
	}
}

// lacks says of what there is too little for a verdict.
func lacks(m *measure.Metric, control, treated sample, days int) []stats.Lack {
	return stats.Gate{
		Binary: m.Kind == measure.Conversion, ControlN: control.visitors, TreatedN: treated.visitors,
		ControlSome: control.sums.Some, TreatedSome: treated.sums.Some, Days: days,
	}.Lacks()
}

// lackText says of what there is too little, as part of a sentence.
func lackText(lacks []stats.Lack) string {
	parts := make([]string, len(lacks))
	for i, l := range lacks {
		switch l.What {
		case stats.LackVisitors:
			parts[i] = fmt.Sprintf("%s of %s visitors in the smaller arm", thousands(l.Have), thousands(l.Needs))
		case stats.LackConversions:
			parts[i] = fmt.Sprintf("%d of %d conversions", l.Have, l.Needs)
		case stats.LackDays:
			parts[i] = fmt.Sprintf("%d of %d full days", l.Have, l.Needs)
		default:
			parts[i] = fmt.Sprintf("%d of %d %s", l.Have, l.Needs, l.What)
		}
	}
	return strings.Join(parts, ", ")
}

// A demand is how many visitors a comparison needs.
type demand struct {
	visitors float64 // of both arms; infinite if it cannot be said
	least    float64 // relative difference that would be seen now; 0 = not known
}

// demandOf says how many visitors the practical margin of a metric needs, in two
// arms of the sizes that they have, and what would be seen with those there are.
func demandOf(m *measure.Metric, control, treated sample) demand {
	d := demand{visitors: math.Inf(1)}
	a, _, err := arms(m, control, treated)
	if err != nil || a.Control.Mean <= 0 || a.ForControl.Var <= 0 || control.visitors == 0 || treated.visitors == 0 {
		return d
	}
	variance := a.ForControl.Var
	plan := stats.Plan{
		Effect: a.Control.Mean * m.PracticalMargin(), ControlVar: variance, TreatedVar: variance,
		Ratio: float64(treated.visitors) / float64(control.visitors), Alpha: alpha, WhileRunning: true,
	}
	c, t := plan.Needed()
	d.visitors = c + t
	d.least = plan.Detectable(float64(control.visitors)) / a.Control.Mean
	return d
}
