package results

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/segue-dev/segue/internal/measure"
	"github.com/segue-dev/segue/internal/measure/stats"
)

// month is over how many days costs and gains are told.
const month = 30

// A judgement is all that is known of one segment when it is to be judged.
type judgement struct {
	in      *inquiry
	metric  *measure.Metric
	segment string
	gains   []*gain // one for each offer
	merge   *merger // with whom it is proven to be the same; nil = nobody
	takes   *merger // who is to be merged with it; nil = nobody
	split   *splitting
}

// advise judges every segment, and says what each further one adds.
func (in *inquiry) advise() ([]Advice, []Return) {
	advice, returns := []Advice{}, []Return{}
	m := in.primary()
	var offers []*offered
	gains := map[string][]*gain{}
	if m != nil {
		offers = in.offers(m)
		for _, o := range offers {
			for _, g := range in.gains(m, o) {
				gains[g.segment] = append(gains[g.segment], g)
			}
		}
	}
	mergers := in.mergers(m, offers)
	for _, key := range in.judged(gains) {
		j := judgement{in: in, metric: m, segment: key, gains: gains[key], merge: mergers[key], takes: takenBy(mergers, key)}
		if m != nil {
			j.split = in.splitOf(m, offers, key)
		}
		advice = append(advice, j.advice())
		if r, ok := j.adds(); ok {
			returns = append(returns, r)
		}
	}
	slices.SortStableFunc(returns, func(a, b Return) int { return cmp.Compare(b.Adds, a.Adds) })
	sum := 0.0
	for i := range returns {
		sum += returns[i].Adds
		returns[i].Sum = sum
	}
	return advice, returns
}

// takenBy returns the merger by which a segment takes another over; nil if it does
// not.
func takenBy(mergers map[string]*merger, segment string) *merger {
	var first *merger
	for _, m := range mergers {
		if m.one == segment && mergers[segment] == nil && (first == nil || m.twin < first.twin) {
			first = m
		}
	}
	return first
}

// judged returns the segments that are judged: those that are active, and those
// that visitors were in, by priority.
func (in *inquiry) judged(gains map[string][]*gain) []string {
	var keys []string
	if set := in.Segments; set != nil {
		for i := range set.Len() {
			if set.Definition(i).Status == "active" {
				keys = append(keys, set.Key(i))
			}
		}
	}
	for key := range gains {
		if key != "" && !slices.Contains(keys, key) {
			keys = append(keys, key)
		}
	}
	keys = in.ranked(keys)
	if in.Segment != "" {
		keys = slices.DeleteFunc(keys, func(key string) bool { return key != in.Segment })
	}
	return keys
}

// advice says what to do.
func (j *judgement) advice() Advice {
	a := Advice{Segment: j.segment, Name: j.segment, Action: Wait, Offers: []Offer{}}
	if d := j.in.definition(j.segment); d != nil {
		a.Name = cmp.Or(d.Name, j.segment)
	}
	if j.metric == nil {
		a.Why = "No metric says what success is: name one in the file of metrics."
		return a
	}
	a.Margin = j.metric.PracticalMargin()
	for _, g := range j.gains {
		a.Offers = append(a.Offers, j.offer(g))
	}
	j.decide(&a)
	a.instruct()
	return a
}

// decide fills in the action and why. What is proven comes first, and what would
// have the greatest consequence first of that.
func (j *judgement) decide(a *Advice) {
	money, decision := j.money()
	a.Money = money
	switch {
	case len(j.gains) == 0:
		a.Why = "Nobody in it has taken part in an experience with several variants, so that nothing is known. Is there one for it, and do pages report what visitors see?"
	case slices.ContainsFunc(j.gains, func(g *gain) bool { return g.offer.suspect[j.segment] }):
		a.Why = "The arms do not have the visitors that they should, so that no difference means anything."
		a.Do = "Find out why: bots, redirects, exposures that one variant reports and the other does not, or shares that were edited. Then go on with --from the day of the repair."
	case j.harm() != "":
		a.Action, a.Why = Retire, j.harm()
	case j.split != nil:
		a.Action, a.With, a.Why = Split, j.split.split, j.split.why(j.metric)
	case j.merge != nil:
		a.Action, a.With, a.Why = Merge, j.merge.other(j.segment), j.merge.why(j.metric, j.segment)
	case j.takes != nil:
		a.Action, a.Why = Keep, fmt.Sprintf("It takes %s over, which responds alike.", j.takes.twin)
	case decision == stats.Keep:
		a.Action = Keep
		a.Why = fmt.Sprintf("It pays: %.0f a month after its cost of %.0f (%.0f to %.0f).", money.Net.Value, money.Cost, money.Net.Low, money.Net.High)
	case decision == stats.Retire:
		a.Action = Retire
		a.Why = fmt.Sprintf("It does not pay: %.0f a month after its cost of %.0f (%.0f to %.0f).", money.Net.Value, money.Cost, money.Net.Low, money.Net.High)
	default:
		j.byGain(a)
	}
}

// harm says which guardrail its own variant makes worse, for certain; "" = none.
func (j *judgement) harm() string {
	for i := range j.in.Metrics {
		m := &j.in.Metrics[i]
		if !m.Guardrail {
			continue
		}
		for _, g := range j.gains {
			if text := j.in.harms(m, g); text != "" {
				return text
			}
		}
	}
	return ""
}

// harms says that a gain is a loss in a guardrail; "" if that is not proven.
func (in *inquiry) harms(m *measure.Metric, g *gain) string {
	cells, until := g.offer.cube.groups[g.segment], in.cal.matured(m.Window)
	control, treated := cells.sample(g.offer.common, m.ID(), until), cells.sample(g.best, m.ID(), until)
	e, _ := compare(m, control, treated, stats.Sequential{Alpha: alpha, Planned: g.planned})
	missing := lacks(m, control, treated, fullDays(cells.first(), until))
	if verdict(m, &Lift{Matured: e}, missing, false) != Worse {
		return ""
	}
	return fmt.Sprintf("Variant %d harms %s here: %s.", g.best, cmp.Or(m.Name, m.Key), e.text(m))
}

// byGain decides by what the segment gains alone, where money says nothing yet.
func (j *judgement) byGain(a *Advice) {
	var best *gain
	settled := true // no offer is worth the practical margin, and that is proven
	common := true  // what is best for everybody is best here, and that is proven
	for _, g := range j.gains {
		if !g.ready() {
			settled, common = false, false
			continue
		}
		low, high := g.bounds(j.metric)
		if low > 0 && (best == nil || g.estimate.Value > best.estimate.Value) {
			best = g
		}
		settled, common = settled && high < g.margin(j.metric), common && high < 0
	}
	switch {
	case best != nil:
		a.Action, a.Why = Keep, "Its own variant is better here than the best one for everybody: "+best.report.text(j.metric)+"."
	case common:
		a.Action, a.Why = Retire, "What is best for everybody is best for it too, which is proven: as a segment of its own it adds nothing."
	case settled:
		a.Action = Retire
		a.Why = fmt.Sprintf("Its own variant gains less than %s here over the best one for everybody, which is proven: the segment changes nothing that matters.", percent(a.Margin))
	default:
		j.wait(a)
	}
}

// wait says what is missing, and until when.
func (j *judgement) wait(a *Advice) {
	slowest := slices.MaxFunc(j.gains, func(x, y *gain) int { return cmp.Compare(x.when.days, y.when.days) })
	a.Needs, a.Until = slowest.when.needs, slowest.when.on
	switch {
	case len(slowest.missing) > 0:
		a.Why = fmt.Sprintf("There are %s.", lackText(slowest.missing))
	case slowest.response == nil:
		a.Why = "It cannot be computed: " + slowest.report.Cannot + "."
	default:
		a.Why = "Neither is proven."
	}
	a.Why += slowest.when.text(j.metric)
	if slowest.least > 0 {
		a.Why += fmt.Sprintf(" With those there are, nothing below %s would show.", percent(slowest.least))
	}
}

// ready reports whether a gain can be judged.
func (g *gain) ready() bool { return g.response != nil && len(g.missing) == 0 }

// bounds are those of the gain, better being greater, as counted and not drawn
// to others.
func (g *gain) bounds(m *measure.Metric) (low, high float64) {
	r := g.report.Absolute
	if direction(m) < 0 {
		return -r.High, -r.Low
	}
	return r.Low, r.High
}

// margin is the gain that matters in practice.
func (g *gain) margin(m *measure.Metric) float64 {
	return m.PracticalMargin() * math.Abs(g.report.Means[0])
}

// offer reports a gain.
func (j *judgement) offer(g *gain) Offer {
	h := stats.Sequential{Planned: g.planned}.HalfWidth(g.estimate)
	o := Offer{
		Experiences: g.offer.ids, Metric: j.metric.Key, Common: g.offer.common, Best: g.best, Alone: g.offer.alone, Gain: g.report, Visitors: g.monthly,
	}
	if g.response != nil {
		o.Shrunk = Range{Value: g.estimate.Value, Low: g.estimate.Value - h, High: g.estimate.Value + h}
	}
	what := "the best variant for everybody"
	if g.offer.alone {
		what = "the control, since no other segment was offered the same"
	}
	switch {
	case g.response == nil:
		o.Say = "It cannot be computed: " + g.report.Cannot + "."
	case len(g.missing) > 0:
		o.Say = fmt.Sprintf("Variant %d in place of %d, %s: not yet, there are %s.", g.best, g.offer.common, what, lackText(g.missing))
	default:
		o.Say = fmt.Sprintf("Variant %d in place of %d, %s: %s.", g.best, g.offer.common, what, g.report.text(j.metric))
	}
	return o
}

// money weighs what the segment gains against what it costs; nil if one of them
// is not known, or too little to go by.
func (j *judgement) money() (*Money, stats.Decision) {
	d := j.in.definition(j.segment)
	if d == nil || d.Hours == 0 || j.in.Site.CostPerHour == 0 || j.metric.Worth == 0 {
		return nil, stats.Test
	}
	var sum stats.Estimate
	monthly, planned := 0.0, 0.0
	for _, g := range j.gains {
		if !g.ready() {
			return nil, stats.Test
		}
		sum.Value += g.estimate.Value * g.monthly
		sum.SE = math.Hypot(sum.SE, g.estimate.SE*g.monthly)
		sum.N, monthly, planned = sum.N+g.estimate.N, monthly+g.monthly, planned+g.planned
	}
	if monthly == 0 {
		return nil, stats.Test
	}
	each := stats.Estimate{Value: sum.Value / monthly, SE: sum.SE / monthly, N: sum.N}
	net, err := stats.Business{Visitors: monthly, Value: j.metric.Worth, Cost: d.Hours * j.in.Site.CostPerHour}.WorthAnyTime(each, planned)
	if err != nil {
		return nil, stats.Test
	}
	return &Money{Cost: d.Hours * j.in.Site.CostPerHour, Net: *rangeOf(net.Value, net.Interval), BreakEven: net.BreakEven}, net.Decision
}

// adds says what the segment adds in a month.
func (j *judgement) adds() (Return, bool) {
	if j.metric == nil {
		return Return{}, false
	}
	r := Return{Segment: j.segment, Unit: j.metric.Key}
	known := false
	for _, g := range j.gains {
		if g.response != nil {
			known = true
			r.Adds += g.estimate.Value * g.monthly
		}
	}
	if j.metric.Worth > 0 {
		r.Adds, r.Unit = r.Adds*j.metric.Worth, "value"
	}
	return r, known
}

// instruct says how the advice is followed, and taken back.
func (a *Advice) instruct() {
	switch a.Action {
	case Keep:
		a.Do = "Nothing: go on."
		a.Undo = "Nothing was changed."
	case Retire:
		a.Do = fmt.Sprintf("In the file of segment %s write\nstatus: retired", a.Segment)
		for _, o := range a.Offers {
			if o.Common != 0 {
				a.Do += fmt.Sprintf("\nand give variant %d of %s to everybody.", o.Common, strings.Join(o.Experiences, ", "))
			}
		}
		a.Undo = fmt.Sprintf("Write\nstatus: active\nagain in the file of %s: nothing that was counted is lost, and everybody is assigned as before.", a.Segment)
	case Merge:
		a.Do = fmt.Sprintf("Give both what one of them gets. In the rule of %s write\nwhen: { any: [ <the rule of %s>, <the rule of %s> ] }\nand in the file of %s\nstatus: retired\nIts experience may go; what stays keeps its assignment (bucket).", a.With, a.With, a.Segment, a.Segment)
		a.Undo = fmt.Sprintf("Write the former rule of %s, and\nstatus: active\nin the file of %s. Both have been counted apart until then, and are again.", a.With, a.Segment)
	case Split:
		a.Do = fmt.Sprintf("Make a segment of those of %s who are in %s, with a higher priority:\nwhen: { all: [ { segment: %s }, { segment: %s } ] }\nand give it the variant that is best for them.", a.Segment, a.With, a.Segment, a.With)
		a.Undo = "Retire the new segment."
	default:
		if a.Undo = "Nothing was changed."; a.Do != "" {
			return
		}
		a.Do = "Wait, or ask for less: a greater margin, fewer variants, or one segment of two."
	}
}
