package audit

import (
	"fmt"
	"slices"
	"strings"

	"github.com/segue-dev/segue/internal/measure"
	"github.com/segue-dev/segue/internal/segment/syntax"
	"github.com/segue-dev/segue/internal/signal"
)

const (
	// enoughGoals is how many must have reached a goal for effects on it to be
	// found, and fewGoals how many for any verdict (reference: the gate of
	// always-valid intervals).
	enoughGoals = 100
	fewGoals    = 20
)

// goalsReached judges whether there is a conversion to measure by.
func (j *judgement) goalsReached() {
	for i, goal := range j.opts.Goals {
		j.goal(goal, &j.goals[i], &j.valued[i])
	}
	if len(j.opts.Goals) > 0 {
		return
	}
	c := Check{
		ID: "goal", Title: "Goal", Status: Amber, Found: "no goal was named",
		Means: "Whether a segment is worth its content can only be told by an event that is wanted.",
		Fix:   "Name the event that counts as success: --goal EVENT, or metrics in the configuration.",
		Items: j.likelyGoals(),
	}
	switch {
	case len(c.Items) > 0:
		c.Found += "; these may be goals"
	case len(j.names) == 0:
		c.Status, c.Found = Red, "there is no track event at all, so nothing to measure success by"
		c.Fix = "Send a track event when somebody does what you want them to do."
	}
	j.add(c)
}

func (j *judgement) goal(goal Goal, reached, valued *ratio) {
	f := reached.figure()
	c := Check{
		ID: "goal", Title: "Goal: " + goal.Name, Figure: f, Found: f.of("visitors reached it"),
		Means: "The rarer the goal, the more visitors it takes to see what a segment changes: below 20 who reached it there is no verdict at all.",
		Fix:   "Choose an event nearer to where segments act (add to cart rather than purchase) as the goal of the first weeks, and keep the final one as a guardrail.",
	}
	switch {
	case f.Count >= enoughGoals:
		c.Status = Green
	case f.Count >= fewGoals:
		c.Status = Amber
	case f.Count == 0 && j.visitors >= 1000:
		c.Status = Red
		c.Fix = "Check the spelling of the event, and that it is sent. " + c.Fix
	case j.visitors < 1000 || j.history() < 7:
		c.Status = Unknown
		c.Found += "; too few to tell"
		c.When = j.after(float64(fewGoals) / float64(f.Count)) // zero if nobody has
	default:
		c.Status = Red
	}
	if goal.Property != "" && valued.whole > 0 {
		c.Found += "; " + valued.figure().of("of its signals have a number at "+goal.Property)
		if (bands{green: .99, red: .8}).of(valued.share()) != Green {
			c.Status, c.Fix = Red, "Send "+goal.Property+" as a number with every one: without it, it adds nothing. "+c.Fix
		}
	}
	j.add(c)
}

// goalWords are in the names of events that are mostly goals.
var goalWords = []string{
	"order completed", "purchase", "transaction", "signed up", "sign up", "signup", "subscri", "trial started", "lead", "form submitted",
	"checkout completed", "booking", "conver", "registered", "activated", "donat",
}

func (j *judgement) likelyGoals() []string {
	var items []string
	for _, n := range j.byVolume() {
		name := signal.NormalizeEvent(n.spelt)
		if slices.ContainsFunc(goalWords, func(w string) bool { return strings.Contains(name, w) }) {
			items = append(items, fmt.Sprintf("--goal %q: %s visitors", n.spelt, number(n.visitors)))
		}
	}
	return items
}

// reached reports whether the visitor has ever reached a goal.
func (v *view) reached(g Goal) bool {
	for i := range v.sigs {
		if matchesAny(g.Events, &v.sigs[i]) {
			return true
		}
	}
	if v.Summary.Dropped == 0 {
		return false
	}
	return slices.ContainsFunc(g.Events, func(e syntax.Event) bool {
		_, known := v.Summary.Events[summaryKey(e)]
		return known
	})
}

// valued returns how many signals of a goal there are, and how many of them have
// the number that it is about.
func (v *view) valued(g Goal) (with, all int) {
	for i := range v.sigs {
		if !matchesAny(g.Events, &v.sigs[i]) {
			continue
		}
		all++
		if value, ok := v.sigs[i].Props.Get(g.Property); ok {
			if _, number := value.Float(); number {
				with++
			}
		}
	}
	return with, all
}

func matchesAny(events []syntax.Event, s *signal.Signal) bool {
	return slices.ContainsFunc(events, func(e syntax.Event) bool { return matches(e, s) })
}

// kinds are the types of signals that an event is about.
var kinds = map[syntax.EventKind]signal.Type{
	syntax.TrackEvent: signal.Track, syntax.PageEvent: signal.Page, syntax.ScreenEvent: signal.Screen,
	syntax.IdentifyEvent: signal.Identify, syntax.ComponentEvent: signal.Component,
}

func matches(e syntax.Event, s *signal.Signal) bool {
	if e.Kind == syntax.AnyEvent {
		return true
	}
	if s.Type != kinds[e.Kind] {
		return false
	}
	switch {
	case e.Name == "":
		return true
	case s.Type == signal.Track:
		return signal.NormalizeEvent(e.Name) == signal.NormalizeEvent(s.Name)
	default:
		return signal.Normalize(e.Name) == signal.Normalize(s.Name)
	}
}

// summaryKey returns where a summary counts an event.
func summaryKey(e syntax.Event) string {
	kind := kinds[e.Kind].String()
	switch {
	case e.Kind == syntax.TrackEvent:
		return kind + ":" + signal.NormalizeEvent(e.Name)
	case e.Name != "":
		return kind + ":" + signal.Normalize(e.Name)
	default:
		return kind
	}
}

// A Goal is an event that counts: what experiences are to bring about, or what
// they must not harm.
type Goal struct {
	Name      string
	Events    []syntax.Event // any of them reaches it, whatever its properties
	Property  string         // that its value is read from; "" = none
	Guardrail bool           // must not get worse, whatever segments are for
}

// ParseGoal reads an event as rules name it. The error begins with what, and is
// safe to show.
func ParseGoal(what, text string) (Goal, error) {
	cond, err := syntax.ParseCond(what, fmt.Appendf(nil, "never: {of: %q}", text))
	if err != nil {
		return Goal{}, err
	}
	return Goal{Name: text, Events: cond.(syntax.Never).Match.Events}, nil
}

// GoalOf returns the goal of a metric. Conditions on the event are not looked at.
func GoalOf(m *measure.Metric) Goal {
	return Goal{Name: "metric " + m.Key, Events: m.Of.Events, Property: m.Property, Guardrail: m.Guardrail}
}

// goalEvents returns the events that experiences are to bring about.
func (o *Options) goalEvents() []syntax.Event {
	var all []syntax.Event
	for _, g := range o.Goals {
		if !g.Guardrail {
			all = append(all, g.Events...)
		}
	}
	return all
}
