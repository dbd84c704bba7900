package delivery

import (
	"maps"
	"net/http"
	"slices"

	"github.com/segue-dev/segue/internal/contentful/emulator/query"
	"github.com/segue-dev/segue/internal/contentful/emulator/store"
	"github.com/segue-dev/segue/internal/contentful/emulator/wire"
)

// A sourceMapper adds to an answer of the preview API where editors edit what is
// in it: for each text, the type of its field and the editor of it. These are
// listed once and referred to by number.
type sourceMapper struct {
	view    *view
	types   []any
	editors []any
	seen    map[string]int // of both lists
}

// mapped returns what answers as handle does, with source maps if they are asked
// for.
func mapped(handle func(*request) (answer, error)) func(*request) (answer, error) {
	const parameter = "includeContentSourceMaps"
	return func(r *request) (answer, error) {
		wanted := r.params.Get(parameter)
		if r.params.Has(parameter) && wanted != "true" && wanted != "false" {
			return answer{}, wire.Errorf(http.StatusBadRequest, "BadRequest", "%s takes true or false", parameter)
		}
		r.ignore = append(r.ignore, parameter)
		a, err := handle(r)
		if err != nil || wanted != "true" {
			return a, err
		}
		var body store.Object
		if err := store.Decode(a.body, &body); err != nil {
			return answer{}, err
		}
		m := &sourceMapper{view: r.view, seen: map[string]int{}}
		m.add(body)
		a.body = appendJSON(nil, body)
		return a, nil
	}
}

// add adds source maps to an entity or to all of a collection. The answer was
// decoded for this, so that it may be changed.
func (m *sourceMapper) add(body store.Object) {
	entities := []any{body}
	if items, ok := body["items"].([]any); ok {
		entities = items
		includes, _ := body["includes"].(store.Object)
		for _, kind := range []string{"Entry", "Asset"} {
			more, _ := includes[kind].([]any)
			entities = append(entities, more...)
		}
	}
	for _, e := range entities {
		m.addTo(e.(store.Object))
	}
	sys, _ := body["sys"].(store.Object)
	if sys == nil { // it was not selected
		return
	}
	sys["contentSourceMapsLookup"] = store.Object{
		"sys": store.Object{"type": "ContentSourceMapsLookup"}, "fieldTypes": m.types, "editorInterfaces": m.editors,
	}
}

// addTo adds the source map of an entity.
func (m *sourceMapper) addTo(e store.Object) {
	sys, _ := e["sys"].(store.Object)
	fields, _ := e["fields"].(store.Object)
	mappings := store.Object{}
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		typ, editor := m.edited(sys, name)
		if typ == "" {
			continue
		}
		mappings["/fields/"+name] = store.Object{"source": store.Object{
			"fieldType": m.number(&m.types, "type "+typ, typ), "editorInterface": m.number(&m.editors, "editor "+editor.namespace+" "+editor.widget, editor.object()),
		}}
	}
	if len(mappings) > 0 && sys != nil {
		sys["contentSourceMaps"] = store.Object{"sys": store.Object{"type": "ContentSourceMaps"}, "mappings": mappings}
	}
}

// number returns where in a list an element is, which it is added to if needed.
func (m *sourceMapper) number(list *[]any, name string, element any) int {
	at, ok := m.seen[name]
	if !ok {
		at = len(*list)
		m.seen[name] = at
		*list = append(*list, element)
	}
	return at
}

// An editor is what a field is edited with.
type editor struct{ widget, namespace string }

func (e editor) object() store.Object {
	return store.Object{"widgetId": e.widget, "widgetNamespace": e.namespace}
}

// usual are the editors of fields whose content types name none.
var usual = map[string]string{"Symbol": "singleLine", "Text": "markdown", "RichText": "richTextEditor", "Array": "tagEditor"}

// edited returns the type of a field that is a text and its editor; the type is
// "" for other fields.
func (m *sourceMapper) edited(sys store.Object, field string) (string, editor) {
	if sys["type"] == "Asset" {
		typ := map[string]string{"title": "Symbol", "description": "Text"}[field]
		return typ, editor{map[string]string{"title": "singleLine", "description": "multipleLine"}[field], "builtin"}
	}
	contentType := linkID(sys["contentType"])
	t := m.view.space.Types[contentType]
	if t == nil {
		return "", editor{}
	}
	i := slices.IndexFunc(t.Fields, func(f query.Field) bool { return f.ID == field })
	if i < 0 || usual[t.Fields[i].Type] == "" || t.Fields[i].Type == "Array" && t.Fields[i].Items != "Symbol" {
		return "", editor{}
	}
	return t.Fields[i].Type, m.editorOf(contentType, t.Fields[i])
}

// editorOf returns the editor of a field: that of the editor interface, or the
// usual one.
func (m *sourceMapper) editorOf(contentType string, f query.Field) editor {
	e := editor{usual[f.Type], "builtin"}
	of, ok := m.view.scope.Get(store.EditorInterface, contentType)
	if !ok {
		return e
	}
	controls, _ := of.Body["controls"].([]any)
	for _, c := range controls {
		control, _ := c.(store.Object)
		widget, _ := control["widgetId"].(string)
		namespace, _ := control["widgetNamespace"].(string)
		if control["fieldId"] == f.ID && widget != "" && namespace != "" {
			e = editor{widget, namespace}
		}
	}
	return e
}
