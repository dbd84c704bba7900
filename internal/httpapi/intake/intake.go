// Package intake is what all dialects that take signals share: who sends them,
// how a body is read, when its turn is, and how what is in it is handed on.
//
// The rule it upholds: overload is turned away, not suffered. At most so many
// bytes of bodies are worked on at a time; a request that finds no room waits a
// little, in order, and is then told to come back. So what is taken is answered
// soon, memory is bounded, and resolves, which never wait here, find a machine
// that is not swamped.
package intake

import (
	"cmp"
	"context"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/segue-dev/segue/internal/httpapi/caller"
	"github.com/segue-dev/segue/internal/httpapi/reply"
	"github.com/segue-dev/segue/internal/httpapi/snapshot"
	"github.com/segue-dev/segue/internal/ingest"
)

// An Ingester takes a batch in and returns when what it accepted is durable.
type Ingester interface {
	Accept(ctx context.Context, b ingest.Batch) (ingest.Receipt, error)
}

// Options are the settings of an Intake. The zero value is good.
type Options struct {
	InFlight int64         // bytes of bodies that are worked on at a time; 0 = DefaultInFlight
	Wait     time.Duration // for a turn; 0 = DefaultWait
	Observer Observer      // nil = none

	Callers   *caller.Reader    // who sends what names nobody; nil = nobody
	Snapshots *snapshot.Cookies // of browsers, refreshed by what they send; nil = none
	Resolver  snapshot.Resolver // that they are refreshed from
}

// An Intake hands deliveries of signals on. It is safe for concurrent use.
type Intake struct {
	Options
	in   Ingester
	gate *gate
}

// New returns an Intake that hands on to in.
func New(in Ingester, opts Options) *Intake {
	opts.InFlight = cmp.Or(opts.InFlight, DefaultInFlight)
	opts.Wait = cmp.Or(opts.Wait, DefaultWait)
	return &Intake{opts, in, newGate(opts)}
}

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
	leave, err := t.gate.enter(c.Request().Context(), len(body))
	if err != nil {
		return ingest.Receipt{}, err
	}
	defer leave()
	b, err := decode(body)
	if err != nil {
		return ingest.Receipt{}, err
	}
	b.Source = c.Path()
	b.WriteKey = WriteKey(c.Request(), b.WriteKey)
	if t.Callers == nil {
		return t.in.Accept(c.Request().Context(), b)
	}
	return t.accept(c, b)
}
