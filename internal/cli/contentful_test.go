package cli_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/segue-dev/segue/internal/contentful"
	"github.com/segue-dev/segue/internal/contentful/emulator"
	"github.com/segue-dev/segue/internal/contentful/emulator/emulatortest"
)

// liveConfig is a configuration for a space that is at url.
func liveConfig(t *testing.T, url string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "segue.yaml")
	segments, err := filepath.Abs(filepath.Join(example("storefront"), "segments"))
	require.NoError(t, err)
	src := "content: contentful://sp1/master\nsegments: " + segments + "\ncontentful:\n  deliveryToken: delivery\n  managementToken: management\n" +
		"  deliveryURL: " + url + "/cda\n  managementURL: " + url + "/cma\n"
	require.NoError(t, os.WriteFile(file, []byte(src), 0o600))
	return file
}

func TestAPullThatFailsLeavesTheFileAsItWas(t *testing.T) {
	s := httptest.NewServer(http.NotFoundHandler())
	defer s.Close()
	file := filepath.Join(t.TempDir(), "space.json")
	require.NoError(t, os.WriteFile(file, []byte("before"), 0o600))
	code, _, stderr := segue(t, "contentful", "pull", file, "--config", liveConfig(t, s.URL))
	require.Equal(t, 1, code)
	require.Contains(t, stderr, "404 NotFound")
	require.NotContains(t, stderr, "management\"", "no token in an error")
	got, err := os.ReadFile(file)
	require.NoError(t, err)
	require.Equal(t, "before", string(got))
	left, err := filepath.Glob(filepath.Join(filepath.Dir(file), "*"))
	require.NoError(t, err)
	require.Len(t, left, 1)
}

func TestWhichSpaceMustBeSaid(t *testing.T) {
	code, _, stderr := segue(t, "contentful", "pull", "x.json", "--config", filepath.Join(example("storefront"), "segue.yaml"))
	require.Equal(t, 2, code)
	require.Contains(t, stderr, "--space ID")
}

// liveStorefront is a space with the content of the example, and a configuration for
// it.
func liveStorefront(t *testing.T) (*emulatortest.Server, string) {
	t.Helper()
	s := emulatortest.StartWith(t, filepath.Join(example("storefront"), "space.json"))
	return s, liveConfig(t, unhurried(t, s))
}

// unhurried is the address of a space that has no rate limit worth waiting for.
func unhurried(t *testing.T, h http.Handler) string {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Contentful-Ratelimit-Second-Limit", "10000")
		h.ServeHTTP(w, r)
	}))
	t.Cleanup(s.Close)
	return s.URL
}

func TestAnInstalledSpaceIsReadyForSegments(t *testing.T) {
	s := emulatortest.Start(t, emulator.Options{})
	file := liveConfig(t, unhurried(t, s))
	cma, err := contentful.NewCMA(emulatortest.Management, contentful.Options{Space: "sp1", BaseURL: s.CMA})
	require.NoError(t, err)
	hero := json.RawMessage(`{"name": "Hero", "displayField": "title", "fields": [{"id": "title", "name": "Title", "type": "Symbol"}]}`)
	_, err = cma.ContentTypes.Upsert(t.Context(), "hero", "", 0, hero)
	require.NoError(t, err)

	install := []string{
		"contentful", "install", "--config", file, "--types", "hero", "--webhook", "https://segue.test",
		"--set", "contentful.webhookSecrets=" + strings.Repeat("s3cr", 16),
	}
	dry := done(t, append(install, "--dry-run")...)
	require.Contains(t, dry, "create content type nt_audience\n    + content type Ninetailed Audience\n    + field nt_name (Symbol, required)\n")
	require.Contains(t, dry, "+ url: https://segue.test/webhooks/contentful\n")
	require.Contains(t, dry, "nothing was changed: --dry-run")
	require.NotContains(t, dry, "s3cr")
	require.Equal(t, dry, done(t, append(install, "--dry-run")...), "a dry run changes nothing")
	require.Contains(t, done(t, install...), "done\n")
	require.Equal(t, "space sp1, environment master: nothing to change\n", done(t, install...))

	push := []string{"contentful", "push", "--config", file}
	report := decoded(t, append(push, "--dry-run")...)
	require.Len(t, report["changes"], 4)
	require.Contains(t, done(t, push...), "create audience high-intent")
	require.Equal(t, "space sp1, environment master: nothing to change\n", done(t, push...))

	pulled := filepath.Join(t.TempDir(), "space.json")
	require.Contains(t, done(t, "contentful", "pull", pulled, "--config", file), "entries           4\n")
	done(t, "validate", "--config", file, "--set", "content=export:"+pulled)
}

func TestWebhooksNeedASecretAndAnAddress(t *testing.T) {
	_, file := liveStorefront(t)
	code, _, stderr := segue(t, "contentful", "install", "--config", file, "--webhook", "https://segue.test")
	require.Equal(t, 1, code)
	require.Contains(t, stderr, "contentful.webhookSecrets: missing")
	code, _, stderr = segue(t, "contentful", "install", "--config", file, "--webhook", "segue.test")
	require.Equal(t, 2, code)
	require.Contains(t, stderr, `--webhook: "segue.test" is not a URL`)
}

func TestPushLeavesAudiencesOfEditorsAlone(t *testing.T) {
	_, file := liveStorefront(t)
	out := done(t, "contentful", "push", "--config", file)
	require.Contains(t, out, "is somebody else's audience with this id")
	require.Contains(t, out, "nothing to change")
}

func TestCheckNamesEntriesWithLinks(t *testing.T) {
	s, file := liveStorefront(t)
	require.Equal(t, "space sp1, environment master: 0 findings\n", done(t, "contentful", "check", "--config", file))

	cma, err := contentful.NewCMA(emulatortest.Management, contentful.Options{Space: "sp1", BaseURL: s.CMA})
	require.NoError(t, err)
	body := json.RawMessage(`{"fields": {"nt_name": {"en-US": "Odd"}, "nt_audience_id": {"en-US": "odd"}, "nt_rules": {"en-US": {"any": [{"all": [{"type": "dance"}]}]}}}}`)
	item, err := cma.Entries.Upsert(t.Context(), "odd", "nt_audience", 0, body)
	require.NoError(t, err)
	require.Zero(t, len(findingsOfSpace(t, file)), "a draft is not what visitors get")
	require.Len(t, findingsOfSpace(t, file, "--preview", "--set", "contentful.previewToken=preview", "--set", "contentful.previewURL="+s.CPA), 1)
	_, err = cma.Entries.Publish(t.Context(), "odd", item.Sys.Version)
	require.NoError(t, err)
	found := findingsOfSpace(t, file)
	require.Len(t, found, 1)
	require.Equal(t, "https://app.contentful.com/spaces/sp1/environments/master/entries/odd", found[0].(map[string]any)["link"])
	require.Equal(t, "nt_rules", found[0].(map[string]any)["field"])
	found = findingsOfSpace(t, file, "--set", "contentful.region=eu")
	require.Equal(t, "https://app.eu.contentful.com/spaces/sp1/environments/master/entries/odd", found[0].(map[string]any)["link"])
	_, table, _ := segue(t, "contentful", "check", "--config", file)
	require.Contains(t, table, "odd  https://app.contentful.com/spaces/sp1/environments/master/entries/odd\n    error CT102: nt_rules: ")
}

// findingsOfSpace checks a space, and returns what it finds.
func findingsOfSpace(t *testing.T, file string, args ...string) []any {
	t.Helper()
	code, stdout, stderr := segue(t, append([]string{"contentful", "check", "--config", file, "--output", "json"}, args...)...)
	var report struct{ Findings []any }
	require.NoError(t, json.Unmarshal([]byte(stdout), &report), stderr)
	require.Equal(t, len(report.Findings) > 0, code == 3, stderr)
	return report.Findings
}
