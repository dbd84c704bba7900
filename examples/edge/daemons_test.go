package main

import (
	"bytes"
	"net"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/segue-dev/segue/internal/testkit"
)

func TestMain(m *testing.M) { os.Exit(testkit.Main(m)) }

// A stack is Segue, a site, and a cache before them.
type stack struct {
	segue *testkit.Server
	url   string // of the cache
	space string // the file of the content
}

// rules are a segment that ends by itself after two seconds, and what it sees.
const (
	momentary = `
segment: just-looked
name: Looked a moment ago
soWhat: Shows reviews of what was looked at
priority: 5
when: { recency: { of: Product Viewed, atMost: 2s } }
`
	experience = `
id: exp-just-looked
segment: just-looked
components: [{ baseline: home-reviews, variants: [reviews-grinders] }]
`
	settings = `
store: "pebble:./data"
content: "export:./space.json"
segments: ./segments
experiences: ./experiences.yaml
edge: { budget: 40ms, pages: ["/ page:home", "/* page"] }
`
)

// A recipe is a cache under test.
type recipe struct {
	purge func(cache string) string // the setting that makes Segue purge it
	// start starts it with another time-out than 50ms, if there is one.
	start func(t *testing.T, cache, segue, site, timeout string)
}

// newStack starts a stack. A patient one waits longer for Segue than recipes do:
// what is shown then does not depend on what else the machine has to do.
func newStack(t *testing.T, r recipe, patient bool) *stack {
	t.Helper()
	dir := t.TempDir()
	storefront := testkit.Root(t, "examples", "storefront")
	require.NoError(t, os.CopyFS(filepath.Join(dir, "segments"), os.DirFS(filepath.Join(storefront, "segments"))))
	for name, text := range map[string]string{
		"segments/just-looked.yaml": momentary, "experiences.yaml": experience, "segue.yaml": settings, "space.json": read(t, storefront, "space.json"),
	} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600))
	}
	cache := testkit.FreeAddress(t)
	sets := []string{"--config", filepath.Join(dir, "segue.yaml"), "--set", r.purge("http://" + cache)}
	timeout, patience := "50ms", patience
	if patient {
		timeout, patience = "10s", 10*time.Second
		sets = append(sets, "--set", "edge.budget=10s")
	}
	s := &stack{
		segue: testkit.Serve(t, sets...),
		url:   "http://" + cache, space: filepath.Join(dir, "space.json"),
	}
	site := httptest.NewServer(newSite(s.segue.URL, patience))
	t.Cleanup(site.Close)
	r.start(t, cache, address(s.segue.URL), address(site.URL), timeout)
	return s
}

func address(url string) string { return strings.TrimPrefix(url, "http://") }

func read(t *testing.T, parts ...string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(parts...))
	require.NoError(t, err)
	return string(text)
}

// nginx starts the recipe for nginx.
func nginx(t *testing.T, cache, segue, site, timeout string) {
	program := testkit.Command(t, "nginx")
	testkit.Needs(t, "libnginx-mod-http-cache-purge", func() error {
		_, err := os.Stat("/usr/lib/nginx/modules/ngx_http_cache_purge_module.so")
		return err
	})
	dir := t.TempDir()
	require.NoError(t, os.Mkdir(filepath.Join(dir, "temp"), 0o700))
	conf := strings.ReplaceAll(at(t, read(t, "nginx", "nginx.conf"), cache, segue, site), "50ms", timeout)
	if os.Getuid() == 0 { // its workers are to read what is ours
		conf = "user root;\n" + conf
	}
	require.NoError(t, os.WriteFile(filepath.Join(dir, "nginx.conf"), []byte(conf), 0o600))
	daemon(t, cache, exec.Command(program, "-p", dir, "-c", "nginx.conf", "-e", "stderr", "-g", "daemon off;"))
}

// varnish starts the recipe for Varnish.
func varnish(t *testing.T, cache, segue, site, timeout string) {
	program := testkit.Command(t, "varnishd")
	testkit.Needs(t, "varnish-modules", func() error {
		found, err := filepath.Glob("/usr/lib/*/varnish/vmods/libvmod_xkey.so")
		if len(found) == 0 && err == nil {
			err = os.ErrNotExist
		}
		return err
	})
	dir := t.TempDir()
	vcl := strings.ReplaceAll(read(t, "varnish", "default.vcl"), "50ms", timeout)
	for name, to := range map[string]string{"8080": segue, "3000": site} {
		_, port, err := net.SplitHostPort(to)
		require.NoError(t, err)
		require.Contains(t, vcl, `.port = "`+name+`"`)
		vcl = strings.ReplaceAll(vcl, `.port = "`+name+`"`, `.port = "`+port+`"`)
	}
	file := filepath.Join(dir, "default.vcl")
	require.NoError(t, os.WriteFile(file, []byte(vcl), 0o600))
	daemon(t, cache, exec.Command(program, "-F", "-j", "none", "-n", filepath.Join(dir, "work"), "-a", cache, "-f", file, "-s", "malloc,64m"))
}

// at replaces the addresses of a recipe by those of a test.
func at(t *testing.T, conf, cache, segue, site string) string {
	t.Helper()
	for from, to := range map[string]string{"127.0.0.1:8000": cache, "127.0.0.1:8080": segue, "127.0.0.1:3000": site} {
		require.Contains(t, conf, from+";")
		conf = strings.ReplaceAll(conf, from+";", to+";")
	}
	return conf
}

// daemon runs a program until the test ends, and returns when it listens.
func daemon(t *testing.T, listens string, cmd *exec.Cmd) {
	t.Helper()
	var log bytes.Buffer
	cmd.Stdout, cmd.Stderr = &log, &log
	require.NoError(t, cmd.Start())
	ended := make(chan struct{})
	var failure error
	go func() { failure = cmd.Wait(); close(ended) }()
	t.Cleanup(func() {
		_ = cmd.Process.Signal(os.Interrupt)
		select {
		case <-ended:
		case <-time.After(10 * time.Second):
			_ = cmd.Process.Kill()
			<-ended
		}
		if t.Failed() {
			t.Logf("%s\n%s", cmd.Path, log.String())
		}
	})
	tick, patience := time.NewTicker(20*time.Millisecond), time.After(20*time.Second)
	defer tick.Stop()
	for {
		select {
		case <-ended:
			t.Fatalf("%s ended: %v\n%s", cmd.Path, failure, log.String())
		case <-patience:
			t.Fatalf("%s does not listen", cmd.Path)
		case <-tick.C:
		}
		if c, err := net.DialTimeout("tcp", listens, time.Second); err == nil {
			_ = c.Close()
			return
		}
	}
}
