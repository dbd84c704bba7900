package ofrep

import (
	"errors"

	"github.com/labstack/echo/v4"

	"github.com/segue-dev/segue/internal/fault"
	"github.com/segue-dev/segue/internal/httpapi/reply"
)

// The error codes of the protocol.
const (
	parseError          = "PARSE_ERROR"
	targetingKeyMissing = "TARGETING_KEY_MISSING"
	invalidContext      = "INVALID_CONTEXT"
	flagNotFound        = "FLAG_NOT_FOUND"
	general             = "GENERAL"
)

// failure is the answer to an evaluation that failed. Providers take one
// without its members for a broken server.
type failure struct {
	Key          string `json:"key,omitempty"` // of the one flag that was asked for
	ErrorCode    string `json:"errorCode"`
	ErrorDetails string `json:"errorDetails,omitempty"`
}

// A refusal is an error that has a code of the protocol.
type refusal struct {
	code string
	why  *fault.Error
}

// Error returns what is wrong.
func (r *refusal) Error() string { return r.why.Error() }

// Unwrap returns the error that says the status.
func (r *refusal) Unwrap() error { return r.why }

func refuse(code string, err *fault.Error) error { return &refusal{code, err} }

func notFound(key string) error {
	return refuse(flagNotFound, fault.New(fault.NotFound,
		"there is no flag %q; GET /openfeature/v0/manifest lists all, and with a page in the context there are only the slots of that page", key))
}

// refusedBy puts an error of the resolver in the words of the protocol: what it
// does not understand, or does not find, was named by the context.
func refusedBy(err error) error {
	switch f, _ := errors.AsType[*fault.Error](err); fault.KindOf(err) {
	case fault.Invalid, fault.NotFound, fault.TooLarge:
		return refuse(invalidContext, fault.Wrap(fault.Invalid, err, "context: %s", f.Msg))
	default:
		return err
	}
}

// inProtocol answers failures of its routes in the form of the protocol.
func inProtocol(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		f := failure{ErrorCode: general}
		f.Key, _ = reply.Param(c, "key") // one that cannot be read is an error of the handler's
		form := reply.Form(func(p reply.Problem) any {
			f.ErrorDetails = p.Detail
			return f
		})
		return form(func(c echo.Context) error {
			err := next(c)
			if r, ok := errors.AsType[*refusal](err); ok {
				f.ErrorCode = r.code
			}
			return err
		})(c)
	}
}
