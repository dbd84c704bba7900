package signal

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"hash"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// A Message is a signal as a client sent it: decoded, not yet judged.
type Message struct {
	Type        string
	MessageID   string
	AnonymousID string
	UserID      string
	Event       string // of a track
	Name        string // of a page or screen
	GroupID     string
	PreviousID  string    // of an alias
	Timestamp   time.Time // when it happened by the client's clock; zero if not stated
	SentAt      time.Time // when it was sent by the client's clock; zero if not stated
	// ReceivedAt is when another system received it first, as an archive of
	// messages says; zero if not stated. It is for imports to believe.
	ReceivedAt time.Time
	Props      Props  // as in Signal: properties or traits, and the context below "context."
	UserAgent  string // of the browser it comes from; read for device, browser and OS, never kept
	WriteKey   string // given in the body; may be empty
	Raw        []byte // the JSON it was decoded from, as long as nobody changes that; nil if unknown
	// Err is what is wrong with the message so far; it is reported by Check.
	Err error
}

// Visitor returns the id of the visitor the message is about: the anonymous
// id, or the user id if there is none. It is empty if there is neither.
func (m Message) Visitor() string {
	if m.AnonymousID != "" {
		return m.AnonymousID
	}
	return m.UserID
}

// Check returns nil for a message that can be made a signal, and else a
// *Defect: Err, or the first bad field with what would mend it.
func (m Message) Check() error {
	if m.Err != nil {
		return m.Err
	}
	if d := m.checkFields(); d != nil {
		return d
	}
	if d := checkProps(m.Props, propsName(m.Type)); d != nil {
		return d
	}
	return nil
}

func (m Message) checkFields() *Defect {
	if m.Type == "" {
		return NewDefect(UnknownType, "type", "missing; give one of %s", strings.Join(typeNames[:], ", "))
	}
	if _, ok := ParseType(m.Type); !ok {
		return NewDefect(UnknownType, "type", "%.40q is unknown; give one of %s", m.Type, strings.Join(typeNames[:], ", "))
	}
	if m.Visitor() == "" {
		return NewDefect(NoVisitor, "anonymousId", "missing, and so is userId; give at least one of them")
	}
	if m.Type == Track.String() && strings.TrimSpace(m.Event) == "" {
		return NewDefect(NoEvent, "event", "missing; a track names what happened, such as \"Product Viewed\"")
	}
	for _, f := range m.bounded() {
		if d := f.check(); d != nil {
			return d
		}
	}
	return nil
}

// A boundedText is a field that is an identifier or a name.
type boundedText struct {
	field, value string
	bound        int
	code         Code // of characters that do not belong there
}

func (m Message) bounded() [7]boundedText {
	return [...]boundedText{
		{"messageId", m.MessageID, MaxMessageID, BadID},
		{"anonymousId", m.AnonymousID, MaxVisitorID, BadID},
		{"userId", m.UserID, MaxVisitorID, BadID},
		{"previousId", m.PreviousID, MaxVisitorID, BadID},
		{"event", m.Event, MaxName, Malformed},
		{"name", m.Name, MaxName, Malformed},
		{"groupId", m.GroupID, MaxName, BadID},
	}
}

func (f boundedText) check() *Defect {
	if len(f.value) > f.bound {
		return NewDefect(TooBig, f.field, "has %d bytes; at most %d are taken", len(f.value), f.bound)
	}
	if !utf8.ValidString(f.value) {
		return NewDefect(f.code, f.field, "is not valid UTF-8; send UTF-8")
	}
	if strings.ContainsFunc(f.value, unicode.IsControl) {
		return NewDefect(f.code, f.field, "%.40q has control characters; leave them out", f.value)
	}
	return nil
}

// CheckVisitor returns nil for an id that a visitor can have, and else a *Defect
// of field.
func CheckVisitor(field, id string) error {
	if d := (boundedText{field, id, MaxVisitorID, BadID}).check(); d != nil {
		return d
	}
	return nil
}

// propsName returns the field that brings the properties of a message of type
// typ.
func propsName(typ string) string {
	if typ == Identify.String() || typ == Group.String() {
		return "traits"
	}
	return "properties"
}

// checkProps returns the first property that is over a bound. parent is the
// field that those outside the context came in.
func checkProps(props Props, parent string) *Defect {
	if len(props) > MaxProps {
		return NewDefect(TooBig, parent, "has %d values, the context's included; at most %d are taken", len(props), MaxProps)
	}
	for _, p := range props {
		if len(p.Key) > MaxName {
			return NewDefect(TooBig, fieldOf(p, parent)[:MaxName], "has a path of %d bytes; at most %d are taken", len(p.Key), MaxName)
		}
		if len(p.Value.str) > MaxText {
			return NewDefect(TooBig, fieldOf(p, parent), "has %d bytes; at most %d are taken", len(p.Value.str), MaxText)
		}
		if !utf8.ValidString(p.Key) || !utf8.ValidString(p.Value.str) {
			return NewDefect(Malformed, parent, "%q is not valid UTF-8; send UTF-8", p.Key)
		}
	}
	return nil
}

// fieldOf returns the field that brought p.
func fieldOf(p Prop, parent string) string {
	if strings.HasPrefix(p.Key, contextPrefix) {
		return p.Key
	}
	return parent + "." + p.Key
}

// Signal returns the signal that a message which passes Check describes. pos
// is the message's position in its batch, batchSentAt the batch's own sentAt
// (zero if none); the message's wins. Time is corrected as Correct says.
//
// A message without an id gets its ContentID if it says when it happened: then
// the same content is the same event, sent again. If it does not, nothing
// tells two events from one sent twice, and the two must not become one; so
// its id is made of content, position and the nanosecond of receipt.
func (m Message) Signal(receivedAt, batchSentAt time.Time, pos int, lateness time.Duration) Signal {
	sentAt := m.SentAt
	if sentAt.IsZero() {
		sentAt = batchSentAt
	}
	typ, _ := ParseType(m.Type)
	s := Signal{ID: m.MessageID, Type: typ, Pos: pos, Device: m.AnonymousID, UserID: m.UserID, Props: m.Props}
	s.At, s.Flags = Correct(m.Timestamp, sentAt, receivedAt, lateness)
	if !m.Timestamp.IsZero() {
		s.Raw = m.Timestamp.UnixMilli()
	}
	if s.ID == "" {
		s.ID = m.derivedID(receivedAt, pos)
	}
	switch typ {
	case Track:
		s.Name = m.Event
	case Page, Screen:
		s.Name = m.Name
	case Group:
		s.Name = m.GroupID
	case Alias:
		s.Props = append(Props{{Key: "previousId", Value: TextOf(m.PreviousID)}}, m.Props...)
		s.Props.Sort()
	}
	return s
}

// ContentID returns an id that is a function of what the message says: all
// fields but its own id and the times of sending and receipt.
func (m Message) ContentID() string {
	h := sha256.New()
	m.hash(h)
	return sumID(h)
}

func (m Message) derivedID(receivedAt time.Time, pos int) string {
	if !m.Timestamp.IsZero() {
		return m.ContentID()
	}
	h := sha256.New()
	m.hash(h)
	h.Write(binary.AppendVarint(binary.AppendVarint(nil, receivedAt.UnixNano()), int64(pos)))
	return sumID(h)
}

func (m Message) hash(h hash.Hash) {
	b := make([]byte, 0, 512)
	text := func(s string) {
		b = append(binary.AppendUvarint(b, uint64(len(s))), s...)
	}
	for _, s := range [...]string{m.Type, m.AnonymousID, m.UserID, m.Event, m.Name, m.GroupID, m.PreviousID} {
		text(s)
	}
	if !m.Timestamp.IsZero() {
		b = binary.AppendVarint(b, m.Timestamp.Unix())
		b = binary.AppendVarint(b, int64(m.Timestamp.Nanosecond()))
	}
	for _, p := range m.Props {
		text(p.Key)
		b = append(b, byte(p.Value.Kind()))
		text(p.Value.String())
	}
	h.Write(b)
}

// sumID returns 96 bits of h as 16 characters: far more than the signals of
// one visitor need to be told apart.
func sumID(h hash.Hash) string {
	return base64.RawURLEncoding.EncodeToString(h.Sum(nil)[:12])
}
