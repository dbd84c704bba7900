package ingest

import (
	"encoding/json"
	"time"

	"github.com/segue-dev/segue/internal/signal"
)

// decodeLetter decodes a message that was kept when it was rejected, as package
// deadletter writes it, and has been mended since. What it does not say itself
// is as it was then: it counts as received, and if it says no time as having
// happened, when it came first.
func decodeLetter(line []byte) (signal.Message, bool) {
	var letter struct {
		Rejected *struct {
			ReceivedAt time.Time `json:"receivedAt"`
		} `json:"rejected"`
		Known struct {
			Type        string    `json:"type"`
			AnonymousID string    `json:"anonymousId"`
			UserID      string    `json:"userId"`
			SentAt      time.Time `json:"sentAt"`
		} `json:"known"`
		Message json.RawMessage `json:"message"`
	}
	if json.Unmarshal(line, &letter) != nil || letter.Rejected == nil || len(letter.Message) == 0 {
		return signal.Message{}, false
	}
	m, err := signal.DecodeMessage(letter.Message)
	if err == nil && m.Type == "" {
		m, err = signal.DecodeTyped(letter.Known.Type, letter.Message)
	}
	if err != nil {
		return signal.Message{Err: err}, true
	}
	if m.AnonymousID == "" {
		m.AnonymousID = letter.Known.AnonymousID
	}
	if m.UserID == "" {
		m.UserID = letter.Known.UserID
	}
	if m.SentAt.IsZero() {
		m.SentAt = letter.Known.SentAt
	}
	if m.ReceivedAt.IsZero() {
		m.ReceivedAt = letter.Rejected.ReceivedAt
	}
	if m.Timestamp.IsZero() {
		m.Timestamp, m.SentAt = m.ReceivedAt, time.Time{}
	}
	return m, true
}
