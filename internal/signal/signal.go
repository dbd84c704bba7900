// Package signal is what a visitor did: one page view, click, cart event,
// heartbeat or assertion about themselves, in the shape of the Segment spec.
//
// A signal has an effective time, corrected once on arrival (SEMANTICS 1.1),
// and a place in a total order that depends on nothing but the signal itself,
// so the order and number of deliveries never matter.
package signal

import (
	"cmp"
	"slices"
	"strings"
)

// A Type says what sort of message a signal was.
type Type uint8

// The types, as in the Segment spec; Component is an exposure of a slot.
const (
	Track Type = iota
	Page
	Screen
	Identify
	Group
	Alias
	Component
)

var typeNames = [...]string{"track", "page", "screen", "identify", "group", "alias", "component"}

// String returns the wire name of t.
func (t Type) String() string {
	if int(t) < len(typeNames) {
		return typeNames[t]
	}
	return "unknown"
}

// ParseType returns the type with the wire name s.
func ParseType(s string) (Type, bool) {
	i := slices.Index(typeNames[:], s)
	return Type(max(i, 0)), i >= 0
}

// Flags say what was done to a signal on arrival.
type Flags uint8

const (
	// ClampedFuture marks a signal dated later than we received it; its
	// effective time is the time of receipt.
	ClampedFuture Flags = 1 << iota
	// TooLate marks a signal that arrived after the lateness limit: kept for
	// reports, not used for membership.
	TooLate
	// Skewed marks a signal whose time was moved by the skew of the client's
	// clock.
	Skewed
)

// A Signal is one thing a visitor did. Signals are immutable: whoever holds
// one may share it.
type Signal struct {
	ID     string // message id, unique for the visitor
	Type   Type
	Name   string // of a track: the event; of a page or screen: its name, may be empty; of a group: its id
	At     int64  // effective time: milliseconds since the Unix epoch
	Pos    int    // position in the batch that brought it
	Device string // the anonymous id it was sent with: the stream that sessions are cut from
	UserID string // may be empty
	Props  Props  // properties or traits, and below "context." the context
	Flags  Flags
	Raw    int64 // the time the client stated, before correction; 0 if none
}

// Compare orders signals by effective time, position in the batch, and message
// id: the total order of SEMANTICS 1.3, in which "after" means later.
func Compare(a, b Signal) int {
	return cmp.Or(cmp.Compare(a.At, b.At), cmp.Compare(a.Pos, b.Pos), strings.Compare(a.ID, b.ID))
}

// Normalize returns the form in which event names are compared: lower case,
// with underscores and runs of white space as one space.
func Normalize(name string) string {
	if isNormal(name) {
		return name
	}
	return strings.Join(strings.FieldsFunc(strings.ToLower(name), func(r rune) bool {
		return r == '_' || r == ' ' || r == '\t' || r == '\n' || r == '\r'
	}), " ")
}

func isNormal(name string) bool {
	prev := byte(' ')
	for i := range len(name) {
		c := name[i]
		if c >= 0x80 || c == '_' || ('A' <= c && c <= 'Z') || (c < ' ') || (c == ' ' && prev == ' ') {
			return false
		}
		prev = c
	}
	return prev != ' ' || name == ""
}

// A Prop is one property of a signal: a dotted path and a scalar.
type Prop struct {
	Key   string
	Value Value
}

// Props are the properties of a signal, sorted by key. Nested objects are
// flattened to dotted paths. An array gives its path several values, so
// {"products": [{"id": 1}, {"id": 2}]} has two values at "products.id".
// What came as the message's context stands below "context.".
type Props []Prop

// All returns the values at key, in the order in which they were sent.
func (p Props) All(key string) []Prop {
	i, ok := slices.BinarySearchFunc(p, key, func(p Prop, key string) int { return strings.Compare(p.Key, key) })
	if !ok {
		return nil
	}
	j := i + 1
	for j < len(p) && p[j].Key == key {
		j++
	}
	return p[i:j]
}

// Get returns the first value at key.
func (p Props) Get(key string) (Value, bool) {
	if all := p.All(key); len(all) > 0 {
		return all[0].Value, true
	}
	return Value{}, false
}

// Sort orders p by key and keeps the order of the values of one key.
func (p Props) Sort() {
	slices.SortStableFunc(p, func(a, b Prop) int { return strings.Compare(a.Key, b.Key) })
}
