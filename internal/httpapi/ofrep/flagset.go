package ofrep

import (
	"cmp"
	"encoding/json"
	"slices"
	"strings"
	"sync"

	"github.com/segue-dev/segue/internal/decision"
	"github.com/segue-dev/segue/internal/experience"
	"github.com/segue-dev/segue/internal/resolve"
	"github.com/segue-dev/segue/internal/segment/syntax"
)

// The names of flags: what they are of, and which. The two of personalization
// are there once.
const (
	segmentPrefix  = "segment."
	slotPrefix     = "slot."
	variantPrefix  = "variant."
	variablePrefix = "variable."
	keyFlag        = "personalization.key"
	segmentFlag    = "personalization.segment"
)

// A flagset is all flags of a site. What can become of each is encoded when it
// first does and copied from then on: there are only so many choices.
type flagset struct {
	site      *resolve.Site
	segments  []membership
	variables []variable // in order of key

	mu     sync.RWMutex
	slots  map[decision.Slot]choice
	values map[setting][]byte
}

// A membership is the flag of a segment, for those in it and for the others.
type membership struct {
	index   int // of the segment
	key     string
	in, out []byte
}

// A choice is the flags of a slot.
type choice struct{ slot, variant []byte }

// A variable is one that some experience sets. Who is in none of them has the
// baseline's value of the first in precedence.
type variable struct {
	key      string
	baseline json.RawMessage
	unset    []byte // the flag for them
}

// A setting is what an experience sets a variable to, and why.
type setting struct {
	key, experience string
	index           int
	reason          decision.Reason
}

func newFlagset(site *resolve.Site) *flagset {
	f := &flagset{site: site, slots: map[decision.Slot]choice{}, values: map[setting][]byte{}}
	for i := range site.Segments.Len() {
		if site.Segments.Definition(i).Status == syntax.Active {
			f.segments = append(f.segments, f.membership(i))
		}
	}
	f.variables = f.settable()
	return f
}

func (f *flagset) membership(i int) membership {
	m := membership{index: i, key: f.site.Segments.Key(i)}
	metadata := map[string]any{"ruleVersion": f.site.Segments.Version(i)}
	m.in = encode(flag{segmentPrefix + m.key, true, "in", targetingMatch, metadata})
	m.out = encode(flag{segmentPrefix + m.key, false, "out", static, metadata})
	return m
}

// settable returns the variables that experiences set.
func (f *flagset) settable() []variable {
	all := slices.Clone(f.site.Experiences.All())
	priority := func(e *experience.Experience) int {
		priority, _ := f.site.Segments.Priority(e.Audience)
		return priority
	}
	slices.SortStableFunc(all, func(a, b *experience.Experience) int { return cmp.Compare(priority(b), priority(a)) })
	var list []variable
	for _, e := range all {
		for i := range e.Variables {
			v := &e.Variables[i]
			if !slices.ContainsFunc(list, func(known variable) bool { return known.key == v.Key }) {
				unset := encode(flag{variablePrefix + v.Key, wrapped(v.Values[0]), baseline, byDefault, nil})
				list = append(list, variable{v.Key, v.Values[0], unset})
			}
		}
	}
	slices.SortFunc(list, func(a, b variable) int { return strings.Compare(a.key, b.key) })
	return list
}

// choice returns the flags of a slot that was decided.
func (f *flagset) choice(s *decision.Slot) choice {
	f.mu.RLock()
	c, ok := f.slots[*s]
	f.mu.RUnlock()
	if ok {
		return c
	}
	c = f.choose(s)
	f.mu.Lock()
	defer f.mu.Unlock()
	f.slots[*s] = c
	return c
}

// value returns the flag of a variable that an experience has set.
func (f *flagset) value(v *decision.Variable, in []decision.Assignment) []byte {
	s := setting{key: v.Key, experience: v.Experience, index: v.Variant, reason: decision.Default}
	i, ok := slices.BinarySearchFunc(in, v.Experience, func(a decision.Assignment, id string) int { return strings.Compare(a.Experience.ID, id) })
	if ok {
		s.reason = in[i].Reason
	}
	f.mu.RLock()
	encoded, ok := f.values[s]
	f.mu.RUnlock()
	if ok {
		return encoded
	}
	encoded = f.set(s, v.Value)
	f.mu.Lock()
	defer f.mu.Unlock()
	f.values[s] = encoded
	return encoded
}
