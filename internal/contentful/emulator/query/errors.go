package query

import (
	"encoding/json"
	"strings"
)

// The ids of errors in a query; all are answered with status 400.
const (
	BadRequest   = "BadRequest"
	InvalidQuery = "InvalidQuery"
)

// An Error says what is wrong with a query, as the API words it.
type Error struct {
	ID      string // InvalidQuery or BadRequest
	Message string
	Details []Detail // may be empty
}

// A Detail is one mistake of a query.
type Detail struct {
	Name    string   `json:"name"`
	Path    []string `json:"path,omitempty"`
	Type    string   `json:"type,omitempty"`
	Details string   `json:"details,omitempty"`
	Value   string   `json:"value,omitempty"`
}

// Error returns the message and the details.
func (e *Error) Error() string {
	text := e.ID + ": " + e.Message
	if len(e.Details) > 0 {
		details, _ := json.Marshal(e.Details) // strings always encode
		text += " " + string(details)
	}
	return text
}

func invalid(d Detail) error {
	return &Error{
		ID:      InvalidQuery,
		Message: "The query you sent was invalid. Probably a filter or ordering specification is not applicable to the type of a field.",
		Details: []Detail{d},
	}
}

func unknown(path string) error {
	return invalid(Detail{Name: "unknown", Path: strings.Split(path, "."), Details: `The path "` + path + `" is not recognized`})
}

func badValue(name, value, want string) error {
	return invalid(Detail{Name: name, Path: []string{name}, Value: value, Details: want})
}

func badRequest(message string) error { return &Error{ID: BadRequest, Message: message} }

func contentTypeRequired() error {
	return badRequest(`A Content Type ID is required. When querying for Entries and involving fields you need to limit your query to a specific Content Type. ` +
		`Please send a Content Type ID (not the name) as the URI query parameter "content_type".`)
}
