// Package fault names what the caller of Segue can do about an error.
//
// An error's kind is for the program, its message for the person, its cause
// for the log. Errors are given a kind where they are understood, wrapped with
// %w on the way, and answered in one place of each adapter.
package fault

import (
	"errors"
	"fmt"
)

// A Kind says what the caller can do about an error.
type Kind string

// The kinds.
const (
	Invalid      Kind = "invalid"      // mend the request
	Unauthorized Kind = "unauthorized" // say who you are: a key or a signature is missing
	Forbidden    Kind = "forbidden"    // ask with the right key or signature
	NotFound     Kind = "not-found"    // ask for something that exists
	TooLarge     Kind = "too-large"    // send less
	Overloaded   Kind = "overloaded"   // send it again, later
	Unavailable  Kind = "unavailable"  // a part we need is down: send it again
	Internal     Kind = "internal"     // nothing: the mistake is ours
)

// An Error has a message that is safe to show and a cause that is only logged.
type Error struct {
	Kind  Kind
	Msg   string
	Cause error // may be nil
}

// Error returns the message, followed by the cause if there is one.
func (e *Error) Error() string {
	if e.Cause == nil {
		return e.Msg
	}
	return e.Msg + ": " + e.Cause.Error()
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Cause }

// New returns an error of kind with a formatted message.
func New(kind Kind, format string, args ...any) *Error {
	return &Error{Kind: kind, Msg: fmt.Sprintf(format, args...)}
}

// Wrap returns an error of kind with a formatted message and a cause.
func Wrap(kind Kind, cause error, format string, args ...any) *Error {
	return &Error{Kind: kind, Msg: fmt.Sprintf(format, args...), Cause: cause}
}

// KindOf returns the kind of the outermost Error in err's tree, and Internal
// for any other error. It is empty for a nil error.
func KindOf(err error) Kind {
	if err == nil {
		return ""
	}
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Kind
	}
	return Internal
}
