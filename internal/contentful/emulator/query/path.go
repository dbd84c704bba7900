package query

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	"github.com/segue-dev/segue/internal/rawjson"
)

// A path is something of an entity that one may filter or order by.
type path struct {
	text   string
	parts  []string // as errors name it
	typ    string   // of its values: as of fields, Symbol for text
	values func(*Entity) []json.RawMessage

	// The same as the only one of values, sooner; may be nil.
	micros func(*Entity) int64
	plain  func(*Entity) string
}

// A scope is where paths are looked up.
type scope struct {
	space  *Space
	kind   Kind
	ct     *ContentType // nil = not known
	locale string       // whose values count where a path names no locale
}

// sysTypes are the types of what is known of a sys.
var sysTypes = map[string]string{
	"id": "Symbol", "type": "Symbol", "locale": "Symbol", "urn": "Symbol", "visibility": "Symbol",
	"createdAt": "Date", "updatedAt": "Date", "publishedAt": "Date", "firstPublishedAt": "Date", "archivedAt": "Date", "deletedAt": "Date",
	"version": "Integer", "publishedVersion": "Integer", "archivedVersion": "Integer", "publishedCounter": "Integer", "revision": "Integer",
	"contentType.sys.id": "Symbol", "space.sys.id": "Symbol", "environment.sys.id": "Symbol", "status.sys.id": "Symbol",
	"createdBy.sys.id": "Symbol", "updatedBy.sys.id": "Symbol", "publishedBy.sys.id": "Symbol", "archivedBy.sys.id": "Symbol",
}

// attributes are what things other than entries and assets have beside their sys.
var attributes = []string{"name", "description", "displayField", "code", "default", "uri"}

// fileTypes are the types of what is known of a file.
var fileTypes = map[string]string{
	"url": "Symbol", "fileName": "Symbol", "contentType": "Symbol",
	"details.size": "Integer", "details.image.width": "Integer", "details.image.height": "Integer",
}

// path looks one up.
func (s scope) path(name string) (path, error) {
	parts := strings.Split(name, ".")
	switch {
	case slices.Contains(parts, ""):
	case parts[0] == "sys":
		return sysPath(name, parts[1:])
	case parts[0] == "metadata" && s.kind != Others:
		return metadataPath(name, parts[1:])
	case parts[0] == "fields" && len(parts) > 1 && s.kind != Others:
		return s.fieldPath(name, parts[1:])
	case s.kind == Others && slices.Contains(attributes, name):
		return path{text: name, parts: parts, typ: "Symbol", values: func(e *Entity) []json.RawMessage { return one(member(e.Raw, name)) }}, nil
	}
	return path{}, unknown(name)
}

func sysPath(name string, parts []string) (path, error) {
	key := strings.Join(parts, ".")
	typ, ok := sysTypes[key]
	if !ok {
		return path{}, unknown(name)
	}
	p := path{text: name, parts: append([]string{"sys"}, parts...), typ: typ}
	p.values = func(e *Entity) []json.RawMessage { return one(member(e.Sys, parts...)) }
	switch key {
	case "id":
		p.plain = func(e *Entity) string { return e.ID }
	case "contentType.sys.id":
		p.plain = func(e *Entity) string { return e.ContentType }
	case "createdAt":
		p.micros = func(e *Entity) int64 { return e.created }
	case "updatedAt":
		p.micros = func(e *Entity) int64 { return e.updated }
	}
	return p, nil
}

// metadataPath is for metadata.tags and metadata.concepts, with sys.id or, to
// ask whether there are any, without.
func metadataPath(name string, parts []string) (path, error) {
	if len(parts) == 0 || parts[0] != "tags" && parts[0] != "concepts" {
		return path{}, unknown(name)
	}
	p := path{text: name, parts: append([]string{"metadata"}, parts...)}
	switch strings.Join(parts[1:], ".") {
	case "":
		p.typ = "Links"
	case "sys.id":
		p.typ = "Symbol"
	default:
		return path{}, unknown(name)
	}
	p.values = func(e *Entity) []json.RawMessage { return ids(member(e.Metadata, parts[0])) }
	return p, nil
}

// fieldPath is for fields, with what they have below them, and before that a
// locale.
func (s scope) fieldPath(name string, parts []string) (path, error) {
	if s.ct == nil {
		return path{}, contentTypeRequired()
	}
	f := s.ct.field(parts[0])
	if f == nil {
		return path{}, unknown(name)
	}
	locale, value := s.locale, s.space.Value
	below := parts[1:]
	if len(below) > 0 && s.space.HasLocale(below[0]) {
		locale, below = below[0], below[1:]
		value = func(e *Entity, field, locale string) json.RawMessage { return e.value(field, locale) }
	}
	typ, read := f.below(below)
	if read == nil {
		return path{}, unknown(name)
	}
	return path{
		text: name, parts: append([]string{"fields", f.ID, locale}, below...), typ: typ,
		values: func(e *Entity) []json.RawMessage { return read(value(e, f.ID, locale)) },
	}, nil
}

// below returns the type of what is at a path below a field, and how to read it
// from the field's value; nil if there can be nothing.
func (f *Field) below(parts []string) (typ string, read func(json.RawMessage) []json.RawMessage) {
	switch {
	case len(parts) == 0 && f.Type == "Array" && f.Items == "Link":
		return "Links", list
	case len(parts) == 0 && f.Type == "Array":
		return cmpOr(f.Items, "Symbol"), list
	case len(parts) == 0:
		return f.Type, one
	case f.isLink() && strings.Join(parts, ".") == "sys.id":
		return "Symbol", ids
	case f.Type == "ResourceLink" && strings.Join(parts, ".") == "sys.urn":
		return "Symbol", func(v json.RawMessage) []json.RawMessage { return one(member(v, parts...)) }
	case f.Type == "File" && fileTypes[strings.Join(parts, ".")] != "":
		return fileTypes[strings.Join(parts, ".")], func(v json.RawMessage) []json.RawMessage { return one(member(v, parts...)) }
	}
	return "", nil
}

func cmpOr(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}

func (f *Field) isLink() bool {
	return f.Type == "Link" || f.Type == "Array" && f.Items == "Link"
}

// one returns a value as the only one, if there is one.
func one(value json.RawMessage) []json.RawMessage {
	if isNull(value) {
		return nil
	}
	return []json.RawMessage{value}
}

// list returns the elements of a value that is a list.
func list(value json.RawMessage) []json.RawMessage {
	var all []json.RawMessage
	elements(value, func(v json.RawMessage) bool {
		all = append(all, v)
		return true
	})
	return all
}

// ids returns the ids of the links that a value is or lists.
func ids(value json.RawMessage) []json.RawMessage {
	if len(value) > 0 && value[0] == '{' {
		return one(member(value, "sys", "id"))
	}
	var all []json.RawMessage
	elements(value, func(v json.RawMessage) bool {
		all = append(all, one(member(v, "sys", "id"))...)
		return true
	})
	return all
}

// number returns what numbers, booleans and dates are ordered by.
func number(raw json.RawMessage, typ string) (float64, bool) {
	switch typ {
	case "Integer", "Number":
		n, err := strconv.ParseFloat(string(raw), 64)
		return n, err == nil
	case "Date":
		t, ok := instant(rawjson.Unquote(raw))
		return float64(t), ok
	case "Boolean":
		if string(raw) == "true" {
			return 1, true
		}
		return 0, string(raw) == "false"
	}
	return 0, false
}

// numbers returns number of all values of an entity that have one.
func (p path) numbers(e *Entity) []float64 {
	if p.micros != nil {
		return []float64{float64(p.micros(e))}
	}
	var all []float64
	for _, v := range p.values(e) {
		if n, ok := number(v, p.typ); ok {
			all = append(all, n)
		}
	}
	return all
}
