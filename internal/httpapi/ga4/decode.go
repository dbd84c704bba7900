package ga4

import (
	"bytes"
	"encoding/json"
	"maps"
	"strconv"
	"time"

	"github.com/segue-dev/segue/internal/signal"
)

// maxEvents is how many events a request may have.
const maxEvents = 25

// A payload is the body of a request.
type payload struct {
	ClientID       id                      `json:"client_id"`
	UserID         id                      `json:"user_id"`
	Micros         micros                  `json:"timestamp_micros"`
	UserProperties map[string]userProperty `json:"user_properties"`
	Consent        map[string]string       `json:"consent"` // ad_user_data and ad_personalization, GRANTED or DENIED
	Events         []json.RawMessage       `json:"events"`
}

type userProperty struct {
	Value  json.RawMessage `json:"value"`
	Micros micros          `json:"timestamp_micros"`
}

type event struct {
	Name   string                     `json:"name"`
	Micros micros                     `json:"timestamp_micros"`
	Params map[string]json.RawMessage `json:"params"`
}

// An id is text; senders also write numbers.
type id string

// UnmarshalJSON implements json.Unmarshaler.
func (i *id) UnmarshalJSON(b []byte) error {
	var text string
	if err := json.Unmarshal(b, &text); err == nil {
		*i = id(text)
		return nil
	}
	var number json.Number
	err := json.Unmarshal(b, &number)
	*i = id(number)
	return err
}

// micros is an instant in microseconds since the epoch; senders write it as a
// number or as text.
type micros int64

// UnmarshalJSON implements json.Unmarshaler.
func (m *micros) UnmarshalJSON(b []byte) error {
	b = bytes.Trim(b, `"`)
	if len(b) == 0 || string(b) == "null" {
		return nil
	}
	n, err := strconv.ParseInt(string(b), 10, 64)
	*m = micros(n)
	return err
}

// time returns the instant, zero for none.
func (m micros) time() time.Time {
	if m == 0 {
		return time.Time{}
	}
	return time.UnixMicro(int64(m)).UTC()
}

// decode returns the messages of a body: what it says of the user as an
// identify, then its events in their order.
func decode(body []byte) []signal.Message {
	var p payload
	if err := json.Unmarshal(body, &p); err != nil {
		return []signal.Message{{Raw: body, Err: signal.NewDefect(signal.Malformed, "", "body is no payload: %v; send {\"client_id\": \"…\", \"events\": [{\"name\": \"…\", \"params\": {…}}]}", err)}}
	}
	var messages []signal.Message
	if len(p.UserProperties) > 0 {
		messages = append(messages, p.identify())
	}
	for i, raw := range p.Events {
		messages = append(messages, p.message(i, raw))
	}
	if len(messages) == 0 {
		messages = []signal.Message{{Raw: body, Err: signal.NewDefect(signal.NoEvent, "events", "missing; send at least one")}}
	}
	name(messages)
	return messages
}

// name gives the messages that say when they happened ids by which they are known
// again when they are sent again. The protocol has none; events that are equal in
// all are told apart by how many there were before.
func name(messages []signal.Message) {
	seen := map[string]int{}
	for i := range messages {
		m := &messages[i]
		if m.Err != nil || m.Timestamp.IsZero() {
			continue
		}
		content := m.ContentID()
		seen[content]++
		m.MessageID = content
		if n := seen[content]; n > 1 {
			m.MessageID += "-" + strconv.Itoa(n)
		}
	}
}

func (p *payload) identify() signal.Message {
	traits, last := map[string]json.RawMessage{}, p.Micros
	for name, property := range p.UserProperties {
		traits[name], last = property.Value, max(last, property.Micros)
	}
	m := p.wire("identify", map[string]any{"traits": traits})
	m.Timestamp = last.time()
	return m
}

func (p *payload) message(i int, raw json.RawMessage) signal.Message {
	field := "events[" + strconv.Itoa(i) + "]"
	if i >= maxEvents {
		return signal.Message{Raw: raw, Err: signal.NewDefect(signal.TooBig, field, "a request has at most %d events; send the others in another", maxEvents)}
	}
	var e event
	if err := json.Unmarshal(raw, &e); err != nil {
		return signal.Message{Raw: raw, Err: signal.NewDefect(signal.Malformed, field, "no event: %v; send {\"name\": \"…\", \"params\": {…}}", err)}
	}
	if e.Name == "" {
		return signal.Message{Raw: raw, Err: signal.NewDefect(signal.NoEvent, field+".name", "missing; it says what happened, such as \"add_to_cart\"")}
	}
	var m signal.Message
	if e.Name == "page_view" {
		m = p.wire("page", map[string]any{"properties": e.page()})
	} else {
		m = p.wire("track", map[string]any{"event": e.Name, "properties": e.Params})
	}
	at := p.Micros
	if e.Micros != 0 {
		at = e.Micros
	}
	m.Timestamp, m.Raw = at.time(), raw
	return m
}

// pageParams are the names that a page signal has for what a page_view says.
var pageParams = map[string]string{"page_location": "url", "page_referrer": "referrer", "page_title": "title", "page_path": "path"}

// page returns the properties of a page view.
func (e *event) page() map[string]json.RawMessage {
	properties := maps.Clone(e.Params)
	for theirs, ours := range pageParams {
		if value, ok := e.Params[theirs]; ok && properties[ours] == nil {
			properties[ours] = value
		}
	}
	return properties
}

// wire makes a message of the JSON of the Segment spec.
func (p *payload) wire(typ string, fields map[string]any) signal.Message {
	if p.ClientID == "" && p.UserID == "" {
		return signal.Message{Err: signal.NewDefect(signal.NoVisitor, "client_id", "missing, and so is user_id; give at least one of them")}
	}
	fields["anonymousId"], fields["userId"] = p.ClientID, p.UserID
	if len(p.Consent) > 0 {
		granted := map[string]bool{}
		for purpose, said := range p.Consent {
			granted[purpose] = said != "DENIED"
		}
		fields["context"] = map[string]any{"consent": map[string]any{"categoryPreferences": granted}}
	}
	raw, err := json.Marshal(fields)
	if err != nil {
		return signal.Message{Err: err}
	}
	m, err := signal.DecodeTyped(typ, raw)
	if err != nil {
		return signal.Message{Raw: raw, Err: err}
	}
	return m
}
