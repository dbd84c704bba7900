package query_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/segue-dev/segue/internal/contentful/emulator/query"
)

func TestEntriesAskedFor(t *testing.T) {
	w := newWorld(t)
	for params, want := range map[string][]string{
		"":                             {"p3", "p2", "p1", "bolt", "acme"}, // the newest first
		"content_type=brand":           {"bolt", "acme"},
		"sys.contentType.sys.id=brand": {"bolt", "acme"},
		"sys.contentType.sys.id[in]=brand,product&limit=1": {"p3"},

		"sys.id=p1":                    {"p1"},
		"sys.id=none":                  {},
		"sys.id[in]=p1,acme,x":         {"p1", "acme"},
		"sys.id[ne]=p1":                {"p3", "p2", "bolt", "acme"},
		"sys.id[nin]=p1,p2,p3":         {"bolt", "acme"},
		"sys.revision[gte]=2":          {"p3", "p1"},
		"sys.revision[exists]=false":   {"bolt", "acme"},
		"sys.updatedAt[gt]=2024-02-01": {"p3", "p2"},
		"sys.updatedAt[gte]=2024-02-01T01:00:00%2B01:00":           {"p3", "p2", "p1"},
		"sys.createdAt[lt]=2024-02-02&content_type=product":        {"p1"},
		"sys.updatedAt=2024-02-03T00:00:00Z&access_token=anything": {"p3"},

		"content_type=product&fields.name=Hat":                         {"p3"},
		"content_type=product&fields.name=hat":                         {},
		"content_type=product&fields.name.de=Roter+Schuh":              {"p1"},
		"content_type=product&fields.name=Roter+Schuh&locale=de":       {"p1"},
		"content_type=product&fields.name=Blue+shoe&locale=at":         {"p2"}, // by fallback
		"content_type=product&fields.name=Roter+Schuh&locale=*":        {},
		"content_type=product&fields.name=Hat&locale=fr":               {}, // no fallback
		"content_type=product&fields.price=9.5&locale=fr":              {"p1"},
		"content_type=product&fields.name[ne]=Hat":                     {"p2", "p1"},
		"content_type=product&fields.price[ne]=20":                     {"p3", "p1"}, // also what has none
		"content_type=product&fields.price=9.50":                       {"p1"},
		"content_type=product&fields.price[gt]=9.5":                    {"p2"},
		"content_type=product&fields.price[lte]=9.5":                   {"p1"},
		"content_type=product&fields.price[gte]=1&fields.price[lt]=20": {"p1"},
		"content_type=product&fields.stock[in]=0,7":                    {"p2"},
		"content_type=product&fields.stock[nin]=0,7":                   {"p3", "p1"},
		"content_type=product&fields.new=true":                         {"p1"},
		"content_type=product&fields.new=false":                        {"p2"},
		"content_type=product&fields.since=2024-03-01T08:00Z":          {"p1"},
		"content_type=product&fields.since[lt]=2024-03-01":             {},
		"content_type=product&fields.colors=white":                     {"p1"},
		"content_type=product&fields.colors[in]=white,blue":            {"p2", "p1"},
		"content_type=product&fields.colors[nin]=white":                {"p3", "p2"},
		"content_type=product&fields.colors[all]=white,red":            {"p1"},
		"content_type=product&fields.colors[all]=white,blue":           {},
		"content_type=product&fields.colors[exists]=false":             {"p3"},
		"content_type=product&fields.data[exists]=true":                {},
		"content_type=product&fields.name.de[exists]=true":             {"p1"}, // null is none

		"content_type=product&fields.text[match]=RUN":          {"p1"}, // the beginning of a word
		"content_type=product&fields.text[match]=running+shoe": {"p1"},
		"content_type=product&fields.text[match]=unning":       {},
		"content_type=product&fields.body[match]=boots":        {"p2"},
		"query=shoe":                           {"p2", "p1"},
		"query=waterproof+blue":                {"p2"},
		"query=Bolt":                           {"bolt"},
		"query=schuh&locale=de":                {"p1"},
		"query=schuh":                          {},
		"content_type=product&query=red+white": {"p1"},

		"content_type=product&fields.shop[within]=52,13,53,14":                                                     {"p1"},
		"content_type=product&fields.shop[within]=48.85,2.35,5":                                                    {"p2"},
		"content_type=product&fields.shop[near]=48,2":                                                              {"p2", "p1", "p3"},
		"content_type=product&fields.shop[near]=53,13":                                                             {"p1", "p2", "p3"},
		"content_type=product&fields.brand.sys.id=acme":                                                            {"p1"},
		"content_type=product&fields.related.sys.id[in]=x,bolt":                                                    {"p2"},
		"content_type=product&fields.related.sys.id[all]=p1,bolt":                                                  {"p2"},
		"content_type=product&fields.brand[exists]=true":                                                           {"p3", "p1"},
		"content_type=product&fields.image.sys.id=i1":                                                              {"p1"},
		"links_to_entry=acme":                                                                                      {"p1"},
		"links_to_entry=p1":                                                                                        {"p2"},
		"links_to_asset=i2":                                                                                        {"p2"}, // in rich text
		"links_to_entry=i2":                                                                                        {},
		"content_type=product&fields.brand.sys.contentType.sys.id=brand":                                           {"p1"},
		"content_type=product&fields.brand.sys.contentType.sys.id=brand&fields.brand.fields.title=Acme":            {"p1"},
		"content_type=product&fields.brand.sys.contentType.sys.id=brand&fields.brand.fields.title[ne]=Acme":        {},
		"content_type=product&fields.related.sys.contentType.sys.id=brand&fields.related.fields.founded[gt]=2000":  {"p2"},
		"content_type=product&fields.related.sys.contentType.sys.id=brand&fields.related.fields.founded[lt]=2000":  {},
		"content_type=product&fields.related.sys.contentType.sys.id=product&fields.related.fields.name[match]=red": {"p2"},

		"metadata.tags.sys.id[in]=summer,x":          {"p1"},
		"metadata.tags.sys.id[all]=sale,summer":      {"p1"},
		"metadata.tags.sys.id[nin]=sale":             {"p3", "bolt", "acme"},
		"metadata.tags[exists]=true":                 {"p2", "p1"},
		"metadata.tags[exists]=false":                {"p3", "bolt", "acme"},
		"metadata.concepts.sys.id[in]=shoe":          {"p3"},
		"metadata.concepts[exists]=true":             {"p3", "p1"},
		"metadata.concepts[descendants][in]=shoe":    {"p3", "p1"},
		"metadata.concepts[descendants][in]=sneaker": {"p1"},

		"order=sys.createdAt": {"acme", "bolt", "p1", "p2", "p3"},
		"order=-sys.id":       {"p3", "p2", "p1", "bolt", "acme"},
		"order=sys.contentType.sys.id,-sys.createdAt":       {"bolt", "acme", "p3", "p2", "p1"},
		"content_type=product&order=fields.price":           {"p1", "p2", "p3"}, // what has none comes last
		"content_type=product&order=-fields.price":          {"p2", "p1", "p3"},
		"content_type=product&order=fields.new,fields.name": {"p2", "p1", "p3"},
		"content_type=product&order=-fields.brand.sys.id":   {"p3", "p1", "p2"},
		"content_type=product&order=fields.name&locale=de":  {"p2", "p3", "p1"},
		"limit=0":        {},
		"limit=2&skip=1": {"p2", "p1"},
		"skip=4":         {"acme"},
		"skip=5":         {},
		"include=0":      {"p3", "p2", "p1", "bolt", "acme"},
	} {
		got, err := w.ask(t, query.Entries, params)
		require.NoError(t, err, params)
		require.Equal(t, want, got, params)
	}
}

func TestAssetsAskedFor(t *testing.T) {
	w := newWorld(t)
	for params, want := range map[string][]string{
		"":                                        {"i2", "i1"},
		"mimetype_group=image":                    {"i1"},
		"mimetype_group=pdfdocument":              {"i2"},
		"mimetype_group=image,pdfdocument":        {"i2", "i1"},
		"fields.title=A+manual":                   {"i2"},
		"fields.file.contentType=image/png":       {"i1"},
		"fields.file.details.size[gt]=100":        {"i1"},
		"fields.file.details.image.width[lte]=20": {"i1"},
		"fields.file.fileName[match]=manual":      {"i2"},
		"query=shoe":                              {"i1"},
		"order=fields.file.details.size":          {"i2", "i1"},
		"fields.title[match]=pic&select=fields":   {"i1"},
	} {
		got, err := w.ask(t, query.Assets, params)
		require.NoError(t, err, params)
		require.Equal(t, want, got, params)
	}
}

func TestMistakesOfQueries(t *testing.T) {
	w := newWorld(t)
	for params, want := range map[string]query.Detail{
		"sys.888=GO":                           {Name: "unknown", Path: []string{"sys", "888"}, Details: `The path "sys.888" is not recognized`},
		"invalid_param=x":                      {Name: "unknown", Path: []string{"invalid_param"}, Details: `The path "invalid_param" is not recognized`},
		"mimetype_group=image":                 {Name: "unknown", Path: []string{"mimetype_group"}, Details: `The path "mimetype_group" is not recognized`},
		"content_type=NONE":                    {Name: "unknownContentType", Value: "NONE"},
		"sys.contentType.sys.id=NONE":          {Name: "unknownContentType", Value: "NONE"},
		"content_type=product&fields.none=1":   {Name: "unknown", Path: []string{"fields", "none"}, Details: `The path "fields.none" is not recognized`},
		"content_type=product&fields.data.a=1": {Name: "unknown", Path: []string{"fields", "data", "a"}, Details: `The path "fields.data.a" is not recognized`},
		"content_type=product&order=fields.text": {
			Name: "order", Path: []string{"fields", "text", "en"}, Type: "Text", Details: "Text fields do not support ordering. Consider using a Symbol field instead",
		},
		"content_type=product&fields.brand.sys.contentType.sys.id=NONE": {Name: "unknownContentType", Value: "NONE"},
	} {
		_, err := w.ask(t, query.Entries, params)
		e, got := details(t, err)
		require.Equal(t, query.InvalidQuery, e.ID, params)
		require.Equal(t, want, got, params)
	}
}

func TestWhatIsNotApplicableIsAnError(t *testing.T) {
	w := newWorld(t)
	for params, name := range map[string]string{
		"sys.id[IN]=p1":           "unknown",
		"sys.id[]=p1":             "unknown",
		"sys.id[in][in]=p1":       "unknown",
		"fields=x":                "unknown",
		"sys..id=x":               "unknown",
		"metadata.tags.sys=x":     "unknown",
		"metadata.other.sys.id=x": "unknown",
		"name=x":                  "unknown",
		"content_type=product&fields.brand.fields.title=Acme":                                            "reference",
		"content_type=product&fields.brand.sys.contentType.sys.id=brand&fields.brand.fields.none=1":      "unknown",
		"content_type=product&fields.brand.sys.contentType.sys.id=brand&fields.brand.fields.title[IN]=x": "unknown",
		"content_type=product&fields.brand=acme":                                                         "equality",
		"content_type=product&fields.body=x":                                                             "equality",
		"content_type=product&fields.name[lt]=x":                                                         "lt",
		"content_type=product&fields.price[match]=1":                                                     "match",
		"content_type=product&fields.price=cheap":                                                        "equality",
		"content_type=product&fields.price[in]=1,x":                                                      "in",
		"content_type=product&fields.price=NaN":                                                          "equality",
		"content_type=product&fields.new=yes":                                                            "equality",
		"content_type=product&fields.since[gt]=soon":                                                     "gt",
		"content_type=product&fields.name[near]=1,2":                                                     "near",
		"content_type=product&fields.shop[near]=1":                                                       "near",
		"content_type=product&fields.shop[within]=1,2":                                                   "within",
		"content_type=product&fields.name[exists]=maybe":                                                 "fields.name[exists]",
		"content_type=product&order=fields.colors":                                                       "order",
		"content_type=product&order=fields.brand":                                                        "order",
		"order=metadata.tags.sys.id":                                                                     "order",
		"order=,":                                                                                        "unknown",
		"limit=1001":                                                                                     "limit",
		"limit=-1":                                                                                       "limit",
		"limit=ten":                                                                                      "limit",
		"skip=-1":                                                                                        "skip",
		"include=11":                                                                                     "include",
		"include=-1":                                                                                     "include",
		"select=sys.contentType.sys":                                                                     "select",
		"select=name":                                                                                    "unknown",
		"cursor=yes":                                                                                     "cursor",
		"cursor=true&skip=1":                                                                             "skip",
		"pageNext=x":                                                                                     "pageNext",
		"pagePrev=e30":                                                                                   "pagePrev",
		"pageNext=e30&pagePrev=e30":                                                                      "pagePrev",
	} {
		_, err := w.ask(t, query.Entries, params)
		e, got := details(t, err)
		require.Equal(t, query.InvalidQuery, e.ID, params)
		require.Equal(t, name, got.Name, params)
	}
	_, err := w.ask(t, query.Assets, "mimetype_group=pictures")
	_, got := details(t, err)
	require.Equal(t, "mimetype_group", got.Name)
	_, err = w.ask(t, query.Assets, "include=1")
	_, got = details(t, err)
	require.Equal(t, "unknown", got.Name)
}

func TestFieldsNeedAContentType(t *testing.T) {
	w := newWorld(t)
	for _, params := range []string{"fields.name=x", "order=fields.name", "select=fields.name", "sys.contentType.sys.id[in]=product&fields.name=x"} {
		_, err := w.ask(t, query.Entries, params)
		e, _ := details(t, err)
		require.Equal(t, query.BadRequest, e.ID, params)
		require.Contains(t, e.Message, "A Content Type ID is required.", params)
	}
	_, err := w.ask(t, query.Entries, "locale=xx")
	e, _ := details(t, err)
	require.Equal(t, &query.Error{ID: query.BadRequest, Message: "Unknown locale: xx"}, e)
}

func TestOthersAskedFor(t *testing.T) {
	w := newWorld(t)
	list := func(params string) []string {
		ids, err := w.ask(t, query.Others, params)
		require.NoError(t, err, params)
		return ids
	}
	w.entities = nil
	w.add(t, []byte(`{"sys": {"id": "b"}, "name": "First"}`))
	w.add(t, []byte(`{"sys": {"id": "a"}, "name": "Second"}`))
	require.Equal(t, []string{"b", "a"}, list("order=name"))
	require.Equal(t, []string{"a", "b"}, list("order=sys.id"))
	require.Equal(t, []string{"a"}, list("sys.id[in]=a,c"))
	require.Equal(t, []string{"b"}, list("name[match]=fir"))
	require.Equal(t, []string{"a"}, list("query=sec"))
	_, err := w.ask(t, query.Others, "fields.name=x")
	_, got := details(t, err)
	require.Equal(t, "unknown", got.Name)
}
