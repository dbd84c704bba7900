package segment

import (
	"slices"
	"strings"
	"sync/atomic"

	"github.com/segue-dev/segue/internal/signal"
)

// A key is one under which rules look for properties of signals.
type key struct {
	text string
	n    int // its place among the keys of the Set
}

// keys are those of a Set, each once, and the attributes that are told by them.
// The zero keys do not remember what they are asked for.
type keys struct {
	known      map[string]*key
	order      []*key // ascending by text, once they are numbered
	attributes []*attribute
}

func (ks *keys) of(text string) *key {
	if k, ok := ks.known[text]; ok {
		return k
	}
	k := &key{text: text}
	if ks.known != nil {
		ks.known[text] = k
		ks.order = append(ks.order, k)
	}
	return k
}

// number gives the keys their places. After that no other may be asked for.
func (ks *keys) number() {
	slices.SortFunc(ks.order, func(a, b *key) int { return strings.Compare(a.text, b.text) })
	for i, k := range ks.order {
		k.n = i
	}
}

// A shape is where signals of one type that have the same properties have what
// rules look for. Most signals have the shape of some signal before.
type shape struct {
	keys    []string // of the properties, in their order
	spots   []spot   // by number of the key
	carried []spot   // of the key that carries it, by number of the attribute
	says    []bool   // whether anything can tell it, by number of the attribute
}

// A spot is a range of properties.
type spot struct{ from, to int32 }

func (s *shape) fits(props signal.Props) bool {
	if len(s.keys) != len(props) {
		return false
	}
	for i := range props {
		if props[i].Key != s.keys[i] {
			return false
		}
	}
	return true
}

// shape returns the shape of signals like sig. It holds on to nothing of it.
func (ks *keys) shape(sig *signal.Signal) *shape {
	s := &shape{keys: make([]string, len(sig.Props)), spots: make([]spot, len(ks.order))}
	k := 0
	for i := range sig.Props {
		text := sig.Props[i].Key
		for k < len(ks.order) && ks.order[k].text < text {
			k++
		}
		if k == len(ks.order) || ks.order[k].text != text {
			s.keys[i] = strings.Clone(text)
			continue
		}
		s.keys[i] = ks.order[k].text
		p := &s.spots[k]
		if p.to == 0 {
			p.from = int32(i)
		}
		p.to = int32(i) + 1
	}
	s.carried, s.says = make([]spot, len(ks.attributes)), make([]bool, len(ks.attributes))
	for n, a := range ks.attributes { // sources come before what they can tell
		s.carried[n] = s.carrierOf(a, sig.Type)
		s.says[n] = s.carried[n].to > 0 || slices.ContainsFunc(a.sources, func(from *attribute) bool { return s.says[from.n] })
	}
	return s
}

// carrierOf returns where signals of a type carry an attribute.
func (s *shape) carrierOf(a *attribute, t signal.Type) spot {
	for _, k := range a.keys {
		if at := s.spots[k.signal.n]; at.to > 0 {
			return at
		}
		if k.page != nil && t == signal.Page && s.spots[k.page.n].to > 0 {
			return s.spots[k.page.n]
		}
	}
	return spot{}
}

// A shapeCache remembers the latest few shapes of signals with one type and name. It is
// safe for concurrent use.
type shapeCache struct {
	shapes [4]atomic.Pointer[shape]
	oldest atomic.Uint32
}

// of returns the shape of signals like sig.
func (c *shapeCache) of(ks *keys, sig *signal.Signal) *shape {
	for i := range c.shapes {
		if s := c.shapes[i].Load(); s != nil && s.fits(sig.Props) {
			return s
		}
	}
	s := ks.shape(sig)
	c.shapes[c.oldest.Add(1)%uint32(len(c.shapes))].Store(s)
	return s
}

// An item is a signal as rules look at it.
type item struct {
	*signal.Signal
	shape *shape // nil if nobody has told it: then every look-up is a search
}

// all returns the properties under a key.
func (s *item) all(k *key) []prop {
	if s.shape == nil {
		return s.Props.All(k.text)
	}
	at := s.shape.spots[k.n]
	return s.Props[at.from:at.to]
}

// carried returns what the signal says of an attribute.
func (s *item) carried(a *attribute) []prop {
	if s.shape != nil {
		at := s.shape.carried[a.n]
		return s.Props[at.from:at.to]
	}
	for _, k := range a.keys {
		if vals := s.all(k.signal); len(vals) > 0 {
			return vals
		}
		if k.page != nil && s.Type == signal.Page {
			if vals := s.all(k.page); len(vals) > 0 {
				return vals
			}
		}
	}
	return nil
}
