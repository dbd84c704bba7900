package content

import (
	"encoding/json"
	"slices"

	"github.com/segue-dev/segue/internal/fault"
)

// A Concept is one of a taxonomy.
type Concept struct {
	ID      string
	Broader []string // ids of the concepts that it is narrower than
}

// AddConcept adds a concept of the taxonomy. A missing or doubled id is an
// error; broader concepts need not be known, and may go in circles.
func (b *Builder) AddConcept(c Concept) error {
	if c.ID == "" {
		return fault.New(fault.Invalid, "sys.id: missing")
	}
	if _, ok := b.broader[c.ID]; ok {
		return fault.New(fault.Invalid, "there are two concepts %q: remove one", c.ID)
	}
	if b.broader == nil {
		b.broader = make(map[string][]string)
	}
	b.broader[c.ID] = slices.Sorted(slices.Values(c.Broader))
	return nil
}

// About returns the ids of the entries that have a topic, in ascending order: a
// tag, or a taxonomy concept, or a concept that is narrower. Known says whether
// the taxonomy has such a concept or an entry such a tag. The result is shared:
// it must not be changed.
func (s *Snapshot) About(topic string) (entries []string, known bool) {
	entries, known = s.topics[topic]
	return entries, known
}

// Topics returns every topic there is, in ascending order.
func (s *Snapshot) Topics() []string { return sortedKeys(s.topics) }

// metadata is what an entry's metadata says of its topics.
type metadata struct {
	Tags     []topicLink `json:"tags"`
	Concepts []topicLink `json:"concepts"`
}

type topicLink struct {
	Sys struct {
		ID string `json:"id"`
	} `json:"sys"`
}

// topics returns the entries of each topic.
func (b *Builder) topics() map[string][]string {
	about := make(map[string][]string, len(b.broader))
	for concept, broader := range b.broader {
		about[concept] = nil
		for _, c := range broader {
			about[c] = nil
		}
	}
	for _, id := range sortedKeys(b.entries) {
		for topic := range b.topicsOf(b.entries[id].Metadata) {
			about[topic] = append(about[topic], id)
		}
	}
	return about
}

// topicsOf returns the tags and concepts that an entry's metadata names, and
// all that are broader.
func (b *Builder) topicsOf(raw json.RawMessage) map[string]bool {
	var m metadata
	if raw == nil || json.Unmarshal(raw, &m) != nil {
		return nil
	}
	all := make(map[string]bool, len(m.Tags)+len(m.Concepts))
	for _, tag := range m.Tags {
		all[tag.Sys.ID] = true
	}
	open := make([]string, len(m.Concepts))
	for i, c := range m.Concepts {
		open[i] = c.Sys.ID
	}
	for len(open) > 0 {
		c := open[len(open)-1]
		open = open[:len(open)-1]
		if !all[c] {
			all[c] = true
			open = append(open, b.broader[c]...)
		}
	}
	return all
}
