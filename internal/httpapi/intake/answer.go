package intake

import (
	"github.com/segue-dev/segue/internal/ingest"
	"github.com/segue-dev/segue/internal/signal"
)

// Success says what became of the messages of a request.
type Success struct {
	Success    bool       `json:"success"` // always true
	Accepted   int        `json:"accepted"`
	Duplicates int        `json:"duplicates,omitempty"` // had been accepted before
	Rejected   []Rejected `json:"rejected,omitempty"`
}

// Rejected is one message that was not taken, and never will be.
type Rejected struct {
	Index     int         `json:"index"` // in the batch, from 0
	MessageID string      `json:"messageId,omitempty"`
	Code      signal.Code `json:"code"`
	Field     string      `json:"field,omitempty"` // empty: the message as a whole
	Reason    string      `json:"reason"`
}

// SuccessOf returns what is answered when so much was taken.
func SuccessOf(r ingest.Receipt) Success {
	s := Success{Success: true, Accepted: r.Accepted, Duplicates: r.Duplicates + r.Conflicting}
	for _, one := range r.Rejected {
		s.Rejected = append(s.Rejected, Rejected{one.Index, one.MessageID, one.Code, one.Field, one.Reason})
	}
	return s
}
