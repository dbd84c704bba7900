package main_test

import (
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/segue-dev/segue/internal/testkit"
)

func TestMain(m *testing.M) { os.Exit(testkit.Main(m)) }

// segue runs the command to its end and returns what it printed and its exit
// code.
func segue(t *testing.T, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	return testkit.Run(t, args...)
}

// report runs the command, which must succeed, and decodes its JSON.
func report(t *testing.T, into any, args ...string) {
	t.Helper()
	out, errs, code := segue(t, append(args, "--output", "json")...)
	require.Zero(t, code, "segue %s\n%s", strings.Join(args, " "), errs)
	require.NoError(t, json.Unmarshal([]byte(out), into), out)
}

// A server is `segue serve` as a process of its own.
type server struct{ *testkit.Server }

func serve(t *testing.T, args ...string) *server {
	t.Helper()
	return &server{testkit.Serve(t, args...)}
}

// post sends a body and decodes the answer, whatever its status.
func (s *server) post(path, body string, into any) (status int, err error) {
	res, err := http.Post(s.URL+path, "application/json", strings.NewReader(body))
	if err != nil {
		return 0, err
	}
	return decode(res, into)
}

func (s *server) get(path string, into any) (status int, err error) {
	res, err := http.Get(s.URL + path)
	if err != nil {
		return 0, err
	}
	return decode(res, into)
}

func decode(res *http.Response, into any) (int, error) {
	defer res.Body.Close()
	return res.StatusCode, json.NewDecoder(res.Body).Decode(into)
}

// root returns a path below the repository's root.
func root(parts ...string) string {
	return filepath.Join(append([]string{"..", ".."}, parts...)...)
}

// testData returns a path below the directory of real exports and
// clickstreams.
func testData(t *testing.T, parts ...string) string {
	t.Helper()
	dir := os.Getenv("SEGUE_TEST_DATA")
	if dir == "" {
		t.Skip("SEGUE_TEST_DATA names no directory of real exports and clickstreams")
	}
	return filepath.Join(append([]string{dir}, parts...)...)
}
