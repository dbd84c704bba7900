// Package cloudevents takes signals in as CloudEvents 1.0 over HTTP: binary,
// structured and in batches, and shakes hands as HTTP webhooks do.
//
// An event of a source is one signal of its subject, however often it is
// delivered. The rule this package upholds: a sender is told exactly what it must
// know to keep or drop what it sent. An event alone that is bad is answered 400;
// a batch is answered 200, and names the bad ones.
package cloudevents

import (
	"mime"
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/segue-dev/segue/internal/fault"
	"github.com/segue-dev/segue/internal/httpapi/intake"
	"github.com/segue-dev/segue/internal/ingest"
	"github.com/segue-dev/segue/internal/signal"
)

const path = "/v1/cloudevents"

// Mount adds the route to e.
func Mount(e *echo.Echo, in *intake.Intake) {
	a := &api{in}
	e.POST(path, a.take)
	e.OPTIONS(path, shakeHands)
}

type api struct{ in *intake.Intake }

func (a *api) take(c echo.Context) error {
	mode, err := modeOf(c.Request().Header)
	if err != nil {
		return err
	}
	receipt, err := a.in.Take(c, func(body []byte) (ingest.Batch, error) {
		var b ingest.Batch
		b.Messages, err = mode(c.Request().Header, body)
		return b, err
	})
	if err != nil {
		return err
	}
	if len(receipt.Rejected) > 0 && !isBatch(c.Request().Header) {
		return fault.New(fault.Invalid, "%s", receipt.Rejected[0].Reason)
	}
	return c.JSON(http.StatusOK, intake.SuccessOf(receipt))
}

// A reader reads the events of a request.
type reader func(header http.Header, body []byte) ([]signal.Message, error)

// modeOf returns what reads a request with that header.
func modeOf(header http.Header) (reader, error) {
	switch media := mediaType(header); {
	case media == structuredType:
		return structuredEvent, nil
	case media == batchType:
		return batchOfEvents, nil
	case !strings.HasPrefix(media, "application/cloudevents") && header.Get("Ce-Specversion") != "":
		return binaryEvent, nil
	default:
		return nil, echo.NewHTTPError(http.StatusUnsupportedMediaType,
			"Content-Type: send "+structuredType+" or "+batchType+", or any type with the headers ce-specversion, ce-id, ce-source and ce-type")
	}
}

const (
	structuredType = "application/cloudevents+json"
	batchType      = "application/cloudevents-batch+json"
)

func isBatch(header http.Header) bool { return mediaType(header) == batchType }

func mediaType(header http.Header) string {
	media, _, err := mime.ParseMediaType(header.Get(echo.HeaderContentType))
	if err != nil {
		return ""
	}
	return media
}

// shakeHands lets a sender of webhooks deliver, at any rate: it is told by 429
// when that is too fast. It answers the preflight of browsers, too.
func shakeHands(c echo.Context) error {
	request, header := c.Request().Header, c.Response().Header()
	header.Set(echo.HeaderAllow, "OPTIONS, POST")
	if request.Get(echo.HeaderAccessControlRequestMethod) != "" {
		header.Set(echo.HeaderAccessControlAllowMethods, "OPTIONS, POST")
	}
	if origin := request.Get("WebHook-Request-Origin"); origin != "" {
		header.Set("WebHook-Allowed-Origin", origin)
		header.Set("WebHook-Allowed-Rate", "*")
	}
	return c.NoContent(http.StatusNoContent)
}
