package mirror_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/segue-dev/segue/internal/content"
	"github.com/segue-dev/segue/internal/contentful/emulator/delivery"
	"github.com/segue-dev/segue/internal/contentful/emulator/store"
	"github.com/segue-dev/segue/internal/contentful/mirror"
	"github.com/segue-dev/segue/internal/contentful/space"
)

// A catalog is a space at two times, each from an export of its own: what a sync
// tells after the first time is all that there is at the second, and what there
// is no longer.
type catalog struct {
	mu    sync.Mutex
	now   http.Handler
	delta []map[string]any
}

// become moves the space on to its second time.
func (c *catalog) become(now http.Handler, delta []map[string]any) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now, c.delta = now, delta
}

// exported returns the delivery API of an export, and all items of its sync.
func exported(t *testing.T, name string) (http.Handler, []map[string]any) {
	t.Helper()
	dir := os.Getenv("SEGUE_TEST_DATA")
	if dir == "" {
		t.Skip("SEGUE_TEST_DATA is not set: no real exports to follow")
	}
	file, err := os.Open(filepath.Join(dir, "exports", name))
	require.NoError(t, err)
	defer file.Close()
	s, err := store.Load(file, store.Options{})
	require.NoError(t, err)
	api := delivery.New(s, delivery.Options{Token: "token"})
	var page struct{ Items []map[string]any }
	require.NoError(t, json.Unmarshal(ask(t, api, "/spaces/sp1/environments/master/sync?initial=true&limit=100").Body.Bytes(), &page))
	return api, page.Items
}

func ask(t *testing.T, api http.Handler, target string) *httptest.ResponseRecorder {
	t.Helper()
	w := httptest.NewRecorder()
	r := httptest.NewRequest(http.MethodGet, target, nil)
	r.Header.Set("Authorization", "Bearer token")
	api.ServeHTTP(w, r)
	require.Equal(t, http.StatusOK, w.Code, w.Body)
	return w
}

func (c *catalog) RoundTrip(r *http.Request) (*http.Response, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	w := httptest.NewRecorder()
	if strings.HasSuffix(r.URL.Path, "/sync") && r.URL.Query().Has("sync_token") {
		_, _ = w.Write(encode(map[string]any{"items": c.delta, "nextSyncUrl": "http://x/sync?sync_token=next"}))
		return w.Result(), nil
	}
	c.now.ServeHTTP(w, r)
	return w.Result(), nil
}

// gone returns tombstones for the items of before that after lacks.
func gone(before, after []map[string]any) (tombstones []map[string]any) {
	sysOf := func(item map[string]any) (kind, id string) {
		sys := item["sys"].(map[string]any)
		return sys["type"].(string), sys["id"].(string)
	}
	still := map[string]bool{}
	for _, item := range after {
		kind, id := sysOf(item)
		still[kind+id] = true
	}
	for _, item := range before {
		if kind, id := sysOf(item); !still[kind+id] {
			tombstones = append(tombstones, map[string]any{"sys": map[string]any{"type": "Deleted" + kind, "id": id, "deletedAt": stampOf(time.Now())}})
		}
	}
	return tombstones
}

func TestACatalogFollowedIsTheCatalogLoaded(t *testing.T) {
	older, before := exported(t, "catalog-older.json")
	newer, after := exported(t, "catalog-newer.json")
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(time.Until(time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC))) // after all that is in the exports
		c := &catalog{now: older}
		open := func() *mirror.Mirror {
			return startWith(t, c, "", false).Mirror
		}
		followed := open()
		first := followed.Content().Revision()
		c.become(newer, append(after, gone(before, after)...))
		time.Sleep(poll)
		_, err := followed.Apply("ContentType.publish", []byte(`{"sys": {"id": "any"}}`))
		require.NoError(t, err)
		time.Sleep(time.Second)
		synctest.Wait()
		fresh := open()
		require.NotEqual(t, first, fresh.Content().Revision())
		require.Equal(t, fresh.Content().Revision(), followed.Content().Revision())
		require.Equal(t, fresh.Content().Findings(), followed.Content().Findings())
		require.Equal(t, len(after), followed.Status().Entries+followed.Status().Assets)

		file, err := space.LoadExportFile(filepath.Join(os.Getenv("SEGUE_TEST_DATA"), "exports", "catalog-newer.json"))
		require.NoError(t, err)
		require.Equal(t, pagesOf(t, file), pagesOf(t, followed.Content()))
	})
}

// pagesOf returns the fields of all that can be shown, in every locale. The sys
// of the stand-in is of an environment of its own.
func pagesOf(t *testing.T, c *content.Snapshot) map[string]string {
	t.Helper()
	all := map[string]string{}
	for e := range c.Entries("") {
		for _, locale := range c.Locales() {
			page, err := c.Compose(e.ID, locale, func(id string) content.Choice { return content.Choice{Entry: id} })
			if err != nil {
				continue
			}
			var one any
			require.NoError(t, json.Unmarshal(page.JSON, &one))
			all[e.ID+" "+locale] = string(encode(withoutSys(one)))
		}
	}
	require.NotEmpty(t, all)
	return all
}

// withoutSys leaves of every sys its id.
func withoutSys(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for key, value := range v {
			v[key] = withoutSys(value)
		}
		if sys, ok := v["sys"].(map[string]any); ok {
			v["sys"] = sys["id"]
		}
		delete(v, "metadata")
	case []any:
		for i := range v {
			v[i] = withoutSys(v[i])
		}
	}
	return v
}
