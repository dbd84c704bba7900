package content

import (
	"encoding/json"

	"github.com/segue-dev/segue/internal/rawjson"
)

// A State says whether an entry may be served.
type State uint8

// The states.
const (
	Published State = iota
	Changed         // published, and edited since: an export made with a management token holds the draft values
	Draft           // never published: not served
	Archived        // not served
)

// String returns the word for the state that messages use.
func (s State) String() string {
	return [...]string{"published", "changed", "draft", "archived"}[s]
}

// An Entry is one piece of content. It belongs to its snapshot and is not to
// be changed.
type Entry struct {
	ID    string
	Type  string // content type id
	State State

	locales  *locales
	withheld []bool // by locale: its values are drafts; nil = none
	head     []byte // `{…`: sys, open for more members
	metadata []byte // `{…}`, or empty
	fields   []field
	tags     []*mergeTag // by locale; nil unless the entry is a merge tag
	topics   []string    // tags and concepts, and all that are broader
	slugs    []string    // by locale, with a leading slash; nil = none in any
	doubts   []Finding   // that do not depend on other entries
	sum      sum
}

// A field is one field of an entry, in the order of the content type.
type field struct {
	*fieldForm
	at []*value // by locale, fallbacks applied; nil = no value
}

// A value is one field value: as it came, and ready for composition.
type value struct {
	raw  []byte
	body *fragment // nil = raw is copied
}

// eachLink calls visit with the links of a value, in order.
func (v *value) eachLink(visit func(*link)) {
	if v.body != nil {
		v.body.eachLink(visit)
	}
}

// Field returns the raw JSON of a field in locale, following the locale's
// fallback chain. A field that is not localized has the default locale's value
// in every locale. The result is shared: it must not be changed.
func (e *Entry) Field(id, locale string) (json.RawMessage, bool) {
	at, ok := e.locales.find(locale)
	if !ok {
		return nil, false
	}
	for i := range e.fields {
		if f := &e.fields[i]; f.id == id && f.at[at] != nil {
			return f.at[at].raw, true
		}
	}
	return nil, false
}

// text returns a field that holds a JSON string, and "" for any other.
func (e *Entry) text(id string, locale int) string {
	raw, _ := e.Field(id, e.locales.codes[locale])
	return rawjson.Unquote(raw)
}

// served reports whether e may be shown in a locale: it is published, and so
// is the locale or a fallback of it.
func (e *Entry) served(locale int) bool {
	if e.State == Draft || e.State == Archived {
		return false
	}
	if e.withheld == nil {
		return true
	}
	for _, at := range e.locales.chains[locale] {
		if !e.withheld[at] {
			return true
		}
	}
	return false
}

// translated reports whether e has something to say in a locale, or nothing
// that depends on one.
func (e *Entry) translated(locale int) bool {
	some := false
	for i := range e.fields {
		f := &e.fields[i]
		if !f.localized {
			continue
		}
		if f.at[locale] != nil {
			return true
		}
		some = some || f.filled()
	}
	return !some
}

// filled reports whether the field has a value in any locale.
func (f *field) filled() bool {
	for _, v := range f.at {
		if v != nil {
			return true
		}
	}
	return false
}
