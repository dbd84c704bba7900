package cma

import (
	"fmt"
	"net/http"

	"github.com/segue-dev/segue/internal/contentful/emulator/store"
	"github.com/segue-dev/segue/internal/contentful/emulator/wire"
)

// A problem is one mistake, as the details of an error list them.
type problem struct {
	Name    string       `json:"name"` // of what is not met, e.g. "required"
	Path    []any        `json:"path"`
	Details string       `json:"details,omitempty"`
	Value   any          `json:"value,omitempty"`
	Type    string       `json:"type,omitempty"`
	Min     any          `json:"min,omitempty"`
	Max     any          `json:"max,omitempty"`
	Pattern string       `json:"pattern,omitempty"`
	Allowed any          `json:"expected,omitempty"`
	Link    store.Object `json:"link,omitempty"`
	Types   any          `json:"contentTypeId,omitempty"`
}

// invalid is the error of content with mistakes.
func invalid(id string, problems ...problem) error {
	message := "Validation error"
	if len(problems) == 1 && problems[0].Details != "" {
		message += ": " + problems[0].Details
	}
	return &wire.Error{
		Status: http.StatusUnprocessableEntity, ID: id, Message: message,
		Details: store.Object{"errors": problems},
	}
}

func required(path []any) problem {
	return problem{Name: "required", Path: path, Details: fmt.Sprintf("The property %q is required here", path[len(path)-1])}
}

func wrongType(want string, value any, path []any) problem {
	return problem{Name: "type", Type: want, Value: value, Path: path, Details: fmt.Sprintf("The type of \"value\" is incorrect, expected type: %s", want)}
}

func unknownProperty(name string, value any, path []any) problem {
	return problem{Name: "unknown", Value: value, Path: path, Details: fmt.Sprintf("The property %q is not allowed here.", name)}
}
