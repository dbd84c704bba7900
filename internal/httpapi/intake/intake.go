// Package intake is what all dialects that take signals share: who sends them,
// how a body is read, and how what is in it is handed on.
//
// The rule it upholds: whatever dialect a signal comes in, it costs the same,
// is let in by the same keys, and is accounted for in the same way.
package intake

import (
	"context"

	"github.com/labstack/echo/v4"

	"github.com/segue-dev/segue/internal/httpapi/reply"
	"github.com/segue-dev/segue/internal/ingest"
)

// An Ingester takes a batch in and returns when what it accepted is durable.
type Ingester interface {
	Accept(ctx context.Context, b ingest.Batch) (ingest.Receipt, error)
}

// An Intake hands deliveries of signals on. It is safe for concurrent use.
type Intake struct{ in Ingester }

// New returns an Intake that hands on to in.
func New(in Ingester) *Intake { return &Intake{in} }

// Take reads the body of a request, lets decode make a batch of it, and hands
// that on. A batch without a WriteKey has the one that the request shows.
func (t *Intake) Take(c echo.Context, decode func(body []byte) (ingest.Batch, error)) (ingest.Receipt, error) {
	body, err := reply.Body(c)
	if err != nil {
		return ingest.Receipt{}, err
	}
	return t.Hand(c, body, decode)
}

// Hand is Take for a body that has been read.
func (t *Intake) Hand(c echo.Context, body []byte, decode func(body []byte) (ingest.Batch, error)) (ingest.Receipt, error) {
	b, err := decode(body)
	if err != nil {
		return ingest.Receipt{}, err
	}
	b.Source = c.Path()
	b.WriteKey = WriteKey(c.Request(), b.WriteKey)
	return t.in.Accept(c.Request().Context(), b)
}
