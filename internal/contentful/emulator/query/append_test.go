package query_test

import (
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/segue-dev/segue/internal/contentful/emulator/query"
)

func TestAnswersHaveWhatIsSelectedInALocale(t *testing.T) {
	w := newWorld(t)
	w.space.Published = true
	p3 := w.space.Find("Entry", "p3")
	acme := w.space.Find("Entry", "acme")
	p1 := w.space.Find("Entry", "p1")
	for name, tc := range map[string]struct {
		entity         *query.Entity
		params, locale string
		want           string
	}{
		"one locale": {acme, "", "en", `{
			"sys": {"id": "acme", "type": "Entry", "contentType": {"sys": {"id": "brand"}}, "createdAt": "2024-01-01T00:00:00.000Z", "updatedAt": "2024-01-01T00:00:00.000Z", "locale": "en"},
			"fields": {"title": "Acme", "founded": 1950}}`},
		"a locale without fallback has what is not localized": {acme, "select=fields", "fr", `{"fields": {"title": "Acme", "founded": 1950}}`},
		"all locales":                      {acme, "select=sys.id,fields.title&content_type=brand", "*", `{"sys": {"id": "acme"}, "fields": {"title": {"en": "Acme"}}}`},
		"null is left out":                 {p3, "select=fields.name&content_type=product", "*", `{"fields": {"name": {"en": "Hat"}}}`},
		"by fallback of fallback":          {p3, "select=fields.name,sys.locale&content_type=product", "at", `{"sys": {"locale": "at"}, "fields": {"name": "Hat"}}`},
		"no fallback":                      {p3, "select=fields.name&content_type=product", "fr", `{"fields": {}}`},
		"nothing of it":                    {p3, "select=fields.price&content_type=product", "en", `{"fields": {}}`},
		"omitted fields are not delivered": {p1, "select=fields.gone,fields.name&content_type=product", "en", `{"fields": {"name": "Red shoe"}}`},
		"metadata":                         {p3, "select=metadata", "en", `{"metadata": {"tags": [], "concepts": [{"sys": {"type": "Link", "linkType": "TaxonomyConcept", "id": "shoe"}}]}}`},
	} {
		values, err := url.ParseQuery(tc.params)
		require.NoError(t, err)
		q, err := query.New(query.Entries, values, w.space)
		require.NoError(t, err, name)
		require.JSONEq(t, tc.want, string(q.Append(nil, tc.entity, tc.locale)), name)
	}
}

func TestManagementAnswersAreWholeEntities(t *testing.T) {
	w := newWorld(t)
	q, err := query.New(query.Entries, url.Values{}, w.space)
	require.NoError(t, err)
	for _, e := range w.entities {
		require.Equal(t, string(e.Raw), string(q.Append(nil, e, query.AllLocales)))
	}
}

func TestLinksAreFoundAtAnyDepth(t *testing.T) {
	var found []query.Link
	query.Links([]byte(`{"nodeType": "document", "content": [
		{"data": {"target": {"sys": {"type": "Link", "linkType": "Entry", "id": "a"}}}},
		{"data": {"target": {"sys": {"type": "ResourceLink", "linkType": "Contentful:Entry", "urn": "crn:x"}}}},
		{"data": {"sys": {"type": "Entry", "id": "no link"}}, "value": "\"linkType\"", "list": [[{"sys": {"id": "b", "linkType": "Asset", "type": "Link"}}]]}
	]}`), func(l query.Link) bool {
		found = append(found, l)
		return true
	})
	require.Equal(t, []query.Link{{Type: "Entry", ID: "a"}, {Type: "Contentful:Entry", ID: "crn:x"}, {Type: "Asset", ID: "b"}}, found)
}
