package query

import (
	"encoding/json"
	"slices"
	"strings"
)

// Append appends an entity as a query selects, with the values of one locale, or
// with those of AllLocales. What has no fields is appended whole.
func (q *Query) Append(dst []byte, e *Entity, locale string) []byte {
	if q.kind == Others || locale == AllLocales && q.selects == nil && !q.space.Published {
		return append(dst, e.Raw...)
	}
	o := object{dst: append(dst, '{')}
	if e.Metadata != nil && q.selected("metadata") {
		o.add("metadata", e.Metadata)
	}
	if q.selected("sys") {
		o.name("sys")
		o.dst = q.appendSys(o.dst, e, locale)
	}
	if q.selected("fields") {
		o.name("fields")
		o.dst = q.appendFields(o.dst, e, locale)
	}
	return append(o.dst, '}')
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

// selected reports whether something of a member of an entity is selected.
func (q *Query) selected(name string) bool {
	return q.selects == nil || slices.ContainsFunc(q.selects, func(s string) bool {
		return s == name || strings.HasPrefix(s, name+".")
	})
}

// selectedIn reports whether a member of sys, or a field, is selected.
func (q *Query) selectedIn(parent, name string) bool {
	return q.selects == nil || slices.Contains(q.selects, parent) || slices.Contains(q.selects, parent+"."+name)
}

func (q *Query) appendSys(dst []byte, e *Entity, locale string) []byte {
	o := object{dst: append(dst, '{')}
	members(e.Sys, func(name string, value json.RawMessage) bool {
		if q.selectedIn("sys", name) {
			o.add(name, value)
		}
		return true
	})
	if locale != AllLocales && q.selectedIn("sys", "locale") {
		quoted, _ := json.Marshal(locale) // a string always encodes
		o.add("locale", quoted)
	}
	return append(o.dst, '}')
}

func (q *Query) appendFields(dst []byte, e *Entity, locale string) []byte {
	o := object{dst: append(dst, '{')}
	for i := 0; i < len(e.Fields); {
		field, from := e.Fields[i].Field, i
		for i < len(e.Fields) && e.Fields[i].Field == field {
			i++
		}
		if !q.selectedIn("fields", field) || !q.space.shows(e, field) {
			continue
		}
		if locale == AllLocales {
			o.name(field)
			o.dst = appendLocales(o.dst, e.Fields[from:i])
		} else if value := q.space.Value(e, field, locale); value != nil {
			o.add(field, value)
		}
	}
	return append(o.dst, '}')
}

func appendLocales(dst []byte, values []Value) []byte {
	o := object{dst: append(dst, '{')}
	for _, v := range values {
		o.add(v.Locale, v.JSON)
	}
	return append(o.dst, '}')
}
