// Package ga4 takes signals in as the Measurement Protocol of Google Analytics 4
// does, so that servers and tag managers which send it can send it here.
//
// The rule it upholds: the answer is 204 whatever the payload holds, as the
// protocol has it, so what is wrong is not told to the sender. It is counted and
// kept as any rejected signal, and the debug route says it.
package ga4

import (
	"errors"
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/segue-dev/segue/internal/httpapi/intake"
	"github.com/segue-dev/segue/internal/httpapi/reply"
	"github.com/segue-dev/segue/internal/ingest"
	"github.com/segue-dev/segue/internal/signal"
)

// Mount adds the routes to e.
func Mount(e *echo.Echo, in *intake.Intake) {
	a := &api{in}
	e.POST("/mp/collect", a.collect)
	e.POST("/debug/mp/collect", validate)
}

type api struct{ in *intake.Intake }

// collect takes events in. Overload, and a store that is down, are the only
// reasons to send them again.
func (a *api) collect(c echo.Context) error {
	messages := read(c)
	_, err := a.in.Hand(c, nil, func([]byte) (ingest.Batch, error) {
		return ingest.Batch{Messages: messages, WriteKey: c.QueryParam("api_secret")}, nil
	})
	if err != nil {
		return err
	}
	return c.NoContent(http.StatusNoContent)
}

// read returns the messages of a request; one that says what is wrong if it has
// none.
func read(c echo.Context) []signal.Message {
	body, err := reply.Body(c)
	if err != nil {
		return []signal.Message{{Err: signal.NewDefect(signal.Malformed, "", "%v", err)}}
	}
	return decode(body)
}

// A validationMessage is one mistake, as the protocol's own validation says it.
type validationMessage struct {
	FieldPath      string `json:"fieldPath"`
	Description    string `json:"description"`
	ValidationCode string `json:"validationCode"`
}

// validations is the answer of the debug route.
type validations struct {
	ValidationMessages []validationMessage `json:"validationMessages"` // none: all is well
}

// validate says what is wrong with a payload, and stores nothing.
func validate(c echo.Context) error {
	answer := validations{[]validationMessage{}}
	for _, m := range read(c) {
		err := m.Check()
		if err == nil {
			continue
		}
		wrong := validationMessage{Description: err.Error(), ValidationCode: "VALUE_INVALID"}
		if d, ok := errors.AsType[*signal.Defect](err); ok {
			wrong.FieldPath = d.Field
			if d.Code == signal.NoVisitor || d.Code == signal.NoEvent {
				wrong.ValidationCode = "VALUE_REQUIRED"
			}
		}
		answer.ValidationMessages = append(answer.ValidationMessages, wrong)
	}
	return c.JSON(http.StatusOK, answer)
}
