package native

import (
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"github.com/segue-dev/segue/internal/decision"
	"github.com/segue-dev/segue/internal/httpapi/reply"
	"github.com/segue-dev/segue/internal/resolve"
)

// withEncoded calls send with the JSON of an answer, which is good until send
// returns. unrecorded says why nothing was recorded, "" if it was.
func withEncoded(a *resolve.Answer, unrecorded string, send func(body []byte) error) error {
	return reply.WithBuffer(func(b []byte) ([]byte, error) {
		body, err := appendAnswer(b, a, unrecorded)
		if err != nil {
			return b, fmt.Errorf("encode an answer: %w", err)
		}
		return body, send(body)
	})
}

// appendAnswer appends the JSON of an answer to b, its page as the bytes it has.
// It is written by hand because this is what Segue does all day; the rare parts
// go through package json.
func appendAnswer(b []byte, a *resolve.Answer, unrecorded string) ([]byte, error) {
	b = appendText(append(b, `{"visitor":`...), a.Visitor)
	b = append(b, `,"segment":`...)
	if len(a.Segments) > 0 {
		b = appendText(b, a.Segments[0])
	} else {
		b = append(b, `null`...)
	}
	b = append(b, `,"segments":[`...)
	for i, key := range a.Segments {
		b = appendText(separate(b, i), key)
	}
	b = appendDecision(append(b, ']'), &a.Decision)
	b = appendText(append(b, `,"key":`...), a.Key)
	b = appendInstant(append(b, `,"at":`...), a.At)
	b = appendInstant(append(b, `,"validUntil":`...), a.ValidUntil)
	if a.Truncated {
		b = append(b, `,"truncated":true`...)
	}
	if a.Saturated {
		b = append(b, `,"saturated":true`...)
	}
	b = appendText(append(b, `,"revision":{"rules":`...), a.Revision.Rules)
	b = append(appendText(append(b, `,"content":`...), a.Revision.Content), '}')
	b = appendUnlessEmpty(b, `,"unrecorded":`, unrecorded)
	b, err := appendRare(b, a)
	if err != nil {
		return nil, err
	}
	if a.Page != nil {
		b = append(append(b, `,"page":`...), a.Page...)
	}
	return append(b, '}'), nil
}

func appendDecision(b []byte, d *decision.Decision) []byte {
	b = append(b, `,"slots":{`...)
	for i := range d.Slots {
		b = appendSlot(separate(b, i), &d.Slots[i])
	}
	b = append(b, `},"experiences":[`...)
	for i := range d.Experiences {
		b = appendAssignment(separate(b, i), &d.Experiences[i])
	}
	b = append(b, ']')
	if len(d.Variables) == 0 {
		return b
	}
	b = append(b, `,"variables":{`...)
	for i, v := range d.Variables {
		b = appendText(separate(b, i), v.Key)
		b = append(append(b, `:{"value":`...), v.Value...)
		b = appendText(append(b, `,"experience":`...), v.Experience)
		b = strconv.AppendInt(append(b, `,"variant":`...), int64(v.Variant), 10)
		b = append(b, '}')
	}
	return append(b, '}')
}

func appendSlot(b []byte, s *decision.Slot) []byte {
	b = appendText(b, s.Baseline)
	b = strconv.AppendInt(append(b, `:{"variant":`...), int64(s.Variant), 10)
	b = appendUnlessEmpty(b, `,"entry":`, s.Entry)
	if s.Hidden {
		b = append(b, `,"hidden":true`...)
	}
	b = appendUnlessEmpty(b, `,"experience":`, s.Experience)
	b = appendUnlessEmpty(b, `,"segment":`, s.Segment)
	return append(appendText(append(b, `,"reason":`...), string(s.Reason)), '}')
}

func appendAssignment(b []byte, e *decision.Assignment) []byte {
	b = appendText(append(b, `{"id":`...), e.Experience.ID)
	b = strconv.AppendInt(append(b, `,"variant":`...), int64(e.Variant), 10)
	b = appendUnlessEmpty(b, `,"segment":`, e.Segment)
	b = appendText(append(b, `,"reason":`...), string(e.Reason))
	b = strconv.AppendBool(append(b, `,"sticky":`...), e.Sticky)
	return append(b, '}')
}

// appendRare appends what most answers do not have.
func appendRare(b []byte, a *resolve.Answer) ([]byte, error) {
	var err error
	add := func(name string, present bool, value any) {
		if !present || err != nil {
			return
		}
		var part []byte
		part, err = json.Marshal(value)
		b = append(append(append(append(b, `,"`...), name...), `":`...), part...)
	}
	add("mergeTags", len(a.MergeTags) > 0, a.MergeTags)
	add("unresolved", len(a.Unresolved) > 0, a.Unresolved)
	add("rejected", len(a.Receipt.Rejected) > 0, rejectedOf(a.Receipt.Rejected))
	add("explain", len(a.Explain) > 0, explanationsOf(a.Explain))
	return b, err
}

// separate appends a comma before all but the first of several parts.
func separate(b []byte, i int) []byte {
	if i > 0 {
		b = append(b, ',')
	}
	return b
}

func appendUnlessEmpty(b []byte, name, text string) []byte {
	if text == "" {
		return b
	}
	return appendText(append(b, name...), text)
}

// appendText appends text as JSON.
func appendText(b []byte, text string) []byte {
	for i := range len(text) {
		if c := text[i]; c < ' ' || c >= 0x7f || c == '"' || c == '\\' || c == '<' || c == '>' || c == '&' {
			quoted, err := json.Marshal(text)
			if err != nil {
				panic(err) // a string cannot fail
			}
			return append(b, quoted...)
		}
	}
	return append(append(append(b, '"'), text...), '"')
}

func appendInstant(b []byte, t time.Time) []byte {
	if t.IsZero() {
		return append(b, `null`...)
	}
	return append(t.UTC().AppendFormat(append(b, '"'), instantFormat), '"')
}
