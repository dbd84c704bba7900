package site_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/segue-dev/segue/examples/storefront/site"
	"github.com/segue-dev/segue/internal/testkit"
)

func TestMain(m *testing.M) { os.Exit(testkit.Main(m)) }

// open serves the site in front of Segue at a URL.
func open(t *testing.T, segue string, perVisitor bool) string {
	handler, err := site.New(site.Options{Export: "../space.json", Segue: segue, PerVisitor: perVisitor})
	require.NoError(t, err)
	s := httptest.NewServer(handler)
	t.Cleanup(s.Close)
	return s.URL
}

// An answer is what a request came to.
type answer struct {
	status int
	header http.Header
}

// get returns the answer to a request with a header, and its body.
func get(t *testing.T, url string, header ...string) (answer, string) {
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	require.NoError(t, err)
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	res, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	return answer{res.StatusCode, res.Header}, string(raw)
}

// nowhere is an address at which nobody answers.
const nowhere = "http://127.0.0.1:1"

func TestAPageIsTheSameForEverybodyWithItsVariantsBeside(t *testing.T) {
	shop := open(t, nowhere, false)
	res, body := get(t, shop+"/")
	require.Equal(t, http.StatusOK, res.status)
	require.Contains(t, res.header.Get("Cache-Control"), "public")
	require.Empty(t, res.header.Get("Set-Cookie"))
	require.Contains(t, body, `<segue-slot name="home-hero">`)
	require.Contains(t, body, `<template data-variant="hero-finish-order">`)
	require.NotContains(t, body, "no template for")
	require.NotContains(t, body, "<no value>")

	for _, path := range []string{"/grinders", "/grinders/hollow-hand-grinder", "/products/crane-kettle", "/basket"} {
		res, body := get(t, shop+path)
		require.Equal(t, http.StatusOK, res.status, path)
		require.NotContains(t, body, "<no value>", path)
	}
	res, _ = get(t, shop+"/kettles")
	require.Equal(t, http.StatusNotFound, res.status)
}

func TestNothingOfAPageIsFromElsewhere(t *testing.T) {
	shop := open(t, nowhere, false)
	elsewhere := regexp.MustCompile(`(?:src|href|url\()\s*=?\s*["']?(?:https?:)?//[^"')\s]+`)
	for _, path := range []string{"/", "/grinders", "/style.css", "/shop.js", "/art.svg"} {
		_, body := get(t, shop+path)
		require.Empty(t, elsewhere.FindAllString(body, -1), path)
	}
}

var slot = regexp.MustCompile(`<segue-slot name="([^"]+)" variant="(\d)"(?: experience="([^"]+)")?(?: entry="([^"]+)")?>`)

func TestAPageIsThatOfItsVisitor(t *testing.T) {
	segue := testkit.Example(t, "storefront")
	res, body := get(t, open(t, segue.URL, true)+"/", "Cookie", "ajs_anonymous_id=buyer-ana", "Sec-Fetch-Mode", "navigate", "User-Agent", "Mozilla/5.0")
	require.Contains(t, res.header.Get("Cache-Control"), "private")
	require.Contains(t, body, "One step left")
	require.NotContains(t, body, "Slow water")
	require.NotContains(t, body, "<template")
	require.Contains(t, body, `id="segue-state">{`)
	got := map[string][]string{}
	for _, m := range slot.FindAllStringSubmatch(body, -1) {
		got[m[1]] = m[2:]
	}
	require.Equal(t, []string{"1", "exp-high-intent", "hero-finish-order"}, got["home-hero"])
	require.Equal(t, []string{"1", "exp-high-intent", ""}, got["home-guide"], "hidden, and its place is kept")
	require.Equal(t, []string{"0", "", "home-reviews"}, got["home-reviews"])
}

func TestAPageIsThatOfItsKey(t *testing.T) {
	segue := testkit.Example(t, "storefront")
	_, resolved := get(t, segue.URL+"/v1/resolve?visitor=buyer-ana&page=page:home")
	key := regexp.MustCompile(`"key":"([^"]+)"`).FindStringSubmatch(resolved)[1]
	res, body := get(t, open(t, segue.URL, false)+"/", "X-Segue-Key", key)
	require.Contains(t, res.header.Get("Cache-Control"), "public")
	require.Contains(t, body, `<segue-slot name="home-hero" variant="1" experience="exp-high-intent" entry="hero-finish-order">`)
	require.NotContains(t, body, "<template")
}

func TestWithoutSegueThePageIsTheOneForEverybody(t *testing.T) {
	_, plain := get(t, open(t, nowhere, false)+"/")
	_, body := get(t, open(t, nowhere, true)+"/")
	require.Equal(t, plain, body)
	res, body := get(t, open(t, nowhere, false)+"/", "X-Segue-Key", "any")
	require.Equal(t, plain, body)
	require.Equal(t, "no-store", res.header.Get("Cache-Control"))
}

func TestSegueIsUnderTheSameOrigin(t *testing.T) {
	segue := testkit.Example(t, "storefront")
	shop := open(t, segue.URL, false)
	res, body := get(t, shop+"/v1/resolve?visitor=buyer-ana")
	require.Equal(t, http.StatusOK, res.status)
	require.True(t, strings.HasPrefix(body, `{"visitor":"buyer-ana"`))
	res, _ = get(t, open(t, nowhere, false)+"/v1/resolve?visitor=buyer-ana")
	require.Equal(t, http.StatusBadGateway, res.status)
}
