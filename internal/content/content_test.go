package content_test

import (
	"encoding/json"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/segue-dev/segue/internal/content"
	"github.com/segue-dev/segue/internal/fault"
)

func TestPageIsFoundByIDAndBySlug(t *testing.T) {
	shop := bookshop(t).build(t)
	for name, tc := range map[string]struct{ ref, locale, want string }{
		"id":                    {"home", "", "home"},
		"slug":                  {"page:events", "en", "events"},
		"slash asked":           {"page:/events", "en", "events"},
		"slash kept":            {"page:accueil", "fr", "home"},
		"root":                  {"page:/", "de-AT", "home"},
		"root without slash":    {"page:", "de-AT", "home"},
		"path where no slug is": {"book:ebb", "", "ebb"},
		"translated slug":       {"page:le-quai", "fr", "quai"},
		"draft slug falls back": {"page:events", "de", "events"},
	} {
		t.Run(name, func(t *testing.T) {
			id, err := shop.Page(tc.ref, tc.locale)
			require.NoError(t, err)
			require.Equal(t, tc.want, id)
		})
	}
}

func TestPageSaysWhatThereIsInstead(t *testing.T) {
	shop := bookshop(t).build(t)
	for name, tc := range map[string]struct{ ref, locale, want string }{
		"unknown id":     {"hom", "", `page "hom": no entry has this id; a page is named by its entry id or as contentType:slug`},
		"unknown slug":   {"page:evnts", "en", `page "page:evnts": no published page has the slug "evnts" in locale en; there is events, /`},
		"draft slug":     {"page:lesungen", "de", `page "page:lesungen": no published page has the slug "lesungen" in locale de; there is events, /`},
		"archived slug":  {"page:attic", "en", `page "page:attic": no published page has the slug "attic" in locale en; there is /, events`},
		"unknown type":   {"pge:home", "en", `page "pge:home": no content type "pge"; there is page, book, hero`},
		"no slug field":  {"hero:home", "en", `page "hero:home": content type "hero" has no field slug, path, url: name the page by its entry id`},
		"archived":       {"attic", "en", `page "attic": the entry is not published (archived)`},
		"other locale":   {"quai", "en", `page "quai": the entry is not published in locale en`},
		"unknown locale": {"home", "es", `locale "es": not a locale of the content; there are de, de-AT, en, fr`},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := shop.Page(tc.ref, tc.locale)
			require.EqualError(t, err, tc.want)
			require.Equal(t, fault.NotFound, fault.KindOf(err))
		})
	}
}

func TestPublishable(t *testing.T) {
	shop := bookshop(t).build(t)
	for name, tc := range map[string]struct {
		id, locale string
		want       bool
	}{
		"published":                           {"heroDefault", "de", true},
		"default locale":                      {"heroSailors", "", true},
		"by fallback":                         {"heroSailors", "de-AT", true},
		"not translated":                      {"heroSailors", "fr", false},
		"nothing to translate":                {"lighthouse", "fr", true},
		"changed":                             {"ebb", "en", true},
		"draft":                               {"heroDraft", "en", false},
		"archived":                            {"attic", "en", false},
		"draft locale":                        {"quai", "en", false},
		"draft locale with fallback":          {"events", "de", true},
		"unknown entry":                       {"nowhere", "en", false},
		"unknown locale":                      {"heroDefault", "es", false},
		"assets are not entries":              {"quay", "en", false},
		"draft locale beside a published one": {"quai", "fr", true},
	} {
		t.Run(name, func(t *testing.T) {
			require.Equal(t, tc.want, shop.Publishable(tc.id, tc.locale))
		})
	}
}

func TestReachIsBreadthFirstAndFollowsAlternatives(t *testing.T) {
	shop := bookshop(t).build(t)
	none := func(string) []string { return nil }
	require.Equal(t, []string{"home", "heroDefault", "staffPicks", "welcome", "tides", "lighthouse", "tagName", "lateNight", "ebb"},
		shop.Reach("home", "", none))
	require.Equal(t, []string{"home", "heroDefault", "staffPicks", "welcome", "tides", "lighthouse", "ebb"},
		shop.Reach("home", "de", none), "another text, other links")
	require.Equal(t, []string{"tides", "events", "ebb", "lighthouse"},
		shop.Reach("tides", "", func(id string) []string {
			return map[string][]string{"tides": {"events", "heroDraft", "nowhere"}, "ebb": {"tides"}}[id]
		}))
	require.Nil(t, shop.Reach("heroDraft", "", none))
	require.Nil(t, shop.Reach("home", "es", none))
}

func TestEntries(t *testing.T) {
	shop := bookshop(t).build(t)
	var books []string
	for e := range shop.Entries("book") {
		books = append(books, e.ID)
		if len(books) == 2 {
			break
		}
	}
	require.Equal(t, []string{"ebb", "lighthouse"}, books)
	require.Len(t, slices.Collect(shop.Entries("")), len(bookshop(t).Entries))
	require.Empty(t, slices.Collect(shop.Entries("film")))

	draft, ok := shop.Entry("heroDraft")
	require.True(t, ok)
	require.Equal(t, content.Draft, draft.State)
	raw, ok := draft.Field("headline", "de")
	require.True(t, ok)
	require.Equal(t, `"Not yet"`, string(raw))
	_, ok = draft.Field("headline", "es")
	require.False(t, ok)
	_, ok = draft.Field("subline", "en")
	require.False(t, ok)
}

func TestLocales(t *testing.T) {
	shop := bookshop(t).build(t)
	require.Equal(t, "en", shop.DefaultLocale())
	require.True(t, shop.HasLocale("de-AT"))
	require.False(t, shop.HasLocale("it"))
	require.False(t, shop.HasLocale(""))
}

func TestEverythingThatPagesDependOnIsInTheRevision(t *testing.T) {
	first := bookshop(t).build(t).Revision()
	for name, change := range map[string]func(s *space){
		"entry":       func(s *space) { s.Entries[0].Sys = json.RawMessage(`{"id": "home", "revision": 4}`) },
		"entry state": func(s *space) { s.Entries[1].Item.State = content.Archived },
		"asset":       func(s *space) { s.Assets[0].Fields["title"]["de"] = json.RawMessage(`"Die Mole"`) },
		"type":        func(s *space) { s.Types[0].Fields[0].Localized = false },
		"fallback":    func(s *space) { s.Locales[1].Fallback = "" },
		"draft":       func(s *space) { s.Entries[0].DraftLocales = []string{"de"} },
		"vocabulary":  func(s *space) { s.Vocabulary.InternalPrefix = "x_" },
	} {
		t.Run(name, func(t *testing.T) {
			s := bookshop(t)
			change(&s)
			require.NotEqual(t, first, s.build(t).Revision())
		})
	}
}

func TestFindings(t *testing.T) {
	s := bookshop(t)
	s.Locales[3].Fallback = "nl"
	s.Locales = append(s.Locales, content.Locale{Code: "x1", Fallback: "x2"}, content.Locale{Code: "x2", Fallback: "x1"})
	var lines []string
	for _, f := range s.build(t).Findings() {
		lines = append(lines, f.Entry+" | "+f.Field+" | "+f.Message)
	}
	text, err := json.MarshalIndent(lines, "", "  ")
	require.NoError(t, err)
	golden(t, "findings.json", append(text, '\n'))
}

func TestBuilderRefuses(t *testing.T) {
	raw := func(s string) json.RawMessage { return json.RawMessage(s) }
	for name, tc := range map[string]struct {
		add  func(b *content.Builder) error
		want string
	}{
		"entry without id":     {func(b *content.Builder) error { return b.AddEntry(content.Item{Type: "t"}) }, "sys.id: missing"},
		"entry without type":   {func(b *content.Builder) error { return b.AddEntry(content.Item{ID: "e"}) }, "content type: missing"},
		"entry twice":          {func(b *content.Builder) error { return b.AddEntry(content.Item{ID: "have", Type: "t"}) }, "the id occurs twice: remove one"},
		"asset twice":          {func(b *content.Builder) error { return b.AddAsset(content.Item{ID: "have"}) }, "the id occurs twice: remove one"},
		"sys is no object":     {func(b *content.Builder) error { return b.AddAsset(content.Item{ID: "a", Sys: raw(`[]`)}) }, "sys: must be an object"},
		"metadata is no JSON":  {func(b *content.Builder) error { return b.AddAsset(content.Item{ID: "a", Metadata: raw(`{`)}) }, "metadata: not JSON: unexpected end of JSON input"},
		"field is no JSON":     {func(b *content.Builder) error { return b.AddAsset(withTitle(`x`)) }, "fields.title.en: not JSON: invalid character 'x' looking for beginning of value"},
		"locale without code":  {func(b *content.Builder) error { return b.AddLocale(content.Locale{}) }, "code: missing"},
		"locale twice":         {func(b *content.Builder) error { return b.AddLocale(content.Locale{Code: "en"}) }, `there are two locales "en": remove one`},
		"type without id":      {func(b *content.Builder) error { return b.AddType(content.Type{}) }, "id: missing"},
		"type twice":           {func(b *content.Builder) error { return b.AddType(content.Type{ID: "t"}) }, `there are two content types "t": remove one`},
		"field without id":     {func(b *content.Builder) error { return b.AddType(typeOf("a", "")) }, "fields[1]: id: missing"},
		"field twice":          {func(b *content.Builder) error { return b.AddType(typeOf("a", "a")) }, `there are two fields "a": remove one`},
		"two default locales":  {twoDefaults, `locales: both "aa" and "en" are the default: mark one`},
		"no default locale":    {noDefault, `locales: none is the default: mark one of them (aa, bb)`},
		"an asset may share":   {func(b *content.Builder) error { return b.AddAsset(content.Item{ID: "entry"}) }, ""},
		"nulls are no content": {func(b *content.Builder) error { return b.AddAsset(withTitle(`null`)) }, ""},
	} {
		t.Run(name, func(t *testing.T) {
			var b content.Builder
			require.NoError(t, b.AddLocale(content.Locale{Code: "en", Default: true}))
			require.NoError(t, b.AddType(content.Type{ID: "t"}))
			require.NoError(t, b.AddEntry(content.Item{ID: "have", Type: "t"}))
			require.NoError(t, b.AddEntry(content.Item{ID: "entry", Type: "t"}))
			require.NoError(t, b.AddAsset(content.Item{ID: "have"}))
			err := tc.add(&b)
			if tc.want == "" {
				require.NoError(t, err)
				return
			}
			require.EqualError(t, err, tc.want)
			require.Equal(t, fault.Invalid, fault.KindOf(err))
		})
	}
}

// withTitle returns an asset with a title.
func withTitle(raw string) content.Item {
	return content.Item{ID: "a", Fields: map[string]map[string]json.RawMessage{"title": {"en": json.RawMessage(raw)}}}
}

// typeOf returns a content type with two fields.
func typeOf(a, b string) content.Type {
	return content.Type{ID: "u", Fields: []content.Field{{ID: a}, {ID: b}}}
}

// twoDefaults adds a second default locale and builds.
func twoDefaults(b *content.Builder) error {
	if err := b.AddLocale(content.Locale{Code: "aa", Default: true}); err != nil {
		return err
	}
	_, err := b.Build()
	return err
}

// noDefault builds content whose two locales are not the default.
func noDefault(*content.Builder) error {
	var b content.Builder
	for _, code := range []string{"aa", "bb"} {
		if err := b.AddLocale(content.Locale{Code: code}); err != nil {
			return err
		}
	}
	_, err := b.Build()
	return err
}
