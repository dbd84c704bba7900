// Package measure is whether personalization pays: who took part in which
// experience, as a member of which segment, and what they did then.
//
// The rule it upholds: counters are the sum of what records say. What a visitor
// contributes is a pure function of their record, and every change of a record
// moves the counters by the difference, in the same atomic step. So the order,
// repetition and lateness of signals make no difference, joining two visitors
// makes one participant of two, and counting anew (Recount) gives the same.
//
// # Participation
//
// A visitor takes part in an experience from its first exposure on: a component
// signal, or the track event Experience Viewed. The segment they are counted in
// is their current micro-segment as of that instant: the rules in force when it
// is first measured, over the signals up to it. It is kept in the record, and
// asked again only if a signal turns up that came before the exposure, while the
// same rules are in force. What happens after an exposure never moves a visitor
// from one segment to another.
//
// A visitor who has seen two variants of one experience says nothing about
// either. They are counted apart, as mixed.
//
// # Metrics
//
// A Metric is about the signals that follow the first exposure, within a window.
// Values are integers: counts, or amounts in the least unit that the metric
// keeps (Metric.Decimals). What signals have said stays in the record's totals
// when they leave the log. An edited metric is another one: it is counted anew
// from the logs there are.
//
// Bounded records are the limit of all this: an exposure that turns up after
// signals have left the log does not hear of those.
package measure

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math"
	"regexp"
	"time"

	"github.com/segue-dev/segue/internal/fault"
	"github.com/segue-dev/segue/internal/segment/syntax"
)

// A Kind says what a metric makes of its signals.
type Kind string

// The kinds.
const (
	Conversion Kind = "conversion" // 1 for a visitor with a signal, else 0
	Count      Kind = "count"      // how many signals
	Sum        Kind = "sum"        // of Property
	Ratio      Kind = "ratio"      // of a count, or a sum of Property, to the count of Per
)

// A Metric is what counts as success, or as harm.
type Metric struct {
	Key       string // [a-z0-9-]
	Name      string
	Kind      Kind
	Of        syntax.Match
	Property  string        // of Sum and, if it is a sum that is divided, Ratio
	Per       syntax.Match  // of Ratio
	Decimals  int           // of values: 2 keeps cents; 0 to 6
	Cap       float64       // a visitor counts for no more than this; 0 = no cap. Set before looking at results
	Window    time.Duration // after the first exposure
	Before    time.Duration // before it: the same of this time makes estimates sharper (CUPED); 0 = not used
	Down      bool          // less is better
	Guardrail bool          // must not get worse, whatever the others do
	Worth     float64       // of one conversion, or of 1 of the sum, in the currency of costs; 0 = unknown
	Margin    float64       // relative difference that matters in practice; 0 = 0.1
	Pos       syntax.Pos
}

// Bounds of metrics.
const (
	MaxMetrics    = 32
	maxDecimals   = 6
	defaultMargin = 0.1

	// maxValue bounds what one signal adds, in the metric's least unit, so that
	// no sum of a visitor overflows.
	maxValue = 1_000_000_000_000
)

var keyPattern = regexp.MustCompile(`^[a-z0-9-]+$`)

// Check returns a fault.Invalid that says what is wrong with m and how to mend
// it, or nil.
func (m *Metric) Check() error {
	fail := func(format string, args ...any) error {
		return fault.New(fault.Invalid, "metric %q: %s", m.Key, fmt.Sprintf(format, args...))
	}
	sums := m.Kind == Sum || m.Kind == Ratio
	switch {
	case !keyPattern.MatchString(m.Key):
		return fail("a key has lower-case letters, digits and hyphens only")
	case m.Kind != Conversion && m.Kind != Count && !sums:
		return fail("kind: %q is none of conversion, count, sum and ratio", string(m.Kind))
	case len(m.Of.Events) == 0:
		return fail("event: name the event that counts")
	case m.Kind == Sum && m.Property == "":
		return fail("property: name the property that is summed up, such as revenue")
	case !sums && m.Property != "":
		return fail("property: a %s has no use for %q; the kind sum has", string(m.Kind), m.Property)
	case (m.Kind == Ratio) != (len(m.Per.Events) > 0):
		return fail("per: a ratio needs the event that it is divided by, and no other kind has one")
	case m.Decimals < 0 || m.Decimals > maxDecimals:
		return fail("decimals: from 0 to %d", maxDecimals)
	case m.Cap < 0 || m.Cap*m.Unit() > maxValue:
		return fail("cap: from 0, which is none, to %g", maxValue/m.Unit())
	case m.Window <= 0:
		return fail("window: give the time after an exposure in which it counts, such as 7d")
	case m.Before < 0 || m.Margin < 0 || m.Worth < 0:
		return fail("before, margin and value are not negative")
	}
	return nil
}

// Unit is how many of the integers that are counted make 1 of what people read:
// 100 if cents are counted.
func (m *Metric) Unit() float64 { return math.Pow10(m.Decimals) }

// ID names the metric and what it counts: it changes when the latter does, but
// not with names, values and margins.
func (m *Metric) ID() string {
	h := sha256.New()
	fmt.Fprintf(h, "%s %s %s %d %g %d %d;", m.Kind, spelled(m.Of), m.Property, m.Decimals, m.Cap, m.Window, m.Before)
	if m.Kind == Ratio {
		fmt.Fprint(h, spelled(m.Per))
	}
	return m.Key + "~" + hex.EncodeToString(h.Sum(nil))[:8]
}

// spelled returns a match as text, without places.
func spelled(m syntax.Match) string { return syntax.Format(syntax.Never{Match: m}) }

// PracticalMargin is the relative difference that matters in practice.
func (m *Metric) PracticalMargin() float64 {
	if m.Margin == 0 {
		return defaultMargin
	}
	return m.Margin
}
