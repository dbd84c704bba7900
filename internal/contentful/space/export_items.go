package space

import (
	"bytes"
	"encoding/json"
	"slices"

	"github.com/segue-dev/segue/internal/content"
	"github.com/segue-dev/segue/internal/fault"
)

// An identified item of an export can be named in messages.
type identified interface{ identity() string }

// A localeItem is an item of locales.
type localeItem struct {
	Code         string `json:"code"`
	FallbackCode string `json:"fallbackCode"`
	Default      bool   `json:"default"`
}

func (i localeItem) identity() string { return i.Code }

// locale adds a locale.
func (l *loader) locale(i localeItem) error {
	return l.builder.AddLocale(content.Locale{Code: i.Code, Fallback: i.FallbackCode, Default: i.Default})
}

// A typeItem is an item of contentTypes.
type typeItem struct {
	Sys struct {
		ID string `json:"id"`
	} `json:"sys"`
	Fields []fieldItem `json:"fields"`
}

func (i typeItem) identity() string { return i.Sys.ID }

// A fieldItem is a field of a content type.
type fieldItem struct {
	ID        string `json:"id"`
	Type      string `json:"type"`
	Localized bool   `json:"localized"`
	Omitted   bool   `json:"omitted"`
	limits
	Items *limits `json:"items"`
}

// limits say what a link may lead to.
type limits struct {
	Validations []struct {
		LinkContentType []string `json:"linkContentType"`
	} `json:"validations"`
}

// contentType adds a content type.
func (l *loader) contentType(i typeItem) error {
	t := content.Type{ID: i.Sys.ID}
	for _, f := range i.Fields {
		t.Fields = append(t.Fields, content.Field{
			ID:        f.ID,
			Localized: f.Localized,
			Omitted:   f.Omitted,
			Plain:     f.Type == "Object",
			Accepts:   f.accepts(),
		})
	}
	return l.builder.AddType(t)
}

// accepts returns the content types that links of the field may lead to.
func (f fieldItem) accepts() (types []string) {
	validations := f.Validations
	if f.Items != nil {
		validations = f.Items.Validations
	}
	for _, v := range validations {
		types = append(types, v.LinkContentType...)
	}
	return types
}

// A conceptItem is an item of concepts.
type conceptItem struct {
	Sys struct {
		ID string `json:"id"`
	} `json:"sys"`
	Broader []struct {
		Sys struct {
			ID string `json:"id"`
		} `json:"sys"`
	} `json:"broader"`
}

func (i conceptItem) identity() string { return i.Sys.ID }

// concept adds a concept of the taxonomy.
func (l *loader) concept(i conceptItem) error {
	c := content.Concept{ID: i.Sys.ID}
	for _, b := range i.Broader {
		c.Broader = append(c.Broader, b.Sys.ID)
	}
	return l.builder.AddConcept(c)
}

// A tagItem is an item of tags.
type tagItem struct {
	Sys struct {
		ID string `json:"id"`
	} `json:"sys"`
}

func (i tagItem) identity() string { return i.Sys.ID }

// tag adds a tag.
func (l *loader) tag(i tagItem) error {
	l.builder.AddTag(i.Sys.ID)
	return nil
}

// An entityItem is an item of entries or assets.
type entityItem struct {
	Sys      entitySys                  `json:"sys"`
	Metadata json.RawMessage            `json:"metadata"`
	Fields   map[string]json.RawMessage `json:"fields"`
}

func (i entityItem) identity() string { return i.Sys.ID }

// entry adds an entry.
func (l *loader) entry(i entityItem) error {
	item, err := l.entity(i, "Entry")
	if err != nil {
		return err
	}
	return l.builder.AddEntry(item)
}

// asset adds an asset.
func (l *loader) asset(i entityItem) error {
	item, err := l.entity(i, "Asset")
	if err != nil {
		return err
	}
	for code, raw := range item.Fields["file"] {
		item.Fields["file"][code] = withScheme(raw)
	}
	return l.builder.AddAsset(item)
}

// withScheme returns the value of an asset's file with an address that needs
// no page around it.
func withScheme(file json.RawMessage) json.RawMessage {
	var compact bytes.Buffer
	if json.Compact(&compact, file) != nil {
		return file
	}
	return bytes.Replace(compact.Bytes(), []byte(`"url":"//`), []byte(`"url":"https://`), 1)
}

// entity returns what a Builder takes of an entry or asset.
func (l *loader) entity(i entityItem, kind string) (content.Item, error) {
	sys, err := i.Sys.delivered(kind)
	if err != nil {
		return content.Item{}, err
	}
	item := content.Item{
		ID:           i.Sys.ID,
		Type:         i.Sys.ContentType.Sys.ID,
		State:        i.Sys.state(),
		Sys:          sys,
		Metadata:     i.Metadata,
		Fields:       make(map[string]map[string]json.RawMessage, len(i.Fields)),
		DraftLocales: i.Sys.draftLocales(),
	}
	for id, raw := range i.Fields {
		values, err := l.values(raw, i.Sys.Locale)
		if err != nil {
			return content.Item{}, fault.New(fault.Invalid, "fields.%s: must hold an object with a value for each locale", id)
		}
		item.Fields[id] = values
	}
	return item, nil
}

// values returns the values of a field by locale. An entity of one locale
// holds them bare.
func (l *loader) values(raw json.RawMessage, locale string) (map[string]json.RawMessage, error) {
	values := map[string]json.RawMessage{locale: raw}
	if locale == "" {
		values = nil
		if err := json.Unmarshal(raw, &values); err != nil {
			return nil, err
		}
	}
	if l.used == nil {
		l.used = make(map[string]bool)
	}
	for code := range values {
		l.used[code] = true
	}
	return values, nil
}

// An entitySys is the sys of an entry or asset, as the management API or the
// delivery API gives it.
type entitySys struct {
	ID          string `json:"id"`
	ContentType struct {
		Sys struct {
			ID string `json:"id"`
		} `json:"sys"`
	} `json:"contentType"`
	Locale string `json:"locale"` // only where fields hold the values of one locale

	Space       json.RawMessage `json:"space"`
	Environment json.RawMessage `json:"environment"`
	CreatedAt   json.RawMessage `json:"createdAt"`
	UpdatedAt   json.RawMessage `json:"updatedAt"`
	PublishedAt json.RawMessage `json:"publishedAt"`
	Revision    json.RawMessage `json:"revision"`
	SourceMaps  json.RawMessage `json:"contentSourceMaps"` // of the preview API: where in the entry each text is from

	Version          *int64                       `json:"version"` // only from the management API
	PublishedVersion *int64                       `json:"publishedVersion"`
	PublishedCounter json.RawMessage              `json:"publishedCounter"`
	ArchivedVersion  *int64                       `json:"archivedVersion"`
	FieldStatus      map[string]map[string]string `json:"fieldStatus"` // "*" → locale → state
}

// state returns the state that the versions tell. Publishing version v makes
// the current version v+1, so a greater one is an edit since. The delivery API,
// which tells no version, has only what is published.
func (s *entitySys) state() content.State {
	switch {
	case s.ArchivedVersion != nil:
		return content.Archived
	case s.Version == nil:
		return content.Published
	case s.PublishedVersion == nil:
		return content.Draft
	case *s.Version > *s.PublishedVersion+1:
		return content.Changed
	}
	return content.Published
}

// draftLocales returns the locales of a published entity that are not.
func (s *entitySys) draftLocales() (codes []string) {
	if state := s.state(); state == content.Draft || state == content.Archived {
		return nil
	}
	for code, status := range s.FieldStatus["*"] {
		if status == "draft" {
			codes = append(codes, code)
		}
	}
	slices.Sort(codes)
	return codes
}

// delivered returns sys as the delivery API gives it, without a locale.
func (s *entitySys) delivered(kind string) (json.RawMessage, error) {
	type link struct {
		Type     string `json:"type"`
		LinkType string `json:"linkType"`
		ID       string `json:"id"`
	}
	type typeLink struct {
		Sys link `json:"sys"`
	}
	out := struct {
		Space       json.RawMessage `json:"space,omitempty"`
		ID          string          `json:"id"`
		Type        string          `json:"type"`
		CreatedAt   json.RawMessage `json:"createdAt,omitempty"`
		UpdatedAt   json.RawMessage `json:"updatedAt,omitempty"`
		PublishedAt json.RawMessage `json:"publishedAt,omitempty"`
		Environment json.RawMessage `json:"environment,omitempty"`
		Revision    json.RawMessage `json:"revision,omitempty"`
		ContentType *typeLink       `json:"contentType,omitempty"`
		SourceMaps  json.RawMessage `json:"contentSourceMaps,omitempty"`
	}{
		s.Space, s.ID, kind, s.CreatedAt, s.UpdatedAt, s.PublishedAt, s.Environment, s.Revision, nil, s.SourceMaps,
	}
	if out.Revision == nil {
		out.Revision = s.PublishedCounter
	}
	if kind == "Entry" {
		out.ContentType = &typeLink{link{"Link", "ContentType", s.ContentType.Sys.ID}}
	}
	return json.Marshal(out)
}
