package cloudevents

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"mime"
	"net/http"
	"net/url"
	"strings"

	"github.com/segue-dev/segue/internal/fault"
	"github.com/segue-dev/segue/internal/signal"
)

// An event has its attributes and its data by their names in JSON.
type event map[string]json.RawMessage

// structuredEvent reads the event that is the whole body.
func structuredEvent(_ http.Header, body []byte) ([]signal.Message, error) {
	if !json.Valid(body) || !isObject(body) {
		return nil, fault.New(fault.Invalid, "body: not a JSON object; send {\"specversion\": \"1.0\", …}")
	}
	return []signal.Message{messageOf(body)}, nil
}

// batchOfEvents reads the events of a JSON array.
func batchOfEvents(_ http.Header, body []byte) ([]signal.Message, error) {
	var events []json.RawMessage
	if err := json.Unmarshal(body, &events); err != nil || events == nil {
		return nil, fault.New(fault.Invalid, "body: not a JSON array of events; send [{\"specversion\": \"1.0\", …}]")
	}
	if len(events) > signal.MaxBatch {
		return nil, fault.New(fault.TooLarge, "body: has more than %d events; send several batches", signal.MaxBatch)
	}
	messages := make([]signal.Message, len(events))
	for i, raw := range events {
		messages[i] = messageOf(raw)
	}
	return messages, nil
}

// binaryEvent reads the event whose attributes are headers and whose data is the
// body.
func binaryEvent(header http.Header, body []byte) ([]signal.Message, error) {
	e := event{}
	for name, values := range header {
		if attribute, ok := strings.CutPrefix(strings.ToLower(name), "ce-"); ok && attribute != "data" {
			e[attribute] = quoted(unescaped(values[0]))
		}
	}
	media := header.Get("Content-Type")
	switch {
	case len(body) == 0:
	case isJSON(media) && json.Valid(body):
		e["data"] = body
	case isJSON(media):
		return nil, fault.New(fault.Invalid, "body: not valid JSON, as its Content-Type says that it is")
	default:
		e["data_base64"] = quoted(base64.StdEncoding.EncodeToString(body))
	}
	if media != "" {
		e["datacontenttype"] = quoted(media)
	}
	raw, err := json.Marshal(e)
	if err != nil {
		return nil, fault.Wrap(fault.Invalid, err, "body: not an event")
	}
	return []signal.Message{messageOf(raw)}, nil
}

// unescaped returns an attribute as it was before it became a header: without
// quotes around it, and percent-encoding undone.
func unescaped(value string) string {
	if len(value) > 1 && value[0] == '"' && value[len(value)-1] == '"' {
		value = strings.NewReplacer(`\"`, `"`, `\\`, `\`).Replace(value[1 : len(value)-1])
	}
	if plain, err := url.PathUnescape(value); err == nil {
		return plain
	}
	return value
}

func quoted(text string) json.RawMessage {
	b, err := json.Marshal(text)
	if err != nil {
		panic(err) // a string cannot fail
	}
	return b
}

// isJSON reports whether data of a media type is JSON; of none it is.
func isJSON(media string) bool {
	media, _, _ = mime.ParseMediaType(media)
	return media == "" || strings.HasSuffix(media, "/json") || strings.HasSuffix(media, "+json")
}

func isObject(raw []byte) bool {
	raw = bytes.TrimSpace(raw)
	return len(raw) > 0 && raw[0] == '{'
}

// text returns the attribute of that name; "" if there is none.
func (e event) text(name string) string {
	var s string
	if json.Unmarshal(e[name], &s) != nil {
		return ""
	}
	return s
}

// data returns the data of e if it is JSON, else nil.
func (e event) data() json.RawMessage {
	if !isJSON(e.text("datacontenttype")) {
		return nil
	}
	if data, ok := e["data"]; ok {
		return data
	}
	data, err := base64.StdEncoding.DecodeString(e.text("data_base64"))
	if err != nil || !json.Valid(data) {
		return nil
	}
	return data
}

// messageOf makes a message of an event in JSON.
func messageOf(raw json.RawMessage) signal.Message {
	var e event
	if json.Unmarshal(raw, &e) != nil || e == nil {
		return signal.Message{Raw: raw, Err: signal.NewDefect(signal.Malformed, "", "event is not a JSON object; send {…}")}
	}
	m := e.message()
	m.Raw = raw
	return m
}

func (e event) message() signal.Message {
	if d := e.check(); d != nil {
		return signal.Message{Err: d}
	}
	m, err := e.decode()
	if err != nil {
		return signal.Message{Err: err}
	}
	m.MessageID = idOf(e.text("source"), e.text("id"))
	if m.Visitor() == "" {
		m.AnonymousID = e.text("subject")
	}
	if at := e.text("time"); m.Timestamp.IsZero() && at != "" {
		var ok bool
		if m.Timestamp, ok = signal.ParseTime(at); !ok && m.Err == nil {
			m.Err = signal.NewDefect(signal.BadTime, "time", "%.40q is not a time; write it like 2026-11-23T14:05:00Z", at)
		}
	}
	if m.Visitor() == "" && m.Err == nil {
		m.Err = signal.NewDefect(signal.NoVisitor, "subject", "missing; it names the visitor, unless the data has anonymousId or userId")
	}
	return m
}

func (e event) check() *signal.Defect {
	if version := e.text("specversion"); version != "1.0" {
		return signal.NewDefect(signal.Malformed, "specversion", "%.20q is not understood; send \"1.0\"", version)
	}
	for _, name := range [...]string{"id", "source", "type"} {
		if e.text(name) == "" {
			return signal.NewDefect(signal.Malformed, name, "missing, and an event must have it as text")
		}
	}
	return nil
}

// decode makes a message of the data: itself one in the JSON of the Segment
// spec, or the properties of a track event that is named like the event's type.
func (e event) decode() (signal.Message, error) {
	data := e.data()
	if !isObject(data) {
		properties := map[string]json.RawMessage{}
		if len(data) > 0 {
			properties["data"] = data
		}
		return e.track(properties)
	}
	if _, ok := signal.ParseType(e.text("type")); ok {
		return signal.DecodeTyped(e.text("type"), data)
	}
	m, err := signal.DecodeMessage(data)
	if err != nil {
		return m, err
	}
	if _, ok := signal.ParseType(m.Type); ok {
		return m, nil
	}
	return e.track(data)
}

func (e event) track(properties any) (signal.Message, error) {
	wire, err := json.Marshal(map[string]any{"event": e.text("type"), "properties": properties})
	if err != nil {
		return signal.Message{}, err
	}
	return signal.DecodeTyped(signal.Track.String(), wire)
}

// idOf returns a message id that is a function of an event's source and id.
func idOf(source, id string) string {
	h := sha256.New()
	h.Write(binary.AppendUvarint(nil, uint64(len(source))))
	h.Write([]byte(source))
	h.Write([]byte(id))
	const bytes = 18 // as 24 characters; far more than are needed to tell ids apart
	return base64.RawURLEncoding.EncodeToString(h.Sum(nil)[:bytes])
}
