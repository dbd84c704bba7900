package acceptance

import (
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/segue-dev/segue/internal/contentful/emulator/delivery"
	"github.com/segue-dev/segue/internal/contentful/emulator/store"
	"github.com/segue-dev/segue/internal/testkit"
)

// migration is the site of examples/from-contentful-personalization: its page
// and bundle, Contentful's delivery API below /contentful, and Segue below the
// addresses that the page was given.
func migration(t *testing.T) string {
	example := testkit.Root(t, "examples", "from-contentful-personalization")
	bundle := filepath.Join(t.TempDir(), "bundle.js")
	build := exec.CommandContext(t.Context(), "go", "tool", "-modfile="+testkit.Root(t, ".ci", "tools", "go.mod"), "esbuild",
		filepath.Join(example, "main.js"), "--bundle", "--format=esm", "--outfile="+bundle, "--log-level=warning")
	build.Env = append(os.Environ(), "NODE_PATH="+testkit.Root(t, "clients", "acceptance", "node_modules"))
	out, err := build.CombinedOutput()
	require.NoError(t, err, "%s", out)

	segue, err := url.Parse(testkit.Example(t, "storefront").URL)
	require.NoError(t, err)
	mux := http.NewServeMux()
	for _, path := range []string{"/experience/", "/insights/", "/v1/"} {
		mux.Handle(path, httputil.NewSingleHostReverseProxy(segue))
	}
	mux.Handle("/contentful/", http.StripPrefix("/contentful", storefrontDelivery(t)))
	mux.HandleFunc("/bundle.js", func(w http.ResponseWriter, r *http.Request) { http.ServeFile(w, r, bundle) })
	mux.HandleFunc("/{$}", func(w http.ResponseWriter, r *http.Request) {
		http.ServeFile(w, r, filepath.Join(example, "index.html"))
	})
	return serve(t, mux)
}

// storefrontDelivery is Contentful's delivery API of the storefront's space.
func storefrontDelivery(t *testing.T) http.Handler {
	file, err := os.Open(testkit.Root(t, "examples", "storefront", "space.json"))
	require.NoError(t, err)
	defer file.Close()
	s, err := store.Load(file, store.Options{})
	require.NoError(t, err)
	return delivery.New(s, delivery.Options{Token: "delivery"})
}
