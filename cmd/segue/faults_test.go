package main_test

import (
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func daysAgo(n int) string {
	return time.Now().Add(-time.Duration(n) * 24 * time.Hour).UTC().Format(time.RFC3339)
}

// receipt is what ingest answers.
type receipt struct {
	Success              bool
	Accepted, Duplicates int
	Rejected             []struct {
		Index                    int
		MessageID, Field, Reason string
	}
	Error string
}

// Visitors of the crash test, and how many signals each sends.
const (
	crashVisitors = 40
	crashSignals  = 50
)

// TestNothingAcknowledgedIsLostWhenTheServerIsKilled sends batches from several
// clients, kills the server in the middle, and lets the clients go on after a
// restart, as SDKs do.
func TestNothingAcknowledgedIsLostWhenTheServerIsKilled(t *testing.T) {
	dir := t.TempDir()
	config := filepath.Join(dir, "segue.yaml")
	require.NoError(t, os.WriteFile(config, fmt.Appendf(nil, "store: pebble:%s\ncontent: \"\"\nsegments: rules.yaml\n", filepath.Join(dir, "data")), 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "rules.yaml"), fmt.Appendf(nil, `
segment: complete
name: All signals are there, none twice
soWhat: Nothing is lost
when: { count: { of: Step, eq: %d } }
`, crashSignals), 0o600))

	s := serve(t, "--config", config)
	acked := sendUntil(t, s, nil, func(total int) bool { return total >= crashVisitors*crashSignals/3 })
	require.NotEmpty(t, acked)

	s = serve(t, "--config", config)
	for batch := range acked { // what was acknowledged is there
		var r receipt
		status, err := s.post("/v1/batch", batch, &r)
		require.NoError(t, err)
		require.Equal(t, http.StatusOK, status)
		require.Zero(t, r.Accepted, "acknowledged before the crash and not there after it")
	}
	sendUntil(t, s, acked, func(int) bool { return false })
	require.Zero(t, s.Stop(t))

	var members memberReport
	report(t, &members, "segments", "--config", config)
	require.Equal(t, crashVisitors, members.Visitors)
	require.Equal(t, crashVisitors, members.Segments[0].Members, "every visitor has every signal exactly once")
}

// sendUntil sends all batches but those done, from eight clients, and kills the
// server when enough says so of the number of signals acknowledged. It returns
// the batches that were acknowledged.
func sendUntil(t *testing.T, s *server, done map[string]bool, enough func(total int) bool) map[string]bool {
	t.Helper()
	batches := make(chan string)
	go func() {
		defer close(batches)
		for n := 0; n < crashSignals; n += 5 {
			for v := range crashVisitors {
				if b := batchOf(v, n); !done[b] {
					batches <- b
				}
			}
		}
	}()
	var mu sync.Mutex
	acked := map[string]bool{}
	var total atomic.Int64
	var kill sync.Once
	var clients sync.WaitGroup
	for range 8 {
		clients.Go(func() {
			for b := range batches {
				var r receipt
				status, err := s.post("/v1/batch", b, &r)
				if err != nil || status != http.StatusOK {
					continue // the server is dead: the batch was not acknowledged
				}
				mu.Lock()
				acked[b] = true
				mu.Unlock()
				if enough(int(total.Add(int64(r.Accepted + r.Duplicates)))) {
					kill.Do(s.Kill)
				}
			}
		})
	}
	clients.Wait()
	return acked
}

// batchOf returns signals n to n+4 of a visitor.
func batchOf(visitor, n int) string {
	items := make([]string, 5)
	for i := range items {
		items[i] = fmt.Sprintf(`{"type":"track","event":"Step","anonymousId":"v%d","messageId":"v%d-%d","timestamp":%q}`,
			visitor, visitor, n+i, time.Date(2026, 11, 20, 0, 0, n+i, 0, time.UTC).Format(time.RFC3339))
	}
	return `{"batch":[` + strings.Join(items, ",") + `]}`
}

// TestAFullDiskRefusesAndRecovers needs to mount a file system of its own.
func TestAFullDiskRefusesAndRecovers(t *testing.T) {
	disk := smallDisk(t)
	config := filepath.Join(t.TempDir(), "segue.yaml")
	require.NoError(t, os.WriteFile(config, fmt.Appendf(nil, "store: pebble:%s\ncontent: \"\"\nsegments: \"\"\n", filepath.Join(disk, "data")), 0o600))
	s := serve(t, "--config", config)
	send := func(id string) (int, receipt) {
		var r receipt
		status, err := s.post("/v1/track", fmt.Sprintf(`{"event":"Step","anonymousId":"ana","messageId":%q,"timestamp":"2026-11-23T12:00:00Z"}`, id), &r)
		require.NoError(t, err)
		return status, r
	}
	status, r := send("before")
	require.Equal(t, http.StatusOK, status, r.Error)

	ballast := filepath.Join(disk, "ballast")
	fill(t, ballast)
	status, r = send("full")
	require.Equal(t, http.StatusServiceUnavailable, status)
	require.Contains(t, r.Error, "disk is full")
	var ready struct{}
	status, _ = s.get("/readyz", &ready)
	require.Equal(t, http.StatusServiceUnavailable, status)
	var a answer
	status, err := s.get("/v1/resolve?visitor=ana", &a)
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, status, "who only asks is answered")

	require.NoError(t, os.Remove(ballast))
	status, r = send("full")
	require.Equal(t, http.StatusOK, status, r.Error)
	require.Equal(t, 1, r.Accepted, "what was refused had not been stored")
	status, r = send("before")
	require.Equal(t, http.StatusOK, status)
	require.Equal(t, 1, r.Duplicates)
	require.Zero(t, s.Stop(t))
}

// smallDisk mounts 256 MiB of memory as a disk.
func smallDisk(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if out, err := exec.Command("mount", "-t", "tmpfs", "-o", "size=256m", "segue-test", dir).CombinedOutput(); err != nil {
		t.Skipf("no right to mount a small disk: %s", out)
	}
	t.Cleanup(func() {
		out, err := exec.Command("umount", "-l", dir).CombinedOutput()
		require.NoError(t, err, "%s", out)
	})
	return dir
}

// fill writes to path until the disk is full.
func fill(t *testing.T, path string) {
	t.Helper()
	f, err := os.Create(path)
	require.NoError(t, err)
	defer f.Close()
	for block := make([]byte, 1<<20); ; {
		if _, err := f.Write(block); err != nil {
			return
		}
	}
}

func TestMistakesInFilesAreReportedAllAtOnceWithTheirPlaces(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600))
	}
	write("segue.yaml", "store: \"memory:\"\ncontent: \"\"\nsegments: rules\n")
	require.NoError(t, os.Mkdir(filepath.Join(dir, "rules"), 0o700))
	write("rules/a.yaml", `segment: a
name: A
soWhat: x
when: { count: { of: page, last: 3 fortnights } }
colour: red
`)
	write("rules/b.yaml", `segment: b
name: B
soWhat: y
when: { recency: { of: page, atMost: 5x } }
`)
	for _, command := range []string{"validate", "serve"} {
		_, errs, code := segue(t, command, "--config", filepath.Join(dir, "segue.yaml"), "--set", "listen=127.0.0.1:0", "--set", "admin=127.0.0.1:0")
		require.NotZero(t, code, command)
		for _, place := range []string{"a.yaml:4:", "a.yaml:5:1", "b.yaml:4:"} {
			require.Contains(t, errs, place, command)
		}
	}

	write("rules/a.yaml", "segment: a\nname: A\nsoWhat: x\nwhen: { segment: b }\n")
	write("rules/b.yaml", "segment: b\nname: B\nsoWhat: y\nwhen: { segment: a }\n")
	_, errs, code := segue(t, "validate", "--config", filepath.Join(dir, "segue.yaml"))
	require.Equal(t, 1, code)
	require.Contains(t, errs, "a → b → a")

	write("segue.yaml", "store: \"memory:\"\nstroe: x\n")
	_, errs, code = segue(t, "validate", "--config", filepath.Join(dir, "segue.yaml"))
	require.Equal(t, 1, code)
	require.Contains(t, errs, "segue.yaml:2:1")
	require.Contains(t, errs, "store")
}

func TestADamagedExportIsRefusedWithItsPlace(t *testing.T) {
	dir := t.TempDir()
	src, err := os.ReadFile(root("examples", "storefront", "space.json"))
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "space.json"), src[:len(src)/2], 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "segue.yaml"), []byte("store: \"memory:\"\nsegments: \"\"\ncontent: export:space.json\n"), 0o600))
	_, errs, code := segue(t, "validate", "--config", filepath.Join(dir, "segue.yaml"))
	require.Equal(t, 1, code)
	require.Contains(t, errs, "truncated")
	require.Regexp(t, `line \d+`, errs)
}
