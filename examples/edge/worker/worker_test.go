// Package worker_test runs the worker under workerd, as Cloudflare does.
package worker_test

import (
	"bufio"
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"net/textproto"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/segue-dev/segue/internal/testkit"
)

func TestMain(m *testing.M) { os.Exit(testkit.Main(m)) }

// workerd is the runtime for this machine, which npm chose.
const workerd = "clients/acceptance/node_modules/@cloudflare/workerd-*/bin/workerd"

// config is what wrangler makes of wrangler.toml, with addresses of this
// machine for the services. The socket is handed to workerd open.
const config = `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [
    (name = "main", worker = .worker),
    (name = "segue", external = (address = "%s", http = ())),
    (name = "site", external = (address = "%s", http = ())),
    (name = "cache", external = (address = "%s", http = ())),
  ],
  sockets = [(name = "http", address = "*", http = (), service = "main")],
);
const worker :Workerd.Worker = (
  modules = [(name = "worker.js", esModule = embed "worker.js")],
  compatibilityDate = "2026-10-01",
  bindings = [(name = "SEGUE", service = "segue"), (name = "ORIGIN", service = "site"), (name = "PATIENCE_MS", text = "%s")],
  cacheApiOutbound = "cache",
);
`

// An edge is the worker, running.
type edge struct {
	url  string
	site *site
}

// start runs the worker before a Segue at an address, which may take so many ms.
func start(t *testing.T, segue, patience string) *edge {
	t.Helper()
	found, err := filepath.Glob(testkit.Root(t, workerd))
	require.NoError(t, err)
	testkit.Needs(t, "workerd: run `make clients`", func() error {
		if len(found) == 0 {
			return os.ErrNotExist
		}
		return nil
	})
	e := &edge{site: &site{segue: segue}}
	dir := t.TempDir()
	script, err := os.ReadFile("worker.js")
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "worker.js"), script, 0o600))
	text := fmt.Sprintf(config, strings.TrimPrefix(segue, "http://"), address(t, e.site), address(t, &cache{copies: map[string]kept{}}), patience)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "config.capnp"), []byte(text), 0o600))

	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer func() { _ = ln.Close() }()
	e.url = "http://" + ln.Addr().String()
	socket, err := ln.(*net.TCPListener).File()
	require.NoError(t, err)
	defer socket.Close()
	var log bytes.Buffer
	cmd := exec.Command(found[0], "serve", "--socket-fd=http=3", filepath.Join(dir, "config.capnp"))
	cmd.ExtraFiles, cmd.Stdout, cmd.Stderr = []*os.File{socket}, &log, &log
	require.NoError(t, cmd.Start())
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		if t.Failed() {
			t.Logf("workerd:\n%s", log.String())
		}
	})
	return e
}

// address returns where h answers until the test ends.
func address(t *testing.T, h http.Handler) string {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s.Listener.Addr().String()
}

// A site renders the pages of keys, as Segue has them; everybody's without one.
type site struct {
	segue string
	asked atomic.Int64
}

func (s *site) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.asked.Add(1)
	if len(r.Header["Cookie"]) > 0 {
		http.Error(w, "the site is not to know who asks", http.StatusBadRequest)
		return
	}
	key := cmp.Or(r.Header.Get("X-Segue-Key"), "everybody")
	page := cmp.Or(strings.Trim(r.URL.Path, "/"), "home")
	w.Header().Set("Content-Type", "text/html")
	res, err := http.Get(s.segue + "/v1/pages/page:" + url.PathEscape(page) + "/" + key)
	if err != nil {
		_, _ = io.WriteString(w, "a page for bad days")
		return
	}
	defer res.Body.Close()
	w.Header().Set("Cache-Control", res.Header.Get("Cache-Control"))
	_, _ = io.Copy(w, res.Body)
}

// A cache is what stands behind caches.default, as workerd asks it: GET for a
// copy, PUT of a whole HTTP response.
type cache struct {
	mu     sync.Mutex
	copies map[string]kept
}

type kept struct {
	header http.Header
	body   []byte
}

func (c *cache) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch r.Method {
	case http.MethodPut:
		text := textproto.NewReader(bufio.NewReader(r.Body))
		_, err := text.ReadLine() // the status
		header, err2 := text.ReadMIMEHeader()
		body, err3 := io.ReadAll(text.R) // as it is, whatever Transfer-Encoding says
		if err := errors.Join(err, err2, err3); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		header.Del("Transfer-Encoding")
		c.copies[r.RequestURI] = kept{http.Header(header), body}
		w.WriteHeader(http.StatusNoContent)
	case http.MethodGet:
		copied, ok := c.copies[r.RequestURI]
		if !ok {
			w.WriteHeader(http.StatusGatewayTimeout)
			return
		}
		maps.Copy(w.Header(), copied.header)
		w.Header().Set("Cf-Cache-Status", "HIT")
		_, _ = w.Write(copied.body)
	}
}

// get asks for a page as a visitor's browser does.
func (e *edge) get(t *testing.T, path, visitor string) (body string, header http.Header) {
	t.Helper()
	req, err := http.NewRequest(http.MethodGet, e.url+path, http.NoBody)
	require.NoError(t, err)
	req.Header.Set("Accept", "text/html")
	req.Header.Set("Cookie", "ajs_anonymous_id="+visitor)
	res, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	defer res.Body.Close()
	all, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, res.StatusCode)
	return string(all), res.Header
}

func TestAVisitorGetsTheirPermutation(t *testing.T) {
	segue := testkit.Example(t, "storefront", "--set", "edge.budget=10s")
	e := start(t, segue.URL, "20000")
	heroes := map[string]string{
		"buyer-ana": "hero-finish-order", "comparer-cem": "hero-compare-grinders", "browser-bea": "hero-find-your-brew",
		"nobody": "home-hero", "nobody-else": "home-hero",
	}
	for range 2 {
		for visitor, hero := range heroes {
			body, header := e.get(t, "/", visitor)
			require.True(t, strings.Contains(body, `"id":"`+hero+`"`), "%s sees no %s: %v\n%.300s", visitor, hero, header, body)
			require.Equal(t, "private, no-store", header.Get("Cache-Control"))
		}
	}
	require.EqualValues(t, 4, e.site.asked.Load(), "one copy of each permutation is kept")
}

// A Segue that is slow, dead or confused costs visitors their permutation, never
// the page.
func TestWithoutSegueEverybodyGetsAPage(t *testing.T) {
	for name, tc := range map[string]struct {
		segue  http.HandlerFunc
		reason string
	}{
		"slow":     {func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }, "timeout"},
		"confused": {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) }, "unreachable"},
	} {
		t.Run(name, func(t *testing.T) {
			edges := http.NewServeMux()
			edges.HandleFunc("/v1/edge", tc.segue)
			e := start(t, "http://"+address(t, edges), "80")
			_, header := e.get(t, "/", "buyer-ana")
			require.Equal(t, tc.reason, header.Get("Segue-Fallback"))
		})
	}
	t.Run("dead", func(t *testing.T) {
		e := start(t, "http://"+testkit.FreeAddress(t), "80")
		for range 5 {
			body, header := e.get(t, "/", "buyer-ana")
			require.Equal(t, "a page for bad days", body)
			require.Equal(t, "unreachable", header.Get("Segue-Fallback"))
		}
		_, header := e.get(t, "/", "buyer-ana")
		require.Equal(t, "breaker", header.Get("Segue-Fallback"), "after five failures it is not asked for a while")
	})
}
