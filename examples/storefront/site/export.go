package site

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
)

// object is an entry, an asset or what is in them, as decoded JSON.
type object = map[string]any

// An export is the content of a space in one locale, with links followed as the
// composed pages of Segue have them.
type export struct {
	entries map[string]object // {"sys", "fields"}; links are not followed
	assets  map[string]object
	order   []string // of entries
}

// readExport reads a space export. locale is the only one that is looked at.
func readExport(r io.Reader, locale string) (*export, error) {
	var file struct{ Entries, Assets []object }
	if err := json.NewDecoder(r).Decode(&file); err != nil {
		return nil, fmt.Errorf("read the space export: %w", err)
	}
	x := &export{entries: map[string]object{}, assets: map[string]object{}}
	for _, e := range file.Entries {
		flat := inLocale(e, locale)
		x.entries[id(flat)] = flat
		x.order = append(x.order, id(flat))
	}
	for _, a := range file.Assets {
		flat := inLocale(a, locale)
		x.assets[id(flat)] = flat
	}
	return x, nil
}

// inLocale returns an entity with the plain values of a locale.
func inLocale(entity object, locale string) object {
	fields := object{}
	all, _ := entity["fields"].(object)
	for name, values := range all {
		if v, ok := values.(object)[locale]; ok {
			fields[name] = v
		}
	}
	return object{"sys": entity["sys"], "fields": fields}
}

// id returns the id of an entity or of a link to one; "" if it has none.
func id(v any) string {
	entity, _ := v.(object)
	sys, _ := entity["sys"].(object)
	text, _ := sys["id"].(string)
	return text
}

// maxDepth bounds how many links are followed one after another.
const maxDepth = 8

// entry returns an entry with all that it links to in place; nil if there is
// none with that id.
func (x *export) entry(id string) object {
	e, ok := x.entries[id]
	if !ok {
		return nil
	}
	return x.follow(e, maxDepth).(object)
}

// follow returns v with links replaced by what they lead to.
func (x *export) follow(v any, depth int) any {
	switch v := v.(type) {
	case object:
		if target := x.target(v); target != nil && depth > 0 {
			return x.follow(target, depth-1)
		}
		out := object{}
		for key, value := range v {
			if key != "nt_experiences" {
				out[key] = x.follow(value, depth)
			}
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i := range v {
			out[i] = x.follow(v[i], depth)
		}
		return out
	default:
		return v
	}
}

// target returns what a link leads to; nil if v is no link to an entity of the
// export.
func (x *export) target(v object) object {
	sys, _ := v["sys"].(object)
	if sys["type"] != "Link" {
		return nil
	}
	if sys["linkType"] == "Asset" {
		return x.assets[id(v)]
	}
	return x.entries[id(v)]
}

// pageAt returns the id of the page entry with a slug; "" if there is none.
func (x *export) pageAt(slug string) string {
	return x.find("page", slug)
}

// find returns the id of the entry of a type with a slug; "" if there is none.
func (x *export) find(contentType, slug string) string {
	for _, at := range x.order {
		if e := x.entries[at]; typeOf(e) == contentType && field(e, "slug") == slug {
			return at
		}
	}
	return ""
}

// variants returns the ids of what may stand in the place of an entry, in order;
// isSlot is false if no experience arranges it.
func (x *export) variants(baseline string) (ids []string, isSlot bool) {
	experiences, _ := field(x.entries[baseline], "nt_experiences").([]any)
	for _, link := range experiences {
		for _, variant := range x.arranges(id(link), baseline) {
			if variant != "" && !slices.Contains(ids, variant) {
				ids = append(ids, variant)
			}
		}
	}
	return ids, len(experiences) > 0
}

// arranges returns the ids of an experience's variants of an entry; "" is one
// that is hidden.
func (x *export) arranges(experience, baseline string) (ids []string) {
	config, _ := field(x.entries[experience], "nt_config").(object)
	components, _ := config["components"].([]any)
	for _, c := range components {
		component, _ := c.(object)
		of, _ := component["baseline"].(object)
		if of["id"] != baseline {
			continue
		}
		variants, _ := component["variants"].([]any)
		for _, v := range variants {
			variant, _ := v.(object)
			at, _ := variant["id"].(string)
			ids = append(ids, at)
		}
	}
	return ids
}

func field(entry object, name string) any {
	fields, _ := entry["fields"].(object)
	return fields[name]
}

// typeOf returns the id of an entry's content type.
func typeOf(entry object) string {
	sys, _ := entry["sys"].(object)
	return id(sys["contentType"])
}
