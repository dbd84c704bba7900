// Package segmentio takes signals in as Segment's tracking API does, so that
// the analytics clients of Segment, RudderStack and the like work by changing
// one address. It is also Segue's own ingest.
//
// The rule it upholds: one bad message never costs its batch. A batch is
// answered 200 whatever its messages are, since clients throw away all of a
// batch that is answered 4xx; what was not taken is counted and named in the
// answer. A request of one message has nothing else to lose, and is answered
// 400 when the message is bad.
package segmentio

import (
	"context"
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/segue-dev/segue/internal/fault"
	"github.com/segue-dev/segue/internal/httpapi/reply"
	"github.com/segue-dev/segue/internal/ingest"
	"github.com/segue-dev/segue/internal/signal"
)

// An Ingester takes a batch in and returns when what it accepted is durable.
type Ingester interface {
	Accept(ctx context.Context, b ingest.Batch) (ingest.Receipt, error)
}

// types are the routes of one message: the name and the letter that browser
// clients use.
var types = []struct{ name, letter string }{
	{"track", "t"}, {"identify", "i"}, {"page", "p"}, {"screen", "s"}, {"group", "g"}, {"alias", "a"},
}

// Mount adds the routes to e.
func Mount(e *echo.Echo, in Ingester) {
	a := &api{in}
	form := reply.Form(func(p reply.Problem) any { return failure{Error: p.Detail} })
	post := func(path string, h echo.HandlerFunc) { e.POST("/v1/"+path, h, form) }
	for _, t := range types {
		post(t.name, a.single(t.name))
		post(t.letter, a.single(t.name))
	}
	post("batch", a.batch(false))
	post("b", a.batch(false))
	post("import", a.batch(true))
	post("m", discard)
}

type api struct{ in Ingester }

// success says what became of the messages of a request.
type success struct {
	Success    bool       `json:"success"` // always true
	Accepted   int        `json:"accepted"`
	Duplicates int        `json:"duplicates,omitempty"` // had been accepted before
	Rejected   []rejected `json:"rejected,omitempty"`
}

// rejected is one message that was not taken, and never will be.
type rejected struct {
	Index     int    `json:"index"` // in the batch, from 0
	MessageID string `json:"messageId,omitempty"`
	Field     string `json:"field,omitempty"` // empty: the message as a whole
	Reason    string `json:"reason"`
}

// failure is the answer when nothing was taken.
type failure struct {
	Success bool   `json:"success"` // always false
	Error   string `json:"error"`
}

// single takes one message of a type.
func (a *api) single(typ string) echo.HandlerFunc {
	return func(c echo.Context) error {
		body, err := reply.Body(c)
		if err != nil {
			return err
		}
		m, err := signal.DecodeTyped(typ, body)
		if err != nil {
			return err
		}
		receipt, err := a.in.Accept(c.Request().Context(), ingest.Batch{Messages: []signal.Message{m}, SentAt: m.SentAt})
		if err != nil {
			return err
		}
		if len(receipt.Rejected) > 0 {
			return fault.New(fault.Invalid, "%s", receipt.Rejected[0].Reason)
		}
		return c.JSON(http.StatusOK, successOf(receipt))
	}
}

// batch takes many messages. Those of an import are never too late.
func (a *api) batch(historical bool) echo.HandlerFunc {
	return func(c echo.Context) error {
		body, err := reply.Body(c)
		if err != nil {
			return err
		}
		messages, sentAt, _, err := signal.DecodeBatch(body)
		if err != nil {
			return err
		}
		receipt, err := a.in.Accept(c.Request().Context(), ingest.Batch{Messages: messages, SentAt: sentAt, Historical: historical})
		if err != nil {
			return err
		}
		return c.JSON(http.StatusOK, successOf(receipt))
	}
}

// discard answers the clients' reports of their own health, which we have no
// use for.
func discard(c echo.Context) error {
	if _, err := reply.Body(c); err != nil {
		return err
	}
	return c.JSON(http.StatusOK, success{Success: true})
}

func successOf(r ingest.Receipt) success {
	s := success{Success: true, Accepted: r.Accepted, Duplicates: r.Duplicates + r.Conflicting}
	for _, one := range r.Rejected {
		s.Rejected = append(s.Rejected, rejected{one.Index, one.MessageID, one.Field, one.Reason})
	}
	return s
}
