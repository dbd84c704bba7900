package delivery

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/segue-dev/segue/internal/contentful/emulator/store"
)

func FuzzJSONIsWrittenAsItCame(f *testing.F) {
	for _, seed := range []string{`{"a":[1,2.50,-3e9,true,false,null,"x"],"b":{"<&>":"\u2028é\""}}`, `[]`, `""`, `1`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		var v any
		if store.Decode(raw, &v) != nil {
			return
		}
		written := appendJSON(nil, v)
		require.True(t, json.Valid(written), "%s", written)
		want, err := json.Marshal(v)
		require.NoError(t, err)
		require.JSONEq(t, string(want), string(written))
	})
}

func TestMarkupIsWrittenAsItIs(t *testing.T) {
	require.Equal(t, `{"a":"<b>&</b> é"}`, string(appendJSON(nil, store.Object{"a": "<b>&</b> é"})))
	require.Equal(t, `7`, string(appendJSON(nil, 7)))
}
