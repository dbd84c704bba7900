package provision

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/segue-dev/segue/internal/contentful"
	"github.com/segue-dev/segue/internal/fault"
)

// A field is one of a content type, in the form of the API.
type field struct {
	ID          string       `json:"id"`
	Name        string       `json:"name"`
	Type        string       `json:"type"`
	LinkType    string       `json:"linkType,omitempty"`
	Items       *items       `json:"items,omitempty"`
	Localized   bool         `json:"localized"`
	Required    bool         `json:"required"`
	Validations []validation `json:"validations"`
	Disabled    bool         `json:"disabled"`
	Omitted     bool         `json:"omitted"`

	widget string // that editors see it with
}

type items struct {
	Type        string       `json:"type"`
	LinkType    string       `json:"linkType"`
	Validations []validation `json:"validations"`
}

type validation struct {
	Unique          bool     `json:"unique,omitempty"`
	In              []string `json:"in,omitempty"`
	LinkContentType []string `json:"linkContentType,omitempty"`
}

// A contentType is one that personalization needs. Its id is fixed.
type contentType struct {
	id, name string
	display  string // field
	fields   []field
}

var (
	none   = []validation{}
	unique = []validation{{Unique: true}}
)

// The content types of the personalization product, as it installs them but for
// one thing: the fields that its app fills in (nt_type, nt_audience and
// nt_variants) can be edited without that app.
var model = []contentType{
	{"nt_audience", "Ninetailed Audience", "nt_name", []field{
		{ID: "nt_name", Name: "Name", Type: "Symbol", Required: true, Validations: none, widget: "singleLine"},
		{ID: "nt_description", Name: "Description", Type: "Text", Validations: none, widget: "multipleLine"},
		{ID: "nt_rules", Name: "Rules", Type: "Object", Required: true, Validations: none, widget: "objectEditor"},
		{ID: "nt_audience_id", Name: "Audience Id", Type: "Symbol", Required: true, Validations: unique, widget: "singleLine"},
		{ID: "nt_metadata", Name: "Metadata", Type: "Object", Validations: none, Disabled: true, widget: "objectEditor"},
	}},
	{"nt_experience", "Ninetailed Experience", "nt_name", []field{
		{ID: "nt_name", Name: "Name", Type: "Symbol", Required: true, Validations: unique, widget: "singleLine"},
		{ID: "nt_description", Name: "Description", Type: "Text", Validations: none, widget: "multipleLine"},
		{ID: "nt_type", Name: "Type", Type: "Symbol", Required: true, Validations: []validation{{In: []string{"nt_experiment", "nt_personalization"}}}, widget: "dropdown"},
		{ID: "nt_config", Name: "Config", Type: "Object", Required: true, Validations: none, widget: "objectEditor"},
		{ID: "nt_audience", Name: "Audience", Type: "Link", LinkType: "Entry", Validations: []validation{{LinkContentType: []string{"nt_audience"}}}, widget: "entryLinkEditor"},
		{ID: "nt_variants", Name: "Variants", Type: "Array", Items: &items{"Link", "Entry", none}, Validations: none, widget: "entryLinksEditor"},
		{ID: "nt_experience_id", Name: "Experience Id", Type: "Symbol", Validations: unique, widget: "singleLine"},
		{ID: "nt_metadata", Name: "Experience Metadata", Type: "Object", Validations: none, Disabled: true, widget: "objectEditor"},
	}},
	{"nt_mergetag", "Ninetailed Merge Tag", "nt_name", []field{
		{ID: "nt_name", Name: "Name", Type: "Symbol", Required: true, Validations: none, widget: "singleLine"},
		{ID: "nt_fallback", Name: "Fallback", Type: "Symbol", Validations: none, widget: "singleLine"},
		{ID: "nt_mergetag_id", Name: "Merge Tag Id", Type: "Symbol", Required: true, Validations: unique, widget: "singleLine"},
	}},
}

// attached is the field of content types whose entries can be personalized.
var attached = field{
	ID: "nt_experiences", Name: "Ninetailed", Type: "Array", Validations: none, widget: "entryLinksEditor",
	Items: &items{"Link", "Entry", []validation{{LinkContentType: []string{"nt_experience"}}}},
}

// Model plans the content types of personalization, and the field nt_experiences
// of further content types. The error is a fault.Invalid for a content type that
// the space lacks, and for a field that is there in another type.
func Model(ctx context.Context, cma *contentful.CMA, personalizable []string) (Plan, error) {
	if err := exist(ctx, cma, personalizable); err != nil {
		return nil, err
	}
	var targets []target
	for _, t := range model {
		targets = append(targets, typeTarget(cma, t), interfaceTarget(cma, t.id, t.fields))
	}
	for _, id := range personalizable {
		fields := []field{attached}
		targets = append(targets, typeTarget(cma, contentType{id: id, fields: fields}), interfaceTarget(cma, id, fields))
	}
	return planAll(ctx, targets)
}

// exist complains of content types that the space lacks.
func exist(ctx context.Context, cma *contentful.CMA, ids []string) error {
	var there []string
	for item, err := range cma.ContentTypes.All(ctx, nil) {
		if err != nil {
			return rights(err)
		}
		there = append(there, item.Sys.ID)
	}
	for _, id := range ids {
		if !slices.Contains(there, id) {
			slices.Sort(there)
			return fault.New(fault.Invalid, "there is no content type %q in the space; there are %s", id, strings.Join(there, ", "))
		}
	}
	return nil
}

// typeTarget is a content type with all the fields of t.
func typeTarget(cma *contentful.CMA, t contentType) target {
	return target{
		kind: "content type", id: t.id,
		read: func(ctx context.Context) (contentful.Item, error) { return cma.ContentTypes.Get(ctx, t.id) },
		write: func(ctx context.Context, version int, body object) (contentful.Item, error) {
			return cma.ContentTypes.Upsert(ctx, t.id, "", version, body)
		},
		publish: func(ctx context.Context, version int) (contentful.Item, error) {
			return cma.ContentTypes.Publish(ctx, t.id, version)
		},
		edit: t.edit,
	}
}

// edit adds to a content type what it lacks of t.
func (t contentType) edit(body object) (lines []string, err error) {
	if len(body) == 0 {
		body["name"], body["description"], body["displayField"] = t.name, t.name, t.display
		lines = append(lines, "+ content type "+t.name)
	}
	fields, _ := body["fields"].([]any)
	for _, want := range t.fields {
		i := slices.IndexFunc(fields, func(f any) bool { return text(f, "id") == want.ID })
		if i < 0 {
			fields = append(fields, generic(want))
			lines = append(lines, "+ field "+want.String())
			continue
		}
		more, err := want.widen(fields[i].(object))
		if err != nil {
			return nil, err
		}
		lines = append(lines, more...)
	}
	body["fields"] = fields
	return lines, nil
}

// String says what the field is.
func (f field) String() string {
	s := fmt.Sprintf("%s (%s", f.ID, f.Type)
	if f.LinkType != "" || f.Items != nil {
		s += " of entries"
	}
	if f.Required {
		s += ", required"
	}
	return s + ")"
}

// widen changes a field that is there so that it can hold what f can. What
// people added stays: other validations, names, whether it must be filled in.
func (f field) widen(have object) (lines []string, err error) {
	if is := text(have, "type"); is != f.Type {
		return nil, fault.New(fault.Invalid, "field %s is of type %s and must be %s: give it another id, or delete it, and run this again", f.ID, is, f.Type)
	}
	if omitted, _ := have["omitted"].(bool); omitted {
		have["omitted"] = false
		lines = append(lines, "~ field "+f.ID+": is delivered again")
	}
	lines = append(lines, widenValidations(f.ID, f.Validations, have)...)
	if inner, ok := have["items"].(object); ok && f.Items != nil {
		lines = append(lines, widenValidations(f.ID, f.Items.Validations, inner)...)
	}
	return lines, nil
}

// widenValidations adds to the lists of what is allowed, where there are any,
// what must be.
func widenValidations(id string, want []validation, have object) (lines []string) {
	validations, _ := have["validations"].([]any)
	for _, w := range want {
		for name, values := range map[string][]string{"in": w.In, "linkContentType": w.LinkContentType} {
			for _, v := range validations {
				lines = append(lines, widenList(id, name, values, v)...)
			}
		}
	}
	return lines
}

func widenList(id, name string, values []string, have any) (lines []string) {
	rule, _ := have.(object)
	list, ok := rule[name].([]any)
	if !ok {
		return nil
	}
	for _, value := range values {
		if !slices.Contains(list, any(value)) {
			list = append(list, value)
			lines = append(lines, fmt.Sprintf("~ field %s: allows %s too", id, value))
		}
	}
	rule[name] = list
	return lines
}

// interfaceTarget is the editor interface of a content type in which each field
// can be seen. It is there once the content type is published.
func interfaceTarget(cma *contentful.CMA, id string, fields []field) target {
	return target{
		kind: "editor interface", id: id,
		read: func(ctx context.Context) (contentful.Item, error) { return cma.EditorInterfaces.Get(ctx, id) },
		write: func(ctx context.Context, version int, body object) (contentful.Item, error) {
			return cma.EditorInterfaces.Update(ctx, id, version, body)
		},
		edit: func(body object) (lines []string, err error) {
			controls, _ := body["controls"].([]any)
			// An app that shows some fields hides others by naming no widget.
			ofApp := slices.ContainsFunc(controls, func(c any) bool { return text(c, "widgetNamespace") == "app" })
			for _, f := range fields {
				i := slices.IndexFunc(controls, func(c any) bool { return text(c, "fieldId") == f.ID })
				if i >= 0 && (text(controls[i], "widgetId") != "" || f.Disabled || ofApp) {
					continue
				}
				if i >= 0 {
					controls = slices.Delete(controls, i, i+1)
				}
				controls = append(controls, object{"fieldId": f.ID, "widgetId": f.widget, "widgetNamespace": "builtin"})
				lines = append(lines, fmt.Sprintf("+ control of %s: %s", f.ID, f.widget))
			}
			body["controls"] = controls
			return lines, nil
		},
	}
}

// text returns a text of an object, and "" if it has none.
func text(of any, key string) string {
	o, _ := of.(object)
	s, _ := o[key].(string)
	return s
}
