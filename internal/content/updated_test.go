package content_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/segue-dev/segue/internal/content"
)

func TestUpdatedAt(t *testing.T) {
	for sys, want := range map[string]time.Time{
		`{"id": "e", "type": "Entry", "updatedAt": "2026-03-04T12:00:00.5Z", "revision": 2}`: time.Date(2026, 3, 4, 12, 0, 0, 5e8, time.UTC),
		`{"id": "e", "type": "Entry", "updatedAt": 7}`:                                       {},
		`{"id": "e", "type": "Entry"}`:                                                       {},
	} {
		var b content.Builder
		require.NoError(t, b.AddLocale(content.Locale{Code: "en", Default: true}))
		require.NoError(t, b.AddType(content.Type{ID: "page"}))
		require.NoError(t, b.AddEntry(content.Item{ID: "e", Type: "page", Sys: json.RawMessage(sys)}))
		snapshot, err := b.Build()
		require.NoError(t, err)
		e, ok := snapshot.Entry("e")
		require.True(t, ok)
		require.True(t, want.Equal(e.UpdatedAt()), sys)
	}
}
