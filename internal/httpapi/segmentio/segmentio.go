// Package segmentio takes signals in as Segment's tracking API does, so that
// the analytics clients of Segment, RudderStack and Jitsu work by changing one
// address. It is also Segue's own ingest.
//
// The rule it upholds: one bad message never costs its batch. What is JSON and
// within the limits is answered 200 whatever its messages are, since clients
// throw away all of what is answered 4xx; what was not taken is counted, kept
// and named in the answer.
package segmentio

import (
	"errors"
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/segue-dev/segue/internal/fault"
	"github.com/segue-dev/segue/internal/httpapi/intake"
	"github.com/segue-dev/segue/internal/httpapi/reply"
	"github.com/segue-dev/segue/internal/ingest"
	"github.com/segue-dev/segue/internal/signal"
)

// types are the routes of one message: the name and the letter that browser
// clients use.
var types = []struct{ name, letter string }{
	{"track", "t"}, {"identify", "i"}, {"page", "p"}, {"screen", "s"}, {"group", "g"}, {"alias", "a"},
}

// Mount adds the routes to e.
func Mount(e *echo.Echo, in *intake.Intake) {
	a := &api{in}
	form := reply.Form(func(p reply.Problem) any { return failure{Error: p.Detail} })
	post := func(path string, h echo.HandlerFunc) { e.POST(path, h, form) }
	get := func(path string, h echo.HandlerFunc) {
		e.Match([]string{http.MethodGet, http.MethodHead}, path, h, form)
	}
	for _, t := range types {
		post("/v1/"+t.name, a.single(t.name))
		post("/v1/"+t.letter, a.single(t.name))
	}
	post("/v1/batch", a.batch(false))
	post("/v1/b", a.batch(false))
	post("/v1/import", a.batch(true))
	post("/v1/m", discard)
	get("/v1/projects/:writeKey/settings", settings)

	post("/beacon/v1/batch", a.batch(false))
	e.GET("/pixel/v1/track", a.pixel("track"), form)
	e.GET("/pixel/v1/page", a.pixel("page"), form)
	get("/sourceConfig", sourceConfig)
	get("/sourceConfig/", sourceConfig)

	post("/api/s/:type", a.named)
	post("/api/s/s2s/:type", a.named)
}

type api struct{ in *intake.Intake }

// failure is the answer when nothing was taken.
type failure struct {
	Success bool   `json:"success"` // always false
	Error   string `json:"error"`
}

// single takes one message of a type.
func (a *api) single(typ string) echo.HandlerFunc {
	return func(c echo.Context) error {
		return a.take(c, func(body []byte) (ingest.Batch, error) {
			m, err := decodeSingle(typ, body)
			return ingest.Batch{Messages: []signal.Message{m}, WriteKey: m.WriteKey}, err
		})
	}
}

// named takes one message of the type that the path names, as Jitsu's clients
// send it.
func (a *api) named(c echo.Context) error {
	for _, t := range types {
		if t.name == c.Param("type") {
			return a.single(t.name)(c)
		}
	}
	return echo.ErrNotFound
}

// batch takes many messages. Those of an import are never too late.
func (a *api) batch(historical bool) echo.HandlerFunc {
	return func(c echo.Context) error {
		return a.take(c, func(body []byte) (ingest.Batch, error) {
			messages, sentAt, writeKey, err := signal.DecodeBatch(body)
			return ingest.Batch{Messages: messages, SentAt: sentAt, WriteKey: writeKey, Historical: historical}, err
		})
	}
}

// take takes what decode makes of the body.
func (a *api) take(c echo.Context, decode func(body []byte) (ingest.Batch, error)) error {
	receipt, err := a.in.Take(c, func(body []byte) (ingest.Batch, error) {
		b, err := decode(body)
		sentBy(c.Request().Header, b.Messages)
		return b, err
	})
	if err != nil {
		return tolerable(err)
	}
	return c.JSON(http.StatusOK, intake.SuccessOf(receipt))
}

// decodeSingle decodes the message of a request. One that is JSON and too large
// is a bad message, not a bad request.
func decodeSingle(typ string, body []byte) (signal.Message, error) {
	m, err := signal.DecodeTyped(typ, body)
	if d, ok := errors.AsType[*signal.Defect](err); ok {
		return signal.Message{Type: typ, Raw: body, Err: d}, nil
	}
	return m, err
}

// tolerable makes a request that is too large merely invalid: Segment's answer
// to it is 400, and there are clients that 413 brings down.
func tolerable(err error) error {
	if f, ok := errors.AsType[*fault.Error](err); ok && f.Kind == fault.TooLarge {
		return fault.Wrap(fault.Invalid, err, "%s", f.Msg)
	}
	return err
}

// discard answers the clients' reports of their own health, which we have no
// use for.
func discard(c echo.Context) error {
	if _, err := reply.Body(c); err != nil {
		return tolerable(err)
	}
	return c.JSON(http.StatusOK, intake.Success{Success: true})
}
