package content_test

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/segue-dev/segue/internal/content"
)

// Whatever JSON a field holds, the page is JSON, also once its merge tags are
// filled; and what is neither link, rich text nor text is copied.
func FuzzFieldValues(f *testing.F) {
	for _, value := range []string{
		`{"sys":{"type":"Link","linkType":"Entry","id":"p"}}`, `[{"sys":{"type":"Link","linkType":"Asset","id":"a"}},3]`,
		`{"sys":{"type":"ResourceLink","linkType":"Contentful:Entry","urn":"crn:x"}}`, `"{{traits.a | \"b\"}}"`, `{"nodeType":"embedded-entry-inline"}`,
		`{"nodeType":"document","data":{"target":{}},"content":[{"nodeType":"embedded-entry-inline","data":{"target":{"sys":{"type":"Link","linkType":"Entry","id":"tag"}}},"content":{}}]}`,
		`{"nodeType":"x","data":{"target":{"sys":{"type":"Link","linkType":"Entry","id":"tag"}}},"content":[{"nodeType":"text","value":"{{location.b"}]}`, `1e5`, `[[]]`, `{"":{}}`,
	} {
		f.Add(value)
	}
	f.Fuzz(func(t *testing.T, value string) {
		if !json.Valid([]byte(value)) {
			t.Skip("fields hold JSON")
		}
		s := space{
			Vocabulary: content.Vocabulary{MergeTag: "nt_mergetag", MergeTagID: "nt_mergetag_id"},
			Locales:    []content.Locale{{Code: "en"}},
			Types:      []content.Type{{ID: "page", Fields: []content.Field{{ID: "v"}, {ID: "raw", Plain: true}}}},
		}
		s.add("nt_mergetag", "tag", "nt_mergetag_id", `"traits.a"`)
		s.add("page", "p", "v", value, "raw", value)
		s.Assets = []item{{Item: content.Item{ID: "a"}}}
		p, err := s.build(t).Compose("p", "", baselines)
		require.NoError(t, err)
		require.True(t, json.Valid(p.JSON), string(p.JSON))
		filled := p.Fill(func(string) (string, bool) { return `"<x>`, true })
		require.True(t, json.Valid(filled), string(filled))
		var page struct{ Fields map[string]json.RawMessage }
		require.NoError(t, json.Unmarshal(p.JSON, &page))
		if raw, ok := page.Fields["raw"]; ok {
			var same bytes.Buffer
			require.NoError(t, json.Compact(&same, []byte(value)))
			require.Equal(t, same.String(), string(raw))
		}
	})
}
