package ninetailed

import (
	"bytes"
	"encoding/json"
	"slices"
	"time"

	"github.com/segue-dev/segue/internal/decision"
	"github.com/segue-dev/segue/internal/experience"
	"github.com/segue-dev/segue/internal/ingest"
	"github.com/segue-dev/segue/internal/resolve"
)

// answer is the data of what a profile is answered.
type answer struct {
	Profile     profile    `json:"profile"`
	Experiences []selected `json:"experiences"` // by id without regard to case; index 0 included
	Changes     []change   `json:"changes"`
	Segue       insight    `json:"segue"`
}

// selected is an experience that the visitor is in. Segment and Reason are ours.
type selected struct {
	ExperienceID string            `json:"experienceId"`
	VariantIndex int               `json:"variantIndex"`
	Variants     map[string]string `json:"variants"` // entry to show by baseline; "" = nothing
	Sticky       bool              `json:"sticky,omitempty"`
	Segment      string            `json:"segment,omitempty"` // "" = everybody
	Reason       string            `json:"reason"`
}

// change is a value that an experience sets.
type change struct {
	Key   string          `json:"key"`
	Type  string          `json:"type"` // always Variable
	Value json.RawMessage `json:"value"`
	Meta  meta            `json:"meta"`
}

type meta struct {
	ExperienceID string `json:"experienceId"`
	VariantIndex int    `json:"variantIndex"`
}

// insight is what Segue knows and the protocol has no place for.
type insight struct {
	Segment    string     `json:"segment,omitempty"` // the current micro-segment
	Segments   []string   `json:"segments"`          // highest priority first
	Key        string     `json:"key"`               // of the slot choices
	At         string     `json:"at"`
	ValidUntil string     `json:"validUntil,omitempty"` // absent = until the next event
	Truncated  bool       `json:"truncated,omitempty"`
	Rejected   []rejected `json:"rejected,omitempty"`
}

// rejected is one event that was not taken.
type rejected struct {
	MessageID string `json:"messageId,omitempty"`
	Field     string `json:"field,omitempty"` // absent: the event as a whole
	Reason    string `json:"reason"`
}

func answerOf(a *resolve.Answer) answer {
	return answer{profileOf(a), experiencesOf(a.Decision.Experiences), changesOf(a.Decision.Variables), insightOf(a)}
}

func experiencesOf(all []decision.Assignment) []selected {
	list := make([]selected, 0, len(all))
	for i := range all {
		e := &all[i]
		list = append(list, selected{
			ExperienceID: e.Experience.ID, VariantIndex: e.Variant, Variants: variantsOf(e.Experience, e.Variant), Sticky: e.Sticky,
			Segment: e.Segment, Reason: string(e.Reason),
		})
	}
	slices.SortFunc(list, func(a, b selected) int { return compareIDs(a.ExperienceID, b.ExperienceID) })
	return list
}

// variantsOf returns what an experience shows at an index instead of each
// baseline: itself at index 0, and at one beyond the variants.
func variantsOf(e *experience.Experience, index int) map[string]string {
	shown := make(map[string]string, len(e.Components))
	for i := range e.Components {
		c := &e.Components[i]
		switch {
		case index > 0 && index <= len(c.Variants):
			shown[c.Baseline] = c.Variants[index-1].Entry
		case c.Hidden:
			shown[c.Baseline] = ""
		default:
			shown[c.Baseline] = c.Baseline
		}
	}
	return shown
}

func changesOf(variables []decision.Variable) []change {
	list := make([]change, 0, len(variables))
	for i := range variables {
		v := &variables[i]
		if value := changeValue(v.Value); value != nil {
			list = append(list, change{v.Key, "Variable", value, meta{v.Experience, v.Variant}})
		}
	}
	return list
}

// changeValue returns a value in the form that the SDKs accept: objects and
// arrays are within an object, which they take off. There is none for null.
func changeValue(value json.RawMessage) json.RawMessage {
	switch value = bytes.TrimSpace(value); {
	case len(value) == 0 || value[0] == 'n':
		return nil
	case value[0] == '{' || value[0] == '[':
		return slices.Concat([]byte(`{"value":`), value, []byte{'}'})
	default:
		return value
	}
}

func insightOf(a *resolve.Answer) insight {
	in := insight{
		Segments: slices.Clip(a.Segments), Key: a.Key, At: instant(a.At), ValidUntil: instant(a.ValidUntil),
		Truncated: a.Truncated, Rejected: rejectedOf(a.Receipt.Rejected),
	}
	if len(in.Segments) > 0 {
		in.Segment = in.Segments[0]
	} else {
		in.Segments = []string{}
	}
	return in
}

// instant returns t in RFC 3339 with milliseconds; "" for the zero instant.
func instant(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format("2006-01-02T15:04:05.000Z")
}

func rejectedOf(list []ingest.Rejection) []rejected {
	var out []rejected
	for _, r := range list {
		out = append(out, rejected{r.MessageID, r.Field, r.Reason})
	}
	return out
}
