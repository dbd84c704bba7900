package cli_test

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// liveConfig is a configuration for a space that is at url.
func liveConfig(t *testing.T, url string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "segue.yaml")
	src := "content: contentful://sp1/master\nsegments: ''\ncontentful:\n  deliveryToken: delivery\n  managementToken: management\n" +
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
