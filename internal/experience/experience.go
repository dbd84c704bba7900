// Package experience is what editors arranged: for one audience, which
// variants replace which components, in which shares, with which holdout.
//
// The rule it upholds: who gets which variant depends on the arrangement and
// the visitor's stable id alone, so nothing about an assignment is stored. A
// sticky experience depends on what the visitor has seen besides.
//
// It knows nothing of any CMS; package contentful fills it from nt_* entries,
// and files under config/experiences say the same.
package experience

import (
	"cmp"
	"encoding/json"

	"github.com/segue-dev/segue/internal/experience/bucket"
)

// A Kind says what an experience is for. They are assigned alike; the kind
// names index 0: the holdout of a personalization, the control of an
// experiment.
type Kind uint8

// The kinds.
const (
	Personalization Kind = iota
	Experiment
)

// An Experience is one arrangement of variants for one audience.
type Experience struct {
	ID           string // nt_experience_id: what the wire and the hash use
	Entry        string // id of the CMS entry it came from; "" if none
	Name         string
	Kind         Kind
	Audience     string  // key of a segment; "" = everybody
	Traffic      float64 // share of the audience that is taken in, 0 to 1
	Distribution []Range // by the value of bucket.Distribution; index 0 = baseline
	Sticky       bool    // once seen, a visitor keeps the variant
	// Bucket is the id by which visitors are placed; "" = ID. An experience that
	// takes the place of another, after segments were merged, split or renamed,
	// has the other's, so that nobody is assigned anew.
	Bucket     string
	Components []Component
	Variables  []Variable
}

// A Component is one slot of an experience: Variants[k-1] replaces Baseline at
// index k. An index beyond the variants leaves the baseline in place.
type Component struct {
	Baseline string // entry id
	Hidden   bool   // index 0 renders nothing, instead of the baseline
	Variants []Variant
}

// A Variant is what a slot shows instead of its baseline.
type Variant struct {
	Entry  string // entry id; "" if Hidden
	Hidden bool   // render nothing
}

// A Variable is a value that a variant sets without replacing content: Values[0]
// is the baseline's, Values[k] the k-th variant's. An index beyond the values
// has the baseline's.
type Variable struct {
	Key    string
	Values []json.RawMessage // never empty
}

// At returns the value at an index.
func (v *Variable) At(index int) json.RawMessage {
	if index < len(v.Values) {
		return v.Values[index]
	}
	return v.Values[0]
}

// Has reports whether e has anything at an index: it is the baseline's, or some
// component or variable has a variant there.
func (e *Experience) Has(index int) bool {
	for i := range e.Components {
		if index <= len(e.Components[i].Variants) {
			return true
		}
	}
	for i := range e.Variables {
		if index < len(e.Variables[i].Values) {
			return true
		}
	}
	return index == 0
}

// Assign returns the index that e gives to a visitor of its audience, and
// whether e takes the visitor in at all. Of several ranges that hold the
// visitor's place the first counts; a place in no range has index 0.
func (e *Experience) Assign(stableID string) (index int, in bool) {
	by := cmp.Or(e.Bucket, e.ID)
	if e.Traffic <= bucket.Traffic(by, stableID) {
		return 0, false
	}
	place := bucket.Distribution(by, stableID)
	for _, r := range e.Distribution {
		if r.Start <= place && place <= r.End {
			return r.Index, true
		}
	}
	return 0, true
}
