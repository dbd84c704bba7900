package results

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/segue-dev/segue/internal/measure"
	"github.com/segue-dev/segue/internal/measure/stats"
)

// whole is a day after all others.
const whole = "9999-12-31"

// result reports on one metric in one group.
func (in *inquiry) result(m *measure.Metric, g *cells, group *Group, suspect bool) Result {
	id, until := m.ID(), in.cal.matured(m.Window)
	r := Result{Metric: m.Key, Lifts: []Lift{}}
	control := g.sample(0, id, until)
	if v, err := values(m, control); err == nil && control.visitors > 0 {
		r.Base = v.Mean / m.Unit()
	}
	for _, arm := range group.Arms {
		if arm.Variant != 0 {
			r.Lifts = append(r.Lifts, in.lift(m, g, group, arm.Variant, suspect))
		}
	}
	if in.Days {
		r.Days = in.daily(m, g, group)
	}
	return r
}

// sequential says how sharp the comparison of a variant with the control is to
// be. Of several variants, each gets its share of the error.
func sequential(group *Group, variant int) stats.Sequential {
	others, pair := 0, 0.0
	for _, a := range group.Arms {
		if a.Variant != 0 {
			others++
		}
		if a.Variant == 0 || a.Variant == variant {
			pair += a.Expected
		}
	}
	if pair <= 0 {
		pair = 2 / float64(max(2, len(group.Arms)))
	}
	return stats.Sequential{Alpha: alpha / float64(max(1, others)), Planned: pair * float64(group.Planned)}
}

// lift compares a variant with the control.
func (in *inquiry) lift(m *measure.Metric, g *cells, group *Group, variant int, suspect bool) Lift {
	id, until := m.ID(), in.cal.matured(m.Window)
	q := sequential(group, variant)
	control, treated := g.sample(0, id, until), g.sample(variant, id, until)
	l := Lift{Variant: variant}
	l.Matured, _ = compare(m, control, treated, q)
	l.All, _ = compare(m, g.sample(0, id, whole), g.sample(variant, id, whole), q)
	if in.Readout != "" {
		l.Readout = in.readout(m, g, variant)
	}
	d := demandOf(m, control, treated)
	l.MDE = d.least
	when := in.when(d.visitors, float64(control.visitors+treated.visitors), in.pace(g, variant), m.Window)
	l.Needs, l.On = when.needs, when.on
	missing := lacks(m, control, treated, fullDays(g.first(), until))
	l.Verdict = verdict(m, &l, missing, suspect)
	l.Say = say(m, &l, missing, when)
	return l
}

// readout is the decision on the day that was fixed for it.
func (in *inquiry) readout(m *measure.Metric, g *cells, variant int) *Readout {
	date := in.Readout
	at, err := time.Parse(time.DateOnly, date)
	if err != nil || !at.Before(in.cal.now) {
		return &Readout{Date: date, P: 1, Cannot: "that day has not come: ask again then"}
	}
	until := calendar{at}.matured(m.Window)
	return readout(m, g.sample(0, m.ID(), until), g.sample(variant, m.ID(), until), date)
}

// pace is how many visitors a day a comparison gets, lately.
func (in *inquiry) pace(g *cells, variant int) float64 {
	return in.perDay(g.pair(0, variant))
}

// A moment is when a question will be answered.
type moment struct {
	needs int64   // more visitors; 0 = it is answered, or nobody can say
	days  float64 // until then; infinite if nobody comes
	on    string  // "" = not within 90 days
}

// when says when so many visitors will be there, and have had a window each.
func (in *inquiry) when(need, have, perDay float64, window time.Duration) moment {
	if math.IsInf(need, 1) {
		return moment{days: need}
	}
	t := moment{days: stats.Days(need, have, perDay)}
	if need > have {
		t.needs = int64(math.Ceil(need - have))
	}
	if t.needs > 0 && t.days <= stats.TooLong {
		t.on = in.cal.now.Add(time.Duration(t.days*float64(day))+window).UTC().AddDate(0, 0, 1).Format(time.DateOnly)
	}
	return t
}

// verdict says what can be said.
func verdict(m *measure.Metric, l *Lift, missing []stats.Lack, suspect bool) Verdict {
	switch {
	case suspect:
		return Suppressed
	case len(missing) > 0:
		return Waiting
	case l.Matured.Cannot != "":
		return Unknown
	case l.Matured.Absolute.Low > 0:
		return goodness(!m.Down)
	case l.Matured.Absolute.High < 0:
		return goodness(m.Down)
	default:
		return Open
	}
}

func goodness(better bool) Verdict {
	if better {
		return Better
	}
	return Worse
}

// say puts a verdict in words.
func say(m *measure.Metric, l *Lift, missing []stats.Lack, t moment) string {
	switch l.Verdict {
	case Suppressed:
		return "No verdict: the arms do not have the visitors that they should, so that something other than chance decides who is counted."
	case Waiting:
		return fmt.Sprintf("Not yet: there are %s.%s", lackText(missing), t.text(m))
	case Unknown:
		return "It cannot be computed: " + l.Matured.Cannot + "."
	case Open:
		return fmt.Sprintf("No difference is proven.%s%s", t.text(m), leastText(l))
	default:
		return fmt.Sprintf("%s: %s.", title(string(l.Verdict)), l.Matured.text(m))
	}
}

// text says what it takes to see the practical margin.
func (t moment) text(m *measure.Metric) string {
	margin := percent(m.PracticalMargin())
	switch {
	case t.needs == 0:
		return ""
	case t.on == "":
		return fmt.Sprintf(" To see a difference of %s it needs %s more visitors, which %s: merge it, ask for a greater margin, or drop it.",
			margin, thousands(t.needs), t.never())
	default:
		return fmt.Sprintf(" To see a difference of %s it needs %s more visitors, about until %s.", margin, thousands(t.needs), t.on)
	}
}

// never says why there is no date.
func (t moment) never() string {
	if math.IsInf(t.days, 1) {
		return "do not come: nobody new takes part"
	}
	return fmt.Sprintf("takes %s days", thousands(int64(math.Ceil(t.days))))
}

// leastText says what would have been seen.
func leastText(l *Lift) string {
	if l.MDE <= 0 {
		return ""
	}
	return fmt.Sprintf(" With those there are, a difference of %s would have been seen four times of five.", percent(l.MDE))
}

// text says by how much two arms differ.
func (e *Effect) text(m *measure.Metric) string {
	by := fmt.Sprintf("%s against %s", amount(m, e.Means[1]), amount(m, e.Means[0]))
	if e.Relative != nil {
		return fmt.Sprintf("%s, %s (%s to %s)", by, signed(e.Relative.Value), signed(e.Relative.Low), signed(e.Relative.High))
	}
	return by
}

// amount writes a value of a metric: rates as percentages.
func amount(m *measure.Metric, v float64) string {
	if m.Kind == measure.Conversion {
		return percent(v)
	}
	return strconv.FormatFloat(v, 'f', max(2, m.Decimals), 64)
}

// percent writes a share, with as many digits as it is worth.
func percent(v float64) string {
	digits := 0
	switch a := math.Abs(v); {
	case a < 0.0095:
		digits = 2
	case a < 0.995:
		digits = 1
	}
	text := strconv.FormatFloat(100*v, 'f', digits, 64)
	if strings.Contains(text, ".") {
		text = strings.TrimRight(strings.TrimRight(text, "0"), ".")
	}
	return text + " %"
}

// signed is percent with a sign.
func signed(v float64) string {
	if v > 0 {
		return "+" + percent(v)
	}
	return percent(v)
}

// thousands writes a number so that it can be read.
func thousands(n int64) string {
	text := strconv.FormatInt(n, 10)
	for i := len(text) - 3; i > 0 && text[i-1] != '-'; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return text
}

func title(s string) string { return strings.ToUpper(s[:1]) + s[1:] }

// daily reports a metric day by day: what followed the exposures of each day, and
// of all up to it.
func (in *inquiry) daily(m *measure.Metric, g *cells, group *Group) []Day {
	var days []Day
	for _, date := range g.days() {
		d := Day{Date: date, Arms: []DayArm{}, Lift: []Effect{}, Sum: []Effect{}}
		alone := g.only(date)
		for _, arm := range group.Arms {
			s := alone.sample(arm.Variant, m.ID(), date)
			one := DayArm{Variant: arm.Variant, Visitors: s.visitors}
			if v, err := values(m, s); err == nil {
				one.Mean = v.Mean / m.Unit()
			}
			d.Arms = append(d.Arms, one)
			if arm.Variant != 0 {
				q := sequential(group, arm.Variant)
				today, _ := compare(m, alone.sample(0, m.ID(), date), s, q)
				sum, _ := compare(m, g.sample(0, m.ID(), date), g.sample(arm.Variant, m.ID(), date), q)
				d.Lift, d.Sum = append(d.Lift, today), append(d.Sum, sum)
			}
		}
		days = append(days, d)
	}
	return days
}

// only returns the visitors of one day.
func (g *cells) only(date string) *cells {
	out := newCells()
	for variant, days := range g.arms {
		for _, d := range days {
			if d.day == date {
				out.arms[variant] = append(out.arms[variant], d)
			}
		}
	}
	return out
}
