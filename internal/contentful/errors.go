package contentful

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
)

// An ErrorID is the kind of an error that the API answers with: its sys.id.
// Test for one with errors.Is(err, contentful.NotFound).
type ErrorID string

// Error returns the id.
func (id ErrorID) Error() string { return string(id) }

// The ids that callers act upon; the API knows more.
const (
	AccessTokenInvalid ErrorID = "AccessTokenInvalid"
	AccessDenied       ErrorID = "AccessDenied"
	BadRequest         ErrorID = "BadRequest"
	InvalidQuery       ErrorID = "InvalidQuery"
	NotFound           ErrorID = "NotFound"
	RateLimitExceeded  ErrorID = "RateLimitExceeded"
	ServerError        ErrorID = "ServerError"
	ValidationFailed   ErrorID = "ValidationFailed"
	VersionMismatch    ErrorID = "VersionMismatch"
)

// An Error is an answer of the API that says what it could not do.
type Error struct {
	Method, Path string // of the request; the path has no query
	Status       int    // of HTTP
	ID           ErrorID
	Message      string
	Details      json.RawMessage // may be nil
	RequestID    string          // for Contentful's support
	access       string          // the API the token is for: delivery, preview or management
}

// Error returns what was asked, the id, the message and the details, and what to
// look at where that is known.
func (e *Error) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s: %d %s", e.Method, e.Path, e.Status, e.ID)
	if e.Message != "" {
		fmt.Fprintf(&b, ": %s", e.Message)
	}
	if len(e.Details) > 0 && string(e.Details) != "{}" {
		fmt.Fprintf(&b, " %s", e.Details)
	}
	if e.RequestID != "" {
		fmt.Fprintf(&b, " (request %s)", e.RequestID)
	}
	b.WriteString(e.advice())
	return b.String()
}

// advice says what to look at where what the API says does not.
func (e *Error) advice() string {
	var wire struct {
		Type string `json:"type"`
		Sys  struct {
			Type string `json:"type"`
		} `json:"sys"`
	}
	_ = json.Unmarshal(e.Details, &wire) // details of another form are of something else
	missing := cmp.Or(wire.Type, wire.Sys.Type)
	switch {
	case e.access == "":
		return ""
	case e.ID == AccessTokenInvalid:
		return fmt.Sprintf(": is the %s token right, of this space, and not revoked?", e.access)
	case e.ID == NotFound && (missing == "Space" || missing == "Environment"):
		return fmt.Sprintf(": are space and environment right, and may the %s token read them?", e.access)
	default:
		return ""
	}
}

// Is reports whether target is the id of e.
func (e *Error) Is(target error) bool {
	id, ok := target.(ErrorID)
	return ok && e.ID == id
}

// Unavailable is the reason of an error that no answer of the API is.
const Unavailable = "Unavailable"

// Reason names an error in a word that is not confidential: the id that the API
// gave it if this package knows it, "Other" for other ids, and Unavailable if
// the API could not be asked.
func Reason(err error) string {
	e, ok := errors.AsType[*Error](err)
	switch {
	case !ok:
		return Unavailable
	case slices.Contains(known, e.ID):
		return string(e.ID)
	default:
		return "Other"
	}
}

// known are the ids that have names here.
var known = []ErrorID{
	AccessTokenInvalid, AccessDenied, BadRequest, InvalidQuery, NotFound, RateLimitExceeded, ServerError, ValidationFailed, VersionMismatch,
}

// tooBig reports whether err says that an answer would have been above the
// limit of 7 MB, so that a smaller page may do.
func tooBig(err error) bool {
	e, ok := errors.AsType[*Error](err)
	return ok && e.ID == BadRequest && strings.Contains(e.Message, "Response size too big")
}

// idOfStatus names errors whose bodies do not: those of proxies on the way.
func idOfStatus(status int) ErrorID {
	switch status {
	case http.StatusUnauthorized:
		return AccessTokenInvalid
	case http.StatusForbidden:
		return AccessDenied
	case http.StatusNotFound:
		return NotFound
	case http.StatusTooManyRequests:
		return RateLimitExceeded
	}
	if status >= http.StatusInternalServerError {
		return ServerError
	}
	return BadRequest
}

// newError reads the body of an answer that is an error.
func newError(method, path string, resp *http.Response, body []byte) *Error {
	var wire struct {
		Sys struct {
			ID ErrorID `json:"id"`
		} `json:"sys"`
		Message   string          `json:"message"`
		RequestID string          `json:"requestId"`
		Details   json.RawMessage `json:"details"`
	}
	if json.Unmarshal(body, &wire) != nil || wire.Sys.ID == "" {
		wire.Sys.ID = idOfStatus(resp.StatusCode)
	}
	if wire.RequestID == "" {
		wire.RequestID = resp.Header.Get("X-Contentful-Request-Id")
	}
	return &Error{
		Method: method, Path: path, Status: resp.StatusCode,
		ID: wire.Sys.ID, Message: wire.Message, Details: wire.Details, RequestID: wire.RequestID,
	}
}
