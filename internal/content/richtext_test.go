package content_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/segue-dev/segue/internal/content"
)

// Every node of rich text that has a target: what becomes of it when the target
// is there, replaced, hidden, and not there.
func TestNodesOfRichText(t *testing.T) {
	asset := `{"sys":{"type":"Link","linkType":"Asset","id":"%s"}}`
	elsewhere := `{"sys":{"type":"ResourceLink","linkType":"Contentful:Entry","urn":"crn:contentful:::content:spaces/other/entries/%s"}}`
	entry := `{"sys":{"type":"Link","linkType":"Entry","id":"%s"}}`
	variant := content.Choice{Entry: "v", Experience: "x", Variant: 1}
	for name, tc := range map[string]struct {
		kind, target, id string
		chosen           map[string]content.Choice
		want             string // within the node; "" = the node is left out
	}{
		"block":                    {"embedded-entry-block", entry, "b", nil, `"target":{"sys":{"id":"b","type":"Entry"`},
		"block replaced":           {"embedded-entry-block", entry, "b", map[string]content.Choice{"b": variant}, `"target":{"sys":{"id":"v","type":"Entry","locale":"en","segue":{"baseline":"b","experience":"x","variant":1}}`},
		"block hidden":             {"embedded-entry-block", entry, "b", map[string]content.Choice{"b": {Hidden: true}}, ""},
		"block that is a draft":    {"embedded-entry-block", entry, "d", nil, `"unresolved":true,"reason":"not-published"}`},
		"inline":                   {"embedded-entry-inline", entry, "b", nil, `"target":{"sys":{"id":"b","type":"Entry"`},
		"inline replaced":          {"embedded-entry-inline", entry, "b", map[string]content.Choice{"b": variant}, `"target":{"sys":{"id":"v"`},
		"inline hidden":            {"embedded-entry-inline", entry, "b", map[string]content.Choice{"b": {Hidden: true}}, ""},
		"hyperlink":                {"entry-hyperlink", entry, "b", nil, `"target":{"sys":{"id":"b","type":"Entry"`},
		"hyperlink replaced":       {"entry-hyperlink", entry, "b", map[string]content.Choice{"b": variant}, `"target":{"sys":{"id":"v"`},
		"hyperlink hidden":         {"entry-hyperlink", entry, "b", map[string]content.Choice{"b": {Hidden: true}}, `"hidden":true}`},
		"asset":                    {"embedded-asset-block", asset, "a", nil, `"target":{"sys":{"id":"a","type":"Asset"`},
		"asset that is not there":  {"embedded-asset-block", asset, "n", nil, `"unresolved":true,"reason":"not-published"}`},
		"asset hyperlink":          {"asset-hyperlink", asset, "a", nil, `"target":{"sys":{"id":"a","type":"Asset"`},
		"block of another space":   {"embedded-resource-block", elsewhere, "o", nil, `"unresolved":true,"reason":"other-space"}`},
		"inline of another space":  {"embedded-resource-inline", elsewhere, "o", nil, `"unresolved":true,"reason":"other-space"}`},
		"hyperlink to another one": {"resource-hyperlink", elsewhere, "o", nil, `"unresolved":true,"reason":"other-space"}`},
	} {
		t.Run(name, func(t *testing.T) {
			s := space{Locales: []content.Locale{{Code: "en"}}, Types: []content.Type{{ID: "page", Fields: []content.Field{{ID: "text"}}}}}
			for _, id := range []string{"b", "v", "d"} {
				s.Entries = append(s.Entries, item{Item: content.Item{ID: id, Type: "block"}})
			}
			s.Entries[2].State = "draft"
			s.Assets = []item{{Item: content.Item{ID: "a"}}}
			node := fmt.Sprintf(`{"nodeType":%q,"data":{"target":`+tc.target+`},"content":[{"nodeType":"text","value":"words","marks":[],"data":{}}]}`, tc.kind, tc.id)
			s.Entries = append(s.Entries, item{Item: content.Item{ID: "p", Type: "page", Fields: map[string]map[string]json.RawMessage{"text": {
				"en": json.RawMessage(`{"nodeType":"document","data":{},"content":[{"nodeType":"paragraph","data":{},"content":[` + node + `]},{"nodeType":"hr","data":{},"content":[]}]}`),
			}}}})
			p, err := s.build(t).Compose("p", "", choices(tc.chosen))
			require.NoError(t, err)
			require.True(t, json.Valid(p.JSON))
			require.Contains(t, string(p.JSON), `{"nodeType":"hr","data":{},"content":[]}`)
			require.Equal(t, tc.want != "", strings.Contains(string(p.JSON), "words"))
			require.Contains(t, string(p.JSON), tc.want)
			require.Equal(t, strings.Contains(tc.want, "unresolved"), len(p.Unresolved) == 1)
		})
	}
}
