package query

import (
	"encoding/json"
	"slices"
	"strings"
)

// Append appends an entity as a query selects, with the values of one locale, or
// with those of AllLocales. What has no fields is appended whole.
func (q *Query) Append(dst []byte, e *Entity, locale string) []byte {
	return q.space.append(dst, e, locale, q.selects)
}

// Append is that of a query that selects everything.
func (s *Space) Append(dst []byte, e *Entity, locale string) []byte {
	return s.append(dst, e, locale, nil)
}

func (s *Space) append(dst []byte, e *Entity, locale string, selects selection) []byte {
	if e.Type != "Entry" && e.Type != "Asset" || locale == AllLocales && selects == nil && !s.Published {
		return append(dst, e.Raw...)
	}
	o := object{dst: append(dst, '{')}
	if e.Metadata != nil && selects.some("metadata") {
		o.add("metadata", e.Metadata)
	}
	if selects.some("sys") {
		o.name("sys")
		o.dst = appendSys(o.dst, e, locale, selects)
	}
	if selects.some("fields") {
		o.name("fields")
		o.dst = s.appendFields(o.dst, e, locale, selects)
	}
	return append(o.dst, '}')
}

// Links calls f with each link that the answer has in an entity.
func (q *Query) Links(e *Entity, locale string, f func(Link)) {
	q.space.links(e, locale, q.selects, f)
}

// Links is that of a query that selects everything.
func (s *Space) Links(e *Entity, locale string, f func(Link)) {
	s.links(e, locale, nil, f)
}

func (s *Space) links(e *Entity, locale string, selects selection, f func(Link)) {
	s.shown(e, locale, selects, func(_ string, values []Value) {
		for _, v := range values {
			Links(v.JSON, func(l Link) bool {
				f(l)
				return true
			})
		}
	})
}

// An object is being written.
type object struct {
	dst  []byte
	some bool
}

func (o *object) name(name string) {
	if o.some {
		o.dst = append(o.dst, ',')
	}
	o.some = true
	quoted, _ := json.Marshal(name) // a string always encodes
	o.dst = append(append(o.dst, quoted...), ':')
}

func (o *object) add(name string, value json.RawMessage) {
	o.name(name)
	o.dst = append(o.dst, value...)
}

// A selection is the paths that answers have; nil = all.
type selection []string

// some reports whether answers have something of a member of entities.
func (s selection) some(name string) bool {
	return s == nil || slices.ContainsFunc(s, func(p string) bool {
		return p == name || strings.HasPrefix(p, name+".")
	})
}

// has reports whether answers have a member of sys, or a field.
func (s selection) has(parent, name string) bool {
	return s == nil || slices.Contains(s, parent) || slices.Contains(s, parent+"."+name)
}

func appendSys(dst []byte, e *Entity, locale string, selects selection) []byte {
	o := object{dst: append(dst, '{')}
	members(e.Sys, func(name string, value json.RawMessage) bool {
		if selects.has("sys", name) {
			o.add(name, value)
		}
		return true
	})
	if locale != AllLocales && selects.has("sys", "locale") {
		quoted, _ := json.Marshal(locale) // a string always encodes
		o.add("locale", quoted)
	}
	return append(o.dst, '}')
}

func (s *Space) appendFields(dst []byte, e *Entity, locale string, selects selection) []byte {
	o := object{dst: append(dst, '{')}
	s.shown(e, locale, selects, func(field string, values []Value) {
		if locale != AllLocales {
			o.add(field, values[0].JSON)
			return
		}
		o.name(field)
		o.dst = appendLocales(o.dst, values)
	})
	return append(o.dst, '}')
}

// shown calls f with the values that answers have of each field: those of all
// locales, or the one of a locale.
func (s *Space) shown(e *Entity, locale string, selects selection, f func(field string, values []Value)) {
	for i := 0; i < len(e.Fields); {
		field, from := e.Fields[i].Field, i
		for i < len(e.Fields) && e.Fields[i].Field == field {
			i++
		}
		if !selects.has("fields", field) || !s.shows(e, field) {
			continue
		}
		if locale == AllLocales {
			f(field, e.Fields[from:i])
		} else if value := s.Value(e, field, locale); value != nil {
			f(field, []Value{{field, locale, value}})
		}
	}
}

func appendLocales(dst []byte, values []Value) []byte {
	o := object{dst: append(dst, '{')}
	for _, v := range values {
		o.add(v.Locale, v.JSON)
	}
	return append(o.dst, '}')
}
