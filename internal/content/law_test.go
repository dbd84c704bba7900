package content_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/segue-dev/segue/internal/content"
)

// genID draws an id of an entry that may or may not exist.
func genID() *rapid.Generator[string] { return rapid.StringMatching("e[0-9]") }

// genValue draws a field value: a link, a list of links, or rich text around
// them.
func genValue() *rapid.Generator[json.RawMessage] {
	return rapid.Custom(func(t *rapid.T) json.RawMessage {
		var links []string
		for _, id := range rapid.SliceOfN(genID(), 0, 3).Draw(t, "links") {
			links = append(links, string(link(id)))
		}
		if len(links) == 1 && rapid.Bool().Draw(t, "single") {
			return json.RawMessage(links[0])
		}
		if rapid.Bool().Draw(t, "rich") {
			for i, target := range links {
				kind := rapid.SampledFrom([]string{"embedded-entry-block", "embedded-entry-inline", "entry-hyperlink"}).Draw(t, "node")
				links[i] = fmt.Sprintf(`{"nodeType":"paragraph","data":{},"content":[{"nodeType":%q,"data":{"target":%s},"content":[]}]}`, kind, target)
			}
			return json.RawMessage(`{"nodeType":"document","data":{},"content":[` + strings.Join(links, ",") + `]}`)
		}
		return json.RawMessage("[" + strings.Join(links, ",") + "]")
	})
}

// genSpace draws a space of up to ten entries that link to each other and to
// what is not there, some of them drafts, some merge tags.
func genSpace() *rapid.Generator[space] {
	return rapid.Custom(func(t *rapid.T) space {
		s := space{
			Vocabulary: content.Vocabulary{InternalPrefix: "nt_", MergeTag: "nt_mergetag", MergeTagID: "nt_mergetag_id"},
			Locales:    []content.Locale{{Code: "en"}},
			Types:      []content.Type{{ID: "node", Fields: []content.Field{{ID: "b"}, {ID: "a"}, {ID: "nt_x"}}}},
		}
		for _, id := range rapid.SliceOfNDistinct(genID(), 1, 10, rapid.ID).Draw(t, "entries") {
			e := item{Item: content.Item{ID: id, Type: "node", Fields: make(map[string]map[string]json.RawMessage)}}
			e.Item.State = rapid.SampledFrom([]content.State{content.Published, content.Published, content.Changed, content.Draft}).Draw(t, "state")
			for _, name := range []string{"a", "b", "nt_x"} {
				e.Fields[name] = map[string]json.RawMessage{"en": genValue().Draw(t, name)}
			}
			if rapid.IntRange(0, 4).Draw(t, "kind") == 0 {
				e.Type = "nt_mergetag"
				e.Fields["nt_mergetag_id"] = map[string]json.RawMessage{"en": json.RawMessage(`"tag"`)}
			}
			s.Entries = append(s.Entries, e)
		}
		return s
	})
}

// genChoices draws what some entries show.
func genChoices() *rapid.Generator[map[string]content.Choice] {
	one := rapid.Custom(func(t *rapid.T) content.Choice {
		return content.Choice{Entry: genID().Draw(t, "shown"), Hidden: rapid.IntRange(0, 5).Draw(t, "hidden") == 0, Experience: "x", Variant: 1}
	})
	return rapid.MapOfN(genID(), one, 0, 4)
}

// alternatives returns what may replace an entry under some choices.
func alternatives(chosen map[string]content.Choice) func(string) []string {
	return func(entry string) []string {
		if c, ok := chosen[entry]; ok {
			return []string{c.Entry}
		}
		return nil
	}
}

func TestEveryPageIsWholeAndHonest(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		s := genSpace().Draw(r, "space")
		shop := s.build(t)
		chosen := genChoices().Draw(r, "choices")
		for e := range shop.Entries("") {
			p, err := shop.Compose(e.ID, "", choices(chosen))
			if e.State == content.Draft {
				require.Error(r, err)
				continue
			}
			require.NoError(r, err)
			if p.Cut {
				continue // its size is the subject of another test
			}
			audit := auditOf(r, p.JSON)
			require.Equal(r, p.Unresolved, audit.unresolved, "every link that leads nowhere is marked and listed")
			require.Equal(r, p.Entities, audit.shown, "everything shown is listed")
			require.Zero(r, audit.bare, "no link is left without a mark")
			for _, id := range p.Entities {
				shown, _ := shop.Entry(id)
				require.NotEqual(r, content.Draft, shown.State, "no draft is shown")
			}
			reach := shop.Reach(e.ID, "", alternatives(chosen))
			require.Subset(r, append(reach, ""), p.Entities, "what a page shows is within its reach")
			require.True(r, json.Valid(p.Fill(func(string) (string, bool) { return "\"", true })))
		}
	})
}

// An audit is what can be read off the JSON of a page.
type audit struct {
	unresolved, shown []string
	bare              int // links with no mark or several
}

// auditOf reads a page.
func auditOf(t require.TestingT, page []byte) audit {
	var tree any
	require.NoError(t, json.Unmarshal(page, &tree))
	var a audit
	a.walk(tree)
	slices.Sort(a.unresolved)
	slices.Sort(a.shown)
	a.unresolved, a.shown = slices.Compact(a.unresolved), slices.Compact(a.shown)
	return a
}

// walk reads a part of a page.
func (a *audit) walk(part any) {
	switch part := part.(type) {
	case []any:
		for _, one := range part {
			a.walk(one)
		}
	case map[string]any:
		if sys, ok := part["sys"].(map[string]any); ok {
			a.entity(part, sys)
		}
		for name, one := range part {
			if name != "sys" {
				a.walk(one)
			}
		}
	}
}

// entity reads an entry or a link.
func (a *audit) entity(part, sys map[string]any) {
	id, _ := sys["id"].(string)
	if sys["type"] != "Link" {
		a.shown = append(a.shown, id)
		return
	}
	marks := 2
	if part["unresolved"] == true {
		marks++ // and the reason
	}
	if len(part) != marks {
		a.bare++
	}
	if part["unresolved"] == true {
		a.unresolved = append(a.unresolved, id)
	}
}

func TestARevisionIsOfTheContentAndNotOfItsOrder(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		s := genSpace().Draw(r, "space")
		first := s.build(t).Revision()
		s.Entries = rapid.Permutation(s.Entries).Draw(r, "order")
		require.Equal(r, first, s.build(t).Revision())
		require.Regexp(r, "^c[0-9a-f]{12}$", first)

		changed := rapid.SampledFrom(s.Entries).Draw(r, "changed")
		changed.Fields["a"]["en"] = json.RawMessage(`"something else"`)
		require.NotEqual(r, first, s.build(t).Revision())
	})
}

func TestFieldsFollowTheFallbacksOfTheirLocale(t *testing.T) {
	codes := []string{"a", "b", "c", "d"}
	rapid.Check(t, func(r *rapid.T) {
		fallback := make(map[string]string)
		var s space
		for _, code := range codes {
			fallback[code] = rapid.SampledFrom(append(codes, "", "x")).Draw(r, "fallback")
			s.Locales = append(s.Locales, content.Locale{Code: code, Fallback: fallback[code], Default: code == "a"})
		}
		localized := rapid.Bool().Draw(r, "localized")
		s.Types = []content.Type{{ID: "t", Fields: []content.Field{{ID: "f", Localized: localized}}}}
		values := make(map[string]json.RawMessage)
		for _, code := range rapid.SliceOfNDistinct(rapid.SampledFrom(codes), 0, 4, rapid.ID).Draw(r, "values") {
			values[code] = json.RawMessage(`"` + code + `"`)
		}
		s.Entries = []item{{Item: content.Item{ID: "e", Type: "t", Fields: map[string]map[string]json.RawMessage{"f": values}}}}
		e, _ := s.build(t).Entry("e")
		for _, code := range codes {
			got, ok := e.Field("f", code)
			want := expected(values, fallback, code, localized)
			require.Equal(r, want != nil, ok)
			require.Equal(r, string(want), string(got), "in %s", code)
		}
	})
}

// expected returns the value of a field, by the definition.
func expected(values map[string]json.RawMessage, fallback map[string]string, code string, localized bool) json.RawMessage {
	if !localized {
		return values["a"]
	}
	for range fallback { // no chain without a circle is longer
		if v := values[code]; v != nil {
			return v
		}
		code = fallback[code]
	}
	return nil
}
