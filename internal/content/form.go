package content

import (
	"encoding/json"
	"runtime"
	"slices"
	"strings"
	"sync"

	"github.com/segue-dev/segue/internal/fault"
	"github.com/segue-dev/segue/internal/rawjson"
)

// A form is how the entries of a content type are shown.
type form struct {
	fields   []*fieldForm // in the order in which pages show them
	known    map[string]bool
	slug     string // the field by which entries are found; "" = none
	asset    bool
	mergeTag bool
}

// A fieldForm is how a field is shown.
type fieldForm struct {
	id        string
	key       []byte // `"id":`
	internal  bool   // for Segue, not for readers
	localized bool
	plain     bool     // its values are copied, whatever they look like
	accepts   []string // content types its links may lead to; empty = any
	sources   [][]int  // by locale: the locales whose values may serve, best first
}

// assetType is the order in which pages show the fields of an asset.
var assetType = &Type{Fields: []Field{{ID: "title", Plain: true}, {ID: "description", Plain: true}, {ID: "file", Plain: true}}}

// form returns the form of a content type.
func (m *model) form(t *Type) *form {
	f := &form{known: make(map[string]bool, len(t.Fields)), asset: t == assetType}
	f.mergeTag = t.ID != "" && t.ID == m.vocabulary.MergeTag
	f.slug, _ = t.slugField()
	for _, field := range t.Fields {
		f.known[field.ID] = true
		f.fields = append(f.fields, m.fieldForm(field, f, !f.asset))
	}
	return f
}

// formOf returns the form of an item; ok is false for a type that is not known.
func (m *model) formOf(item *Item) (f *form, ok bool) {
	if f, ok := m.forms[item.Type]; ok {
		return f, true
	}
	return &form{mergeTag: item.Type == m.vocabulary.MergeTag}, false
}

// fieldForm returns the form of a field. Declared says whether the content type
// tells if it is localized.
func (m *model) fieldForm(f Field, of *form, declared bool) *fieldForm {
	prefix := m.vocabulary.InternalPrefix
	made := &fieldForm{
		id: f.ID, key: append(rawjson.AppendQuoted(nil, f.ID), ':'),
		localized: f.Localized, plain: f.Plain || of.asset, accepts: f.Accepts,
		internal: f.Omitted || prefix != "" && strings.HasPrefix(f.ID, prefix) && !of.mergeTag,
	}
	for at := range m.locales.codes {
		made.sources = append(made.sources, m.locales.sources(at, f.Localized, declared))
	}
	return made
}

// sources returns the locales whose values may serve in a locale, best first.
// A field that may or may not be localized, and every field of an asset, tries
// the fallbacks and then the default locale: a picture made for another
// language is better than none.
func (l *locales) sources(at int, localized, declared bool) []int {
	switch {
	case localized:
		return l.chains[at]
	case declared:
		return []int{l.standard}
	}
	return append(slices.Clone(l.chains[at]), l.standard)
}

// made returns the entries, or assets, that items are.
func (s *Snapshot) made(items []Item, kind string) ([]*Entry, error) {
	all := make([]*Entry, len(items))
	errs := make([]error, len(items))
	workers := max(1, min(runtime.GOMAXPROCS(0), len(items)/minShare))
	var group sync.WaitGroup
	for w := range workers {
		group.Go(func() {
			for i := w; i < len(items); i += workers {
				all[i], errs[i] = s.entry(items[i], kind)
			}
		})
	}
	group.Wait()
	for i, err := range errs {
		if err != nil {
			return nil, fault.Wrap(fault.Invalid, err, "%s %s", strings.ToLower(kind), items[i].ID)
		}
	}
	return all, nil
}

// minShare is how many items are worth a goroutine.
const minShare = 256

// entry returns the entry, or asset, that an item is.
func (m *model) entry(item Item, kind string) (*Entry, error) {
	if !item.Compact {
		if err := item.compact(kind); err != nil {
			return nil, err
		}
	}
	f, known := m.formOf(&item)
	e := &Entry{ID: item.ID, Type: item.Type, State: item.State, locales: m.locales}
	e.head = item.Sys[: len(item.Sys)-1 : len(item.Sys)-1]
	e.metadata = item.Metadata
	e.withheld = m.withheld(&item)
	e.fields = make([]field, 0, len(item.Fields))
	for _, ff := range f.fields {
		if values, ok := item.Fields[ff.id]; ok {
			e.fields = append(e.fields, m.field(e, ff, values, item.DraftLocales))
		}
	}
	if len(e.fields) < len(item.Fields) {
		m.strange(e, &item, f, known)
	}
	e.sum = sumOf(kind, &item)
	if !f.asset {
		e.topics = m.topicsOf(item.Metadata)
		e.slugs = e.slugsBy(f.slug)
		m.mergeTag(e, f)
	}
	return e, nil
}

// strange adds the fields that the content type does not have, sorted.
func (m *model) strange(e *Entry, item *Item, f *form, known bool) {
	for _, id := range sortedKeys(item.Fields) {
		if f.known[id] {
			continue
		}
		e.fields = append(e.fields, m.field(e, m.fieldForm(Field{ID: id}, f, false), item.Fields[id], item.DraftLocales))
		if known && !f.asset {
			e.doubt(id, "is not a field of content type "+item.Type)
		}
	}
}

// field returns a field with its values placed in every locale.
func (m *model) field(e *Entry, f *fieldForm, values map[string]json.RawMessage, drafts []string) field {
	own := make([]*value, len(m.locales.codes))
	for code, raw := range values {
		at, ok := m.locales.index[code]
		switch {
		case !ok:
			e.doubt(f.id, "has a value in "+code+", which is not a locale of the content: it is not shown")
		case !slices.Contains(drafts, code):
			own[at] = &value{raw: raw}
			if !f.plain {
				own[at].body = compiled(raw)
			}
		}
	}
	if len(own) == 1 {
		return field{f, own}
	}
	made := field{f, make([]*value, len(own))}
	for at := range own {
		for _, from := range f.sources[at] {
			if made.at[at] = own[from]; made.at[at] != nil {
				break
			}
		}
	}
	return made
}

// withheld marks the draft locales of an item.
func (m *model) withheld(item *Item) []bool {
	var marks []bool
	for _, code := range item.DraftLocales {
		if at, ok := m.locales.index[code]; ok {
			if marks == nil {
				marks = make([]bool, len(m.locales.codes))
			}
			marks[at] = true
		}
	}
	return marks
}

// doubt records a finding about a field.
func (e *Entry) doubt(field, message string) {
	e.doubts = append(e.doubts, Finding{Entry: e.ID, Field: field, Message: message})
}
