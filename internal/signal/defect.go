package signal

import "github.com/segue-dev/segue/internal/fault"

// A Code is the sort of a defect: one of a fixed few, fit to label a metric.
type Code string

// The codes.
const (
	Malformed   Code = "malformed"    // not what the field should hold
	TooBig      Code = "too-big"      // over one of the bounds
	NoVisitor   Code = "no-visitor"   // neither an anonymous nor a user id
	NoEvent     Code = "no-event"     // a track that does not say what happened
	UnknownType Code = "unknown-type" // no type, or none that we know
	BadID       Code = "bad-id"       // an id that cannot be one
	BadTime     Code = "bad-time"     // a time that cannot be read
)

// A Defect is what is wrong with a message: an error that names the field and
// says how to mend it. It wraps a *fault.Error, which gives its kind.
type Defect struct {
	Code  Code
	Field string // path in the message, such as "properties.price"; empty for the whole
	fault *fault.Error
}

// Error returns the field and what is wrong with it; it is safe to show.
func (d *Defect) Error() string { return d.fault.Error() }

// Unwrap returns the *fault.Error.
func (d *Defect) Unwrap() error { return d.fault }

// NewDefect returns a defect of the field at that path, or of the whole message
// if field is empty. The formatted text follows the field's name and should end
// with what would mend it.
func NewDefect(code Code, field, format string, args ...any) *Defect {
	kind := fault.Invalid
	if code == TooBig {
		kind = fault.TooLarge
	}
	if field != "" {
		format = field + ": " + format
	}
	return &Defect{Code: code, Field: field, fault: fault.New(kind, format, args...)}
}
