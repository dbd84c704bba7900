package syntax

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/segue-dev/segue/internal/fault"
)

// An Error is one mistake in a source: where it is, what is wrong and what to
// write instead. It is a fault of kind Invalid.
type Error struct {
	Pos  Pos
	Path string // in a rule written as JSON, the JSON pointer of the place; else ""
	Msg  string
}

// Error returns "file:line:column: message"; a rule written as JSON has
// "at PATH" before the message.
func (e *Error) Error() string {
	if e.Path != "" {
		return fmt.Sprintf("%s: at %s: %s", e.Pos, e.Path, e.Msg)
	}
	return fmt.Sprintf("%s: %s", e.Pos, e.Msg)
}

// Unwrap returns the same message as a fault of kind Invalid.
func (e *Error) Unwrap() error { return fault.New(fault.Invalid, "%s", e.Error()) }

// Errors are all the mistakes of one or more sources, by file, line and
// column. Every error that this package returns for a source is an Errors.
type Errors []*Error

// Error returns one line for each mistake.
func (e Errors) Error() string {
	lines := make([]string, len(e))
	for i, item := range e {
		lines[i] = item.Error()
	}
	return strings.Join(lines, "\n")
}

// Unwrap returns the mistakes, for errors.As.
func (e Errors) Unwrap() []error {
	items := make([]error, len(e))
	for i, item := range e {
		items[i] = item
	}
	return items
}

// sorted returns e in order of place as an error, and nil if it is empty.
func (e Errors) sorted() error {
	if len(e) == 0 {
		return nil
	}
	slices.SortStableFunc(e, func(a, b *Error) int {
		return cmp.Or(
			strings.Compare(a.Pos.File, b.Pos.File),
			cmp.Compare(a.Pos.Line, b.Pos.Line),
			cmp.Compare(a.Pos.Column, b.Pos.Column),
		)
	})
	return e
}
