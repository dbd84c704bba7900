package query

import (
	"encoding/json"
	"fmt"
)

// A Space is what queries need to know besides the entities they choose from.
type Space struct {
	Locales []Locale                // exactly one is the default
	Types   map[string]*ContentType // by id, as the API asked shows them
	// Find returns what a link leads to, nil if the API asked does not show it.
	// A linkType is Entry or Asset.
	Find func(linkType, id string) *Entity
	// Narrower returns the ids of the taxonomy's concepts below one, at any
	// depth; nil = there is no taxonomy.
	Narrower func(concept string) []string
	// Published: answers have only the fields that types have and do not omit.
	Published bool
}

// A Locale is one of a space.
type Locale struct {
	Code     string
	Fallback string // the code of the locale whose value is taken for one that is missing; "" = none
	Default  bool
}

// A ContentType says which fields entries have.
type ContentType struct {
	ID     string
	Fields []Field
}

// A Field is one of a content type.
type Field struct {
	ID        string
	Type      string // Symbol, Text, RichText, Integer, Number, Date, Boolean, Object, Location, Link, ResourceLink, Array
	Items     string // of an Array: the type of its elements
	Localized bool
	Omitted   bool // not delivered
}

// ParseContentType reads the fields of a content type.
func ParseContentType(raw []byte) (*ContentType, error) {
	var wire struct {
		Sys struct {
			ID string `json:"id"`
		} `json:"sys"`
		Fields []struct {
			ID        string `json:"id"`
			Type      string `json:"type"`
			Localized bool   `json:"localized"`
			Omitted   bool   `json:"omitted"`
			Items     struct {
				Type string `json:"type"`
			} `json:"items"`
		} `json:"fields"`
	}
	if err := json.Unmarshal(raw, &wire); err != nil {
		return nil, fmt.Errorf("content type: %w", err)
	}
	ct := &ContentType{ID: wire.Sys.ID}
	for _, f := range wire.Fields {
		ct.Fields = append(ct.Fields, Field{f.ID, f.Type, f.Items.Type, f.Localized, f.Omitted})
	}
	return ct, nil
}

// assetType is what assets would be if they were entries.
var assetType = &ContentType{ID: "", Fields: []Field{
	{ID: "title", Type: "Symbol", Localized: true},
	{ID: "description", Type: "Text", Localized: true},
	{ID: "file", Type: "File", Localized: true},
}}

// field returns a field of t, nil if it has none of that id. A nil t has none.
func (t *ContentType) field(id string) *Field {
	if t == nil {
		return nil
	}
	for i := range t.Fields {
		if t.Fields[i].ID == id {
			return &t.Fields[i]
		}
	}
	return nil
}

// DefaultLocale returns the code of the default locale, "" if there is none.
func (s *Space) DefaultLocale() string {
	for _, l := range s.Locales {
		if l.Default {
			return l.Code
		}
	}
	return ""
}

// HasLocale reports whether the space has a locale.
func (s *Space) HasLocale(code string) bool {
	_, ok := s.locale(code)
	return ok
}

func (s *Space) locale(code string) (Locale, bool) {
	for _, l := range s.Locales {
		if l.Code == code {
			return l, true
		}
	}
	return Locale{}, false
}

// Value returns the value that a field has in a locale: its own, else that of
// the first of its fallbacks that has one. Fields that are not localized have
// the value of the default locale in all. It is nil if there is none.
func (s *Space) Value(e *Entity, field, locale string) json.RawMessage {
	if f := s.typeOf(e).field(field); f != nil && !f.Localized {
		return e.value(field, s.DefaultLocale())
	}
	for range s.Locales { // no more steps than that, should fallbacks run in a circle
		if value := e.value(field, locale); value != nil {
			return value
		}
		l, _ := s.locale(locale)
		if locale = l.Fallback; locale == "" {
			break
		}
	}
	return nil
}

// shows reports whether answers have a field of an entity.
func (s *Space) shows(e *Entity, field string) bool {
	t := s.typeOf(e)
	if !s.Published || t == nil {
		return true
	}
	f := t.field(field)
	return f != nil && !f.Omitted
}

// typeOf returns the content type of an entity, nil if it is not known.
func (s *Space) typeOf(e *Entity) *ContentType {
	if e.Type == "Asset" {
		return assetType
	}
	return s.Types[e.ContentType]
}
