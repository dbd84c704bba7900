package journey

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/segue-dev/segue/internal/segment/syntax"
	"github.com/segue-dev/segue/internal/signal"
)

// StepOptions say which signals are steps, and which of them are the same step.
type StepOptions struct {
	// By tells signals of an event apart by a property. A page or screen can be
	// told apart by "name" as well; those without one are no steps then.
	By []Split
	// Ignore are events that are no steps, besides those that tell what Segue or
	// the browser did: identify, group, alias and component signals, Experience
	// Viewed, heartbeats and scrolls.
	Ignore []syntax.Event
	// Repeats keeps a step that comes directly after the same one in a session.
	// Otherwise it counts once.
	Repeats bool
	Max     int // steps of a visitor that are looked at, the first ones; 0 = all
}

// A Split tells signals of an event apart by a property.
type Split struct {
	Event    syntax.Event
	Property string
	// Depth is how many parts of a path such as /shoes/running/1234 count: of 1,
	// all pages below /shoes/ are one step. 0 = all of them.
	Depth int
}

// A Step is one kind of thing that visitors do.
type Step struct {
	Event    syntax.Event
	Property string // that it was told apart by; "" = by none
	Value    string // of the property
	Below    bool   // Value is what the property begins with
	Absent   bool   // it had no such property
}

// String returns s for people.
func (s Step) String() string {
	value := s.Value
	if s.Below {
		value += "…"
	}
	switch {
	case s.Property == "":
		return s.Event.String()
	case s.Absent:
		return s.Event.String() + " without " + s.Property
	case s.Property == "path":
		return s.Event.String() + " " + value
	default:
		return s.Event.String() + " " + s.Property + "=" + value
	}
}

// match returns what the signals of s match in the language of segments.
func (s Step) match() syntax.Match {
	m := syntax.Match{Events: []syntax.Event{s.Event}}
	if s.Property != "" {
		test := syntax.Test{Op: syntax.Eq, Values: []syntax.Scalar{s.Value}}
		if s.Below {
			test.Op = syntax.StartsWith
		}
		if s.Absent {
			test = syntax.Test{Op: syntax.Exists, Values: []syntax.Scalar{false}}
		}
		m.Where = syntax.Pred{{Property: s.Property, Tests: []syntax.Test{test}}}
	}
	return m
}

// A dictionary numbers steps. It is safe for concurrent use.
type dictionary struct {
	mu      sync.Mutex
	ids     map[Step]int32 // by the step with its event's name as it is compared
	steps   []Step         // by number, so too
	written map[syntax.Event]string
}

func newDictionary() *dictionary {
	return &dictionary{ids: map[Step]int32{}, written: map[syntax.Event]string{}}
}

// id returns the number of a step whose event is written so.
func (d *dictionary) id(s Step, written string) int32 {
	d.mu.Lock()
	defer d.mu.Unlock()
	if first, known := d.written[s.Event]; !known || written < first {
		d.written[s.Event] = written
	}
	id, known := d.ids[s]
	if !known {
		id = int32(len(d.steps))
		d.ids[s] = id
		d.steps = append(d.steps, s)
	}
	return id
}

// kinds returns the steps by number, with the names of events as they are
// written: of several spellings the first in the alphabet.
func (d *dictionary) kinds() []Step {
	out := slices.Clone(d.steps)
	for i := range out {
		out[i].Event.Name = d.written[out[i].Event]
	}
	return out
}

// A stepper says which step a signal is. It is for one goroutine.
type stepper struct {
	opts   *StepOptions
	dict   *dictionary
	events map[eventName]eventStep
	values map[eventValue]int32
}

type eventName struct {
	kind signal.Type
	name string
}

// An eventStep is what the signals of an event are.
type eventStep struct {
	id    int32 // noStep if they are none; else good if split is ""
	step  Step  // without the value
	name  string
	split string // property that they are told apart by
	depth int    // parts of it that count
}

type eventValue struct {
	event  eventName
	value  string
	absent bool
}

const noStep int32 = -1

func newStepper(opts *StepOptions, dict *dictionary) *stepper {
	return &stepper{opts, dict, map[eventName]eventStep{}, map[eventValue]int32{}}
}

// of returns the number of the step that s is, or noStep.
func (st *stepper) of(s *signal.Signal) int32 {
	name := eventName{s.Type, s.Name}
	e, known := st.events[name]
	if !known {
		e = st.event(name)
		st.events[name] = e
	}
	if e.split == "" {
		return e.id
	}
	key := eventValue{event: name}
	if v, ok := valueOf(s, e.split); ok {
		key.value = spelled(v)
	} else {
		key.absent = true
	}
	id, known := st.values[key]
	if !known {
		step := e.step
		step.Property, step.Absent = e.split, key.absent
		step.Value, step.Below = above(key.value, e.depth)
		id = st.dict.id(step, e.name)
		st.values[key] = id
	}
	return id
}

// above returns the first parts of a path, and whether there is more of it.
func above(path string, depth int) (string, bool) {
	for i, c := range path {
		if c == '/' && i > 0 && depth > 0 {
			if depth--; depth == 0 {
				return path[:i+1], true
			}
		}
	}
	return path, false
}

// onPage are the properties that a page signal has in its context if it has them
// nowhere else, as rules take them.
var onPage = []string{"path", "url", "referrer", "title", "search"}

// valueOf returns the first value of a property.
func valueOf(s *signal.Signal, property string) (signal.Value, bool) {
	v, ok := s.Props.Get(property)
	if !ok && s.Type == signal.Page && slices.Contains(onPage, property) {
		return s.Props.Get("context.page." + property)
	}
	return v, ok
}

// spelled returns values that rules take to be equal as the same text.
func spelled(v signal.Value) string {
	if f, ok := v.Float(); ok {
		return strconv.FormatFloat(f, 'f', -1, 64)
	}
	return v.String()
}

// event returns what the signals of an event are.
func (st *stepper) event(n eventName) eventStep {
	event, ok := eventOf(n)
	if !ok || isOurs(event) || namedBy(st.opts.Ignore, event) {
		return eventStep{id: noStep}
	}
	out := eventStep{step: Step{Event: event}, name: n.name}
	i := slices.IndexFunc(st.opts.By, func(s Split) bool { return covers(s.Event, event) })
	if i >= 0 {
		out.split, out.depth = st.opts.By[i].Property, st.opts.By[i].Depth
	}
	if n.kind != signal.Track {
		byName := out.split == "name"
		if byName && event.Name == "" {
			return eventStep{id: noStep}
		}
		if byName {
			out.split = ""
		} else {
			out.step.Event.Name, out.name = "", ""
		}
	}
	if out.split == "" {
		out.id = st.dict.id(out.step, out.name)
	}
	return out
}

// eventOf returns the event of signals with its name as it is compared; ok is
// false if no step is of that type.
func eventOf(n eventName) (e syntax.Event, ok bool) {
	switch n.kind {
	case signal.Track:
		return syntax.Event{Kind: syntax.TrackEvent, Name: signal.NormalizeEvent(n.name)}, signal.Normalize(n.name) != ""
	case signal.Page:
		return syntax.Event{Kind: syntax.PageEvent, Name: signal.Normalize(n.name)}, true
	case signal.Screen:
		return syntax.Event{Kind: syntax.ScreenEvent, Name: signal.Normalize(n.name)}, true
	default:
		return syntax.Event{}, false
	}
}

// covers reports whether an event as asked for names e, whose name is as it is
// compared.
func covers(asked, e syntax.Event) bool {
	if asked.Kind != e.Kind {
		return asked.Kind == syntax.AnyEvent
	}
	name := signal.Normalize(asked.Name)
	if asked.Kind == syntax.TrackEvent {
		name = signal.NormalizeEvent(asked.Name)
	}
	return name == "" || name == e.Name
}

// isOurs reports whether a track event tells what Segue or the browser did.
func isOurs(e syntax.Event) bool {
	return e.Kind == syntax.TrackEvent &&
		slices.Contains([]string{"experience viewed", "heartbeat", "scroll", "scroll depth"}, e.Name)
}

// compareSteps orders steps as people read them.
func compareSteps(a, b Step) int {
	return cmp.Or(strings.Compare(a.String(), b.String()), cmp.Compare(a.Event.Kind, b.Event.Kind))
}
