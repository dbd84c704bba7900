package content_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/segue-dev/segue/internal/content"
	"github.com/segue-dev/segue/internal/fault"
)

func TestComposedPages(t *testing.T) {
	shop := bookshop(t).build(t)
	hidden := content.Choice{Hidden: true, Experience: "exp"}
	for name, tc := range map[string]struct {
		page, locale string
		chosen       map[string]content.Choice
	}{
		"baseline":                   {"home", "", nil},
		"fallback-locale":            {"home", "de-AT", nil},
		"locale-without-fallback":    {"home", "fr", nil},
		"draft-locale":               {"events", "de", nil},
		"variant-with-its-baseline":  {"home", "en", map[string]content.Choice{"heroDefault": {Entry: "heroSailors", Experience: `exp "1"`, Variant: 1}}},
		"variant-with-a-slot":        {"home", "en", map[string]content.Choice{"staffPicks": {Entry: "lateNight", Experience: "exp", Variant: 2}, "lighthouse": {Entry: "tides", Experience: "inner", Variant: 1}}},
		"page-as-slot":               {"home", "en", map[string]content.Choice{"home": {Entry: "events", Experience: "exp", Variant: 1}}},
		"hidden-field-and-element":   {"home", "en", map[string]content.Choice{"heroDefault": hidden, "staffPicks": hidden, "welcome": hidden}},
		"hidden-in-rich-text":        {"welcome", "en", map[string]content.Choice{"lateNight": hidden, "lighthouse": hidden}},
		"hidden-page-is-shown":       {"lighthouse", "en", map[string]content.Choice{"lighthouse": hidden}},
		"unpublished-variant":        {"heroDefault", "en", map[string]content.Choice{"heroDefault": {Entry: "heroDraft", Experience: "exp", Variant: 1}}},
		"missing-variant":            {"heroDefault", "en", map[string]content.Choice{"heroDefault": {Entry: "nowhere", Experience: "exp", Variant: 1}}},
		"draft-slot-is-not-replaced": {"staffPicks", "en", map[string]content.Choice{"heroDraft": {Entry: "heroSailors", Experience: "exp", Variant: 1}}},
		"circle":                     {"tides", "en", nil},
		"merge-tag-as-page":          {"tagName", "en", nil},
	} {
		t.Run(name, func(t *testing.T) {
			p, err := shop.Compose(tc.page, tc.locale, choices(tc.chosen))
			require.NoError(t, err)
			golden(t, "pages/"+name+".json", summary(t, p))
		})
	}
}

// summary returns all that a page holds, to be read by people.
func summary(t *testing.T, p *content.Page) []byte {
	t.Helper()
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	require.NoError(t, encoder.Encode(map[string]any{
		"page":       json.RawMessage(p.JSON),
		"unresolved": p.Unresolved,
		"entities":   p.Entities,
		"mergeTags":  p.MergeTags,
		"cut":        p.Cut,
	}))
	return b.Bytes()
}

func TestComposeTwiceGivesTheSameBytes(t *testing.T) {
	one, err := bookshop(t).build(t).Compose("home", "de", baselines)
	require.NoError(t, err)
	other, err := bookshop(t).build(t).Compose("home", "de", baselines)
	require.NoError(t, err)
	require.Equal(t, string(one.JSON), string(other.JSON))
}

func TestComposedPagesDoNotShareMemory(t *testing.T) {
	shop := bookshop(t).build(t)
	home, err := shop.Compose("home", "", baselines)
	require.NoError(t, err)
	before := string(home.JSON)
	_, err = shop.Compose("staffPicks", "", baselines)
	require.NoError(t, err)
	require.Equal(t, before, string(home.JSON))
}

func TestComposeIsSafeForConcurrentUse(t *testing.T) {
	shop := bookshop(t).build(t)
	want, err := shop.Compose("home", "", baselines)
	require.NoError(t, err)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 50 {
				got, err := shop.Compose("home", "", baselines)
				if err != nil || !bytes.Equal(want.JSON, got.JSON) {
					t.Errorf("composed something else: %v", err)
				}
			}
		})
	}
	wg.Wait()
}

func TestComposeRefusesWhatIsNotPublished(t *testing.T) {
	shop := bookshop(t).build(t)
	for name, tc := range map[string]struct{ page, locale, want string }{
		"draft":        {"heroDraft", "en", `page "heroDraft": the entry is not published (draft)`},
		"archived":     {"attic", "en", `page "attic": the entry is not published (archived)`},
		"draft locale": {"quai", "en", `page "quai": the entry is not published in locale en`},
		"unknown":      {"nowhere", "en", `page "nowhere": there is no such entry`},
		"no locale":    {"home", "es", `locale "es": not a locale of the content; there are de, de-AT, en, fr`},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := shop.Compose(tc.page, tc.locale, baselines)
			require.EqualError(t, err, tc.want)
			require.Equal(t, fault.NotFound, fault.KindOf(err))
		})
	}
}

func TestFill(t *testing.T) {
	shop := bookshop(t).build(t)
	p, err := shop.Compose("welcome", "en", baselines)
	require.NoError(t, err)
	require.Equal(t, []string{"traits.firstname"}, p.MergeTags)
	for name, tc := range map[string]struct {
		value string
		known bool
		want  string
	}{
		"value":           {"Ada", true, "Ada"},
		"value to escape": {"\"<script>\\\n", true, "\"<script>\\\n"},
		"empty value":     {"", true, ""},
		"fallback":        {"", false, "there"},
	} {
		t.Run(name, func(t *testing.T) {
			filled := p.Fill(func(id string) (string, bool) {
				require.Equal(t, "traits.firstname", id)
				return tc.value, tc.known
			})
			var page struct {
				Fields struct {
					Text struct {
						Content []struct{ Content []map[string]any }
					}
				}
			}
			require.NoError(t, json.Unmarshal(filled, &page))
			require.Equal(t, map[string]any{"nodeType": "text", "value": tc.want, "marks": []any{}, "data": map[string]any{}},
				page.Fields.Text.Content[0].Content[1])
			require.NotContains(t, string(filled), "<script>")
			require.NotContains(t, string(filled), "mergeTag")
		})
	}
}

func TestFillLeavesAPageWithoutMergeTagsAsItIs(t *testing.T) {
	p, err := bookshop(t).build(t).Compose("tides", "", baselines)
	require.NoError(t, err)
	filled := p.Fill(func(string) (string, bool) { panic("asked") })
	require.Equal(t, string(p.JSON), string(filled))
}

func TestComposeCutsPagesThatCirclesMakeTooLarge(t *testing.T) {
	s := meshed(30)
	shop := s.build(t)
	p, err := shop.Compose("e00", "", baselines)
	require.NoError(t, err)
	require.True(t, p.Cut)
	require.True(t, json.Valid(p.JSON))
	require.LessOrEqual(t, len(p.JSON), 8<<20)
	require.Contains(t, string(p.JSON), `"tooDeep":true`)
	require.Len(t, p.Entities, 30, "what is linked from the page itself is shown")
	require.Contains(t, shop.Findings(), content.Finding{
		Entry:   "e00",
		Message: "is one of 30 entries that link to each other in so many circles that pages with them are cut: e00, e01, e02",
	})
}

func TestComposeCutsPagesOfTooManyParts(t *testing.T) {
	p, err := meshed(8).build(t).Compose("e00", "", baselines)
	require.NoError(t, err)
	require.True(t, p.Cut)
	parts := strings.Count(string(p.JSON), `"fields":`)
	require.LessOrEqual(t, parts, 5_000)
	require.Equal(t, 1+7+7*6+7*6*5+7*6*5*4+7*6*5*4*3, parts, "one level more would be too many")
}

// meshed returns a space of n entries that all link to all others.
func meshed(n int) space {
	s := space{
		Locales: []content.Locale{{Code: "en"}},
		Types:   []content.Type{{ID: "node", Fields: []content.Field{{ID: "next"}}}},
	}
	var links []string
	id := func(i int) string { return "e" + string(rune('0'+i/10)) + string(rune('0'+i%10)) }
	for i := range n {
		links = append(links, string(link(id(i))))
	}
	for i := range n {
		s.Entries = append(s.Entries, item{Item: content.Item{ID: id(i), Type: "node", Fields: map[string]map[string]json.RawMessage{
			"next": {"en": json.RawMessage("[" + strings.Join(links, ",") + "]")},
		}}})
	}
	return s
}

func TestASingleEntryThatIsTooLargeIsStillShown(t *testing.T) {
	s := meshed(2)
	s.Entries[0].Fields["text"] = map[string]json.RawMessage{"en": json.RawMessage(`"` + strings.Repeat("x", 8<<20) + `"`)}
	s.Types[0].Fields = append([]content.Field{{ID: "text"}}, s.Types[0].Fields...)
	p, err := s.build(t).Compose("e00", "", baselines)
	require.NoError(t, err)
	require.True(t, p.Cut)
	require.True(t, json.Valid(p.JSON))
}
