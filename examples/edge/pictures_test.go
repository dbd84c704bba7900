package main

import (
	"flag"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	storefront "github.com/segue-dev/segue/examples/storefront/site"
	"github.com/segue-dev/segue/internal/testkit"
)

var pictures = flag.String("pictures", "", "directory to write the pictures of docs to")

// TestPictures takes the pictures of docs: a page of the storefront as a visitor
// of the example sees it through each recipe. It does so when asked to:
//
//	go test ./examples/edge -run Pictures -args -pictures $PWD/docs/images
func TestPictures(t *testing.T) {
	if *pictures == "" {
		return
	}
	segue := testkit.Example(t, "storefront", "--set", "edge.budget=10s")
	shop, err := storefront.New(storefront.Options{Export: testkit.Root(t, "examples", "storefront", "space.json"), Segue: segue.URL})
	require.NoError(t, err)
	origin := httptest.NewServer(shop)
	t.Cleanup(origin.Close)
	for _, shot := range []struct {
		file, path, visitor string
		start               func(t *testing.T, cache, segue, site, timeout string)
	}{
		{"storefront-nginx.png", "/", "buyer-ana", nginx},
		{"storefront-varnish.png", "/grinders", "comparer-cem", varnish},
	} {
		cache := testkit.FreeAddress(t)
		shot.start(t, cache, address(segue.URL), address(origin.URL), "10s")
		picture(t, as(t, "http://"+cache, shot.visitor)+shot.path, filepath.Join(*pictures, shot.file))
	}
}

// as returns an address at which everything is asked as a visitor.
func as(t *testing.T, address, visitor string) string {
	t.Helper()
	to, err := url.Parse(address)
	require.NoError(t, err)
	proxy := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(to)
		r.Out.Header.Set("Cookie", "ajs_anonymous_id="+visitor)
	}}
	s := httptest.NewServer(http.Handler(proxy))
	t.Cleanup(s.Close)
	return s.URL
}

func picture(t *testing.T, address, file string) {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), testkit.Command(t, "chromium"), "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars",
		"--user-data-dir="+t.TempDir(), "--window-size=1200,1500", "--virtual-time-budget=5000", "--screenshot="+file, address).CombinedOutput()
	require.NoError(t, err, "%s", out)
}
