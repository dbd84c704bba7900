package content_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/segue-dev/segue/internal/content"
)

// texts is a space of one entry, whose field t has a value.
func texts(t testing.TB, value string) *content.Page {
	t.Helper()
	s := space{Locales: []content.Locale{{Code: "en"}}, Types: []content.Type{{ID: "page", Fields: []content.Field{{ID: "t"}, {ID: "raw", Plain: true}}}}}
	s.add("page", "p", "t", value, "raw", value)
	p, err := s.build(t).Compose("p", "", baselines)
	require.NoError(t, err)
	return p
}

// filledText returns the field of the entry with its merge tags filled.
func filledText(t testing.TB, p *content.Page, known map[string]string) (filled, raw any) {
	t.Helper()
	var page struct{ Fields map[string]any }
	require.NoError(t, json.Unmarshal(p.Fill(func(id string) (string, bool) {
		v, ok := known[id]
		return v, ok
	}), &page))
	return page.Fields["t"], page.Fields["raw"]
}

func TestMergeTagsInText(t *testing.T) {
	known := map[string]string{"traits.firstName": `Ana "A" <b>`, "location.city": "Köln"}
	for name, tc := range map[string]struct {
		text string // JSON
		tags []string
		want any
	}{
		"known":            {`"Hi {{traits.firstName | there}}!"`, []string{"traits.firstName"}, `Hi Ana "A" <b>!`},
		"fallback":         {`"Hi {{traits.nick | \"there\" \u00fc}}!"`, []string{"traits.nick"}, `Hi "there" ü!`},
		"no fallback":      {`"Hi {{ traits.nick }}!"`, []string{"traits.nick"}, `Hi !`},
		"several":          {`"{{location.city}}\n{{traits.firstName|x}}"`, []string{"location.city", "traits.firstName"}, "Köln\nAna \"A\" <b>"},
		"as the app names": {`"{{traits_firstName | x}}"`, []string{"traits_firstName"}, "x"},
		"woven marks":      {"\"Hi {{traits.firstName\u200b\u200c}}\"", []string{"traits.firstName"}, `Hi Ana "A" <b>`},
		"in a list":        {`["{{location.city}}", "b", 3]`, []string{"location.city"}, []any{"Köln", "b", 3.0}},
		"in rich text": {`{"nodeType":"document","data":{},"content":[{"nodeType":"text","value":"Hi {{traits.firstName}}","marks":[],"data":{}}]}`, []string{"traits.firstName"}, map[string]any{
			"nodeType": "document", "data": map[string]any{}, "content": []any{map[string]any{"nodeType": "text", "value": `Hi Ana "A" <b>`, "marks": []any{}, "data": map[string]any{}}},
		}},
		"not closed in rich text": {`{"nodeType":"document","content":[],"data":{"uri":"{{traits.nick | x"}}`, nil, map[string]any{
			"nodeType": "document", "content": []any{}, "data": map[string]any{"uri": "{{traits.nick | x"},
		}},
		"other braces": {`"{{page.title}} {{id}} {{#if traits.x}} {traits.x} {{ traits }}"`, nil, "{{page.title}} {{id}} {{#if traits.x}} {traits.x} {{ traits }}"},
		"none":         {`"Hi {there}"`, nil, "Hi {there}"},
	} {
		t.Run(name, func(t *testing.T) {
			p := texts(t, tc.text)
			require.Equal(t, tc.tags, p.MergeTags)
			filled, raw := filledText(t, p, known)
			require.Equal(t, tc.want, filled)
			var untouched any
			require.NoError(t, json.Unmarshal([]byte(tc.text), &untouched))
			require.Equal(t, untouched, raw, "what is copied is copied")
			var public struct{ Fields map[string]any }
			require.NoError(t, json.Unmarshal(p.JSON, &public))
			require.Equal(t, untouched, public.Fields["t"], "nothing of a visitor is in a public page")
		})
	}
}

// Tags in the words around the links of rich text are filled where they stand.
func TestMergeTagsAroundLinks(t *testing.T) {
	words := func(text string) string { return `{"nodeType":"text","value":"` + text + `","marks":[],"data":{}}` }
	linked := `{"nodeType":"entry-hyperlink","data":{"target":` + string(link("p")) + `},"content":[` + words("to {{location.city}}") + `]}`
	p := texts(t, `{"nodeType":"document","data":{},"content":[`+words("Hi {{traits.firstName|you}}, ")+`,`+linked+`,`+words(" and {{location.city}}!")+`]}`)
	require.Equal(t, []string{"location.city", "traits.firstName"}, p.MergeTags)
	filled := string(p.Fill(func(id string) (string, bool) { return "Oslo", id == "location.city" }))
	require.True(t, json.Valid([]byte(filled)))
	for _, want := range []string{`"Hi you, "`, `"to Oslo"`, `" and Oslo!"`, `"cycle":true`} {
		require.Contains(t, filled, want)
	}
}

// Whatever a text says, filling it leaves JSON.
func TestFilledTextIsText(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		part := rapid.OneOf(rapid.String(), rapid.SampledFrom([]string{"{{", "}}", "traits.", "{{traits.a", "|", " ", "\\", "\"", "{{traits.a}}", "{{location_b | "}))
		text := ""
		for _, p := range rapid.SliceOfN(part, 0, 8).Draw(r, "parts") {
			text += p
		}
		value, err := json.Marshal(text)
		require.NoError(r, err)
		in := string(value)
		if rapid.Bool().Draw(r, "rich") {
			in = `{"nodeType":"document","content":[{"nodeType":"text","data":{"uri":` + in + `}},{"nodeType":"entry-hyperlink","content":[],"data":{"target":` + string(link("p")) + `,"uri":` + in + `}}]}`
		}
		p := texts(t, in)
		with := rapid.String().Draw(r, "value")
		require.True(r, json.Valid(p.Fill(func(string) (string, bool) { return with, true })))
		require.True(r, json.Valid(p.Fill(func(string) (string, bool) { return "", false })))
	})
}

// Characters of no width do not count in slugs and in the ids of merge tags, and
// are never taken from what is shown.
func TestWovenMarksDoNotHideWhatTheyAreIn(t *testing.T) {
	s := space{
		Vocabulary: content.Vocabulary{MergeTag: "nt_mergetag", MergeTagID: "nt_mergetag_id", MergeTagFallback: "nt_fallback"},
		Locales:    []content.Locale{{Code: "en"}},
		Types:      []content.Type{{ID: "page", Fields: []content.Field{{ID: "slug"}, {ID: "title"}, {ID: "text"}}}},
	}
	s.add("nt_mergetag", "tag", "nt_mergetag_id", "\"traits.name\u200b\u200c\u200d\"", "nt_fallback", "\"you\"")
	s.add("page", "p", "slug", "\"prices\u200b\u200d\ufeff\"", "title", "\"Prices\u200b\u200c\"",
		"text", `{"nodeType":"document","data":{},"content":[{"nodeType":"embedded-entry-inline","data":{"target":`+string(link("tag"))+`},"content":[]}]}`)
	shop := s.build(t)
	for _, slug := range []string{"page:prices", "page:/prices", "page:prices\u200b"} {
		id, err := shop.Page(slug, "")
		require.NoError(t, err)
		require.Equal(t, "p", id)
	}
	p, err := shop.Compose("p", "", baselines)
	require.NoError(t, err)
	require.Equal(t, []string{"traits.name"}, p.MergeTags)
	require.Contains(t, string(p.JSON), "\"title\":\"Prices\u200b\u200c\"")
	require.Contains(t, string(p.JSON), "\"slug\":\"prices\u200b\u200d\ufeff\"")
}
