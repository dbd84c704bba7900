package content

import (
	"encoding/json"
	"slices"

	"github.com/segue-dev/segue/internal/fault"
	"github.com/segue-dev/segue/internal/rawjson"
)

// A Vocabulary says which of the content is meant for Segue rather than for
// readers.
type Vocabulary struct {
	InternalPrefix   string // fields whose names begin so are left out of pages; "" = none
	MergeTag         string // the content type of merge tags; "" = none
	MergeTagID       string // its field that names the value, e.g. traits.firstname
	MergeTagFallback string // its field with the text for visitors without the value
}

// A Type is a content type.
type Type struct {
	ID     string
	Fields []Field // in the order in which pages show them
}

// A Field is a field of a content type.
type Field struct {
	ID        string
	Localized bool     // it has a value for each locale; else the default locale's holds for all
	Omitted   bool     // not shown in pages
	Plain     bool     // copied as it is, even where it looks like a link or rich text
	Accepts   []string // content types its links may lead to; empty = any
}

// An Item is an entry or an asset as it is taken in. None of its memory is kept,
// unless it is Compact.
type Item struct {
	ID           string
	Type         string // content type id; "" for an asset
	State        State
	Sys          json.RawMessage                       // object shown as sys, without locale; nil = the id and what it is
	Metadata     json.RawMessage                       // object shown as metadata; may be nil
	Fields       map[string]map[string]json.RawMessage // field id → locale → value
	DraftLocales []string                              // locales whose values are not published
	// Compact says that all JSON is valid and without spaces, that Sys is an
	// object with an id, Metadata an object or nil, no value null and
	// DraftLocales sorted, so that all can be kept as it is. It must then not be
	// changed any more.
	Compact bool
}

// A Builder gathers content for one snapshot. Its zero value knows no
// vocabulary. The errors of its methods are fault.Invalid.
type Builder struct {
	Vocabulary Vocabulary

	locales []Locale
	types   map[string]*Type
	entries map[string]*Item
	assets  map[string]*Item
	broader map[string][]string // by concept
	tags    []string
}

// AddLocale adds a locale. A locale given twice is an error.
func (b *Builder) AddLocale(l Locale) error {
	if l.Code == "" {
		return fault.New(fault.Invalid, "code: missing")
	}
	if slices.ContainsFunc(b.locales, func(have Locale) bool { return have.Code == l.Code }) {
		return fault.New(fault.Invalid, "there are two locales %q: remove one", l.Code)
	}
	b.locales = append(b.locales, l)
	return nil
}

// AddType adds a content type. A type or a field given twice is an error.
func (b *Builder) AddType(t Type) error {
	if t.ID == "" {
		return fault.New(fault.Invalid, "id: missing")
	}
	if b.types[t.ID] != nil {
		return fault.New(fault.Invalid, "there are two content types %q: remove one", t.ID)
	}
	seen := make(map[string]bool, len(t.Fields))
	for i, f := range t.Fields {
		if f.ID == "" {
			return fault.New(fault.Invalid, "fields[%d]: id: missing", i)
		}
		if seen[f.ID] {
			return fault.New(fault.Invalid, "there are two fields %q: remove one", f.ID)
		}
		seen[f.ID] = true
	}
	if b.types == nil {
		b.types = make(map[string]*Type)
	}
	t.Fields = slices.Clone(t.Fields)
	b.types[t.ID] = &t
	return nil
}

// AddEntry adds an entry. Its type need not be known. A missing or doubled id
// and broken JSON are errors.
func (b *Builder) AddEntry(item Item) error {
	if b.entries == nil {
		b.entries = make(map[string]*Item)
	}
	return add(b.entries, item, "Entry")
}

// AddAsset adds an asset. A missing or doubled id and broken JSON are errors.
func (b *Builder) AddAsset(item Item) error {
	if b.assets == nil {
		b.assets = make(map[string]*Item)
	}
	item.Type = ""
	return add(b.assets, item, "Asset")
}

// add keeps a compact copy of item.
func add(items map[string]*Item, item Item, kind string) error {
	if item.ID != "" && items[item.ID] != nil {
		return fault.New(fault.Invalid, "the id occurs twice: remove one")
	}
	if err := item.compact(kind); err != nil {
		return err
	}
	items[item.ID] = &item
	return nil
}

// compact makes the item Compact, in memory of its own.
func (i *Item) compact(kind string) (err error) {
	if kind == "Entry" && i.Type == "" {
		return fault.New(fault.Invalid, "content type: missing")
	}
	if i.ID == "" {
		return fault.New(fault.Invalid, "sys.id: missing")
	}
	if i.Sys, err = object(i.Sys, "sys"); err != nil {
		return err
	}
	if len(i.Sys) <= len(`{}`) {
		sys := rawjson.AppendQuoted([]byte(`{"id":`), i.ID)
		i.Sys = append(sys, `,"type":"`+kind+`"}`...)
	}
	if i.Metadata, err = object(i.Metadata, "metadata"); err != nil {
		return err
	}
	if i.Fields, err = compactFields(i.Fields); err != nil {
		return err
	}
	i.DraftLocales = slices.Sorted(slices.Values(i.DraftLocales))
	i.Compact = true
	return nil
}

// object returns a compact copy of raw, which must be an object, null or nil.
func object(raw json.RawMessage, name string) (json.RawMessage, error) {
	if raw == nil || string(raw) == "null" {
		return nil, nil
	}
	compact, err := rawjson.Compact(raw)
	if err != nil {
		return nil, fault.Wrap(fault.Invalid, err, "%s: not JSON", name)
	}
	if compact[0] != '{' {
		return nil, fault.New(fault.Invalid, "%s: must be an object", name)
	}
	return compact, nil
}

// compactFields returns a compact copy of fields without nulls.
func compactFields(fields map[string]map[string]json.RawMessage) (map[string]map[string]json.RawMessage, error) {
	kept := make(map[string]map[string]json.RawMessage, len(fields))
	for id, values := range fields {
		kept[id] = make(map[string]json.RawMessage, len(values))
		for locale, raw := range values {
			compact, err := rawjson.Compact(raw)
			if err != nil {
				return nil, fault.Wrap(fault.Invalid, err, "fields.%s.%s: not JSON", id, locale)
			}
			if string(compact) != "null" {
				kept[id][locale] = compact
			}
		}
	}
	return kept, nil
}
