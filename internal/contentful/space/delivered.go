package space

import (
	"bytes"
	"encoding/json"
	"slices"

	"github.com/segue-dev/segue/internal/content"
	"github.com/segue-dev/segue/internal/fault"
	"github.com/segue-dev/segue/internal/rawjson"
)

// A deliveredSys holds the members of a sys that are shown, as they came.
type deliveredSys struct {
	id                   string
	contentType          []byte // its id, in quotes
	space, environment   []byte
	createdAt, updatedAt []byte
	publishedAt          []byte
	revision             []byte
	fieldStatus          []byte
	sourceMaps           []byte
}

// delivered returns what a snapshot takes of an entry or asset as the delivery
// API has it with all locales, in valid, compact JSON that must not change any
// more. The error is a fault.Invalid.
func delivered(raw []byte, ref Ref) (content.Item, error) {
	var sysJSON, metadata, fields []byte
	rawjson.Members(raw, func(name []byte, start, end int) {
		switch string(name) {
		case `"sys"`:
			sysJSON = raw[start:end:end]
		case `"metadata"`:
			metadata = raw[start:end:end]
		case `"fields"`:
			fields = raw[start:end:end]
		}
	})
	sys := readSys(sysJSON)
	item := content.Item{ID: ref.ID, Compact: true, Type: rawjson.Unquote(sys.contentType)}
	switch {
	case sys.id != ref.ID || ref.ID == "":
		return content.Item{}, fault.New(fault.Invalid, "sys.id: missing")
	case ref.Kind == Entry && item.Type == "":
		return content.Item{}, fault.New(fault.Invalid, "sys.contentType: missing")
	case ref.Kind == Asset:
		item.Type = ""
	}
	item.Sys = sys.shown(ref)
	if len(metadata) > 0 && metadata[0] == '{' {
		item.Metadata = metadata
	}
	var err error
	if item.Fields, err = readFields(fields); err != nil {
		return content.Item{}, err
	}
	if ref.Kind == Asset {
		for code, file := range item.Fields["file"] {
			item.Fields["file"][code] = bytes.Replace(file, []byte(`"url":"//`), []byte(`"url":"https://`), 1)
		}
	}
	item.DraftLocales = draftLocales(sys.fieldStatus)
	return item, nil
}

// readSys finds the members of a sys.
func readSys(raw []byte) (s deliveredSys) {
	rawjson.Members(raw, func(name []byte, start, end int) {
		value := raw[start:end:end]
		switch string(name) {
		case `"id"`:
			s.id = rawjson.Unquote(value)
		case `"contentType"`:
			s.contentType = linkedID(value)
		case `"space"`:
			s.space = value
		case `"environment"`:
			s.environment = value
		case `"createdAt"`:
			s.createdAt = value
		case `"updatedAt"`:
			s.updatedAt = value
		case `"publishedAt"`:
			s.publishedAt = value
		case `"revision"`:
			s.revision = value
		case `"publishedCounter"`:
			if s.revision == nil {
				s.revision = value
			}
		case `"fieldStatus"`:
			s.fieldStatus = value
		case `"contentSourceMaps"`:
			s.sourceMaps = value
		}
	})
	return s
}

// linkedID returns the id that a link leads to, in quotes.
func linkedID(link []byte) (id []byte) {
	rawjson.Members(link, func(name []byte, start, end int) {
		if string(name) != `"sys"` {
			return
		}
		sys := link[start:end]
		rawjson.Members(sys, func(name []byte, start, end int) {
			if string(name) == `"id"` {
				id = sys[start:end:end]
			}
		})
	})
	return id
}

// shown returns the sys that pages show, without a locale.
func (s *deliveredSys) shown(ref Ref) []byte {
	out := make([]byte, 0, 512)
	add := func(name string, value []byte) {
		if value == nil {
			return
		}
		if len(out) > 1 {
			out = append(out, ',')
		}
		out = append(out, '"')
		out = append(out, name...)
		out = append(out, `":`...)
		out = append(out, value...)
	}
	out = append(out, '{')
	add("space", s.space)
	add("id", rawjson.AppendQuoted(nil, s.id))
	add("type", []byte(`"`+ref.Kind+`"`))
	add("createdAt", s.createdAt)
	add("updatedAt", s.updatedAt)
	add("publishedAt", s.publishedAt)
	add("environment", s.environment)
	add("revision", s.revision)
	if ref.Kind == Entry {
		add("contentType", slices.Concat([]byte(`{"sys":{"type":"Link","linkType":"ContentType","id":`), s.contentType, []byte(`}}`)))
	}
	add("contentSourceMaps", s.sourceMaps)
	return slices.Clip(append(out, '}'))
}

// readFields returns the values of fields by locale.
func readFields(raw []byte) (fields map[string]map[string]json.RawMessage, err error) {
	fields = make(map[string]map[string]json.RawMessage, 8)
	rawjson.Members(raw, func(name []byte, start, end int) {
		id, byLocale := rawjson.Unquote(name), raw[start:end]
		if byLocale[0] != '{' {
			err = fault.New(fault.Invalid, "fields.%s: must hold an object with a value for each locale", id)
			return
		}
		values := make(map[string]json.RawMessage, 1)
		rawjson.Members(byLocale, func(name []byte, start, end int) {
			if value := byLocale[start:end:end]; string(value) != "null" {
				values[rawjson.Unquote(name)] = value
			}
		})
		fields[id] = values
	})
	return fields, err
}

// draftLocales returns the locales that a field status says are not published.
func draftLocales(raw []byte) []string {
	if raw == nil {
		return nil
	}
	var s entitySys
	if json.Unmarshal(raw, &s.FieldStatus) != nil {
		return nil
	}
	return s.draftLocales()
}
