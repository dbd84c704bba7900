package delivery_test

import (
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/segue-dev/segue/internal/contentful/emulator/delivery"
	"github.com/segue-dev/segue/internal/contentful/emulator/store"
)

func TestAllAnswersHaveTheHeadersThatClientsGoBy(t *testing.T) {
	st := newStand(t, delivery.Options{})
	for _, target := range []string{environment + "/entries", environment + "/entries/none", environment + "/entries?x=y", "/spaces/s/nothing", "/"} {
		h := get(t, st.cda, target).Header()
		require.Equal(t, "*", h.Get("Access-Control-Allow-Origin"), target)
		require.Equal(t, "Etag", h.Get("Access-Control-Expose-Headers"), target)
		require.NotEmpty(t, h.Get("X-Contentful-Request-Id"), target)
		require.Equal(t, "55", h.Get("X-Contentful-Ratelimit-Second-Limit"), target)
		require.Equal(t, "cda", h.Get("Contentful-Api"), target)
		require.Equal(t, "application/vnd.contentful.delivery.v1+json", h.Get("Content-Type"), target)
	}
	require.Equal(t, "cpa", ask(t, st.cpa, "preview", environment+"/entries").Header().Get("Contentful-Api"))

	r := httptest.NewRequestWithContext(t.Context(), http.MethodOptions, environment+"/entries", nil)
	w := httptest.NewRecorder()
	st.cda.ServeHTTP(w, r)
	require.Equal(t, http.StatusNoContent, w.Code, "browsers ask first, without a token")
	require.Contains(t, w.Header().Get("Access-Control-Allow-Headers"), "Authorization")
}

func TestAnswersAreNotSentTwice(t *testing.T) {
	st := newStand(t, delivery.Options{})
	target := environment + "/entries?sys.id=about"
	plain := get(t, st.cda, target)
	tag := plain.Header().Get("Etag")
	require.Regexp(t, `^"[0-9a-f]{32}"$`, tag)

	zipped := get(t, st.cda, target, "Accept-Encoding", "gzip, deflate")
	require.Equal(t, "W/"+tag, zipped.Header().Get("Etag"))
	z, err := gzip.NewReader(zipped.Body)
	require.NoError(t, err)
	body, err := io.ReadAll(z)
	require.NoError(t, err)
	require.Equal(t, plain.Body.String(), string(body))

	for _, has := range []string{tag, "W/" + tag, `"other", ` + tag, "*"} {
		w := get(t, st.cda, target, "If-None-Match", has)
		require.Equal(t, http.StatusNotModified, w.Code, has)
		require.Empty(t, w.Body.String())
	}
	require.Equal(t, http.StatusOK, get(t, st.cda, target, "If-None-Match", `"other"`).Code)
	st.change(t, store.Entry, "about", func(tx *store.Tx, e *store.Entity) { tx.Publish(e) })
	require.Equal(t, http.StatusOK, get(t, st.cda, target, "If-None-Match", tag).Code, "it has changed")
}

func TestEachAPIHasItsToken(t *testing.T) {
	st := newStand(t, delivery.Options{})
	target := environment + "/entries"
	for _, token := range []string{"", "preview", "management"} {
		require.Equal(t, "AccessTokenInvalid", failed(t, ask(t, st.cda, token, target), http.StatusUnauthorized))
	}
	require.Equal(t, "AccessTokenInvalid", failed(t, ask(t, st.cpa, "delivery", target), http.StatusUnauthorized))
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, target+"?access_token=delivery", nil)
	w := httptest.NewRecorder()
	st.cda.ServeHTTP(w, r)
	require.Equal(t, http.StatusOK, w.Code)
}

func TestWhatIsNotThere(t *testing.T) {
	st := newStand(t, delivery.Options{})
	for target, id := range map[string]string{
		environment + "/entries/draft":                    "NotFound",
		environment + "/entries/old":                      "NotFound",
		environment + "/assets/home":                      "NotFound",
		environment + "/tags/todo":                        "NotFound",
		environment + "/taxonomy/concepts/none":           "NotFound",
		environment + "/taxonomy/concepts/none/ancestors": "NotFound",
		"/spaces/s/environments/none/entries":             "NotFound",
		environment + "/nothing":                          "UnknownRoute",
		environment + "/timeline/entries":                 "UnknownRoute", // of the preview API
		"/organizations/o":                                "UnknownRoute",
	} {
		require.Equal(t, id, failed(t, get(t, st.cda, target), http.StatusNotFound), target)
	}
	require.Equal(t, "UnknownRoute", failed(t, ask(t, st.cpa, "preview", environment+"/sync?initial=true"), http.StatusNotFound))
	require.Equal(t, "InvalidQuery", failed(t, get(t, st.cda, environment+"/entries/home?select=sys"), http.StatusBadRequest))
	require.Equal(t, "InvalidQuery", failed(t, get(t, st.cda, environment+"/entries/home?include=1"), http.StatusBadRequest))
	require.Equal(t, "BadRequest", failed(t, get(t, st.cda, environment+"/entries/home?locale=it"), http.StatusBadRequest))
}

func TestAnswersHaveALimit(t *testing.T) {
	st := newStand(t, delivery.Options{MaxBytes: 1800})
	for _, target := range []string{environment + "/entries?include=0", environment + "/sync?initial=true"} {
		w := get(t, st.cda, target)
		require.Equal(t, "BadRequest", failed(t, w, http.StatusBadRequest), target)
		require.Contains(t, w.Body.String(), "Response size too big. Maximum allowed response size: 1800B.", target)
	}
	require.Len(t, read(t, get(t, st.cda, environment+"/entries?include=0&limit=1")).Items, 1, "a smaller page is possible")
	w := get(t, st.cda, environment+"/entries?include=10&sys.id=home")
	require.Equal(t, http.StatusBadRequest, w.Code, "includes count")
}

func TestKeysOfEmbargoedAssets(t *testing.T) {
	st := newStand(t, delivery.Options{})
	for body, status := range map[string]int{`{"expiresAt": 1}`: 422, `x`: 400, `{"expiresAt": 99999999999}`: 422} {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, environment+"/asset_keys", strings.NewReader(body))
		r.Header.Set("Authorization", "Bearer delivery")
		w := httptest.NewRecorder()
		st.cda.ServeHTTP(w, r)
		require.Equal(t, status, w.Code, body)
	}
}
