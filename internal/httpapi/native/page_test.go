package native_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/segue-dev/segue/internal/content"
	"github.com/segue-dev/segue/internal/httpapi/native"
	"github.com/segue-dev/segue/internal/permutation"
	"github.com/segue-dev/segue/internal/resolve"
)

// keyed is a page of two entities.
func keyed() *resolve.KeyedPage {
	return &resolve.KeyedPage{
		Page:   &content.Page{JSON: []byte(`{"sys":{},"fields":{}}`), Entities: []string{"a", "b"}},
		Shared: true, Of: permutation.Permutation{Place: permutation.Place{Page: "home", Locale: "de"}, Key: "now"},
	}
}

// usual is how caches may keep pages by default.
var usual = native.Caching{
	SharedAge: 5 * time.Minute, StaleWhileRevalidate: 24 * time.Hour, StaleIfError: time.Hour, TagHeaders: native.TagHeaders(),
}

func TestAPageIsPublic(t *testing.T) {
	r := &resolver{page: keyed(), caching: usual}
	res := r.do(t, "GET", "/v1/pages/page%3A%2Fabout/k1?locale=de", "", nil)
	require.Equal(t, 200, res.Code)
	require.Equal(t, [3]string{"page:/about", "k1", "de"}, r.pageAsked)
	require.JSONEq(t, `{"sys":{},"fields":{}}`, res.Body.String())
	header := res.Header()
	require.Equal(t, "public, max-age=0, s-maxage=300, stale-while-revalidate=86400, stale-if-error=3600", header.Get("Cache-Control"))
	require.Equal(t, "public, max-age=300, stale-while-revalidate=86400, stale-if-error=3600", header.Get("CDN-Cache-Control"))
	require.Equal(t, "now", header.Get("Segue-Key"))
	require.Regexp(t, `^"[0-9a-f]{24}"$`, header.Get("ETag"))
	for name, want := range map[string]string{
		"Surrogate-Key":     "segue v-home.de.now page-home e-a e-b",
		"Cache-Tag":         "segue,v-home.de.now,page-home,e-a,e-b",
		"Edge-Cache-Tag":    "segue,v-home.de.now,page-home,e-a,e-b",
		"Netlify-Cache-Tag": "segue,v-home.de.now,page-home,e-a,e-b",
		"Cache-Groups":      `"segue", "v-home.de.now", "page-home", "e-a", "e-b"`,
	} {
		require.Equal(t, want, header.Get(name), name)
	}
}

func TestOnlyTheTagHeadersThatAreConfiguredAreSent(t *testing.T) {
	r := &resolver{page: keyed(), caching: native.Caching{TagHeaders: []string{"Cache-Tag"}}}
	header := r.do(t, "GET", "/v1/pages/home/now", "", nil).Header()
	for _, name := range native.TagHeaders() {
		require.Equal(t, name == "Cache-Tag", header.Get(name) != "", name)
	}
}

func TestAPageThatTheCallerHasIsNotSentAgain(t *testing.T) {
	r := &resolver{page: keyed(), caching: usual}
	tag := r.do(t, "GET", "/v1/pages/home/k", "", nil).Header().Get("ETag")
	inner := strings.Trim(tag, `"`)
	for header, status := range map[string]int{
		tag: 304, "W/" + tag: 304, `"` + inner + `-gzip"`: 304, `W/"` + inner + `-br"`: 304, `"x", ` + tag: 304, "*": 304,
		"": 200, `"x"`: 200, inner: 200, `"` + inner + `0"`: 200, `"` + inner[:20] + `"`: 200,
	} {
		res := r.do(t, "GET", "/v1/pages/home/k", "", map[string]string{"If-None-Match": header})
		require.Equal(t, status, res.Code, header)
		require.Equal(t, tag, res.Header().Get("ETag"))
		require.Equal(t, status == 304, res.Body.Len() == 0)
		require.Equal(t, status == 304, res.Header().Get("Surrogate-Key") == "")
		require.NotEmpty(t, res.Header().Get("Cache-Control"))
	}
}

func TestAnOutdatedKeyGivesTheBaselineThatNobodyKeeps(t *testing.T) {
	page := keyed()
	page.Outdated = true
	res := (&resolver{page: page, caching: usual}).do(t, "GET", "/v1/pages/home/old", "", map[string]string{"If-None-Match": "*"})
	require.Equal(t, 200, res.Code)
	requireUnkept(t, res.Header(), "no-store")
	require.Equal(t, "now", res.Header().Get("Segue-Key"))
}

func TestAPermutationTooManyIsAnsweredAndNotKept(t *testing.T) {
	page := keyed()
	page.Shared = false
	res := (&resolver{page: page, caching: usual}).do(t, "GET", "/v1/pages/home/now", "", map[string]string{"If-None-Match": "*"})
	require.Equal(t, 200, res.Code)
	require.Equal(t, string(page.JSON), res.Body.String())
	requireUnkept(t, res.Header(), "private, no-store")
}

func requireUnkept(t *testing.T, header http.Header, control string) {
	t.Helper()
	require.Equal(t, control, header.Get("Cache-Control"))
	require.Equal(t, "no-store", header.Get("CDN-Cache-Control"))
	for _, name := range append(native.TagHeaders(), "ETag") {
		require.Empty(t, header.Get(name), name)
	}
}

func TestManyEntitiesHaveOneTag(t *testing.T) {
	page := keyed()
	for i := range 400 {
		page.Entities = append(page.Entities, fmt.Sprintf("entry-%d", i))
	}
	r := &resolver{page: page, caching: native.Caching{TagHeaders: []string{"Surrogate-Key"}}}
	require.Equal(t, "segue v-home.de.now page-home e-many", r.do(t, "GET", "/v1/pages/home/k", "", nil).Header().Get("Surrogate-Key"))
}

// TestHeadersFitTheBuffersOfProxies holds whatever a page shows and whichever
// headers are configured: nginx sets 4 KiB aside for all headers of an answer.
func TestHeadersFitTheBuffersOfProxies(t *testing.T) {
	names := native.TagHeaders()
	rapid.Check(t, func(rt *rapid.T) {
		page := keyed()
		page.Of.Page = rapid.StringMatching("[a-z]{1,200}").Draw(rt, "page")
		page.Entities = rapid.SliceOfN(rapid.StringMatching("[a-zA-Z0-9]{1,64}"), 0, 120).Draw(rt, "entities")
		r := &resolver{page: page, caching: usual}
		r.caching.TagHeaders = rapid.SliceOfDistinct(rapid.SampledFrom(names), rapid.ID).Draw(rt, "headers")
		header := r.do(t, "GET", "/v1/pages/home/k", "", nil).Header()
		var wire strings.Builder
		require.NoError(rt, header.Write(&wire))
		require.Less(rt, wire.Len(), 4096-300, "with room for the status, the date and what all answers have")
		if groups := header.Get("Cache-Groups"); groups != "" {
			require.LessOrEqual(rt, strings.Count(groups, ",")+1, 32)
		}
		if tags := header.Get("Cache-Tag"); tags != "" {
			require.LessOrEqual(rt, strings.Count(tags, ",")+1, 50)
			require.Contains(rt, tags, page.Of.Tag())
		}
	})
}
