package content

import (
	"encoding/json"
	"slices"
	"strings"
)

// Build returns the snapshot of what was added. The only content it refuses is
// one without locales; everything else that is doubtful becomes a Finding.
func (b *Builder) Build() (*Snapshot, error) {
	locales, findings, err := newLocales(b.locales)
	if err != nil {
		return nil, err
	}
	a := &assembly{Builder: b, locales: locales}
	a.compiler.entries = a.shells(b.entries, false)
	a.compiler.assets = a.shells(b.assets, true)
	a.mergeTags()
	a.compile()
	s := &Snapshot{
		revision: b.revision(),
		locales:  locales,
		types:    b.types,
		entries:  a.compiler.entries,
		byType:   byType(a.compiler.entries),
		topics:   b.topics(),
	}
	s.findings = append(findings, a.findings...)
	s.indexSlugs()
	s.inspect(a.compiler.assets)
	return s, nil
}

// An assembly is a Build under way.
type assembly struct {
	*Builder
	locales  *locales
	compiler compiler
	findings []Finding
}

// shells makes the entries of items, so that links have something to lead to.
// Their values still lack fragments.
func (a *assembly) shells(items map[string]*Item, asset bool) map[string]*Entry {
	made := make(map[string]*Entry, len(items))
	for id, item := range items {
		e := &Entry{ID: id, Type: item.Type, State: item.State, asset: asset, locales: a.locales}
		e.head = append([]byte(`{"sys":`), item.Sys[:len(item.Sys)-1]...)
		if len(item.Metadata) > 0 {
			e.metadata = append([]byte(`,"metadata":`), item.Metadata...)
		}
		e.withheld = a.withheld(item)
		e.fields = a.fields(item, asset)
		made[id] = e
	}
	return made
}

// withheld marks the draft locales of an item.
func (a *assembly) withheld(item *Item) []bool {
	var marks []bool
	for _, code := range item.DraftLocales {
		if at, ok := a.locales.index[code]; ok {
			if marks == nil {
				marks = make([]bool, len(a.locales.codes))
			}
			marks[at] = true
		}
	}
	return marks
}

// assetFields is the order in which pages show the fields of an asset.
var assetFields = &Type{Fields: []Field{{ID: "title"}, {ID: "description"}, {ID: "file"}}}

// fields returns the fields of an item in the order of its content type,
// followed by those the type does not know, sorted.
func (a *assembly) fields(item *Item, asset bool) []field {
	known := a.types[item.Type]
	if asset {
		known = assetFields
	}
	var all []field
	seen := make(map[string]bool, len(item.Fields))
	if known != nil {
		for i := range known.Fields {
			f := &known.Fields[i]
			seen[f.ID] = true
			if values, ok := item.Fields[f.ID]; ok {
				all = append(all, a.field(item, f, values, known != assetFields))
			}
		}
	}
	for _, id := range sortedKeys(item.Fields) {
		if seen[id] {
			continue
		}
		all = append(all, a.field(item, &Field{ID: id}, item.Fields[id], false))
		if known != nil && !asset {
			a.doubt(item.ID, id, "is not a field of content type "+item.Type)
		}
	}
	return all
}

// field returns a field with its values placed in every locale. declared says
// whether the content type tells if it is localized.
func (a *assembly) field(item *Item, f *Field, values map[string]json.RawMessage, declared bool) field {
	v := a.Vocabulary
	made := field{
		id:        f.ID,
		key:       append(appendQuoted(nil, f.ID), ':'),
		localized: f.Localized,
		plain:     f.Plain || item.Type == "",
		internal: f.Omitted ||
			v.InternalPrefix != "" && strings.HasPrefix(f.ID, v.InternalPrefix) && item.Type != v.MergeTag,
	}
	own := make([]*value, len(a.locales.codes))
	for _, code := range sortedKeys(values) {
		at, ok := a.locales.index[code]
		switch {
		case !ok:
			a.doubt(item.ID, f.ID, "has a value in "+code+", which is not a locale of the content: it is not shown")
		case !slices.Contains(item.DraftLocales, code):
			own[at] = &value{raw: values[code]}
		}
	}
	made.at = make([]*value, len(own))
	for at := range own {
		for _, from := range a.sources(at, f.Localized, declared) {
			if made.at[at] = own[from]; made.at[at] != nil {
				break
			}
		}
	}
	return made
}

// sources returns the locales whose values may serve in a locale, best first.
// A field that may or may not be localized, and every field of an asset, tries
// the fallbacks and then the default locale: a picture made for another
// language is better than none.
func (a *assembly) sources(at int, localized, declared bool) []int {
	switch {
	case localized:
		return a.locales.chains[at]
	case declared:
		return []int{a.locales.standard}
	}
	return append(slices.Clone(a.locales.chains[at]), a.locales.standard)
}

// compile makes the fragments of all values.
func (a *assembly) compile() {
	for _, items := range []map[string]*Entry{a.compiler.entries, a.compiler.assets} {
		for _, e := range items {
			for i := range e.fields {
				e.fields[i].compile(&a.compiler)
			}
		}
	}
}

// compile makes the fragments of the values of f.
func (f *field) compile(c *compiler) {
	for _, v := range f.at {
		switch {
		case v == nil || v.body.raw != nil || v.body.op != copied: // done by a locale that shares it
		case f.plain:
			v.body = fragment{raw: v.raw}
		default:
			v.body = c.value(v.raw)
		}
	}
}

// doubt records a finding.
func (a *assembly) doubt(entry, field, message string) {
	a.findings = append(a.findings, Finding{Entry: entry, Field: field, Message: message})
}

// byType returns the entries of each type, and of "" all, in order of id.
func byType(entries map[string]*Entry) map[string][]*Entry {
	groups := make(map[string][]*Entry)
	for _, id := range sortedKeys(entries) {
		e := entries[id]
		groups[""] = append(groups[""], e)
		groups[e.Type] = append(groups[e.Type], e)
	}
	return groups
}
