package main_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

// binary is the command under test, built once.
var binary string

func TestMain(m *testing.M) {
	os.Exit(testMain(m))
}

func testMain(m *testing.M) int {
	dir, err := os.MkdirTemp("", "segue")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	binary = filepath.Join(dir, "segue")
	build := exec.Command("go", "build", "-o", binary, ".")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "build: %v\n%s", err, out)
		return 1
	}
	return m.Run()
}

// segue runs the command to its end and returns what it printed and its exit
// code.
func segue(t *testing.T, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	var out, errs bytes.Buffer
	cmd := exec.CommandContext(t.Context(), binary, args...)
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); cmd.ProcessState == nil {
		t.Fatal(err)
	}
	return out.String(), errs.String(), cmd.ProcessState.ExitCode()
}

// report runs the command, which must succeed, and decodes its JSON.
func report(t *testing.T, into any, args ...string) {
	t.Helper()
	out, errs, code := segue(t, append(args, "--output", "json")...)
	require.Zero(t, code, "segue %s\n%s", strings.Join(args, " "), errs)
	require.NoError(t, json.Unmarshal([]byte(out), into), out)
}

// A server is `segue serve` as a process of its own.
type server struct {
	cmd *exec.Cmd
	URL string // of the public API
}

var listening = regexp.MustCompile(`msg=listening public=(\S+)`)

// serve starts a server on free ports. Its listeners are open when serve
// returns, so requests wait for it rather than fail.
func serve(t *testing.T, args ...string) *server {
	t.Helper()
	args = append([]string{"serve", "--set", "listen=127.0.0.1:0", "--set", "admin=127.0.0.1:0"}, args...)
	s := &server{cmd: exec.Command(binary, args...)}
	stderr, err := s.cmd.StderrPipe()
	require.NoError(t, err)
	require.NoError(t, s.cmd.Start())
	var log strings.Builder
	lines := bufio.NewScanner(stderr)
	for s.URL == "" && lines.Scan() {
		log.WriteString(lines.Text() + "\n")
		if m := listening.FindStringSubmatch(lines.Text()); m != nil {
			s.URL = m[1]
		}
	}
	go func() { _, _ = io.Copy(io.Discard, stderr) }()
	if s.URL == "" {
		_ = s.cmd.Wait()
		t.Fatalf("segue %s\n%s", strings.Join(args, " "), log.String())
	}
	t.Cleanup(s.kill)
	return s
}

// kill ends the server as a power cut would.
func (s *server) kill() {
	_ = s.cmd.Process.Kill()
	_ = s.cmd.Wait()
}

// stop ends the server as an operator would and returns its exit code.
func (s *server) stop(t *testing.T) int {
	t.Helper()
	require.NoError(t, s.cmd.Process.Signal(syscall.SIGTERM))
	_ = s.cmd.Wait()
	return s.cmd.ProcessState.ExitCode()
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
