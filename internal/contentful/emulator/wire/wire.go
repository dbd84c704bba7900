// Package wire is how every API of the Contentful stand-in answers: JSON, a
// request id, and errors in Contentful's form, whose sys.id clients go by.
package wire

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
)

// The media types.
const (
	DeliveryType   = "application/vnd.contentful.delivery.v1+json"
	ManagementType = "application/vnd.contentful.management.v1+json"
)

// An Error is an answer other than what was asked for.
type Error struct {
	Status  int
	ID      string // sys.id, e.g. "NotFound"
	Message string
	Details any // nil = none
}

// Error returns id and message.
func (e *Error) Error() string { return e.ID + ": " + e.Message }

// Errorf returns an Error without details.
func Errorf(status int, id, format string, args ...any) *Error {
	return &Error{Status: status, ID: id, Message: fmt.Sprintf(format, args...)}
}

// NotFound returns the error of something that is not there; kind is its
// sys.type.
func NotFound(kind, id, space, environment string) *Error {
	details := map[string]any{"type": kind, "id": id}
	if space != "" {
		details["space"] = space
	}
	if environment != "" {
		details["environment"] = environment
	}
	return &Error{http.StatusNotFound, "NotFound", "The resource could not be found.", details}
}

// UnknownRoute returns the error of a path that no API has.
func UnknownRoute() *Error {
	return Errorf(http.StatusNotFound, "UnknownRoute", "The requested route could not be found.")
}

// Unauthorized returns the error of a token that is missing or of another API.
func Unauthorized() *Error {
	return Errorf(http.StatusUnauthorized, "AccessTokenInvalid", "The access token you sent could not be found or is invalid.")
}

// Token returns the token that a request was sent with.
func Token(r *http.Request) string {
	if token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer "); ok {
		return strings.TrimSpace(token)
	}
	return r.URL.Query().Get("access_token")
}

// requestID is the header that names a request.
const requestID = "X-Contentful-Request-Id"

// Identify gives the answer a request id and returns it.
func Identify(w http.ResponseWriter) string {
	if id := w.Header().Get(requestID); id != "" {
		return id
	}
	id := strings.ToLower(rand.Text())
	w.Header().Set(requestID, id)
	return id
}

// Fail answers with an error.
func Fail(w http.ResponseWriter, mediaType string, e *Error) {
	body := map[string]any{
		"sys":       map[string]any{"type": "Error", "id": e.ID},
		"message":   e.Message,
		"requestId": Identify(w),
	}
	if e.Details != nil {
		body["details"] = e.Details
	}
	Reply(w, mediaType, e.Status, body)
}

// Reply answers with JSON.
func Reply(w http.ResponseWriter, mediaType string, status int, body any) {
	Identify(w)
	encoded, err := json.Marshal(body)
	if err != nil { // a body of ours always encodes
		panic(err)
	}
	w.Header().Set("Content-Type", mediaType)
	w.WriteHeader(status)
	_, _ = w.Write(encoded) // the client is gone if this fails
}
