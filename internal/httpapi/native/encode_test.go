package native

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/segue-dev/segue/internal/decision"
	"github.com/segue-dev/segue/internal/experience"
	"github.com/segue-dev/segue/internal/ingest"
	"github.com/segue-dev/segue/internal/resolve"
)

// answerOf is the answer as package json would write it.
func answerOf(got *resolve.Answer) answer {
	a := answer{
		Visitor:     got.Visitor,
		Segments:    got.Segments,
		Slots:       make(map[string]slot, len(got.Decision.Slots)),
		Experiences: make([]assignment, 0, len(got.Decision.Experiences)),
		Key:         got.Key,
		At:          *instantOf(got.At),
		ValidUntil:  instantOf(got.ValidUntil),
		Truncated:   got.Truncated,
		Saturated:   got.Saturated,
		Revision:    revision(got.Revision),
		MergeTags:   got.MergeTags,
		Unresolved:  got.Unresolved,
		Rejected:    rejectedOf(got.Receipt.Rejected),
		Explain:     explanationsOf(got.Explain),
	}
	if len(got.Segments) > 0 {
		a.Segment = &got.Segments[0]
	} else {
		a.Segments = []string{}
	}
	for _, s := range got.Decision.Slots {
		a.Slots[s.Baseline] = slot{s.Variant, s.Entry, s.Hidden, s.Experience, s.Segment, string(s.Reason)}
	}
	for _, v := range got.Decision.Variables {
		if a.Variables == nil {
			a.Variables = map[string]variable{}
		}
		a.Variables[v.Key] = variable{v.Value, v.Experience, v.Variant}
	}
	for _, e := range got.Decision.Experiences {
		a.Experiences = append(a.Experiences, assignmentOf(e))
	}
	return a
}

func assignmentOf(e decision.Assignment) assignment {
	return assignment{e.Experience.ID, e.Variant, e.Segment, string(e.Reason), e.Sticky}
}

func TestEncodingByHandSaysWhatPackageJSONWould(t *testing.T) {
	text := rapid.OneOf(rapid.String(), rapid.SampledFrom([]string{"", "home-hero", `<a href="x">&</a>`, "\u2028", "é\x00\\"}))
	rapid.Check(t, func(t *rapid.T) {
		id := func(label string) string { return text.Draw(t, label) }
		a := &resolve.Answer{
			Visitor: id("visitor"), Key: id("key"), Truncated: rapid.Bool().Draw(t, "truncated"), Saturated: rapid.Bool().Draw(t, "saturated"),
			Segments: rapid.SliceOfN(text, 0, 3).Draw(t, "segments"), Unresolved: rapid.SliceOfN(text, 0, 2).Draw(t, "unresolved"),
			MergeTags: rapid.MapOfN(text, text, 0, 2).Draw(t, "tags"), Revision: resolve.Revision{Rules: id("rules"), Content: id("content")},
		}
		a.At = time.UnixMilli(rapid.Int64Range(0, 4e12).Draw(t, "at"))
		if rapid.Bool().Draw(t, "ends") {
			a.ValidUntil = time.UnixMilli(rapid.Int64Range(0, 4e12).Draw(t, "until"))
		}
		if rapid.Bool().Draw(t, "rejected") {
			a.Receipt.Rejected = []ingest.Rejection{{Index: 1, Field: id("field"), Reason: id("reason")}}
		}
		for _, baseline := range rapid.SliceOfNDistinct(text, 0, 3, rapid.ID).Draw(t, "slots") {
			a.Decision.Slots = append(a.Decision.Slots, decision.Slot{
				Baseline: baseline, Variant: rapid.IntRange(0, 3).Draw(t, "variant"), Entry: id("entry"), Hidden: rapid.Bool().Draw(t, "hidden"),
				Experience: id("experience"), Segment: id("segment"), Reason: decision.BySegment,
			})
			a.Decision.Experiences = append(a.Decision.Experiences, decision.Assignment{
				Experience: &experience.Experience{ID: baseline}, Segment: id("segment"), Reason: decision.Control, Sticky: rapid.Bool().Draw(t, "sticky"),
			})
			a.Decision.Variables = append(a.Decision.Variables, decision.Variable{Key: baseline, Value: json.RawMessage(`{"a":[1]}`), Experience: id("experience")})
		}

		unrecorded := rapid.SampledFrom([]string{"", "bot"}).Draw(t, "unrecorded")
		got, err := appendAnswer(nil, a, unrecorded)
		require.NoError(t, err)
		expected := answerOf(a)
		expected.Unrecorded = unrecorded
		want, err := json.Marshal(expected)
		require.NoError(t, err)
		require.JSONEq(t, string(want), string(got))
	})
}
