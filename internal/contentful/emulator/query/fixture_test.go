package query_test

import (
	"encoding/json"
	"errors"
	"net/url"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/segue-dev/segue/internal/contentful/emulator/query"
)

// A world is a small space with entities, as the delivery API shows them.
type world struct {
	space    *query.Space
	entities []*query.Entity
}

const productType = `{"sys": {"id": "product"}, "fields": [
	{"id": "name", "type": "Symbol", "localized": true},
	{"id": "text", "type": "Text", "localized": true},
	{"id": "body", "type": "RichText"},
	{"id": "price", "type": "Number"},
	{"id": "stock", "type": "Integer"},
	{"id": "since", "type": "Date"},
	{"id": "new", "type": "Boolean"},
	{"id": "colors", "type": "Array", "items": {"type": "Symbol"}},
	{"id": "shop", "type": "Location"},
	{"id": "data", "type": "Object"},
	{"id": "brand", "type": "Link", "linkType": "Entry"},
	{"id": "related", "type": "Array", "items": {"type": "Link", "linkType": "Entry"}},
	{"id": "image", "type": "Link", "linkType": "Asset"},
	{"id": "gone", "type": "Symbol", "omitted": true}
]}`

const brandType = `{"sys": {"id": "brand"}, "fields": [{"id": "title", "type": "Symbol"}, {"id": "founded", "type": "Integer"}]}`

// entities are in the order of their updates, oldest first.
const entities = `[
	{"sys": {"id": "acme", "type": "Entry", "contentType": {"sys": {"id": "brand"}}, "createdAt": "2024-01-01T00:00:00.000Z", "updatedAt": "2024-01-01T00:00:00.000Z"},
	 "fields": {"title": {"en": "Acme"}, "founded": {"en": 1950}}},
	{"sys": {"id": "bolt", "type": "Entry", "contentType": {"sys": {"id": "brand"}}, "createdAt": "2024-01-02T00:00:00.000Z", "updatedAt": "2024-01-02T00:00:00.000Z"},
	 "fields": {"title": {"en": "Bolt"}, "founded": {"en": 2001}}},
	{"sys": {"id": "p1", "type": "Entry", "contentType": {"sys": {"id": "product"}}, "createdAt": "2024-02-01T00:00:00.000Z", "updatedAt": "2024-02-01T00:00:00.000Z", "revision": 3},
	 "metadata": {"tags": [{"sys": {"type": "Link", "linkType": "Tag", "id": "sale"}}, {"sys": {"type": "Link", "linkType": "Tag", "id": "summer"}}], "concepts": [{"sys": {"type": "Link", "linkType": "TaxonomyConcept", "id": "sneaker"}}]},
	 "fields": {"name": {"en": "Red shoe", "de": "Roter Schuh"}, "text": {"en": "A shoe for running, and more"}, "price": {"en": 9.5}, "stock": {"en": 3},
	  "since": {"en": "2024-03-01T10:00+02:00"}, "new": {"en": true}, "colors": {"en": ["red", "white"]}, "shop": {"en": {"lat": 52.52, "lon": 13.4}},
	  "brand": {"en": {"sys": {"type": "Link", "linkType": "Entry", "id": "acme"}}}, "image": {"en": {"sys": {"type": "Link", "linkType": "Asset", "id": "i1"}}}, "gone": {"en": "hidden"}}},
	{"sys": {"id": "p2", "type": "Entry", "contentType": {"sys": {"id": "product"}}, "createdAt": "2024-02-02T00:00:00.000Z", "updatedAt": "2024-02-02T00:00:00.000Z", "revision": 1},
	 "metadata": {"tags": [{"sys": {"type": "Link", "linkType": "Tag", "id": "sale"}}], "concepts": []},
	 "fields": {"name": {"en": "Blue shoe"}, "price": {"en": 20}, "stock": {"en": 0}, "new": {"en": false}, "colors": {"en": ["blue"]}, "shop": {"en": {"lat": 48.86, "lon": 2.35}},
	  "related": {"en": [{"sys": {"type": "Link", "linkType": "Entry", "id": "p1"}}, {"sys": {"type": "Link", "linkType": "Entry", "id": "bolt"}}]},
	  "body": {"en": {"nodeType": "document", "data": {}, "content": [
	    {"nodeType": "paragraph", "data": {}, "content": [{"nodeType": "text", "value": "Waterproof \"boots\"", "marks": [], "data": {}}]},
	    {"nodeType": "embedded-asset-block", "data": {"target": {"sys": {"type": "Link", "linkType": "Asset", "id": "i2"}}}, "content": []}]}}}},
	{"sys": {"id": "p3", "type": "Entry", "contentType": {"sys": {"id": "product"}}, "createdAt": "2024-02-03T00:00:00.000Z", "updatedAt": "2024-02-03T00:00:00.000Z", "revision": 2},
	 "metadata": {"tags": [], "concepts": [{"sys": {"type": "Link", "linkType": "TaxonomyConcept", "id": "shoe"}}]},
	 "fields": {"name": {"en": "Hat", "de": null}, "brand": {"en": {"sys": {"type": "Link", "linkType": "Entry", "id": "missing"}}}}},
	{"sys": {"id": "i1", "type": "Asset", "createdAt": "2024-01-05T00:00:00.000Z", "updatedAt": "2024-01-05T00:00:00.000Z"},
	 "fields": {"title": {"en": "A picture"}, "file": {"en": {"url": "//x/i1.png", "fileName": "shoe.png", "contentType": "image/png", "details": {"size": 1000, "image": {"width": 20, "height": 10}}}}}},
	{"sys": {"id": "i2", "type": "Asset", "createdAt": "2024-01-06T00:00:00.000Z", "updatedAt": "2024-01-06T00:00:00.000Z"},
	 "fields": {"title": {"en": "A manual"}, "file": {"en": {"url": "//x/i2.pdf", "fileName": "manual.pdf", "contentType": "application/pdf", "details": {"size": 50}}}}}
]`

func newWorld(t testing.TB) *world {
	t.Helper()
	w := &world{space: &query.Space{
		Locales: []query.Locale{{Code: "en", Default: true}, {Code: "de", Fallback: "en"}, {Code: "at", Fallback: "de"}, {Code: "fr"}},
		Types:   map[string]*query.ContentType{},
		Narrower: func(id string) []string {
			return map[string][]string{"shoe": {"sneaker"}}[id]
		},
	}}
	for _, raw := range []string{productType, brandType} {
		ct, err := query.ParseContentType([]byte(raw))
		require.NoError(t, err)
		w.space.Types[ct.ID] = ct
	}
	var raws []json.RawMessage
	require.NoError(t, json.Unmarshal([]byte(entities), &raws))
	for _, raw := range raws {
		w.add(t, raw)
	}
	w.space.Find = func(linkType, id string) *query.Entity {
		for _, e := range w.entities {
			if e.Type == linkType && e.ID == id {
				return e
			}
		}
		return nil
	}
	return w
}

func (w *world) add(t testing.TB, raw []byte) {
	t.Helper()
	e, err := query.Parse(raw)
	require.NoError(t, err)
	w.entities = append(w.entities, e)
}

// of returns the entities of a kind.
func (w *world) of(kind query.Kind) []*query.Entity {
	typ := map[query.Kind]string{query.Entries: "Entry", query.Assets: "Asset"}[kind]
	return slices.DeleteFunc(slices.Clone(w.entities), func(e *query.Entity) bool { return e.Type != typ })
}

// ask returns the ids of the page asked for.
func (w *world) ask(t testing.TB, kind query.Kind, params string) ([]string, error) {
	t.Helper()
	values, err := url.ParseQuery(params)
	require.NoError(t, err)
	q, err := query.New(kind, values, w.space)
	if err != nil {
		return nil, err
	}
	page, err := q.Page(slices.Values(w.of(kind)))
	require.NoError(t, err)
	return idsOf(page.Items), nil
}

func idsOf(items []*query.Entity) []string {
	ids := []string{}
	for _, e := range items {
		ids = append(ids, e.ID)
	}
	return ids
}

// details returns those of an error in a query.
func details(t testing.TB, err error) (*query.Error, query.Detail) {
	t.Helper()
	e, ok := errors.AsType[*query.Error](err)
	require.True(t, ok, "%v", err)
	if len(e.Details) == 0 {
		return e, query.Detail{}
	}
	return e, e.Details[0]
}
