package signal

import (
	"bytes"
	"time"
	"unicode/utf8"

	"github.com/segue-dev/segue/internal/fault"
)

// DecodeMessage decodes one message in the JSON of the Segment spec, its type
// in "type". It tolerates what the common SDKs do: numbers as ids, null and ""
// for none, traits in context.traits, originalTimestamp (which then is the
// client's own time) beside timestamp, milliseconds as times, unknown fields.
//
// An error means that raw is no message at all: no JSON object, or too large.
// What is wrong with a field is in the Message's Err and reported by Check.
func DecodeMessage(raw []byte) (Message, error) { return DecodeTyped("", raw) }

// DecodeTyped is DecodeMessage for a route that names the type, as /v1/track
// does. typ wins over "type"; an empty typ leaves it to the message.
func DecodeTyped(typ string, raw []byte) (Message, error) {
	if err := checkObject(raw, MaxMessage); err != nil {
		return Message{}, err
	}
	return decode(typ, bytes.TrimSpace(raw), nil), nil
}

// DecodeBatch decodes a batch: {"batch": [message…], "sentAt", "context",
// "writeKey"}. The batch's context stands in for what the messages' own lack;
// its sentAt is zero if there is none.
//
// An error means that raw is no batch at all. What is wrong with one message
// is in its Err, and the others are as if it were not there.
func DecodeBatch(raw []byte) (messages []Message, sentAt time.Time, writeKey string, err error) {
	if err := checkObject(raw, 0); err != nil {
		return nil, time.Time{}, "", err
	}
	w := takeApart(bytes.TrimSpace(raw))
	if w.batch == nil || w.batch[0] != '[' {
		return nil, time.Time{}, "", fault.New(fault.Invalid, "batch: missing; send {\"batch\": [message, …]}")
	}
	if w.context != nil && w.context[0] != '{' {
		w.context = nil
	}
	sentAt, d := decodeTime("sentAt", w.sentAt)
	if d != nil {
		return nil, time.Time{}, "", d
	}
	writeKey, d = decodeID("writeKey", w.writeKey)
	if d != nil {
		return nil, time.Time{}, "", d
	}
	for item := range elements(w.batch) {
		if len(messages) == MaxBatch {
			return nil, time.Time{}, "", fault.New(fault.TooLarge, "batch: has more than %d messages; send several batches", MaxBatch)
		}
		messages = append(messages, decodeItem(item, w.context))
	}
	return messages, sentAt, writeKey, nil
}

// DecodeContext decodes the context of a request, a JSON object of any
// attributes, to properties with dotted paths, bounded like a message's.
// Nothing is left out and nothing is prefixed: it is for rules to see, not to
// be stored. No context (empty or null) has no properties.
func DecodeContext(raw []byte) (Props, error) {
	if trimmed := bytes.TrimSpace(raw); len(trimmed) == 0 || string(trimmed) == "null" {
		return nil, nil
	}
	if err := checkObject(raw, MaxMessage); err != nil {
		return nil, err
	}
	var f flattener
	f.add(bytes.TrimSpace(raw), 0)
	f.props.Sort()
	if f.deep {
		return nil, tooDeep("context")
	}
	if d := checkProps(f.props, "context"); d != nil {
		return nil, d
	}
	return f.props, nil
}

// checkObject returns an error unless raw is a JSON object of at most limit
// bytes; 0 is no limit.
func checkObject(raw []byte, limit int) error {
	if limit > 0 && len(raw) > limit {
		return tooLarge(len(raw))
	}
	if err := checkJSON(raw); err != nil {
		return err
	}
	if raw = bytes.TrimSpace(raw); raw[0] != '{' {
		return fault.New(fault.Invalid, "body: not a JSON object; send {…}")
	}
	return nil
}

func tooLarge(n int) *Defect {
	return NewDefect(TooBig, "", "message has %d bytes; at most %d are taken", n, MaxMessage)
}

func tooDeep(field string) *Defect {
	return NewDefect(TooBig, field, "is nested too deep; at most %d levels are taken", MaxDepth)
}

func decodeItem(raw, context []byte) Message {
	switch {
	case len(raw) > MaxMessage:
		return Message{Raw: raw, Err: tooLarge(len(raw))}
	case raw[0] != '{':
		return Message{Raw: raw, Err: NewDefect(Malformed, "", "message is not a JSON object; send {…}")}
	default:
		return decode("", raw, context)
	}
}

// A decoder makes one message of its parts and remembers the first defect.
type decoder struct {
	wire
	first *Defect
}

// decode makes a message of the valid JSON object raw and the context of its
// batch, which may be nil. typ is the type that the route names, if it does.
func decode(typ string, raw, batchContext []byte) Message {
	d := decoder{wire: takeApart(raw)}
	m := Message{
		Type:        typ,
		MessageID:   d.id("messageId", d.messageID),
		AnonymousID: d.id("anonymousId", d.anonymousID),
		UserID:      d.id("userId", d.userID),
		Event:       d.text("event", d.event),
		Name:        d.text("name", d.name),
		GroupID:     d.id("groupId", d.groupID),
		PreviousID:  d.id("previousId", d.previousID),
		SentAt:      d.time("sentAt", d.sentAt),
		ReceivedAt:  d.time("receivedAt", d.receivedAt),
		WriteKey:    d.id("writeKey", d.writeKey),
		Raw:         raw,
	}
	if typ == "" {
		m.Type = d.text("type", d.typ)
	}
	if m.Name == "" && (m.Type == Page.String() || m.Type == Screen.String()) {
		m.Name = d.nameInProperties()
	}
	if m.Timestamp = d.time("originalTimestamp", d.originalTimestamp); m.Timestamp.IsZero() {
		m.Timestamp = d.time("timestamp", d.timestamp)
	}
	own := d.object("context", d.context)
	m.UserAgent = userAgent(own, batchContext)
	m.Props = d.flatten(m.Type, own, batchContext)
	if !utf8.Valid(raw) {
		d.fail(NewDefect(Malformed, "", "message is not valid UTF-8; send UTF-8"))
	}
	if d.first != nil {
		m.Err = d.first
	}
	return m
}

func (d *decoder) fail(defect *Defect) {
	if d.first == nil {
		d.first = defect
	}
}

// nameInProperties returns the name of a page or screen that stands in its
// properties only, where Jitsu's clients put it; "" if what is there is not fit
// for a name.
func (d *decoder) nameInProperties() string {
	if len(d.props) == 0 || d.props[0] != '{' {
		return ""
	}
	raw := member(d.props, "name")
	if len(raw) == 0 || raw[0] != '"' {
		return ""
	}
	name := unquote(raw)
	if (boundedText{"name", name, MaxName, Malformed}).check() != nil {
		return ""
	}
	return name
}

// flatten gathers the properties: traits for an identify or group, which may
// also come in the context; else properties, with the category of a page and
// the subject of an exposure, which stand beside them.
func (d *decoder) flatten(typ string, own, batchContext []byte) Props {
	f := flattener{props: make(Props, 0, 16), path: make([]byte, 0, 64)}
	if propsName(typ) == "traits" {
		traits := d.object("traits", d.traits)
		if traits == nil {
			traits = d.object("context.traits", member(own, "traits"))
		}
		f.properties(traits)
	} else {
		properties := d.object("properties", d.props)
		f.properties(properties)
		for i, key := range subjectFields {
			if d.subject[i] != nil && member(properties, key) == nil {
				f.at([]byte(key), d.subject[i], 1)
			}
		}
	}
	f.context(own, batchContext)
	if f.deep {
		d.fail(tooDeep(propsName(typ)))
	}
	if len(f.props) == 0 {
		return nil
	}
	f.props.Sort()
	return f.props
}

// userAgent returns the text at "userAgent" of a message's context, else of
// its batch's.
func userAgent(own, batch []byte) string {
	for _, context := range [...][]byte{own, batch} {
		if raw := member(context, "userAgent"); raw != nil && raw[0] == '"' {
			return unquote(raw)
		}
	}
	return ""
}
