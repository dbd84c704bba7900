package store_test

import (
	"bytes"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/segue-dev/segue/internal/contentful/emulator/store"
	"github.com/segue-dev/segue/internal/fault"
)

func FuzzWhatLoadsIsExportedAndLoadsAgain(f *testing.F) {
	f.Add([]byte(small))
	f.Add([]byte(`{"entries": [{"sys": {"id": "a", "revision": 1, "contentType": {"sys": {"id": "t"}}}, "fields": {"x": {"fr": null, "de": [1e400]}}}]}`))
	f.Add([]byte(`{"locales": [{"sys": {"id": "l"}, "code": 1}], "tags": [{"sys": {"id": "t", "version": -1}}]}`))
	for _, path := range []string{"../../space/testdata/export-management.json", "../../space/testdata/export-snapshot.json"} {
		export, err := os.ReadFile(path)
		require.NoError(f, err)
		f.Add(export)
	}
	now := func() time.Time { return time.Date(2026, 5, 1, 0, 0, 0, 0, time.UTC) }
	f.Fuzz(func(t *testing.T, export []byte) {
		s, err := store.Load(bytes.NewReader(export), store.Options{Now: now})
		if err != nil {
			require.Equal(t, fault.Invalid, fault.KindOf(err))
			return
		}
		env, _ := s.Environment("s", "")
		first := encoded(env.Export())
		again, err := store.Load(strings.NewReader(first), store.Options{Now: now})
		require.NoError(t, err)
		loaded, _ := again.Environment("s", "")
		require.Equal(t, first, encoded(loaded.Export()))
		for _, kind := range []store.Kind{store.Entry, store.Asset, store.ContentType} {
			for _, e := range env.List(kind) {
				_, _ = encoded(env.Delivered(e)), encoded(env.Previewed(e))
			}
		}
	})
}
