package query

import (
	"encoding/json"
	"fmt"
	"time"
	"unique"

	"github.com/segue-dev/segue/internal/rawjson"
)

// An Entity is an entry, an asset, or anything else with a sys, as one of the
// APIs shows it, with the values of all locales. It is not changed once parsed,
// so that many queries may share it.
type Entity struct {
	ID          string          // sys.id
	Type        string          // sys.type
	ContentType string          // sys.contentType.sys.id, of an entry
	Raw         json.RawMessage // all of it
	Sys         json.RawMessage
	Metadata    json.RawMessage // may be nil
	Fields      []Value         // in the order of Raw

	created, updated int64 // microseconds
}

// A Value is that of one field in one locale.
type Value struct {
	Field, Locale string
	JSON          json.RawMessage
}

// Parse reads an entity. It keeps raw, which must not be changed any more.
func Parse(raw []byte) (*Entity, error) {
	if !json.Valid(raw) {
		return nil, fmt.Errorf("an entity is not valid JSON")
	}
	e := &Entity{Raw: raw}
	members(raw, func(name string, value json.RawMessage) bool {
		switch name {
		case "sys":
			e.Sys = value
		case "metadata":
			e.Metadata = value
		case "fields":
			e.Fields = fieldsOf(value)
		}
		return true
	})
	members(e.Sys, func(name string, value json.RawMessage) bool {
		switch name {
		case "id":
			e.ID = rawjson.Unquote(value)
		case "type":
			e.Type = intern(rawjson.Unquote(value))
		case "contentType":
			e.ContentType = intern(rawjson.Unquote(member(value, "sys", "id")))
		case "createdAt":
			e.created = micros(rawjson.Unquote(value))
		case "updatedAt":
			e.updated = micros(rawjson.Unquote(value))
		}
		return true
	})
	if e.ID == "" {
		return nil, fmt.Errorf("an entity has no sys.id")
	}
	return e, nil
}

// fieldsOf reads the values of fields. Values that are null are as good as none.
func fieldsOf(raw json.RawMessage) []Value {
	var values []Value
	members(raw, func(field string, locales json.RawMessage) bool {
		field = intern(field)
		members(locales, func(locale string, value json.RawMessage) bool {
			if !isNull(value) {
				values = append(values, Value{field, intern(locale), value})
			}
			return true
		})
		return true
	})
	return values
}

// intern makes the few names that all entities of a space have one string each.
func intern(s string) string { return unique.Make(s).Value() }

func micros(s string) int64 {
	t, _ := instant(s)
	return t
}

// layouts are those that Contentful takes for a date.
var layouts = []string{time.RFC3339, "2006-01-02T15:04Z07:00", "2006-01-02T15:04:05", "2006-01-02T15:04", "2006-01-02"}

// instant returns the microseconds of a date; without a zone it is in UTC.
func instant(s string) (int64, bool) {
	for _, layout := range layouts {
		if t, err := time.Parse(layout, s); err == nil {
			return t.UnixMicro(), true
		}
	}
	return 0, false
}

// value returns that of a field in exactly a locale, nil if there is none.
func (e *Entity) value(field, locale string) json.RawMessage {
	for _, v := range e.Fields {
		if v.Field == field && v.Locale == locale {
			return v.JSON
		}
	}
	return nil
}
