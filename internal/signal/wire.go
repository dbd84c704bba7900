package signal

import (
	"slices"
	"time"
)

// A wire is a message or a batch taken apart: the raw JSON of its fields, nil
// for those that are not there.
type wire struct {
	typ, messageID, anonymousID, userID, groupID, previousID []byte
	event, name                                              []byte
	timestamp, originalTimestamp, sentAt, receivedAt         []byte
	props, traits, context                                   []byte
	batch, writeKey                                          []byte
	subject                                                  [len(subjectFields)][]byte
}

// subjectFields are fields of a message that belong among its properties: the
// category of a page, and what an exposure is of.
var subjectFields = [...]string{
	"category", "componentType", "componentId", "experienceId", "variantIndex", "viewDurationMs", "viewId",
	"hoverDurationMs", "hoverId",
}

// takeApart finds the fields of the valid JSON object raw; of a repeated one
// the last.
func takeApart(raw []byte) wire {
	var w wire
	for key, value := range members(raw) {
		if field := w.field(string(key)); field != nil {
			*field = value
		} else if i := slices.Index(subjectFields[:], string(key)); i >= 0 {
			w.subject[i] = value
		}
	}
	return w
}

func (w *wire) field(key string) *[]byte {
	switch key {
	case "type":
		return &w.typ
	case "messageId":
		return &w.messageID
	case "anonymousId":
		return &w.anonymousID
	case "userId":
		return &w.userID
	case "groupId":
		return &w.groupID
	case "previousId":
		return &w.previousID
	case "event":
		return &w.event
	case "name":
		return &w.name
	case "timestamp":
		return &w.timestamp
	case "originalTimestamp":
		return &w.originalTimestamp
	case "sentAt":
		return &w.sentAt
	case "receivedAt":
		return &w.receivedAt
	case "properties":
		return &w.props
	case "traits":
		return &w.traits
	case "context":
		return &w.context
	case "batch":
		return &w.batch
	case "writeKey":
		return &w.writeKey
	default:
		return nil
	}
}

// empty reports whether a field holds nothing: it is not there, null or "".
func empty(raw []byte) bool {
	return raw == nil || raw[0] == 'n' || string(raw) == `""`
}

// scalarOrNone returns a JSON scalar; of an object or array the boolean false,
// which no field is.
func scalarOrNone(raw []byte) Value {
	if raw[0] == '{' || raw[0] == '[' {
		return BoolOf(false)
	}
	return scalar(raw)
}

// decodeID reads an id: text, or a number as it is written.
func decodeID(field string, raw []byte) (string, *Defect) {
	if empty(raw) {
		return "", nil
	}
	switch v := scalarOrNone(raw); v.Kind() {
	case Number:
		return string(raw), nil
	case Text:
		return v.str, nil
	default:
		return "", NewDefect(BadID, field, "%.40s is not an id; send text", raw)
	}
}

func (d *decoder) id(field string, raw []byte) string {
	s, bad := decodeID(field, raw)
	if bad != nil {
		d.fail(bad)
	}
	return s
}

// text reads a name, which like an id may be a number.
func (d *decoder) text(field string, raw []byte) string {
	s, bad := decodeID(field, raw)
	if bad != nil {
		d.fail(NewDefect(Malformed, field, "%.40s is not text; send text", raw))
	}
	return s
}

func (d *decoder) time(field string, raw []byte) time.Time {
	t, bad := decodeTime(field, raw)
	if bad != nil {
		d.fail(bad)
	}
	return t
}

// object reads an object; null is none.
func (d *decoder) object(field string, raw []byte) []byte {
	if raw == nil || raw[0] == 'n' {
		return nil
	}
	if raw[0] != '{' {
		d.fail(NewDefect(Malformed, field, "is not a JSON object; send {…}"))
		return nil
	}
	return raw
}
