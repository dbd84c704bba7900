package ofrep

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	"github.com/segue-dev/segue/internal/decision"
	"github.com/segue-dev/segue/internal/experience"
)

// The reasons of OpenFeature for a value.
const (
	static         = "STATIC"
	targetingMatch = "TARGETING_MATCH"
	split          = "SPLIT"
	byDefault      = "DEFAULT"
)

// The variants that are not an entry's id.
const (
	baseline = "baseline" // the component itself
	hidden   = "hidden"   // render nothing
)

// A flag is one that was evaluated. It always has a value: providers are at a
// loss without.
type flag struct {
	Key      string         `json:"key"`
	Value    any            `json:"value"`
	Variant  string         `json:"variant"`
	Reason   string         `json:"reason"`
	Metadata map[string]any `json:"metadata,omitempty"` // scalars only
}

func encode(f flag) []byte {
	encoded, err := json.Marshal(f)
	if err != nil {
		panic(err) // values come from JSON
	}
	return encoded
}

// slotValue is the value of slot.ID.
type slotValue struct {
	Variant     string   `json:"variant"`           // that of the flag
	EntryID     string   `json:"entryId,omitempty"` // to show; absent if hidden
	ContentType string   `json:"contentType,omitempty"`
	Experience  string   `json:"experience,omitempty"` // whose choice it is
	Segments    []string `json:"segments"`             // those that led to it
}

// choose encodes the flags of a slot.
func (f *flagset) choose(s *decision.Slot) choice {
	value := slotValue{Variant: variantOf(s), EntryID: s.Entry, Experience: s.Experience, Segments: []string{}}
	if e, ok := f.site.Content.Entry(s.Entry); ok {
		value.ContentType = e.Type
	}
	if s.Segment != "" {
		value.Segments = append(value.Segments, s.Segment)
	}
	of := f.experience(s.Experience)
	reason, metadata := reasonOf(s.Reason, of), metadataOf(s.Reason, of, s.Variant)
	if i, ok := f.site.Segments.Index(s.Segment); ok {
		metadata["ruleVersion"] = f.site.Segments.Version(i)
	}
	return choice{
		slot:    encode(flag{slotPrefix + s.Baseline, value, value.Variant, reason, metadata}),
		variant: encode(flag{variantPrefix + s.Baseline, value.Variant, value.Variant, reason, metadata}),
	}
}

// variantOf names what a slot shows.
func variantOf(s *decision.Slot) string {
	switch {
	case s.Hidden:
		return hidden
	case s.Variant == 0:
		return baseline
	default:
		return s.Entry
	}
}

// set encodes the flag of a variable.
func (f *flagset) set(s setting, value json.RawMessage) []byte {
	of := f.experience(s.experience)
	variant := baseline
	if s.index > 0 {
		variant = "variant-" + strconv.Itoa(s.index)
	}
	return encode(flag{variablePrefix + s.key, wrapped(value), variant, reasonOf(s.reason, of), metadataOf(s.reason, of, s.index)})
}

// wrapped returns a value as flags may have it: they have objects, but neither
// lists nor nulls.
func wrapped(value json.RawMessage) any {
	switch value[0] {
	case '[':
		return map[string]any{"items": value}
	case 'n':
		return struct{}{}
	default:
		return value
	}
}

// experience returns the experience with an id; nil if there is none.
func (f *flagset) experience(id string) *experience.Experience {
	all := f.site.Experiences.All()
	i, ok := slices.BinarySearchFunc(all, id, func(e *experience.Experience, id string) int { return strings.Compare(e.ID, id) })
	if !ok {
		return nil
	}
	return all[i]
}

// reasonOf says in the words of OpenFeature why an experience, which may be nil,
// gave what it gave. Who is told apart by shares alone is split.
func reasonOf(why decision.Reason, of *experience.Experience) string {
	switch {
	case of == nil:
		return byDefault
	case why == decision.Holdout, why == decision.Control, of.Kind == experience.Experiment, of.Audience == "":
		return split
	case why == decision.BySegment, why == decision.Sticky:
		return targetingMatch
	default:
		return byDefault
	}
}

func metadataOf(why decision.Reason, of *experience.Experience, index int) map[string]any {
	metadata := map[string]any{"why": string(why)}
	if of != nil {
		metadata["experience"], metadata["index"] = of.ID, index
		metadata["experiment"], metadata["holdout"] = of.Kind == experience.Experiment, why == decision.Holdout
	}
	return metadata
}
