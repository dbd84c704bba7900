// Package next_test builds the Next.js storefront and runs it before Segue.
package next_test

import (
	"bufio"
	"bytes"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/segue-dev/segue/internal/testkit"
)

func TestMain(m *testing.M) { os.Exit(testkit.Main(m)) }

// A site is the built storefront, running.
type site struct{ url string }

// host is what Next.js takes for its own address, whatever it is called by.
const host = "localhost"

// secret is of what Segue signs its news with.
const secret = "whsec_c2VjcmV0IG9mIHRoZSBwdXJnZXMgb2YgYSB0ZXN0"

// start builds the site while segue answers, and runs it at a port.
func start(t *testing.T, segue, port string) *site {
	t.Helper()
	testkit.Command(t, "node")
	testkit.Needs(t, "Next.js: run `make clients`", func() error { _, err := os.Stat("node_modules/next"); return err })
	env := append(os.Environ(), "SEGUE_URL="+segue, "SEGUE_PURGE_SECRET="+secret, "SEGUE_TIMEOUT_MS=20000", "NEXT_TELEMETRY_DISABLED=1")
	build := exec.CommandContext(t.Context(), "node", "node_modules/next/dist/bin/next", "build")
	build.Env = env
	out, err := build.CombinedOutput()
	require.NoError(t, err, "%s", out)

	cmd := exec.Command("node", "node_modules/next/dist/bin/next", "start", "--hostname", host, "--port", port)
	cmd.Env = env
	stdout, err := cmd.StdoutPipe()
	require.NoError(t, err)
	var log bytes.Buffer
	cmd.Stderr = &log
	require.NoError(t, cmd.Start())
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		if t.Failed() {
			t.Logf("next:\n%s", log.String())
		}
	})
	lines := bufio.NewScanner(stdout)
	for lines.Scan() && !strings.Contains(lines.Text(), "Ready in") {
		t.Log(lines.Text())
	}
	go func() { _, _ = io.Copy(io.Discard, stdout) }()
	return &site{"http://" + host + ":" + port}
}

// get asks for a page as a visitor's browser does.
func (s *site) get(t *testing.T, path, visitor string) (body string, header http.Header) {
	t.Helper()
	req, err := http.NewRequest(http.MethodGet, s.url+path, http.NoBody)
	require.NoError(t, err)
	if visitor != "" {
		req.Header.Set("Cookie", "ajs_anonymous_id="+visitor)
	}
	res, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	defer res.Body.Close()
	all, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, res.StatusCode, "%s of %s", path, visitor)
	return string(all), res.Header
}

// sees checks that a visitor is shown an entry at a path.
func (s *site) sees(t *testing.T, visitor, path, entry string) http.Header {
	t.Helper()
	body, header := s.get(t, path, visitor)
	require.True(t, strings.Contains(body, `data-entry="`+entry+`"`), "%s does not see %s", visitor, entry)
	return header
}

func TestVisitorsGetTheirPermutations(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "storefront")
	require.NoError(t, os.CopyFS(dir, os.DirFS(testkit.Root(t, "examples", "storefront"))))
	_, port, _ := strings.Cut(testkit.FreeAddress(t), ":")
	segue := testkit.ExampleIn(t, dir, "--set", "edge.budget=10s",
		"--set", "purge.webhooks=http://"+host+":"+port+"/api/purge", "--set", "purge.webhookSecret="+secret)
	s := start(t, segue.URL, port)
	heroes := map[string]string{"buyer-ana": "hero-finish-order", "comparer-cem": "hero-compare-grinders", "browser-bea": "hero-find-your-brew"}
	for visitor, hero := range heroes {
		s.sees(t, visitor, "/", hero)
	}
	for visitor, hero := range heroes {
		require.Equal(t, "HIT", s.sees(t, visitor, "/", hero).Get("X-Nextjs-Cache"), "a permutation is rendered once")
	}
	require.NotEmpty(t, s.sees(t, "", "/", "home-hero").Values("Set-Cookie"), "a new visitor is given an id")
	s.sees(t, "comparer-cem", "/grinders", "grinders-banner-advice")

	space := filepath.Join(dir, "space.json")
	text, err := os.ReadFile(space)
	require.NoError(t, err)
	const before, after = "Your basket is still here", "Your basket is waiting"
	require.Equal(t, 1, strings.Count(string(text), before))
	require.NoError(t, os.WriteFile(space, []byte(strings.Replace(string(text), before, after, 1)), 0o600))
	for !strings.Contains(page(s.get(t, "/", "buyer-ana")), after) {
		require.NoError(t, t.Context().Err())
	}
	require.Equal(t, "HIT", s.sees(t, "browser-bea", "/", heroes["browser-bea"]).Get("X-Nextjs-Cache"), "what a publish does not touch stays")

	segue.Kill()
	header := s.sees(t, "buyer-ana", "/", "home-hero")
	require.Equal(t, "unreachable", header.Get("Segue-Fallback"), "everybody's page was rendered when the site was built")
}

func page(body string, _ http.Header) string { return body }
