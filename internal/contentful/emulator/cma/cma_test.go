package cma_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/segue-dev/segue/internal/contentful/emulator/cma"
	"github.com/segue-dev/segue/internal/contentful/emulator/store"
)

// site is a space with a type that has a field of each validation.
const site = `{
  "locales": [
    {"sys": {"id": "l1"}, "code": "en-US", "name": "English", "default": true},
    {"sys": {"id": "l2"}, "code": "de", "name": "Deutsch", "fallbackCode": "en-US", "optional": true}
  ],
  "tags": [{"sys": {"id": "sea", "visibility": "public"}, "name": "Sea"}],
  "contentTypes": [
    {"sys": {"id": "page", "version": 2, "publishedVersion": 1}, "name": "Page", "displayField": "title", "fields": [
      {"id": "title", "name": "Title", "type": "Symbol", "required": true, "localized": true, "validations": [{"size": {"max": 10}}]},
      {"id": "slug", "name": "Slug", "type": "Symbol", "validations": [{"unique": true}, {"regexp": {"pattern": "^[a-z]+$"}}]},
      {"id": "kind", "name": "Kind", "type": "Symbol", "validations": [{"in": ["a", "b"], "message": "a or b"}]},
      {"id": "rank", "name": "Rank", "type": "Integer", "validations": [{"range": {"min": 1, "max": 5}}]},
      {"id": "from", "name": "From", "type": "Date", "validations": [{"dateRange": {"min": "2026-01-01"}}]},
      {"id": "hero", "name": "Hero", "type": "Link", "linkType": "Entry", "validations": [{"linkContentType": ["hero"]}]},
      {"id": "image", "name": "Image", "type": "Link", "linkType": "Asset", "validations": [{"linkMimetypeGroup": ["image"]}]},
      {"id": "more", "name": "More", "type": "Array", "items": {"type": "Link", "linkType": "Entry"}, "validations": [{"size": {"max": 1}}]},
      {"id": "body", "name": "Body", "type": "RichText", "validations": [{"enabledNodeTypes": ["heading-1"]}, {"enabledMarks": ["bold"]}]},
      {"id": "place", "name": "Place", "type": "Location"},
      {"id": "data", "name": "Data", "type": "Object"}
    ]},
    {"sys": {"id": "hero", "version": 2, "publishedVersion": 1}, "name": "Hero", "fields": [{"id": "text", "name": "Text", "type": "Text"}]}
  ],
  "editorInterfaces": [{"sys": {"id": "default", "version": 1, "contentType": {"sys": {"id": "page"}}}, "controls": []}],
  "assets": [{"sys": {"id": "manual", "version": 2, "publishedVersion": 1}, "fields": {"file": {"en-US": {"contentType": "application/pdf", "fileName": "m.pdf", "url": "//a/m.pdf"}}}}],
  "entries": [
    {"sys": {"id": "home", "version": 2, "publishedVersion": 1, "contentType": {"sys": {"id": "page"}}}, "metadata": {"tags": [{"sys": {"type": "Link", "linkType": "Tag", "id": "sea"}}]},
     "fields": {"title": {"en-US": "Home"}, "slug": {"en-US": "home"}}}
  ]
}`

// A client calls the API as somebody with a token.
type client struct {
	t     *testing.T
	api   http.Handler
	token string
}

func open(t *testing.T) (client, *store.Store, *cma.API) {
	t.Helper()
	now := func() time.Time { return time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC) }
	s, err := store.Load(strings.NewReader(site), store.Options{Now: now})
	require.NoError(t, err)
	api := cma.New(s, cma.Options{Token: "management", Now: now, AssetHost: func(*http.Request) string { return "files.test" }})
	return client{t, api, "management"}, s, api
}

// An answer is what the API says.
type answer struct {
	status int
	header http.Header
	body   map[string]any
}

// do sends a request below /spaces/s/environments/master; header are names and
// values by turns.
func (c client) do(method, path, body string, header ...string) answer {
	c.t.Helper()
	if !strings.HasPrefix(path, "/") {
		path = "/spaces/s/environments/master/" + path
	}
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	r.Header.Set("Authorization", "Bearer "+c.token)
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	c.api.ServeHTTP(w, r)
	a := answer{status: w.Code, header: w.Header()}
	if w.Body.Len() > 0 {
		require.NoError(c.t, json.Unmarshal(w.Body.Bytes(), &a.body), "%s", w.Body)
	}
	return a
}

// ok is do for requests that go well.
func (c client) ok(status int, method, path, body string, header ...string) map[string]any {
	c.t.Helper()
	a := c.do(method, path, body, header...)
	require.Equal(c.t, status, a.status, "%s %s: %v", method, path, a.body)
	return a.body
}

// fails is do for requests that fail with an error of an id.
func (c client) fails(status int, id, method, path, body string, header ...string) map[string]any {
	c.t.Helper()
	a := c.do(method, path, body, header...)
	require.Equal(c.t, status, a.status, "%s %s: %v", method, path, a.body)
	require.Equal(c.t, id, at(a.body, "sys", "id"), "%v", a.body)
	return a.body
}

func at(v any, keys ...string) any {
	for _, k := range keys {
		m, _ := v.(map[string]any)
		v = m[k]
	}
	return v
}

// version is the header of a version.
func version(n string) []string { return []string{"X-Contentful-Version", n} }

const ofPage = "X-Contentful-Content-Type"

func TestAnEntryGoesThroughItsStates(t *testing.T) {
	c, s, _ := open(t)
	made := c.ok(201, "PUT", "entries/new", `{"fields": {"title": {"en-US": "New"}}}`, ofPage, "page")
	require.EqualValues(t, 1, at(made, "sys", "version"))
	c.fails(409, "VersionMismatch", "PUT", "entries/new", `{"fields": {}}`)
	c.fails(409, "VersionMismatch", "PUT", "entries/new", `{"fields": {}}`, version("7")...)
	published := c.ok(200, "PUT", "entries/new/published", "", version("1")...)
	require.EqualValues(t, 2, at(published, "sys", "version"))
	require.EqualValues(t, 1, at(published, "sys", "publishedVersion"))
	changed := c.ok(200, "PUT", "entries/new", `{"fields": {"title": {"en-US": "Other"}}}`, version("2")...)
	require.EqualValues(t, 3, at(changed, "sys", "version"))
	require.Equal(t, "New", at(c.ok(200, "GET", "public/entries/new", ""), "fields", "title", "en-US"))

	c.fails(400, "BadRequest", "DELETE", "entries/new", "")
	c.fails(400, "BadRequest", "PUT", "entries/new/archived", "")
	c.ok(200, "DELETE", "entries/new/published", "", version("3")...)
	require.EqualValues(t, 4, at(c.ok(200, "PUT", "entries/new/archived", "", version("4")...), "sys", "archivedVersion"))
	c.fails(400, "BadRequest", "PUT", "entries/new", `{}`, version("5")...)
	c.fails(400, "BadRequest", "PUT", "entries/new/published", ``, version("5")...)
	require.Nil(t, at(c.ok(200, "DELETE", "entries/new/archived", ""), "sys", "archivedVersion"))
	c.ok(204, "DELETE", "entries/new", "")
	c.fails(404, "NotFound", "GET", "entries/new", "")
	env, _ := s.Environment("s", "")
	changes, _ := env.Changes(0)
	require.Len(t, changes, 1, "sync tells that it was taken away")
}

func TestWhatIsWrongIsSaidAtItsPath(t *testing.T) {
	c, _, _ := open(t)
	c.fails(422, "UnknownField", "PUT", "entries/x", `{"fields": {"nope": {"en-US": 1}}}`, ofPage, "page")
	c.fails(422, "UnresolvedLinks", "PUT", "entries/x", `{}`, ofPage, "nope")
	c.fails(400, "BadRequest", "PUT", "entries/x", `[]`, ofPage, "page")
	c.fails(422, "ValidationFailed", "PUT", "entries/a%20b", `{}`, ofPage, "page")
	link := func(kind, id string) string {
		return `{"sys": {"type": "Link", "linkType": "` + kind + `", "id": "` + id + `"}}`
	}
	node := func(kind, mark string) string {
		return `{"nodeType": "document", "data": {}, "content": [{"nodeType": "` + kind + `", "data": {}, "content": [{"nodeType": "text", "value": "a", "marks": [{"type": "` + mark + `"}], "data": {}}]}]}`
	}
	for name, tc := range map[string]struct{ field, value, save, publish string }{
		"wrong type":      {"title", `{"en-US": 1}`, "type", ""},
		"unknown locale":  {"title", `{"fr": "a"}`, "unknown", ""},
		"fraction":        {"rank", `{"en-US": 1.5}`, "type", ""},
		"no date":         {"from", `{"en-US": "soon"}`, "type", ""},
		"no place":        {"place", `{"en-US": {"lat": 1}}`, "type", ""},
		"no list":         {"more", `{"en-US": "a"}`, "type", ""},
		"anything":        {"data", `{"en-US": [1, {"a": null}]}`, "", ""},
		"missing":         {"title", `{}`, "", "required"},
		"too long":        {"title", `{"en-US": "01234567890"}`, "", "size"},
		"too long in de":  {"title", `{"en-US": "a", "de": "01234567890"}`, "", "size"},
		"taken":           {"slug", `{"en-US": "home"}`, "", "unique"},
		"pattern":         {"slug", `{"en-US": "A B"}`, "", "regexp"},
		"not one of":      {"kind", `{"en-US": "c"}`, "", "in"},
		"out of range":    {"rank", `{"en-US": 6}`, "", "range"},
		"in range":        {"rank", `{"en-US": 5}`, "", ""},
		"too early":       {"from", `{"en-US": "2025-12-31"}`, "", "dateRange"},
		"nowhere":         {"hero", `{"en-US": ` + link("Entry", "gone") + `}`, "", "notResolvable"},
		"wrong target":    {"hero", `{"en-US": ` + link("Entry", "home") + `}`, "", "linkContentType"},
		"no picture":      {"image", `{"en-US": ` + link("Asset", "manual") + `}`, "", "linkMimetypeGroup"},
		"too many":        {"more", `{"en-US": [` + link("Entry", "home") + `,` + link("Entry", "home") + `]}`, "", "size"},
		"no such heading": {"body", `{"en-US": ` + node("heading-2", "bold") + `}`, "", "enabledNodeTypes"},
		"no such mark":    {"body", `{"en-US": ` + node("heading-1", "code") + `}`, "", "enabledMarks"},
		"rich text":       {"body", `{"en-US": ` + node("heading-1", "bold") + `}`, "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			c, _, _ := open(t)
			body := `{"fields": {"title": {"en-US": "a"}, "` + tc.field + `": ` + tc.value + `}}`
			a := c.do("PUT", "entries/x", body, ofPage, "page")
			if tc.save == "" {
				require.Equal(t, 201, a.status, "%v", a.body)
				a = c.do("PUT", "entries/x/published", "", version("1")...)
			}
			want := tc.save + tc.publish
			if want == "" {
				require.Equal(t, 200, a.status, "%v", a.body)
				return
			}
			require.Equal(t, 422, a.status)
			errs, _ := at(a.body, "details", "errors").([]any)
			require.Len(t, errs, 1, "%v", a.body)
			require.Equal(t, want, at(errs[0], "name"))
			require.Equal(t, tc.field, at(errs[0], "path").([]any)[1])
		})
	}
}

func TestAMessageOfAValidationIsShown(t *testing.T) {
	c, _, _ := open(t)
	c.ok(201, "PUT", "entries/x", `{"fields": {"title": {"en-US": "a"}, "kind": {"en-US": "c"}}}`, ofPage, "page")
	body := c.fails(422, "InvalidEntry", "PUT", "entries/x/published", "", version("1")...)
	require.Equal(t, "a or b", at(at(body, "details", "errors").([]any)[0], "details"))
}

func TestContentTypesAndTheirEditorInterfaces(t *testing.T) {
	c, _, _ := open(t)
	card := `{"name": "Card", "fields": [{"id": "a", "name": "A", "type": "Symbol"}, {"id": "b", "name": "B", "type": "Text"}]}`
	made := c.ok(201, "PUT", "content_types/card", card, version("0")...)
	require.Equal(t, false, at(made["fields"].([]any)[0], "omitted"), "what was not sent is completed")
	c.fails(404, "NotFound", "GET", "content_types/card/editor_interface", "")
	c.fails(422, "UnresolvedLinks", "PUT", "entries/x", `{}`, ofPage, "card")
	c.ok(200, "PUT", "content_types/card/published", "", version("1")...)
	editor := c.ok(200, "GET", "content_types/card/editor_interface", "")
	require.EqualValues(t, 1, at(editor, "sys", "version"))
	require.Equal(t, "default", at(editor, "sys", "id"))
	c.ok(200, "PUT", "content_types/card/published", "", version("2")...)
	c.fails(409, "VersionMismatch", "PUT", "content_types/card/editor_interface", `{"controls": []}`, version("1")...)
	c.ok(200, "PUT", "content_types/card/editor_interface", `{"controls": [{"fieldId": "a"}]}`, version("2")...)

	c.ok(201, "PUT", "entries/x", `{"fields": {"b": {"en-US": "b"}}}`, ofPage, "card")
	c.fails(400, "BadRequest", "DELETE", "content_types/card/published", "")
	without := `{"name": "Card", "fields": [{"id": "a", "name": "A", "type": "Symbol"}]}`
	c.fails(422, "ValidationFailed", "PUT", "content_types/card", without, version("3")...)
	omitted := strings.Replace(card, `"type": "Text"`, `"type": "Text", "omitted": true`, 1)
	c.ok(200, "PUT", "content_types/card", omitted, version("3")...)
	c.ok(200, "PUT", "content_types/card/published", "", version("4")...)
	c.ok(200, "PUT", "content_types/card", without, version("5")...)
	for _, bad := range []string{
		`{}`, `{"name": "a", "fields": [{"id": "x", "name": "X", "type": "Nope"}]}`, `{"name": "a", "displayField": "z"}`,
		`{"name": "a", "fields": [{"id": "x", "name": "X", "type": "Link"}]}`, `{"name": "a", "fields": [{"id": "x", "name": "X", "type": "Array"}]}`,
	} {
		c.fails(422, "ValidationFailed", "PUT", "content_types/bad", bad)
	}
}

func TestJSONPatch(t *testing.T) {
	c, _, _ := open(t)
	patch := func(n, ops string) answer {
		return c.do("PATCH", "entries/home", ops, append(version(n), "Content-Type", "application/json-patch+json")...)
	}
	require.Equal(t, 409, patch("1", `[]`).status)
	a := patch("2", `[{"op": "replace", "path": "/fields/title/en-US", "value": "Neu"}, {"op": "add", "path": "/fields/data", "value": {"en-US": [1, 3]}},
		{"op": "add", "path": "/fields/data/en-US/1", "value": 2}, {"op": "add", "path": "/fields/data/en-US/-", "value": 4}, {"op": "remove", "path": "/fields/data/en-US/0"},
		{"op": "copy", "from": "/fields/title/en-US", "path": "/fields/title/de"}, {"op": "move", "from": "/fields/slug/en-US", "path": "/fields/kind"}, {"op": "remove", "path": "/fields/kind"},
		{"op": "test", "path": "/fields/title/de", "value": "Neu"}]`)
	require.Equal(t, 200, a.status, "%v", a.body)
	require.Equal(t, map[string]any{"title": map[string]any{"en-US": "Neu", "de": "Neu"}, "slug": map[string]any{}, "data": map[string]any{"en-US": []any{2.0, 3.0, 4.0}}}, a.body["fields"])
	for _, bad := range []string{
		`{}`, `[{"op": "remove", "path": "/fields/none"}]`, `[{"op": "replace", "path": "/fields/none/x", "value": 1}]`, `[{"op": "test", "path": "/fields/title/de", "value": "x"}]`,
		`[{"op": "add", "path": "/fields/data/en-US/9", "value": 1}]`, `[{"op": "nope", "path": "/fields"}]`, `[{"op": "add", "path": "fields", "value": 1}]`, `[{"op": "remove", "path": ""}]`,
	} {
		require.Equal(t, 422, patch("3", bad).status, bad)
	}
	require.Equal(t, "Home", at(c.ok(200, "GET", "public/entries/home", ""), "fields", "title", "en-US"), "what is published is left alone")
}
