package rawjson

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// genJSON draws a JSON value of limited depth.
func genJSON(depth int) *rapid.Generator[any] {
	text := rapid.Map(rapid.String(), func(s string) any { return s })
	if depth == 0 {
		return rapid.OneOf(text, rapid.Just[any](nil), rapid.Just[any](true), rapid.Just[any](-1.5e3))
	}
	return rapid.OneOf(
		text,
		rapid.Map(rapid.SliceOfN(genJSON(depth-1), 0, 4), func(s []any) any { return s }),
		rapid.Map(rapid.MapOfN(rapid.String(), genJSON(depth-1), 0, 4), func(m map[string]any) any { return m }),
	)
}

func TestTheScannerAgreesWithTheStandardDecoder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		raw, err := json.Marshal(genJSON(3).Draw(t, "value"))
		require.NoError(t, err)
		members := make(map[string]json.RawMessage)
		Members(raw, func(name []byte, start, end int) { members[Unquote(name)] = raw[start:end] })
		elements := []json.RawMessage{}
		Elements(raw, func(start, end int) { elements = append(elements, raw[start:end]) })

		wantMembers := make(map[string]json.RawMessage)
		if raw[0] == '{' {
			require.NoError(t, json.Unmarshal(raw, &wantMembers))
		}
		wantElements := []json.RawMessage{}
		if raw[0] == '[' {
			require.NoError(t, json.Unmarshal(raw, &wantElements))
		}
		require.Equal(t, wantMembers, members)
		require.Equal(t, wantElements, elements)
	})
}

func TestQuotedTextIsReadBackAsItWas(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.String().Draw(t, "text")
		quoted := AppendQuoted(nil, s)
		var back string
		require.NoError(t, json.Unmarshal(quoted, &back))
		require.Equal(t, s, back)
		require.Equal(t, s, Unquote(quoted))
		require.NotContains(t, string(quoted), "<")
	})
}
