package cli_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/segue-dev/segue/internal/visitor"
)

// A server is segue serve in a process of its own.
type server struct {
	cmd           *exec.Cmd
	public, admin string // base addresses
}

// freeAddress returns an address that nobody listens on.
func freeAddress(t *testing.T) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer func() { require.NoError(t, ln.Close()) }()
	return ln.Addr().String()
}

func start(t *testing.T, dir string) *server {
	t.Helper()
	return startAt(t, dir, freeAddress(t), freeAddress(t))
}

// startAt starts a server and returns when it is ready.
func startAt(t *testing.T, dir, public, admin string) *server {
	t.Helper()
	args := append([]string{"serve"}, storefront(dir)...)
	cmd := exec.Command(os.Args[0], append(args, "--set", "listen="+public, "--set", "admin="+admin)...)
	cmd.Env = append(os.Environ(), asCommand+"=1")
	stderr, err := cmd.StderrPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	t.Cleanup(func() { _ = cmd.Process.Kill() })
	s := &server{cmd, "http://" + public, "http://" + admin}
	ready := make(chan string, 1)
	go func() {
		var log bytes.Buffer
		buf := make([]byte, 4096)
		for {
			n, err := stderr.Read(buf)
			log.Write(buf[:n])
			if strings.Contains(log.String(), "msg=publishing") || err != nil {
				ready <- log.String()
				_, _ = io.Copy(io.Discard, stderr)
				return
			}
		}
	}()
	require.Contains(t, <-ready, "msg=publishing")
	return s
}

// end stops the server as an operator does.
func (s *server) end(t *testing.T) {
	t.Helper()
	require.NoError(t, s.cmd.Process.Signal(syscall.SIGTERM))
	require.NoError(t, s.cmd.Wait(), "a clean end")
}

// accepted returns how many signals the server has acknowledged.
func (s *server) accepted(t *testing.T) int {
	t.Helper()
	res, err := http.Get(s.admin + "/metrics")
	require.NoError(t, err)
	defer func() { require.NoError(t, res.Body.Close()) }()
	body, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	m := regexp.MustCompile(`(?m)^segue_signals_accepted_total (\S+)$`).FindSubmatch(body)
	require.NotNil(t, m)
	f, err := strconv.ParseFloat(string(m[1]), 64)
	require.NoError(t, err)
	return int(f)
}

func TestAReplayToAServerIsLikeOneToItsStore(t *testing.T) {
	file := filepath.Join(t.TempDir(), "s.ndjson")
	src, err := os.ReadFile(filepath.Join(example("storefront"), "signals.ndjson"))
	require.NoError(t, err)
	src = append(src, `{"type":"track","event":"Order Completed","anonymousId":"a","timestamp":"2026-11-01T10:00:00.123Z","properties":{"total":12.5,"products":[{"id":1,"tags":["x","y"]},{"id":2}],"ok":true,"a.b":1}}
{"type":"group","anonymousId":"a","groupId":"g","traits":{"plan":"pro"},"timestamp":"2026-11-01T10:00:00.123Z"}
{"type":"alias","userId":"u","previousId":"a","timestamp":"2026-11-01T10:00:01Z"}
{"type":"identify","userId":"u","context":{"traits":{"city":"Bonn"},"userAgent":"Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0"},"timestamp":"2026-11-01T10:00:02Z"}
{"type":"page","anonymousId":"a","originalTimestamp":"2026-11-01T10:00:03Z","sentAt":"2026-11-01T10:00:33Z","receivedAt":"2026-11-01T10:00:13Z"}
`...)
	require.NoError(t, os.WriteFile(file, src, 0o600))
	local, remote := t.TempDir(), t.TempDir()
	first := decoded(t, with(storefront(local), "replay", file)...)

	s := start(t, remote)
	got := decoded(t, "replay", "--to", s.public, file)
	require.Equal(t, first["accepted"], got["accepted"])
	again := decoded(t, "replay", "--to", s.public+"/", file)
	require.Zero(t, again["accepted"])
	s.end(t)
	require.Equal(t, records(t, local), records(t, remote))
}

func TestWhatWasAcknowledgedSurvivesAKill(t *testing.T) {
	const visitors, each = 100, 60
	var lines strings.Builder
	for i := range each {
		for v := range visitors {
			fmt.Fprintf(&lines, `{"type":"track","event":"Product Viewed","anonymousId":"v%d","messageId":"m%d-%d","timestamp":"2026-11-01T10:%02d:00Z"}`+"\n", v, v, i, i)
		}
	}
	file := filepath.Join(t.TempDir(), "s.ndjson")
	require.NoError(t, os.WriteFile(file, []byte(lines.String()), 0o600))

	dir, public, admin := t.TempDir(), freeAddress(t), freeAddress(t)
	first := startAt(t, dir, public, admin)
	report := make(chan string, 1)
	go func() {
		_, stdout, stderr := segue(t, "replay", "--to", first.public, "--output", "json", file)
		report <- stdout + stderr
	}()
	for first.accepted(t) == 0 {
	}
	require.NoError(t, first.cmd.Process.Kill())
	_ = first.cmd.Wait()

	second := startAt(t, dir, public, admin)
	var got map[string]float64
	text := <-report
	_ = json.Unmarshal([]byte(text), &got)
	require.InDelta(t, visitors*each, got["accepted"]+got["duplicates"], 0, text)
	second.end(t)

	all := records(t, dir)
	require.Len(t, all, visitors)
	for _, r := range all {
		requireDistinct(t, r, each)
	}
}

func requireDistinct(t *testing.T, r *visitor.Record, want int) {
	t.Helper()
	ids := map[string]bool{}
	for _, s := range r.Signals {
		ids[s.ID] = true
	}
	require.Len(t, r.Signals, want)
	require.Len(t, ids, want, "none twice")
}

func TestSendingIsRepeatedOnlyWhereItHelps(t *testing.T) {
	file := filepath.Join(t.TempDir(), "s.ndjson")
	require.NoError(t, os.WriteFile(file, []byte(`{"type":"page","anonymousId":"a","messageId":"m","timestamp":"2026-11-01T10:00:00Z"}`+"\n"), 0o600))
	for name, tc := range map[string]struct {
		statuses []int // of the answers, in turn; the last is kept
		calls    int64
		code     int
		stderr   string
	}{
		"at once":         {[]int{200}, 1, 0, ""},
		"after a failure": {[]int{503, 500, 429, 200}, 4, 0, ""},
		"never":           {[]int{400}, 1, 1, "400 Bad Request: told"},
		"never, again":    {[]int{503, 413}, 2, 1, "413"},
	} {
		t.Run(name, func(t *testing.T) {
			var calls atomic.Int64
			s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				n := calls.Add(1)
				status := tc.statuses[min(int(n), len(tc.statuses))-1]
				w.WriteHeader(status)
				if status == 200 {
					_, _ = io.WriteString(w, `{"success": true, "accepted": 1}`)
				} else {
					_, _ = io.WriteString(w, `{"success": false, "error": "told"}`)
				}
			}))
			defer s.Close()
			code, _, stderr := segue(t, "replay", "--to", s.URL, file)
			require.Equal(t, tc.code, code, stderr)
			require.Equal(t, tc.calls, calls.Load())
			require.Contains(t, stderr, tc.stderr)
		})
	}
}
