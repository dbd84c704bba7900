// Package webhooks is where a CMS tells that content has changed.
//
// The rule it upholds: an answer of 200 says that there is nothing more to do;
// with any other the sender may try again.
package webhooks

import (
	"bytes"
	"errors"
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/segue-dev/segue/internal/fault"
)

// MaxBody is the greatest webhook in bytes: Contentful takes entries of 1 MB,
// and adds what it knows of them.
const MaxBody = 4 << 20

// A Receiver takes webhooks.
type Receiver interface {
	// Receive takes a webhook, verifies that it is true, and returns what became
	// of it; body is all of its body.
	Receive(r *http.Request, body []byte) (outcome string, err error)
}

// Mount adds the route to e. Without a receiver nothing is to be told.
func Mount(e *echo.Echo, r Receiver) {
	e.POST("/webhooks/contentful", func(c echo.Context) error {
		if r == nil {
			return fault.New(fault.NotFound, "no live Contentful space is configured here: content must be contentful://SPACE/ENVIRONMENT")
		}
		return receive(c, r)
	})
}

// webhookReceipt is the answer; Contentful shows it in the webhook's log.
type webhookReceipt struct {
	Outcome string `json:"outcome"`
}

func receive(c echo.Context, r Receiver) error {
	body, err := read(c)
	if err != nil {
		return err
	}
	outcome, err := r.Receive(c.Request(), body)
	if err != nil {
		return err
	}
	c.Response().Header().Set(echo.HeaderCacheControl, "no-store")
	return c.JSON(http.StatusOK, webhookReceipt{outcome})
}

// read returns the body as it came: that is what is signed.
func read(c echo.Context) ([]byte, error) {
	var body bytes.Buffer
	_, err := body.ReadFrom(http.MaxBytesReader(c.Response(), c.Request().Body, MaxBody))
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return nil, fault.New(fault.TooLarge, "body: more than %d bytes", MaxBody)
	}
	if err != nil {
		return nil, fault.Wrap(fault.Invalid, err, "body: cannot be read to its end")
	}
	return body.Bytes(), nil
}
