package cma

import (
	"net/http"

	"github.com/segue-dev/segue/internal/contentful/emulator/store"
)

// A field is one of a content type.
type field struct {
	id, kind            string // kind: Symbol, Link, Array, …
	linkType            string // of a Link: Entry or Asset
	items               *field // of an Array
	required, localized bool
	validations         []store.Object
}

// fieldsOf reads the fields of a content type's body.
func fieldsOf(body store.Object) []field {
	list, _ := body["fields"].([]any)
	fields := make([]field, 0, len(list))
	for _, f := range list {
		fields = append(fields, readField(f))
	}
	return fields
}

func readField(v any) field {
	f := field{id: store.Text(v, "id"), kind: store.Text(v, "type"), linkType: store.Text(v, "linkType")}
	f.required, _ = store.At(v, "required").(bool)
	f.localized, _ = store.At(v, "localized").(bool)
	list, _ := store.At(v, "validations").([]any)
	for _, rule := range list {
		if o, ok := rule.(store.Object); ok {
			f.validations = append(f.validations, o)
		}
	}
	if items := store.At(v, "items"); items != nil {
		item := readField(items)
		f.items = &item
	}
	return f
}

// assetFields are those of assets.
var assetFields = []field{
	{id: "title", kind: "Symbol", localized: true},
	{id: "description", kind: "Text", localized: true},
	{id: "file", kind: "Object", localized: true},
}

var fieldKinds = map[string]bool{
	"Symbol": true, "Text": true, "RichText": true, "Integer": true, "Number": true, "Date": true, "Boolean": true,
	"Object": true, "Location": true, "Link": true, "ResourceLink": true, "Array": true,
}

// maxFields is Contentful's limit of the fields of a content type.
const maxFields = 50

// checkContentType fails for a content type that Contentful would not take.
func checkContentType(body store.Object) error {
	var problems []problem
	if store.Text(body, "name") == "" {
		problems = append(problems, required([]any{"name"}))
	}
	list, _ := body["fields"].([]any)
	if len(list) > maxFields {
		problems = append(problems, problem{Name: "size", Path: []any{"fields"}, Max: maxFields, Details: "Size must be at most 50"})
	}
	seen := map[string]bool{}
	for i, v := range list {
		problems = append(problems, checkField(v, i, seen)...)
	}
	if display := store.Text(body, "displayField"); display != "" && !seen[display] {
		problems = append(problems, problem{Name: "unknown", Path: []any{"displayField"}, Value: display, Details: "The display field is not one of the fields"})
	}
	if problems != nil {
		return invalid("ValidationFailed", problems...)
	}
	return nil
}

func checkField(v any, i int, seen map[string]bool) []problem {
	var problems []problem
	f := readField(v)
	path := func(name string) []any { return []any{"fields", i, name} }
	if f.id == "" {
		problems = append(problems, required(path("id")))
	}
	if seen[f.id] {
		problems = append(problems, problem{Name: "uniqueFieldIds", Path: path("id"), Value: f.id, Details: "The field id is taken"})
	}
	seen[f.id] = true
	if store.Text(v, "name") == "" {
		problems = append(problems, required(path("name")))
	}
	switch {
	case !fieldKinds[f.kind]:
		problems = append(problems, problem{Name: "in", Path: path("type"), Value: f.kind, Details: "Value must be one of expected values"})
	case f.kind == "Link" && f.linkType == "":
		problems = append(problems, required(path("linkType")))
	case f.kind == "Array" && f.items == nil:
		problems = append(problems, required(path("items")))
	}
	return problems
}

// putContentType writes a content type.
func putContentType(c *call) (reply, error) {
	return c.saveContentType(c.path("id"))
}

// createContentType makes a content type with an id of ours.
func createContentType(c *call) (reply, error) { return c.saveContentType(newID()) }

func (c *call) saveContentType(id string) (reply, error) {
	body, err := c.object()
	if err != nil {
		return reply{}, err
	}
	if err := checkContentType(body); err != nil {
		return reply{}, err
	}
	completeContentType(body)
	return c.save(store.Entity{Kind: store.ContentType, ID: id, Body: body}, func(tx *store.Tx, e *store.Entity, body store.Object) error {
		return checkRemovals(tx, e, body)
	})
}

// completeContentType gives fields what Contentful answers though it was not
// sent.
func completeContentType(body store.Object) {
	list, _ := body["fields"].([]any)
	for _, v := range list {
		f, _ := v.(store.Object)
		for name, value := range map[string]any{"localized": false, "required": false, "validations": []any{}, "disabled": false, "omitted": false} {
			if _, ok := f[name]; !ok {
				f[name] = value
			}
		}
	}
	if body["fields"] == nil {
		body["fields"] = []any{}
	}
}

// checkRemovals fails when a field that is published, and not omitted there, is
// no more there, or another type: such a field must be omitted first.
func checkRemovals(tx *store.Tx, e *store.Entity, body store.Object) error {
	if e == nil || e.Published == nil || unused(tx, e.ID) == nil {
		return nil
	}
	now := map[string]field{}
	for _, f := range fieldsOf(body) {
		now[f.id] = f
	}
	list, _ := e.Published.Body["fields"].([]any)
	var problems []problem
	for _, v := range list {
		was := readField(v)
		is, ok := now[was.id]
		switch omitted, _ := store.At(v, "omitted").(bool); {
		case !ok && !omitted:
			problems = append(problems, problem{Name: "missing_field", Path: []any{"fields"}, Value: was.id, Details: "A field must be omitted before it is deleted"})
		case ok && is.kind != was.kind:
			problems = append(problems, problem{Name: "fieldType", Path: []any{"fields", was.id}, Value: is.kind, Details: "The type of a published field cannot be changed"})
		}
	}
	if problems != nil {
		return invalid("ValidationFailed", problems...)
	}
	return nil
}

// getEditorInterface answers with the editor interface of a content type.
func getEditorInterface(c *call) (reply, error) {
	e, err := c.found(store.EditorInterface, c.path("id"))
	if err != nil {
		return reply{}, err
	}
	return c.shown(http.StatusOK, e), nil
}

// putEditorInterface writes the editor interface of a content type.
func putEditorInterface(c *call) (reply, error) {
	body, err := c.object()
	if err != nil {
		return reply{}, err
	}
	return c.change(store.EditorInterface, c.path("id"), func(tx *store.Tx, e *store.Entity) (*store.Entity, error) {
		if err := c.current(e); err != nil {
			return nil, err
		}
		return tx.Save(e, body), nil
	})
}
