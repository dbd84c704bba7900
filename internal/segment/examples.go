package segment

import (
	"fmt"
	"strings"
	"time"

	"github.com/segue-dev/segue/internal/segment/syntax"
	"github.com/segue-dev/segue/internal/signal"
	"github.com/segue-dev/segue/internal/visitor"
)

// exampleStart is the first instant of an example's log by the clock of its
// segment: a Monday at noon.
var exampleStart = time.Date(2026, time.January, 5, 12, 0, 0, 0, time.UTC)

// An ExampleFailure is an example of a definition that does not come true.
type ExampleFailure struct {
	Segment string
	Example string // its name
	Pos     syntax.Pos
	Reason  string // what came instead, and why
	// OfContent says that the rule looks at what entries are about, so that an
	// edit of content can be why, and none of the rule.
	OfContent bool
}

// Error returns the failure with its place.
func (f ExampleFailure) Error() string {
	return fmt.Sprintf("%s: example %q of segment %s: %s", f.Pos, f.Example, f.Segment, f.Reason)
}

// RunExamples runs the examples of all definitions, drafts included, and
// returns those that fail, in the order of the Set. An example is a visitor
// with one device, on no list, who has done nothing before its first instant, a
// Monday at noon of the segment's zone.
func (s *Set) RunExamples() []ExampleFailure {
	var failures []ExampleFailure
	for i := range s.segments {
		d := &s.segments[i].def
		for _, e := range d.Examples {
			if reason := s.RunExample(i, e); reason != "" {
				failures = append(failures, ExampleFailure{
					Segment: d.Key, Example: e.Name, Pos: e.Pos, Reason: reason, OfContent: s.looksAtTopics(i),
				})
			}
		}
	}
	return failures
}

// looksAtTopics reports whether segment i, or one that it refers to, asks what
// entries are about.
func (s *Set) looksAtTopics(i int) bool {
	for c := range s.segments[i].def.Leaves() {
		switch c := c.(type) {
		case syntax.Affinity:
			return true
		case syntax.Segment:
			if s.looksAtTopics(s.index[c.Key]) {
				return true
			}
		}
	}
	return false
}

// ExampleStart returns the instant from which the examples of segment i count.
func (s *Set) ExampleStart(i int) time.Time {
	y, m, day := exampleStart.Date()
	return time.Date(y, m, day, exampleStart.Hour(), 0, 0, 0, s.segments[i].zone)
}

// RunExample returns why an example of segment i fails; "" if it does not.
func (s *Set) RunExample(i int, e syntax.Example) string {
	start := s.ExampleStart(i)
	sigs := make([]signal.Signal, len(e.Signals))
	for i, x := range e.Signals {
		sig, err := SignalOf(x, i, start)
		if err != nil {
			return err.Error()
		}
		sigs[i] = sig
	}
	rec, _ := (&visitor.Record{ID: "example"}).With(visitor.Limits{}, sigs...)
	ctx := Context{}
	for name, value := range e.Context {
		ctx[name] = signal.TextOf(value)
	}
	b := s.bind(rec)
	b.log.onNoList()
	x := b.explain(i, ctx, start.Add(e.At).UnixMilli())
	switch {
	case x.Member == e.Member:
		return ""
	case e.Member:
		return "the visitor should be a member and is not: " + blame(x.Proof)
	default:
		return "the visitor should not be a member and is: " + blame(x.Proof)
	}
}

// SignalOf returns line i, from 0, of an example that begins at start as the
// signal that it stands for.
func SignalOf(x syntax.ExampleSignal, i int, start time.Time) (signal.Signal, error) {
	s := signal.Signal{
		ID: fmt.Sprintf("line-%d", i+1), Name: x.Event.Name, Device: "example", Pos: i,
		At: start.Add(x.At).UnixMilli(),
	}
	switch x.Event.Kind {
	case syntax.TrackEvent:
	case syntax.PageEvent:
		s.Type = signal.Page
	case syntax.ScreenEvent:
		s.Type = signal.Screen
	case syntax.IdentifyEvent:
		s.Type = signal.Identify
	case syntax.ComponentEvent:
		s.Type = signal.Component
	default:
		return s, invalid(x.Pos, "an example's signal cannot be %q: name an event", x.Event)
	}
	for _, p := range x.Props {
		s.Props = append(s.Props, prop{Key: propertyPath(p.Key), Value: valueOf(p.Value)})
	}
	s.Props.Sort()
	return s, nil
}

// blame returns the conditions that made a rule what it is.
func blame(p *Proof) string {
	var lines []string
	var walk func(p *Proof)
	walk = func(p *Proof) {
		if len(p.Of) > 0 {
			for _, part := range p.Of {
				walk(part)
			}
			return
		}
		line := fmt.Sprintf("%s is %s", p.Text, p.Truth)
		if p.Found != "" {
			line += ", found " + p.Found
		}
		if p.Reason != "" {
			line += ", " + p.Reason
		}
		lines = append(lines, line)
	}
	walk(p)
	return strings.Join(lines, "; ")
}
