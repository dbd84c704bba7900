package delivery_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/segue-dev/segue/internal/contentful/emulator/delivery"
	"github.com/segue-dev/segue/internal/contentful/emulator/store"
)

// next returns where a page of a sync says to go on.
func next(t testing.TB, p page) string {
	t.Helper()
	link := p.NextSyncURL + p.NextPageURL
	u, err := url.Parse(link)
	require.NoError(t, err)
	require.Equal(t, "http://example.com"+environment+"/sync", strings.TrimSuffix(link, "?"+u.RawQuery))
	require.True(t, strings.HasPrefix(u.RawQuery, "sync_token="), "clients take all behind it for the token")
	require.NotContains(t, u.RawQuery, "%")
	return u.RequestURI()
}

// deltas follows a sync to its end.
func deltas(t testing.TB, api http.Handler, target string) (all []item, then string) {
	t.Helper()
	for {
		p := read(t, get(t, api, target))
		all = append(all, p.Items...)
		target = next(t, p)
		if p.NextSyncURL != "" {
			return all, target
		}
	}
}

func TestSyncTellsWhatHasChanged(t *testing.T) {
	st := newStand(t, delivery.Options{})
	all, then := deltas(t, st.cda, environment+"/sync?initial=true&limit=2")
	require.ElementsMatch(t, []string{"logo", "photo", "home", "hero", "about"}, ids(all))
	for _, i := range all {
		require.Empty(t, i.Sys.Locale)
	}
	title := struct{ En, De string }{}
	require.NoError(t, json.Unmarshal(all[2].Fields["title"], &title))
	require.Equal(t, "Startseite", title.De, "all locales")

	none, then := deltas(t, st.cda, then)
	require.Empty(t, none)

	st.change(t, store.Entry, "draft", func(tx *store.Tx, e *store.Entity) { tx.Save(e, e.Body) })
	st.change(t, store.Entry, "hero", func(tx *store.Tx, e *store.Entity) { tx.Unpublish(e) })
	st.change(t, store.Entry, "about", func(tx *store.Tx, e *store.Entity) { tx.Publish(e) })
	st.change(t, store.Asset, "photo", func(tx *store.Tx, e *store.Entity) { tx.Delete(e) })
	st.change(t, store.Entry, "about", func(tx *store.Tx, e *store.Entity) { tx.Publish(e) })
	changed, after := deltas(t, st.cda, then)
	var got []string
	for _, i := range changed {
		got = append(got, fmt.Sprint(i.Sys.Type, " ", i.Sys.ID, " ", i.Sys.Revision))
	}
	require.Equal(t, []string{"DeletedEntry hero 1", "DeletedAsset photo 1", "Entry about 3"}, got, "each once, as it is now")
	again, _ := deltas(t, st.cda, then)
	require.Equal(t, ids(changed), ids(again), "a token may be used again")
	none, _ = deltas(t, st.cda, after)
	require.Empty(t, none)
}

func TestSyncOfSomeTypes(t *testing.T) {
	st := newStand(t, delivery.Options{})
	after := map[string]string{}
	for params, want := range map[string][]string{
		"type=all":                     {"logo", "photo", "home", "hero", "about"},
		"type=Asset":                   {"logo", "photo"},
		"type=Entry":                   {"home", "hero", "about"},
		"type=Entry&content_type=page": {"home", "hero", "about"},
		"type=Entry&content_type=none": {},
		"type=Deletion":                {},
		"type=DeletedAsset":            {},
	} {
		all, then := deltas(t, st.cda, environment+"/sync?initial=true&limit=1&"+params)
		require.ElementsMatch(t, want, ids(all), params)
		after[params] = then
	}
	st.change(t, store.Entry, "hero", func(tx *store.Tx, e *store.Entity) { tx.Unpublish(e) })
	st.change(t, store.Asset, "logo", func(tx *store.Tx, e *store.Entity) { tx.Unpublish(e) })
	st.change(t, store.Entry, "about", func(tx *store.Tx, e *store.Entity) { tx.Publish(e) })
	for params, want := range map[string][]string{
		"type=all":                     {"hero", "logo", "about"},
		"type=Asset":                   {},
		"type=Entry":                   {"about"},
		"type=Entry&content_type=none": {},
		"type=Deletion":                {"hero", "logo"},
		"type=DeletedAsset":            {"logo"},
	} {
		all, _ := deltas(t, st.cda, after[params])
		require.Equal(t, want, ids(all), params)
	}
}

func TestSyncRefuses(t *testing.T) {
	st := newStand(t, delivery.Options{})
	_, then := deltas(t, st.cda, environment+"/sync?initial=true")
	for _, params := range []string{
		"", "initial=false", "initial=true&type=Thing", "initial=true&content_type=page", "initial=true&limit=0", "initial=true&limit=101",
		"initial=true&locale=en", "sync_token=x", "sync_token=e30",
	} {
		w := get(t, st.cda, environment+"/sync?"+params)
		require.Contains(t, []string{"BadRequest", "InvalidQuery"}, failed(t, w, http.StatusBadRequest), params)
	}
	w := get(t, st.cda, then+"&limit=2")
	require.Equal(t, "BadRequest", failed(t, w, http.StatusBadRequest))
	require.Contains(t, w.Body.String(), "you can not pass any other parameters")
	other := strings.Replace(then, "/spaces/s/", "/spaces/other/", 1)
	require.Equal(t, "BadRequest", failed(t, get(t, st.cda, other), http.StatusBadRequest), "a token is for its space")
	again := newStand(t, delivery.Options{})
	require.Equal(t, "BadRequest", failed(t, get(t, again.cda, then), http.StatusBadRequest), "another start may have other content")
	st.cda.ExpireSync()
	require.Equal(t, "BadRequest", failed(t, get(t, st.cda, then), http.StatusBadRequest), "it has expired")
	_, then = deltas(t, st.cda, environment+"/sync?initial=true")
	require.Equal(t, http.StatusOK, get(t, st.cda, then).Code)
}

// A mirror does what clients of Sync do.
type mirror struct {
	items map[string]int // revisions
	then  string
}

func (m *mirror) read(t testing.TB, api http.Handler) (more bool) {
	w := get(t, api, m.then)
	require.Equal(t, http.StatusOK, w.Code, w.Body.String())
	p := read(t, w)
	for _, i := range p.Items {
		delete(m.items, i.Sys.ID)
		if !strings.HasPrefix(i.Sys.Type, "Deleted") {
			m.items[i.Sys.ID] = i.Sys.Revision
		}
	}
	m.then = next(t, p)
	return p.NextPageURL != ""
}

func TestAMirrorEndsUpWithWhatIsPublished(t *testing.T) {
	file, err := json.Marshal(map[string]any{"locales": []any{map[string]any{"code": "en", "name": "en", "default": true, "sys": map[string]any{"id": "en"}}}})
	require.NoError(t, err)
	rapid.Check(t, func(rt *rapid.T) {
		s, err := store.Load(strings.NewReader(string(file)), store.Options{})
		require.NoError(t, err)
		api := delivery.New(s, delivery.Options{Token: "delivery"})
		scope, _ := s.Environment("s", "master")
		edit := func() {
			id := rapid.SampledFrom([]string{"a", "b", "c", "d", "e"}).Draw(rt, "id")
			kind := map[bool]store.Kind{true: store.Asset, false: store.Entry}[id > "c"]
			what := rapid.IntRange(0, 3).Draw(rt, "edit")
			require.NoError(t, scope.Update(func(tx *store.Tx) error {
				e, ok := tx.Get(kind, id)
				switch {
				case !ok:
					tx.Publish(tx.Create(store.Entity{Kind: kind, ID: id, ContentType: "x", Body: store.Object{}}))
				case what == 0:
					tx.Save(e, e.Body)
				case what == 1:
					tx.Unpublish(e)
				case what == 2:
					tx.Delete(e)
				default:
					tx.Publish(e)
				}
				return nil
			}))
		}
		m := &mirror{items: map[string]int{}, then: fmt.Sprintf("%s/sync?initial=true&limit=%d", environment, rapid.IntRange(1, 3).Draw(rt, "limit"))}
		for range rapid.IntRange(0, 30).Draw(rt, "steps") {
			if rapid.Bool().Draw(rt, "edits") {
				edit()
			} else {
				m.read(t, api)
			}
		}
		for m.read(t, api) {
			continue
		}
		if m.read(t, api) { // an initial sync ends with what there was when it began
			for m.read(t, api) {
				continue
			}
		}
		want := map[string]int{}
		for _, kind := range []store.Kind{store.Entry, store.Asset} {
			for _, e := range scope.Published(kind) {
				want[e.ID] = e.Published.Revision
			}
		}
		require.Equal(t, want, m.items)
	})
}

func FuzzSyncTokensAreGoodOrRefused(f *testing.F) {
	st := newStand(f, delivery.Options{})
	p := read(f, get(f, st.cda, environment+"/sync?initial=true&limit=1"))
	_, token, _ := strings.Cut(p.NextPageURL, "sync_token=")
	f.Add(token)
	f.Add("eyJzIjoicyIsImUiOiJtYXN0ZXIiLCJsIjoxLCJuIjo5OX0")
	f.Fuzz(func(t *testing.T, token string) {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, environment+"/sync?"+url.Values{"sync_token": {token}}.Encode(), nil)
		r.Header.Set("Authorization", "Bearer delivery")
		w := httptest.NewRecorder()
		st.cda.ServeHTTP(w, r)
		require.Contains(t, []int{http.StatusOK, http.StatusBadRequest}, w.Code)
		require.True(t, json.Valid(w.Body.Bytes()))
	})
}
