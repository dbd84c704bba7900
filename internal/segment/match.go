package segment

import (
	"slices"
	"unicode/utf8"

	"github.com/segue-dev/segue/internal/segment/syntax"
	"github.com/segue-dev/segue/internal/signal"
)

// A matcher says which signals a condition is about: those of the events that
// the index lists it under, with properties that satisfy where.
type matcher struct {
	where    []propTest
	anything bool  // some event is "*"
	totals   []int // of its events, as indexes into the Set's; none for "*"
}

// plain reports whether m asks for nothing but the event, so that the
// permanent totals of a record can stand in for signals that left its log.
func (m *matcher) plain() bool { return len(m.where) == 0 }

func (m *matcher) satisfied(s *item) bool {
	for i := range m.where {
		if !m.where[i].item(s) {
			return false
		}
	}
	return true
}

// An eventIndex finds the matchers that are about an event.
type eventIndex struct {
	activity []int32                                // "*"
	types    [signal.Component + 1][]int32          // whatever the name
	names    [signal.Component + 1]map[string]*name // by normalised name
	others   [signal.Component + 1]*name            // those that are not in names
}

// A name is what is known of a type of signals with one name.
type name struct {
	own      []int32 // matchers that ask for that name
	matchers []int32 // all that can match such signals
	idle     []int32 // all that can match such signals when they are no activity
	role     role
	shapes   shapeCache
}

// A role is a special part that some track events play.
type role uint8

const (
	plainRole role = iota
	heartbeat
	scroll
)

// roles are those of track events, by normalised name.
var roles = map[string]role{"heartbeat": heartbeat, "scroll": scroll, "scroll depth": scroll}

func newEventIndex() eventIndex {
	x := eventIndex{}
	for t := range x.others {
		x.others[t] = &name{}
	}
	for event, role := range roles {
		x.name(signal.Track, event).role = role
	}
	return x
}

// name returns the entry of a normalised name, which it makes if there is none.
func (x *eventIndex) name(t signal.Type, normal string) *name {
	if x.names[t] == nil {
		x.names[t] = map[string]*name{}
	}
	n := x.names[t][normal]
	if n == nil {
		n = &name{}
		x.names[t][normal] = n
	}
	return n
}

// add lists matcher m under an event.
func (x *eventIndex) add(e syntax.Event, m int32) {
	t := signal.Track
	switch e.Kind {
	case syntax.AnyEvent:
		x.activity = append(x.activity, m)
		return
	case syntax.PageEvent:
		t = signal.Page
	case syntax.ScreenEvent:
		t = signal.Screen
	case syntax.IdentifyEvent:
		t = signal.Identify
	case syntax.ComponentEvent:
		t = signal.Component
	}
	if e.Name == "" {
		x.types[t] = append(x.types[t], m)
		return
	}
	normal := signal.Normalize(e.Name)
	if t == signal.Track {
		normal = signal.NormalizeEvent(e.Name)
	}
	n := x.name(t, normal)
	n.own = append(n.own, m)
	if other := signal.OtherName(normal); t == signal.Track && other != "" {
		x.names[t][other] = n
	}
}

// settle makes the lists of each name, once all matchers have been added.
func (x *eventIndex) settle() {
	for t, other := range x.others {
		x.list(other, x.types[t])
		for _, n := range x.names[t] {
			x.list(n, x.types[t])
		}
	}
}

func (x *eventIndex) list(n *name, ofType []int32) {
	union := func(lists ...[]int32) []int32 {
		all := slices.Concat(lists...)
		slices.Sort(all)
		return slices.Compact(all)
	}
	n.idle = union(n.own, ofType)
	n.matchers = union(n.idle, x.activity)
}

// of returns what is known of the type and the name of a signal.
func (x *eventIndex) of(s *signal.Signal) *name {
	names := x.names[s.Type]
	if len(names) == 0 {
		return x.others[s.Type]
	}
	var buf [64]byte
	normal, ok := appendNormal(buf[:0], s.Name)
	n := names[string(normal)]
	if !ok {
		n = names[signal.Normalize(s.Name)]
	}
	if n == nil {
		return x.others[s.Type]
	}
	return n
}

// appendNormal appends signal.Normalize of a name in ASCII to dst. It exists
// because looking up a name that is on the stack allocates nothing.
func appendNormal(dst []byte, name string) (normal []byte, ok bool) {
	space := false
	for i := range len(name) {
		c := name[i]
		switch {
		case c >= utf8.RuneSelf || len(dst) >= cap(dst)-2:
			return nil, false
		case c == '_' || c == ' ' || c == '\t' || c == '\n' || c == '\r':
			space = len(dst) > 0
			continue
		case 'A' <= c && c <= 'Z':
			c += 'a' - 'A'
		}
		if space {
			dst = append(dst, ' ')
			space = false
		}
		dst = append(dst, c)
	}
	return dst, true
}

// match finds, for each matcher, the positions of the signals that match it.
func (b *binding) match() {
	matchers := b.log.set.matchers
	b.posts, b.kept = sized(b.posts, len(matchers)), blank(b.kept, len(matchers))
	most := b.work.take(len(matchers))
	for k := range b.kinds {
		for _, m := range b.kinds[k].known.matchers {
			most[m] += b.kinds[k].signals
		}
	}
	for m, n := range most {
		b.posts[m] = b.work.take(int(n))[:0]
	}
	for i := range b.kindOf {
		known := b.kind(i).known
		list := known.matchers
		if !b.active[i] {
			list = known.idle
		}
		for _, m := range list {
			if matchers[m].plain() || matchers[m].satisfied(b.item(int32(i))) {
				b.posts[m] = append(b.posts[m], int32(i))
			}
		}
	}
}

// A total is one of a record's permanent totals: its key, and the matcher of
// the signals that it counts.
type total struct {
	key     string
	named   bool // of a page or screen by name
	tracks  bool // of all track events: there is no key
	matcher int
}

// totalOf returns the total that counts an event, without its matcher. There is
// none for "*".
func totalOf(e syntax.Event) total {
	switch {
	case e == syntax.Event{Kind: syntax.TrackEvent}:
		return total{tracks: true}
	case e.Kind == syntax.TrackEvent:
		return total{key: "track:" + signal.NormalizeEvent(e.Name)}
	case e.Name != "":
		return total{key: syntax.Event{Kind: e.Kind}.String() + ":" + signal.Normalize(e.Name), named: true}
	default:
		return total{key: e.String()}
	}
}

// withoutRepetition returns events without those that another one includes.
func withoutRepetition(events []syntax.Event) []syntax.Event {
	var out []syntax.Event
	for _, e := range events {
		if e.Name = signal.Normalize(e.Name); e.Kind == syntax.TrackEvent {
			e.Name = signal.NormalizeEvent(e.Name)
		}
		whole := syntax.Event{Kind: e.Kind}
		if e != whole && slices.Contains(events, whole) {
			continue
		}
		if !slices.Contains(out, e) {
			out = append(out, e)
		}
	}
	return out
}
