package query

import (
	"encoding/json"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/segue-dev/segue/internal/rawjson"
)

// decoded reads JSON as encoding/json does, by way of members and elements.
func decoded(t *testing.T, raw []byte) any {
	switch raw[0] {
	case '{':
		object := map[string]any{}
		members(raw, func(name string, value json.RawMessage) bool {
			object[name] = decoded(t, value)
			return true
		})
		return object
	case '[':
		array := []any{}
		elements(raw, func(value json.RawMessage) bool {
			array = append(array, decoded(t, value))
			return true
		})
		return array
	case '"':
		return rawjson.Unquote(raw)
	}
	var v any
	require.NoError(t, json.Unmarshal(raw, &v), "%q", raw)
	return v
}

func FuzzJSONIsReadAsTheStandardLibraryReadsIt(f *testing.F) {
	for _, seed := range []string{`{}`, ` { "a" : [ 1 , -2.5e3 ,true, null ] , "b":{"c":"}\"]\\"} } `, `[]`, `["a","\u00e9\n"]`, `"x"`, `1`, `[[],{},""]`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		var want any
		if !utf8.Valid(raw) || json.Unmarshal(raw, &want) != nil {
			return
		}
		got := decoded(t, raw[skipSpace(raw, 0):])
		require.Equal(t, want, got)
	})
}
