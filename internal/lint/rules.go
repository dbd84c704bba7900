package lint

import (
	"slices"
	"strings"
	"time"

	"github.com/segue-dev/segue/internal/segment/syntax"
	"github.com/segue-dev/segue/internal/signal"
	"github.com/segue-dev/segue/internal/spelling"
)

// rule looks at one definition by itself.
func (c *checker) rule(d *syntax.Definition) {
	switch {
	case never(d.When):
		c.doubt(NeverTrue, d, d.When.Position(), "the rule can never hold, since its conditions exclude each other: remove one of them")
	case always(d.When):
		c.doubt(AlwaysTrue, d, d.When.Position(), "the rule holds for everybody: an experience without an audience does the same")
	}
	if strings.TrimSpace(d.SoWhat) == "" {
		c.doubt(NoSoWhat, d, d.Pos, "nothing says what its members get that others do not: if there is no answer, there should be no segment")
	}
	seen := map[string]bool{}
	walk(d, func(m syntax.Match, properties []string) {
		c.goal(d, m)
		c.names(d, m, properties, seen)
	}, func(back time.Duration, pos syntax.Pos) {
		if c.Retention > 0 && back > c.Retention && !seen["too old"] {
			seen["too old"] = true
			c.doubt(TooOld, d, pos, "it looks back %s, and signals are kept for %s: raise retention, or look back less",
				syntax.FormatDuration(back), syntax.FormatDuration(c.Retention))
		}
	})
}

// goal doubts a rule about an event that experiences are to bring about.
func (c *checker) goal(d *syntax.Definition, m syntax.Match) {
	for _, e := range m.Events {
		same := func(goal syntax.Event) bool {
			return goal.Kind == e.Kind && signal.NormalizeEvent(goal.Name) == signal.NormalizeEvent(e.Name)
		}
		if slices.ContainsFunc(c.Goals, same) {
			c.doubt(UsesGoal, d, m.Pos, "the rule is about %s, a goal: its members are chosen by what they are to be measured by", e)
		}
	}
}

// names doubts events and properties that no visitor has sent.
func (c *checker) names(d *syntax.Definition, m syntax.Match, properties []string, seen map[string]bool) {
	if c.Seen == nil || c.Seen.Visitors == 0 {
		return
	}
	doubt := func(key string, code Code, format string, args ...any) {
		if !seen[key] {
			seen[key] = true
			c.doubt(code, d, m.Pos, format, args...)
		}
	}
	for _, e := range m.Events {
		event := e.String()
		switch {
		case e.Kind == syntax.AnyEvent:
			continue
		case !c.Seen.hasEvent(e):
			doubt(event, UnknownEvent, "no visitor has sent %s%s", event, meant(event, c.Seen.Events()))
			continue
		}
		for _, p := range properties {
			if !c.Seen.hasProperty(e, p) {
				doubt(event+" "+p, UnknownProp, "no %s has had the property %s%s", event, p, meant(p, c.Seen.properties(e)))
			}
		}
	}
}

// meant asks whether a name that is there was meant.
func meant(word string, known []string) string {
	nearest, differ := spelling.Nearest(word, known)
	if nearest == "" || differ > max(1, len(word)/3) {
		return ": check its spelling, or what the site sends"
	}
	return `: did you mean "` + nearest + `"?`
}

// Events returns the events that a definition asks for, as it names them.
func Events(d *syntax.Definition) []syntax.Event {
	var events []syntax.Event
	walk(d, func(m syntax.Match, _ []string) { events = append(events, m.Events...) }, func(time.Duration, syntax.Pos) {})
	return events
}

// walk calls match for all that a definition asks of signals, with the
// properties it looks at, and back for how far it looks back.
func walk(d *syntax.Definition, match func(m syntax.Match, properties []string), back func(time.Duration, syntax.Pos)) {
	w := walker{match, back}
	for c := range d.Leaves() {
		w.signals(c)
		w.times(c)
	}
	w.back(d.Hold, d.Pos)
}

type walker struct {
	match func(m syntax.Match, properties []string)
	back  func(time.Duration, syntax.Pos)
}

// signals tells of the signals that a condition asks for.
func (w walker) signals(c syntax.Cond) {
	switch c := c.(type) {
	case syntax.Count:
		w.matched(c.Match, c.Distinct)
	case syntax.Aggregate:
		w.matched(c.Match, c.Property)
	case syntax.Recency:
		w.matched(c.Match)
	case syntax.Never:
		w.matched(c.Match)
	case syntax.Regular:
		w.matched(c.Match)
	case syntax.Sequence:
		w.steps(c)
	case syntax.Absence:
		w.matched(c.Of)
		w.matched(c.Without)
	case syntax.Score:
		for _, weight := range c.Of {
			w.matched(weight.Match)
		}
	case syntax.Session:
		w.of(syntax.PageEvent, c.Entry, c.Pos)
	case syntax.Dwell:
		w.of(syntax.PageEvent, c.On, c.Pos)
	case syntax.Scroll:
		w.of(syntax.PageEvent, c.On, c.Pos)
	case syntax.Trait:
		w.of(syntax.IdentifyEvent, c.Where, c.Pos)
	}
}

func (w walker) steps(c syntax.Sequence) {
	for _, step := range c.Steps {
		w.matched(step.Match, step.Same...)
		for _, m := range step.Without {
			w.matched(m)
		}
		if step.Directly != nil {
			w.matched(syntax.Match{Events: step.Directly.Events, Pos: step.Match.Pos})
		}
	}
}

// of tells of signals of one kind, if something is asked of them.
func (w walker) of(kind syntax.EventKind, where syntax.Pred, pos syntax.Pos) {
	if len(where) > 0 {
		w.matched(syntax.Match{Events: []syntax.Event{{Kind: kind}}, Where: where, Pos: pos})
	}
}

// times tells how far a condition looks back.
func (w walker) times(c syntax.Cond) {
	switch c := c.(type) {
	case syntax.Count:
		w.window(c.Window)
	case syntax.Aggregate:
		w.window(c.Window)
	case syntax.Recency:
		w.longest(c.Pos, c.AtLeast, c.AtMost)
	case syntax.Regular:
		days := c.OfLast
		if c.Period == syntax.Week {
			days *= 7
		}
		w.back(time.Duration(days-1)*24*time.Hour, c.Pos)
	case syntax.Sequence:
		w.longest(c.Pos, c.Span)
		for _, step := range c.Steps {
			w.longest(step.Match.Pos, step.Within, step.After)
		}
		w.window(c.Window)
	case syntax.Absence:
		w.back(c.For, c.Pos)
		w.window(c.Window)
	case syntax.Session:
		w.longest(c.Pos, c.ReturnedWithin)
	case syntax.Dwell:
		w.window(c.Window)
	case syntax.Scroll:
		w.window(c.Window)
	}
}

func (w walker) longest(pos syntax.Pos, all ...*time.Duration) {
	for _, d := range all {
		if d != nil {
			w.back(*d, pos)
		}
	}
}

func (w walker) matched(m syntax.Match, more ...string) {
	var properties []string
	for _, t := range m.Where {
		properties = append(properties, t.Property)
	}
	for _, p := range more {
		if p != "" {
			properties = append(properties, p)
		}
	}
	w.match(m, properties)
}

func (w walker) window(window syntax.Window) {
	switch window.Kind {
	case syntax.LastWindow, syntax.BetweenWindow:
		w.back(window.Last, window.Pos)
	case syntax.DaysWindow:
		w.back(time.Duration(window.Days-1)*24*time.Hour, window.Pos)
	}
}
