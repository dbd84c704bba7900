package deadletter

import (
	"bytes"
	"encoding/json"
	"time"

	"github.com/segue-dev/segue/internal/ingest"
	"github.com/segue-dev/segue/internal/signal"
)

// wire is a letter as it is written; ingest.Replay reads it back.
type wire struct {
	Rejected reason          `json:"rejected"`
	Known    known           `json:"known"`
	Message  json.RawMessage `json:"message"`
}

// known is what is known of the message; some of it may have come beside it,
// with its route, its request or its batch.
type known struct {
	Type        string    `json:"type,omitempty"`
	AnonymousID string    `json:"anonymousId,omitempty"`
	UserID      string    `json:"userId,omitempty"`
	SentAt      time.Time `json:"sentAt,omitzero"`
}

type reason struct {
	ReceivedAt time.Time   `json:"receivedAt"`
	Source     string      `json:"source,omitempty"`
	WriteKey   string      `json:"writeKey,omitempty"`
	Code       signal.Code `json:"code"`
	Field      string      `json:"field,omitempty"`
	Reason     string      `json:"reason"`
}

// encode returns the line that keeps a message of batch. The message is as it
// was sent, but for white space; as a text if it is not JSON.
func encode(batch ingest.Batch, r ingest.Rejection) letter {
	m := batch.Messages[r.Index]
	w := wire{
		Rejected: reason{batch.ReceivedAt.UTC(), batch.Source, batch.WriteKey, r.Code, r.Field, r.Reason},
		Known:    known{m.Type, m.AnonymousID, m.UserID, batch.SentAt},
		Message:  m.Raw,
	}
	if len(m.Raw) == 0 {
		w.Message = json.RawMessage("null")
	} else if !json.Valid(m.Raw) {
		w.Message = marshal(string(m.Raw))
	}
	return append(marshal(w), '\n')
}

// marshal returns v as JSON in which nothing is escaped for the sake of HTML.
func marshal(v any) []byte {
	var line bytes.Buffer
	e := json.NewEncoder(&line)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		panic(err) // texts, times and valid JSON cannot fail
	}
	return bytes.TrimSuffix(line.Bytes(), []byte{'\n'})
}
