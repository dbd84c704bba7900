package lint

import (
	"maps"
	"slices"
	"strings"

	"github.com/segue-dev/segue/internal/segment"
	"github.com/segue-dev/segue/internal/segment/syntax"
	"github.com/segue-dev/segue/internal/signal"
	"github.com/segue-dev/segue/internal/visitor"
)

// Seen is what visitors have sent, and which segments they are in.
type Seen struct {
	Visitors int

	set     *segment.Set
	at      int64
	events  map[string]*sent // by event as rules name it, normalised; see cut
	asked   map[string]bool  // events that the rules of set are about, normalised
	members []int            // by segment
	both    map[[2]int]int   // by pair of segments, the smaller first
	result  segment.Result
}

// sent is what is known of an event.
type sent struct {
	name       string // as a site spells it
	held       bool   // some record still holds such a signal; else its properties are not known
	properties map[string]bool
}

// NewSeen returns a Seen of nobody yet, that asks who is in the segments of set
// at an instant, ms since the epoch.
func NewSeen(set *segment.Set, at int64) *Seen {
	s := &Seen{set: set, at: at, events: map[string]*sent{}, asked: map[string]bool{}, members: make([]int, set.Len()), both: map[[2]int]int{}}
	for i := range set.Len() {
		for _, e := range Events(set.Definition(i)) {
			s.asked[signal.NormalizeEvent(e.String())] = true
		}
	}
	return s
}

// maxSeen is how many events are remembered besides those that rules are about:
// the first in the order of the alphabet. Some sites name each page.
const maxSeen = 10_000

// cut forgets the events for which there is no room, once there are too many.
func (s *Seen) cut() {
	if len(s.events) <= 2*maxSeen+len(s.asked) {
		return
	}
	kept := 0
	for _, key := range slices.Sorted(maps.Keys(s.events)) {
		if s.asked[key] {
			continue
		}
		if kept++; kept > maxSeen {
			delete(s.events, key)
		}
	}
}

// Add adds a visitor.
func (s *Seen) Add(rec *visitor.Record) {
	s.Visitors++
	for i := range rec.Signals {
		s.add(&rec.Signals[i])
	}
	s.remembered(&rec.Summary)
	s.cut()
	s.set.Bind(rec).Evaluate(nil, s.at, &s.result)
	for n, i := range s.result.Members {
		s.members[i]++
		for _, j := range s.result.Members[n+1:] {
			s.both[[2]int{min(i, j), max(i, j)}]++
		}
	}
}

// Merge adds what another Seen, of the same set and instant, has seen of other
// visitors.
func (s *Seen) Merge(o *Seen) {
	s.Visitors += o.Visitors
	for key, theirs := range o.events {
		mine := s.events[key]
		if mine == nil {
			mine = &sent{name: theirs.name, properties: map[string]bool{}}
			s.events[key] = mine
		}
		if theirs.held {
			mine.spell(theirs.name)
		}
		maps.Copy(mine.properties, theirs.properties)
	}
	s.cut()
	for i, n := range o.members {
		s.members[i] += n
	}
	for pair, n := range o.both {
		s.both[pair] += n
	}
}

// remembered adds what a record still knows of signals that have left its log.
func (s *Seen) remembered(sum *visitor.Summary) {
	for event := range sum.Events {
		if name, ok := strings.CutPrefix(event, "track:"); ok {
			s.event(syntax.Event{}.String())
			event = syntax.Event{Name: name}.String()
		}
		s.event(event)
	}
	for trait := range sum.Traits {
		s.event(syntax.Event{Kind: syntax.IdentifyEvent}.String()).properties[trait] = true
	}
}

// event returns what is known of an event, as rules name it.
func (s *Seen) event(name string) *sent {
	key := signal.NormalizeEvent(name)
	e := s.events[key]
	if e == nil {
		e = &sent{name: name, properties: map[string]bool{}}
		s.events[key] = e
	}
	return e
}

func (s *Seen) add(sig *signal.Signal) {
	names := []string{syntax.Event{}.String(), syntax.Event{Name: sig.Name}.String()}
	if sig.Type != signal.Track {
		names = []string{sig.Type.String()}
		if sig.Name != "" {
			names = append(names, sig.Type.String()+":"+sig.Name)
		}
	}
	for _, name := range names {
		e := s.event(name)
		e.spell(name)
		for i := range sig.Props {
			e.properties[sig.Props[i].Key] = true
		}
	}
}

// spell takes down how some signal that is still held spells the event: of
// several spellings the first in the order of the alphabet.
func (e *sent) spell(name string) {
	if !e.held || name < e.name {
		e.name = name
	}
	e.held = true
}

// Events returns the events that were sent, as sites spell them.
func (s *Seen) Events() []string {
	var names []string
	for _, key := range slices.Sorted(maps.Keys(s.events)) {
		names = append(names, s.events[key].name)
	}
	return names
}

func (s *Seen) hasEvent(e syntax.Event) bool {
	return s.events[signal.NormalizeEvent(e.String())] != nil
}

// properties returns those that an event has had.
func (s *Seen) properties(e syntax.Event) []string {
	return slices.Sorted(maps.Keys(s.events[signal.NormalizeEvent(e.String())].properties))
}

// told are properties that can be told from others.
var told = []string{"name", "path", "url", "referrer", "title", "search"}

// hasProperty reports whether an event has had a property, or it can be told
// from what it has had.
func (s *Seen) hasProperty(e syntax.Event, property string) bool {
	key := strings.TrimPrefix(strings.TrimPrefix(property, "properties."), "traits.")
	if slices.Contains(told, key) || strings.HasPrefix(key, "query.") || strings.HasPrefix(key, "utm_") || strings.HasPrefix(key, "context.") {
		return true
	}
	have := s.events[signal.NormalizeEvent(e.String())]
	return have.properties[key] || !have.held
}
