// Package reply is what all HTTP dialects share: how a request's body and path
// are read within bounds, and how an error becomes an answer.
//
// The rule it upholds: Fail is the only place where an error becomes an answer.
// A dialect may give that answer its own form, never its own meaning.
package reply

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strconv"

	"github.com/labstack/echo/v4"

	"github.com/segue-dev/segue/internal/fault"
)

// A Problem is the answer to a request that failed, as RFC 9457 has it.
type Problem struct {
	Type     string `json:"type"`     // always about:blank: the title says it all
	Title    string `json:"title"`    // the status in words
	Status   int    `json:"status"`   // of the HTTP answer
	Detail   string `json:"detail"`   // what is wrong and what would mend it; safe to show
	Instance string `json:"instance"` // names the request in our log
	Code     string `json:"code"`     // a fault.Kind, or "http" for what HTTP itself forbids
}

// RetrySeconds is the pause that Retry-After asks of clients when we are
// overloaded or a part of us is down.
const RetrySeconds = 2

// statusClientGone says that the caller hung up before the answer; it is what
// nginx calls 499, and nobody reads it but our metrics.
const statusClientGone = 499

const formKey = "segue.form"

// Form returns a middleware that answers the failures of its routes with what
// form makes of them, as JSON, instead of a Problem.
func Form(form func(Problem) any) echo.MiddlewareFunc {
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			c.Set(formKey, form)
			return next(c)
		}
	}
}

// Fail returns the error handler of all listeners. What is our fault is logged
// with its cause; what is the caller's is told to the caller only.
func Fail(log *slog.Logger) echo.HTTPErrorHandler {
	return func(err error, c echo.Context) {
		if c.Response().Committed {
			return
		}
		if errors.Is(err, context.Canceled) && c.Request().Context().Err() != nil {
			c.Response().WriteHeader(statusClientGone) // for the metrics only
			return
		}
		p := problemOf(err)
		p.Instance = "urn:segue:request:" + c.Response().Header().Get(echo.HeaderXRequestID)
		if p.Status >= http.StatusInternalServerError {
			log.ErrorContext(c.Request().Context(), "request failed", "method", c.Request().Method,
				"route", c.Path(), "status", p.Status, "err", err, "request", c.Response().Header().Get(echo.HeaderXRequestID))
		}
		answer(p, c)
	}
}

// answer writes p. An error of writing is not ours to handle: the client is
// gone.
func answer(p Problem, c echo.Context) {
	header := c.Response().Header()
	header.Set(echo.HeaderCacheControl, "no-store")
	if p.Status == http.StatusServiceUnavailable || p.Status == http.StatusTooManyRequests {
		header.Set(echo.HeaderRetryAfter, strconv.Itoa(RetrySeconds))
	}
	if form, ok := c.Get(formKey).(func(Problem) any); ok {
		_ = c.JSON(p.Status, form(p))
		return
	}
	header.Set(echo.HeaderContentType, "application/problem+json")
	_ = c.JSON(p.Status, p)
}

var statusOf = map[fault.Kind]int{
	fault.Invalid:      http.StatusBadRequest,
	fault.Unauthorized: http.StatusUnauthorized,
	fault.Forbidden:    http.StatusForbidden,
	fault.NotFound:     http.StatusNotFound,
	fault.TooLarge:     http.StatusRequestEntityTooLarge,
	fault.Overloaded:   http.StatusTooManyRequests,
	fault.Unavailable:  http.StatusServiceUnavailable,
	fault.Internal:     http.StatusInternalServerError,
}

func problemOf(err error) Problem {
	p := Problem{Type: "about:blank", Code: string(fault.Internal), Status: http.StatusInternalServerError}
	if f, ok := errors.AsType[*fault.Error](err); ok {
		p.Code, p.Status, p.Detail = string(f.Kind), statusOf[f.Kind], f.Msg
	} else if h, ok := errors.AsType[*echo.HTTPError](err); ok {
		p.Code, p.Status, p.Detail = "http", h.Code, detailOf(h)
	}
	p.Title = http.StatusText(p.Status)
	if p.Detail == "" || p.Code == string(fault.Internal) {
		p.Detail = "The mistake is ours; the log has its cause."
	}
	return p
}

func detailOf(h *echo.HTTPError) string {
	switch h.Code {
	case http.StatusNotFound:
		return "There is no such route; GET /v1/openapi.yaml lists them all."
	case http.StatusMethodNotAllowed:
		return "The route exists, but not for this method; Allow names those it has."
	default:
		text, _ := h.Message.(string)
		return text
	}
}
