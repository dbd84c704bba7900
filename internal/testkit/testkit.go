// Package testkit runs Segue as a process of its own, for tests of what users
// and clients meet: the command, its listeners, its end.
//
// A package that uses it has one line more:
//
//	func TestMain(m *testing.M) { os.Exit(testkit.Main(m)) }
package testkit

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

// dir holds the command under test for as long as the tests run.
var dir string

// Main runs the tests of a package and returns their exit code. The command is
// built by the first test that asks for it.
func Main(m *testing.M) int {
	var err error
	if dir, err = os.MkdirTemp("", "segue-testkit-"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	return m.Run()
}

var build = sync.OnceValues(func() (string, error) {
	if dir == "" {
		return "", fmt.Errorf("testkit: the package has no TestMain that calls testkit.Main")
	}
	path := filepath.Join(dir, "segue")
	cmd := exec.Command("go", "build", "-o", path, "github.com/segue-dev/segue/cmd/segue")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build the command: %w\n%s", err, out)
	}
	return path, nil
})

// Binary returns the path of the command.
func Binary(t testing.TB) string {
	t.Helper()
	path, err := build()
	require.NoError(t, err)
	return path
}

// Root returns a path below the repository's root.
func Root(t testing.TB, parts ...string) string {
	t.Helper()
	at, err := os.Getwd()
	require.NoError(t, err)
	for {
		if _, err := os.Stat(filepath.Join(at, "go.mod")); err == nil {
			return filepath.Join(append([]string{at}, parts...)...)
		}
		require.NotEqual(t, "/", at, "no go.mod above the test")
		at = filepath.Dir(at)
	}
}

// Run runs the command to its end and returns what it printed and its exit
// code.
func Run(t testing.TB, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	var out, errs bytes.Buffer
	cmd := exec.CommandContext(t.Context(), Binary(t), args...)
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); cmd.ProcessState == nil {
		t.Fatal(err)
	}
	return out.String(), errs.String(), cmd.ProcessState.ExitCode()
}

// A Server is `segue serve`.
type Server struct {
	URL   string // of the public API, without a slash at the end
	Admin string // of the admin listener
	args  []string
	cmd   *exec.Cmd
}

// Serve starts a server on free ports of this machine, with more arguments of
// `segue serve`, such as "--config", path, "--set", "store=memory:". Its
// listeners are open when Serve returns, so requests wait for it rather than
// fail. It is killed when the test ends.
func Serve(t testing.TB, args ...string) *Server {
	t.Helper()
	s := &Server{args: args}
	s.start(t, "127.0.0.1:0", "127.0.0.1:0")
	t.Cleanup(s.Kill)
	return s
}

// Example starts a server of one of the examples, such as "storefront", with
// the signals of its visitors as if they had just been sent.
func Example(t testing.TB, name string, args ...string) *Server {
	t.Helper()
	return ExampleIn(t, Root(t, "examples", name), args...)
}

// ExampleIn is Example for a directory, such as a copy that the test edits.
func ExampleIn(t testing.TB, dir string, args ...string) *Server {
	t.Helper()
	args = append([]string{"--config", filepath.Join(dir, "segue.yaml"), "--set", "store=pebble:" + t.TempDir()}, args...)
	_, errs, code := Run(t, append(append([]string{"replay"}, args...), "--end", "now", filepath.Join(dir, "signals.ndjson"))...)
	require.Zero(t, code, errs)
	return Serve(t, args...)
}

var listening = regexp.MustCompile(`msg=listening public=(\S+) admin=(\S+)`)

func (s *Server) start(t testing.TB, public, admin string) {
	t.Helper()
	args := append([]string{"serve"}, s.args...)
	args = append(args, "--set", "listen="+public, "--set", "admin="+admin)
	s.cmd = exec.Command(Binary(t), args...)
	stderr, err := s.cmd.StderrPipe()
	require.NoError(t, err)
	require.NoError(t, s.cmd.Start())
	var log strings.Builder
	for lines := bufio.NewScanner(stderr); lines.Scan(); {
		log.WriteString(lines.Text() + "\n")
		if m := listening.FindStringSubmatch(lines.Text()); m != nil {
			s.URL, s.Admin = m[1], m[2]
			go func() { _, _ = io.Copy(io.Discard, stderr) }()
			return
		}
	}
	_ = s.cmd.Wait()
	t.Fatalf("segue %s\n%s", strings.Join(args, " "), log.String())
}

// Kill ends the server as a power cut would.
func (s *Server) Kill() {
	_ = s.cmd.Process.Kill()
	_ = s.cmd.Wait()
}

// Stop ends the server as an operator would and returns its exit code.
func (s *Server) Stop(t testing.TB) int {
	t.Helper()
	require.NoError(t, s.cmd.Process.Signal(syscall.SIGTERM))
	_ = s.cmd.Wait()
	return s.cmd.ProcessState.ExitCode()
}

// Restart starts a server that was killed or stopped again, at the same
// addresses and with the same arguments.
func (s *Server) Restart(t testing.TB) {
	t.Helper()
	s.start(t, strings.TrimPrefix(s.URL, "http://"), strings.TrimPrefix(s.Admin, "http://"))
}

// Needs skips the test if something is not there, saying what, and fails it
// where nothing may be skipped (SEGUE_REQUIRE_PARTS).
func Needs(t testing.TB, what string, look func() error) {
	t.Helper()
	switch err := look(); {
	case err == nil:
	case os.Getenv("SEGUE_REQUIRE_PARTS") != "":
		t.Fatalf("missing: %s (%v), and SEGUE_REQUIRE_PARTS forbids to skip", what, err)
	default:
		t.Skipf("skipped, for want of %s", what)
	}
}

// Command returns the path of a program of the machine that the test needs.
func Command(t testing.TB, name string) (path string) {
	t.Helper()
	Needs(t, name, func() (err error) { path, err = exec.LookPath(name); return err })
	return path
}

// FreeAddress returns an address of this machine at which nobody listens.
func FreeAddress(t testing.TB) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, ln.Close())
	return ln.Addr().String()
}

// Freeze makes the server answer nothing, though its listeners stay open, until
// Thaw.
func (s *Server) Freeze(t testing.TB) {
	t.Helper()
	require.NoError(t, s.cmd.Process.Signal(syscall.SIGSTOP))
}

// Thaw ends what Freeze began.
func (s *Server) Thaw(t testing.TB) {
	t.Helper()
	require.NoError(t, s.cmd.Process.Signal(syscall.SIGCONT))
}
