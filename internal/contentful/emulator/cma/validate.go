package cma

import (
	"encoding/json"
	"maps"
	"math/big"
	"slices"
	"time"

	"github.com/segue-dev/segue/internal/contentful/emulator/store"
)

// fieldsFor returns the fields that an entry or asset may have.
func fieldsFor(tx *store.Tx, kind store.Kind, contentType string) ([]field, error) {
	if kind == store.Asset {
		return assetFields, nil
	}
	ct, ok := tx.Get(store.ContentType, contentType)
	if !ok || ct.Published == nil {
		link := store.Object{"type": "Link", "linkType": "ContentType", "id": contentType}
		return nil, invalid("UnresolvedLinks", problem{Name: "notResolvable", Path: []any{"sys", "contentType"}, Link: link, Details: "The content type does not exist or is not published"})
	}
	return fieldsOf(ct.Published.Body), nil
}

// checkShape fails for a body that cannot be saved: fields or locales that do
// not exist, or values of another type.
func checkShape(tx *store.Tx, kind store.Kind, contentType string, body store.Object) error {
	fields, err := fieldsFor(tx, kind, contentType)
	if err != nil {
		return err
	}
	given, ok := body["fields"].(store.Object)
	if !ok && body["fields"] != nil {
		return invalid("InvalidEntry", problem{Name: "type", Type: "Object", Path: []any{"fields"}, Details: "The type of \"fields\" is incorrect, expected type: Object"})
	}
	byID := map[string]field{}
	for _, f := range fields {
		byID[f.id] = f
	}
	locales := codes(tx.Locales())
	var problems []problem
	for _, id := range slices.Sorted(maps.Keys(given)) {
		f, ok := byID[id]
		if !ok {
			return invalid("UnknownField", problem{Name: "unknown", Path: []any{"fields", id}, Value: id, Details: "No field with id \"" + id + "\" found."})
		}
		problems = append(problems, checkLocales(f, given[id], locales)...)
	}
	if problems != nil {
		return invalid("InvalidEntry", problems...)
	}
	return nil
}

func codes(locales []store.LocaleInfo) []string {
	list := make([]string, 0, len(locales))
	for _, l := range locales {
		list = append(list, l.Code)
	}
	return list
}

func checkLocales(f field, given any, locales []string) []problem {
	path := []any{"fields", f.id}
	values, ok := given.(store.Object)
	if !ok {
		return []problem{wrongType("Object", given, path)}
	}
	var problems []problem
	for _, code := range slices.Sorted(maps.Keys(values)) {
		in := append(slices.Clone(path), code)
		switch {
		case !slices.Contains(locales, code):
			problems = append(problems, unknownProperty(code, values[code], in))
		case values[code] != nil && !fits(f, values[code]):
			problems = append(problems, wrongType(f.kind, values[code], in))
		}
	}
	return problems
}

// fits reports whether a value is of the type of a field.
func fits(f field, value any) bool {
	switch v := value.(type) {
	case string:
		switch f.kind {
		case "Date":
			return isDate(v)
		case "Symbol", "Text", "Object":
			return true
		}
		return false
	case json.Number:
		return f.kind == "Number" || f.kind == "Object" || f.kind == "Integer" && isInteger(v)
	case bool:
		return f.kind == "Boolean" || f.kind == "Object"
	case []any:
		return f.kind == "Object" || f.kind == "Array" && !slices.ContainsFunc(v, func(item any) bool {
			return f.items == nil || !fits(*f.items, item)
		})
	case store.Object:
		return fitsObject(f.kind, v)
	}
	return false
}

func fitsObject(kind string, v store.Object) bool {
	switch kind {
	case "Object":
		return true
	case "Location":
		return store.At(v, "lat") != nil && store.At(v, "lon") != nil
	case "RichText":
		return store.Text(v, "nodeType") == "document"
	case "Link", "ResourceLink":
		return store.Text(v, "sys", "type") == kind
	}
	return false
}

func isInteger(n json.Number) bool {
	r, ok := new(big.Rat).SetString(string(n))
	return ok && r.IsInt()
}

// dateLayouts are those of Date fields.
var dateLayouts = []string{"2006-01-02T15:04:05.999999999Z07:00", "2006-01-02T15:04Z07:00", "2006-01-02T15:04:05.999999999", "2006-01-02T15:04", "2006-01-02"}

func isDate(s string) bool {
	_, ok := date(s)
	return ok
}

func date(s string) (time.Time, bool) {
	for _, layout := range dateLayouts {
		if t, err := time.Parse(layout, s); err == nil {
			return t, true
		}
	}
	return time.Time{}, false
}

// checkContent fails for an entry or asset that cannot be published in some
// locales; nil = all.
func checkContent(tx *store.Tx, e *store.Entity, in []string) error {
	fields, err := fieldsFor(tx, e.Kind, e.ContentType)
	if err != nil {
		return err
	}
	locales := slices.DeleteFunc(slices.Clone(tx.Locales()), func(l store.LocaleInfo) bool {
		return in != nil && !slices.Contains(in, l.Code)
	})
	v := validator{tx: tx, self: e}
	given := store.Fields(e.Body)
	for _, f := range fields {
		values, _ := given[f.id].(store.Object)
		for _, l := range locales {
			if !f.localized && !l.Default {
				continue
			}
			path := []any{"fields", f.id, l.Code}
			value := values[l.Code]
			switch {
			case value == nil && f.required && !l.Optional:
				v.add(required(path))
			case value != nil:
				v.check(f, value, path)
			}
		}
	}
	return v.fault()
}
