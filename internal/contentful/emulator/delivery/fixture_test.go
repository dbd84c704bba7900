package delivery_test

import (
	"encoding/json"
	"flag"
	"net/http"
	"net/http/httptest"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/segue-dev/segue/internal/contentful/emulator/delivery"
	"github.com/segue-dev/segue/internal/contentful/emulator/store"
)

var update = flag.Bool("update", false, "write the answers instead of comparing them")

// A stand is a store with the two APIs that read it.
type stand struct {
	store    *store.Store
	cda, cpa *delivery.API
}

// newStand returns one whose spaces start with testdata/space.json.
func newStand(t testing.TB, o delivery.Options) *stand {
	t.Helper()
	file, err := os.Open("testdata/space.json")
	require.NoError(t, err)
	defer file.Close()
	s, err := store.Load(file, store.Options{})
	require.NoError(t, err)
	o.Token = "delivery"
	st := &stand{store: s, cda: delivery.New(s, o)}
	o.Token, o.Preview = "preview", true
	st.cpa = delivery.New(s, o)
	return st
}

func (st *stand) environment(t testing.TB) *store.Scope {
	t.Helper()
	scope, ok := st.store.Environment("s", "master")
	require.True(t, ok)
	return scope
}

// change updates an entity of the space.
func (st *stand) change(t testing.TB, kind store.Kind, id string, f func(*store.Tx, *store.Entity)) {
	t.Helper()
	require.NoError(t, st.environment(t).Update(func(tx *store.Tx) error {
		e, ok := tx.Get(kind, id)
		require.True(t, ok, id)
		f(tx, e)
		return nil
	}))
}

// ask sends a GET with a token. Further headers are names and values by turns.
func ask(t testing.TB, api http.Handler, token, target string, header ...string) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, target, nil)
	r.Header.Set("Authorization", "Bearer "+token)
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	api.ServeHTTP(w, r)
	return w
}

// get asks the delivery API.
func get(t testing.TB, api http.Handler, target string, header ...string) *httptest.ResponseRecorder {
	t.Helper()
	return ask(t, api, "delivery", target, header...)
}

// A page is what tests read of an answer.
type page struct {
	Items       []item
	Errors      []struct{ Details map[string]string }
	Total       int
	NextPageURL string `json:"nextPageUrl"`
	NextSyncURL string `json:"nextSyncUrl"`
	Includes    struct{ Entry, Asset []item }
	Pages       *struct{ Next, Prev string }
}

type item struct {
	Sys struct {
		ID, Type string
		Locale   string
		Revision int
	}
	Fields map[string]json.RawMessage
}

func ids(items []item) []string {
	list := []string{}
	for _, i := range items {
		list = append(list, i.Sys.ID)
	}
	return list
}

// read returns an answer that must be a good one.
func read(t testing.TB, w *httptest.ResponseRecorder) page {
	t.Helper()
	require.Equal(t, http.StatusOK, w.Code, w.Body.String())
	var p page
	require.NoError(t, json.Unmarshal(w.Body.Bytes(), &p))
	return p
}

// failed returns the sys.id of an answer that is an error with a status.
func failed(t testing.TB, w *httptest.ResponseRecorder, status int) string {
	t.Helper()
	require.Equal(t, status, w.Code, w.Body.String())
	var e struct {
		Sys       struct{ Type, ID string }
		Message   string
		RequestID string `json:"requestId"`
	}
	require.NoError(t, json.Unmarshal(w.Body.Bytes(), &e))
	require.Equal(t, "Error", e.Sys.Type)
	require.NotEmpty(t, e.Message)
	require.Equal(t, w.Header().Get("X-Contentful-Request-Id"), e.RequestID)
	return e.Sys.ID
}
