package content

import (
	"bytes"
	"encoding/json"
	"maps"
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

// AddTag makes a tag known that perhaps no entry has.
func (b *Builder) AddTag(id string) { b.tags = append(b.tags, id) }

// About returns the ids of the entries that have a topic, in ascending order: a
// tag, or a taxonomy concept, or a concept that is narrower. Known says whether
// the taxonomy has such a concept, or the content such a tag. The result is shared:
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

// topics returns the topics that are known whether or not an entry has them.
func (b *Builder) topics() map[string][]string {
	about := make(map[string][]string, len(b.broader)+len(b.tags))
	for concept, broader := range b.broader {
		about[concept] = nil
		for _, c := range broader {
			about[c] = nil
		}
	}
	for _, tag := range b.tags {
		about[tag] = nil
	}
	return about
}

// newTopics returns the entries of each topic after edits.
func (n *next) newTopics() map[string][]string {
	now := n.from.topics
	if now == nil {
		now = n.from.model.topics
	}
	if len(n.topics) == 0 {
		return now
	}
	now = maps.Clone(now)
	for topic, edits := range n.topics {
		_, known := n.from.model.topics[topic]
		ids := merged(now[topic], edits, itself)
		switch {
		case len(ids) > 0:
			now[topic] = ids
		case known:
			now[topic] = nil
		default:
			delete(now, topic)
		}
	}
	return now
}

// aLink is in metadata that names a topic; most does not.
var aLink = []byte(`"sys"`)

// topicsOf returns the tags and concepts that an entry's metadata names, and
// all that are broader, in order.
func (m *model) topicsOf(raw json.RawMessage) []string {
	var has metadata
	if !bytes.Contains(raw, aLink) || json.Unmarshal(raw, &has) != nil {
		return nil
	}
	all := make(map[string]bool, len(has.Tags)+len(has.Concepts))
	for _, tag := range has.Tags {
		all[tag.Sys.ID] = true
	}
	open := make([]string, len(has.Concepts))
	for i, c := range has.Concepts {
		open[i] = c.Sys.ID
	}
	for len(open) > 0 {
		c := open[len(open)-1]
		open = open[:len(open)-1]
		if !all[c] {
			all[c] = true
			open = append(open, m.broader[c]...)
		}
	}
	return sortedKeys(all)
}
