package whatif

import (
	"math"
	"strconv"
	"time"

	"github.com/segue-dev/segue/internal/segment"
	"github.com/segue-dev/segue/internal/segment/syntax"
)

// maxMore is how many signals one condition proposes at once, at most.
const maxMore = 50

// leaf returns the signals that may make a condition without parts true, or
// false. What only time or the request can change has none.
func (s *search) leaf(c syntax.Cond, p *segment.Proof, want bool) []edit {
	switch c := c.(type) {
	case syntax.Count:
		return s.count(c, p, want)
	case syntax.Aggregate:
		return s.aggregate(c, p, want)
	case syntax.Recency:
		return single(s.signals(c.Match))
	case syntax.Never:
		if want {
			return nil
		}
		return single(s.signals(c.Match))
	case syntax.Regular:
		return s.regular(c, p)
	case syntax.Sequence:
		return s.sequence(c)
	case syntax.Absence:
		if want {
			return single(s.signals(c.Of))
		}
		return single(s.signals(c.Without))
	case syntax.Score:
		return s.score(c, p)
	case syntax.Affinity:
		return s.affinity(c, p)
	default:
		return s.leafAbout(c, want)
	}
}

// leafAbout is leaf for the conditions about a visit, a page view, the visitor
// and the request.
func (s *search) leafAbout(c syntax.Cond, want bool) []edit {
	switch c := c.(type) {
	case syntax.Session:
		return s.session(c, want)
	case syntax.Dwell:
		return s.onPage(c.On, figures(c.Cmp, want), heartbeat)
	case syntax.Scroll:
		return s.onPage(c.On, figures(c.Cmp, want), scroll)
	case syntax.Trait:
		return single(s.stating(syntax.Event{Kind: syntax.IdentifyEvent}, c.Where, "", want))
	case syntax.Context:
		return single(s.stating(syntax.Event{Kind: syntax.PageEvent}, c.Where, "context.", want))
	}
	return nil
}

// single returns an edit for each of several signals.
func single(signals []syntax.ExampleSignal) []edit {
	edits := make([]edit, len(signals))
	for i, x := range signals {
		x.At = pace
		edits[i] = edit{signals: []syntax.ExampleSignal{x}}
	}
	return edits
}

// times returns an edit with a signal so many times over.
func times(x syntax.ExampleSignal, n int) edit {
	x.At = pace
	e := edit{signals: make([]syntax.ExampleSignal, min(max(n, 1), maxMore))}
	for i := range e.signals {
		e.signals[i] = x
	}
	return e
}

// count proposes as many signals as are missing, and one.
func (s *search) count(c syntax.Count, p *segment.Proof, want bool) []edit {
	missing := 1
	for n := number(p); n <= number(p)+maxMore; n++ {
		if holds(c.Cmp, n) == want {
			missing = int(n - number(p))
			break
		}
	}
	var edits []edit
	for _, x := range s.signals(c.Match) {
		for _, n := range distinctly(missing, 1) {
			e := times(x, n)
			if c.Distinct != "" {
				s.tellApart(e, c)
			}
			edits = append(edits, e)
		}
	}
	return edits
}

// distinctly returns n and m, or n alone if they are one.
func distinctly(n, m int) []int {
	if n <= 1 || n == m {
		return []int{max(n, m)}
	}
	return []int{n, m}
}

// tellApart gives each signal of e a value of its own, one that the condition
// lets pass if it asks.
func (s *search) tellApart(e edit, c syntax.Count) {
	var allowed []syntax.Scalar
	for _, t := range c.Match.Where {
		if t.Property == c.Distinct {
			allowed = passing(t.Tests, true)
		}
	}
	for i := range e.signals {
		x := &e.signals[i]
		value := syntax.Scalar("new-" + strconv.Itoa(s.fresh+i+1))
		if len(allowed) > 0 {
			value = allowed[(s.fresh+i)%len(allowed)]
		}
		x.Props = with(x.Props, c.Distinct, value)
	}
}

// aggregate proposes a signal with each of a few values: limits, and what would
// bring a sum there. For a mode, it may take as many as are missing.
func (s *search) aggregate(c syntax.Aggregate, p *segment.Proof, want bool) []edit {
	var values []syntax.Scalar
	for _, f := range figures(c.Cmp, want) {
		values = append(values, f)
		if c.Func == syntax.Sum {
			values = append(values, f-number(p))
		}
		if c.Func == syntax.Avg {
			values = append(values, f+(f-number(p))*float64(len(p.Signals)))
		}
	}
	for _, cmp := range c.Cmp {
		if text, ok := cmp.Value.(string); ok {
			values = append(values, text, text+"-not")
		}
	}
	var edits []edit
	for _, x := range s.signals(c.Match) {
		for _, v := range values {
			x.Props = with(x.Props, c.Property, v)
			edits = append(edits, times(x, 1))
		}
	}
	return edits
}

// regular proposes a signal in each of the periods that are missing, from now
// or from the next period on.
func (s *search) regular(c syntax.Regular, p *segment.Proof) []edit {
	period := 24 * time.Hour
	if c.Period == syntax.Week {
		period *= 7
	}
	missing := max(1, c.AtLeast-int(number(p)))
	var edits []edit
	for _, x := range s.signals(c.Match) {
		for _, first := range []time.Duration{pace, period} {
			e := times(x, missing)
			for i := range e.signals {
				e.signals[i].At = period
			}
			e.signals[0].At = first
			edits = append(edits, e)
		}
	}
	return edits
}

// sequence proposes the last steps: all of them, or fewer.
func (s *search) sequence(c syntax.Sequence) []edit {
	var edits []edit
	for from := range c.Steps {
		var e edit
		if c.In == syntax.InPage && from == 0 {
			e.signals = append(e.signals, syntax.ExampleSignal{At: pace, Event: syntax.Event{Kind: syntax.PageEvent}})
		}
		for _, step := range c.Steps[from:] {
			e.signals = append(e.signals, s.step(step, e.signals)...)
		}
		edits = append(edits, e)
	}
	return edits
}

// step returns the signals of a step that follows others.
func (s *search) step(step syntax.Step, before []syntax.ExampleSignal) []syntax.ExampleSignal {
	choices := s.signals(step.Match)
	if len(choices) == 0 {
		return nil
	}
	x := choices[0]
	for _, property := range step.Same {
		x.Props = with(x.Props, property, valueOf(before, property))
	}
	e := times(x, step.Times)
	e.signals[0].At = gap(step)
	return e.signals
}

// gap returns a pause that a step allows.
func gap(step syntax.Step) time.Duration {
	d := pace
	if step.Within != nil {
		d = min(d, *step.Within)
	}
	if step.After != nil {
		d = max(d, *step.After)
	}
	return d
}

// valueOf returns the value of a property in the last of several signals,
// which it gives one if there is none.
func valueOf(signals []syntax.ExampleSignal, property string) syntax.Scalar {
	if len(signals) == 0 {
		return "same"
	}
	last := &signals[len(signals)-1]
	for _, p := range last.Props {
		if p.Key == property {
			return p.Value
		}
	}
	last.Props = with(last.Props, property, "same")
	return "same"
}

// score proposes signals of each term: as many as are missing, and one.
func (s *search) score(c syntax.Score, p *segment.Proof) []edit {
	var edits []edit
	for _, w := range c.Of {
		for _, x := range s.signals(w.Match) {
			for _, n := range distinctly(missing(c.Cmp, number(p), w.Weight), 1) {
				edits = append(edits, times(x, n))
			}
		}
	}
	return edits
}

// missing returns how many signals of a weight bring a sum past the limits that
// are ahead of it; a little more, since it fades meanwhile.
func missing(cmps []syntax.Cmp, sum, weight float64) int {
	most := 1
	for _, c := range cmps {
		if limit, ok := c.Value.(float64); ok && weight != 0 && (limit-sum)/weight > 0 {
			most = max(most, int(min(math.Floor((limit-sum)/weight)+1, maxMore)))
		}
	}
	return most
}

// affinity proposes views of an entry about the topic.
func (s *search) affinity(c syntax.Affinity, p *segment.Proof) []edit {
	entry := s.Set.About(c.Topic)
	if entry == "" {
		return nil
	}
	x := syntax.ExampleSignal{Event: syntax.Event{Kind: syntax.PageEvent}, Props: []syntax.ExampleProp{{Key: "entry", Value: entry}}}
	var edits []edit
	for _, n := range distinctly(missing(c.Cmp, number(p), 1), 1) {
		edits = append(edits, times(x, n))
	}
	return edits
}

// session proposes a page view: in the session under way, or in one of its own;
// and to go on for as long as is asked for.
func (s *search) session(c syntax.Session, want bool) []edit {
	entry := c.Entry
	if len(c.Referrer) > 0 {
		entry = append(append(syntax.Pred{}, entry...), syntax.PropTest{Property: "referrer", Tests: c.Referrer})
	}
	away := s.Set.SessionGap()
	var edits []edit
	for _, x := range s.stating(syntax.Event{Kind: syntax.PageEvent}, entry, "", want) {
		now := times(x, 1)
		later := times(x, 1)
		later.wait = away
		edits = append(edits, now, later)
		for _, seconds := range figures(c.Duration, want) {
			edits = append(edits, lasting(x, time.Duration(seconds*float64(time.Second)), away))
		}
	}
	return edits
}

// lasting proposes a session that begins with x and goes on for d.
func lasting(x syntax.ExampleSignal, d, away time.Duration) edit {
	e := times(x, 1)
	for d > 0 && len(e.signals) < maxMore {
		step := min(d, away-pace)
		e.signals = append(e.signals, syntax.ExampleSignal{At: step, Event: syntax.Event{Kind: syntax.PageEvent}})
		d -= step
	}
	return e
}

// onPage proposes a page view with a report of each figure.
func (s *search) onPage(on syntax.Pred, figures []float64, report func(figure float64) syntax.ExampleSignal) []edit {
	var edits []edit
	for _, x := range s.stating(syntax.Event{Kind: syntax.PageEvent}, on, "", true) {
		for _, f := range figures {
			if f >= 0 {
				e := times(x, 1)
				e.signals = append(e.signals, report(f))
				edits = append(edits, e)
			}
		}
	}
	return edits
}

// heartbeat vouches for so many seconds at once.
func heartbeat(seconds float64) syntax.ExampleSignal {
	return syntax.ExampleSignal{
		At: time.Duration(seconds * float64(time.Second)), Event: syntax.Event{Name: "Heartbeat"},
		Props: []syntax.ExampleProp{{Key: "interval", Value: max(1, seconds)}},
	}
}

func scroll(percent float64) syntax.ExampleSignal {
	return syntax.ExampleSignal{
		At: pace, Event: syntax.Event{Name: "Scroll"}, Props: []syntax.ExampleProp{{Key: "percent", Value: percent}},
	}
}
