package host_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/segue-dev/segue/internal/contentful/emulator/host"
)

func TestThePageAndItsFilesAreServed(t *testing.T) {
	h := host.New(host.Options{})
	for path, want := range map[string]string{
		"":            "text/html",
		"/host.js":    "javascript",
		"/cma.js":     "javascript",
		"/host.css":   "text/css",
		"/missing.js": "text/plain",
	} {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, host.Path+path, http.NoBody))
		require.Contains(t, w.Header().Get("Content-Type"), want, path)
	}
}

func TestOnlyThePageMayUseTheToken(t *testing.T) {
	api := func(name string) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.WriteString(w, name+" "+r.URL.Path+" "+r.Header.Get("Authorization"))
		})
	}
	h := host.New(host.Options{Own: api("own"), Apps: api("apps"), Token: "secret"})
	for path, want := range map[string]string{"/own/spaces/a": "own /spaces/a Bearer secret", "/cma/spaces/b": "apps /spaces/b Bearer secret"} {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPut, host.Path+path, http.NoBody)
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		require.Equal(t, http.StatusForbidden, w.Code)
		require.NotContains(t, w.Body.String(), "secret")

		r.Header.Set("Segue-Host-Page", "1")
		w = httptest.NewRecorder()
		h.ServeHTTP(w, r)
		require.Equal(t, want, w.Body.String())
	}
}
