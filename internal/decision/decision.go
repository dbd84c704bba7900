// Package decision turns memberships into choices: which experiences a visitor
// is in, what each slot of a page shows, and why.
//
// The rule it upholds: a decision is a pure function of the catalog, the
// memberships and the visitor's stable id, and every choice carries its reason.
//
// A slot is given to the first experience that applies to the visitor and has
// something to show there. The holdout of a personalization and the control of
// an experiment apply: they keep the baseline, and no other experience gets the
// slot, for a holdout that sees something else is none. So does an index for
// which the experience has no variant of this slot. An experience that does not
// take the visitor in, or whose variant cannot be published, leaves the slot to
// the next.
//
// Who has seen a variant of a sticky experience keeps it, whatever has become of
// the audience, the traffic and the shares since, as long as the experience has
// that variant.
package decision

import (
	"encoding/json"
	"slices"

	"github.com/segue-dev/segue/internal/experience"
)

// A Reason says why a slot shows what it shows, or why an experience gave the
// index it gave.
type Reason string

// The reasons.
const (
	BySegment    Reason = "segment"        // the visitor is in the experience's segment
	Everyone     Reason = "everyone"       // the experience is for everybody
	Holdout      Reason = "holdout"        // index 0 of a personalization, or held out of everything
	Control      Reason = "control"        // index 0 of an experiment
	Sticky       Reason = "sticky"         // seen before, and kept
	NotInTraffic Reason = "not-in-traffic" // eligible, but outside the traffic share
	NoVariant    Reason = "no-variant"     // eligible, but nothing publishable to show
	NoConsent    Reason = "no-consent"     // eligible, but for the lack of consent
	Default      Reason = "default"        // no experience applies
	Timeout      Reason = "timeout"        // not decided in time
)

// A Visitor is what a decision needs to know of a visitor.
type Visitor struct {
	StableID string                     // what the assignment hash goes by
	Member   func(audience string) bool // whether the visitor is in a segment
	// Seen returns the index of an experience that the visitor saw first; ok is
	// false if they have seen none. Nil says that they have seen nothing.
	Seen func(experience string) (index int, ok bool)
	// HeldOut says that the visitor is held out of all experiences.
	HeldOut bool
}

// A Decision is what one visitor gets.
type Decision struct {
	Slots       []Slot       // in the plan's order
	Experiences []Assignment // every experience the visitor is in, in order of id
	Variables   []Variable   // in order of key, each key once

	places []place // of the visitor in the catalog's experiences
}

// A place is the index that an experience gives a visitor, or why it gives
// none.
type place struct {
	index int
	kept  bool // because they have seen it
}

// in reports whether the experience gives the visitor an index.
func (p place) in() bool { return p.index >= 0 }

// The indexes of those to whom an experience gives none.
const (
	notMember    = -1
	notInTraffic = -2
)

// Same reports whether d and e show the same: slot for slot the same choice.
// Two experiences that show one entry are different choices, for what is shown
// names its experience; baselines are all the same, whatever left them there.
func (d *Decision) Same(e *Decision) bool {
	if len(d.Slots) != len(e.Slots) {
		return false
	}
	for i := range d.Slots {
		if !d.Slots[i].shows(&e.Slots[i]) {
			return false
		}
	}
	return true
}

// SameVariables reports whether the variables of d and e are set alike, by the
// same experiences at the same index.
func (d *Decision) SameVariables(e *Decision) bool {
	return slices.EqualFunc(d.Variables, e.Variables, func(v, w Variable) bool {
		return v.Key == w.Key && v.Experience == w.Experience && v.Variant == w.Variant
	})
}

// A Slot is the choice for one baseline.
type Slot struct {
	Baseline   string
	Variant    int    // 0 = the baseline itself
	Entry      string // what to show; "" if Hidden
	Hidden     bool   // render nothing
	Experience string // whose choice it is, index 0 included; "" = none applies
	Segment    string // whose experience it is; "" = everybody's or none
	Reason     Reason
}

// replaced reports whether s shows anything but its plain baseline.
func (s *Slot) replaced() bool { return s.Variant != 0 || s.Hidden }

func (s *Slot) shows(t *Slot) bool {
	if s.Baseline != t.Baseline || s.replaced() != t.replaced() {
		return false
	}
	return !s.replaced() || s.Experience == t.Experience && s.Variant == t.Variant
}

// An Assignment is the place of a visitor in one experience.
type Assignment struct {
	Experience *experience.Experience
	Variant    int
	Segment    string // "" = everybody's
	Reason     Reason
	Sticky     bool // once seen, the visitor keeps the variant
}

// A Variable is a value that an experience sets for the visitor. When several
// set one key, that of the greater priority counts, then that of the lesser id.
type Variable struct {
	Key        string
	Value      json.RawMessage
	Experience string
	Variant    int
}
