package deadletter_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/segue-dev/segue/internal/deadletter"
	"github.com/segue-dev/segue/internal/ingest"
	"github.com/segue-dev/segue/internal/signal"
	"github.com/segue-dev/segue/internal/store/pebblestore"
)

var now = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

type counts struct {
	mu         sync.Mutex
	kept, lost int
}

func (c *counts) DeadLetters(kept, lost int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.kept, c.lost = c.kept+kept, c.lost+lost
}

func open(t *testing.T, dir string, maxSize int64) (*deadletter.Box, *counts) {
	t.Helper()
	seen := &counts{}
	b := deadletter.Open(deadletter.Options{Dir: dir, MaxSize: maxSize, Log: slog.New(slog.DiscardHandler), Observer: seen})
	t.Cleanup(func() { _ = b.Close() })
	return b, seen
}

// keep keeps one message.
func keep(b *deadletter.Box, raw string) {
	b.Keep(ingest.Batch{Messages: []signal.Message{{Raw: []byte(raw)}}, ReceivedAt: now}, []ingest.Rejection{{Code: signal.Malformed}})
}

// messages returns the messages in a file.
func messages(t *testing.T, path string) (all []string) {
	t.Helper()
	src, err := os.ReadFile(path)
	require.NoError(t, err)
	for line := range bytes.Lines(src) {
		var letter struct{ Message json.RawMessage }
		require.NoError(t, json.Unmarshal(line, &letter), string(line))
		all = append(all, string(letter.Message))
	}
	return all
}

func TestALetterSaysWhatWasSentAndWhatIsWrong(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new", "rejected")
	b, seen := open(t, dir, 1<<20)
	_, err := os.Stat(dir)
	require.ErrorIs(t, err, os.ErrNotExist, "no file before there is a letter")
	batch := ingest.Batch{
		Source: "/v1/batch", WriteKey: "wk", ReceivedAt: now, SentAt: now.Add(-time.Second),
		Messages: []signal.Message{
			{Type: "page"},
			{Type: "track", AnonymousID: "a", UserID: "u", Raw: []byte("{ \"n\": 1.50,\n \"html\": \"<b>&\" }")},
			{Raw: []byte("no \"JSON\"\n")},
			{},
		},
	}
	b.Keep(batch, []ingest.Rejection{
		{Index: 1, Code: signal.NoEvent, Field: "event", Reason: "event: missing"},
		{Index: 2, Code: signal.Malformed, Reason: "not JSON"},
		{Index: 3, Code: signal.NoVisitor, Reason: "nobody"},
	})
	require.NoError(t, b.Close())
	src, err := os.ReadFile(filepath.Join(dir, deadletter.Name))
	require.NoError(t, err)
	at := `"receivedAt":"2026-11-23T12:00:00Z","source":"/v1/batch","writeKey":"wk"`
	sent := `"sentAt":"2026-11-23T11:59:59Z"`
	require.Equal(t, `{"rejected":{`+at+`,"code":"no-event","field":"event","reason":"event: missing"},"known":{"type":"track","anonymousId":"a","userId":"u",`+sent+`},"message":{"n":1.50,"html":"<b>&"}}
{"rejected":{`+at+`,"code":"malformed","reason":"not JSON"},"known":{`+sent+`},"message":"no \"JSON\"\n"}
{"rejected":{`+at+`,"code":"no-visitor","reason":"nobody"},"known":{`+sent+`},"message":null}
`, string(src))
	require.Equal(t, 3, seen.kept)
	info, err := os.Stat(filepath.Join(dir, deadletter.Name))
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode(), "what visitors sent is for its owner only")
}

func TestTheFilesAreBoundedAndTheLatestStays(t *testing.T) {
	dir := t.TempDir()
	const half, n = 4 << 10, 200
	for round := range 2 { // and after a restart
		b, _ := open(t, dir, 2*half)
		for i := range n {
			keep(b, fmt.Sprintf(`"%d-%d"`, round, i))
		}
		require.NoError(t, b.Close())
		kept := append(messages(t, filepath.Join(dir, deadletter.Older)), messages(t, filepath.Join(dir, deadletter.Name))...)
		require.Equal(t, fmt.Sprintf(`"%d-%d"`, round, n-1), kept[len(kept)-1])
		require.Greater(t, len(kept), 40)
		for i, m := range kept {
			require.Equal(t, fmt.Sprintf(`"%d-%d"`, round, n-len(kept)+i), m, "in order, without gaps")
		}
		for _, name := range []string{deadletter.Name, deadletter.Older} {
			info, err := os.Stat(filepath.Join(dir, name))
			require.NoError(t, err)
			require.LessOrEqual(t, info.Size(), int64(half))
		}
	}
}

func TestALineThatACrashCutOffIsRemoved(t *testing.T) {
	whole := `{"message":1}` + "\n"
	for name, src := range map[string]string{
		"cut off":            whole + whole + `{"message":`,
		"cut off, and long":  whole + whole + `{"message":"` + strings.Repeat("x", 200<<10),
		"cut off at its end": whole + whole + `{"message":2}`,
		"nothing cut off":    whole + whole,
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), deadletter.Name)
			require.NoError(t, os.WriteFile(path, []byte(src), 0o600))
			b, _ := open(t, filepath.Dir(path), 1<<20)
			keep(b, "3")
			require.NoError(t, b.Close())
			require.Equal(t, []string{"1", "1", "3"}, messages(t, path))
		})
	}
	path := filepath.Join(t.TempDir(), deadletter.Name)
	require.NoError(t, os.WriteFile(path, []byte(`{"mess`), 0o600))
	b, _ := open(t, filepath.Dir(path), 1<<20)
	keep(b, "3")
	require.NoError(t, b.Close())
	require.Equal(t, []string{"3"}, messages(t, path))
}

func TestAFileThatWasTakenAwayIsBegunAnew(t *testing.T) {
	dir := t.TempDir()
	path, away := filepath.Join(dir, deadletter.Name), filepath.Join(dir, "mended")
	first, _ := open(t, dir, 1<<20)
	keep(first, "1")
	require.NoError(t, first.Close())

	b, seen := open(t, dir, 1<<20)
	keep(b, "2")
	require.Eventually(t, func() bool { seen.mu.Lock(); defer seen.mu.Unlock(); return seen.kept == 1 }, time.Minute, time.Millisecond)
	require.NoError(t, os.Rename(path, away))
	keep(b, "3")
	require.NoError(t, b.Close())
	require.Equal(t, []string{"1", "2"}, messages(t, away))
	require.Equal(t, []string{"3"}, messages(t, path))
}

func TestNobodyWaitsForAFileThatHangs(t *testing.T) {
	path := filepath.Join(t.TempDir(), deadletter.Name)
	require.NoError(t, syscall.Mkfifo(path, 0o600)) // opening it waits for a reader
	b, seen := open(t, filepath.Dir(path), 1<<30)
	large := `"` + strings.Repeat("x", 1<<20) + `"`
	const n = 12
	for range n {
		keep(b, large)
	}
	seen.mu.Lock()
	require.Positive(t, seen.lost, "there is room for 8 MiB in memory")
	seen.mu.Unlock()
	reader, err := os.Open(path)
	require.NoError(t, err)
	read := make(chan int)
	go func() {
		var all bytes.Buffer
		_, _ = all.ReadFrom(reader)
		read <- bytes.Count(all.Bytes(), []byte("\n"))
	}()
	require.NoError(t, b.Close())
	require.Equal(t, seen.kept, <-read)
	require.Equal(t, n, seen.kept+seen.lost, "each is accounted for")
}

func TestWhatCannotBeWrittenIsCounted(t *testing.T) {
	file := filepath.Join(t.TempDir(), "a file")
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	var log bytes.Buffer
	seen := &counts{}
	b := deadletter.Open(deadletter.Options{Dir: file, MaxSize: 1 << 20, Log: slog.New(slog.NewTextHandler(&log, nil)), Observer: seen})
	for range 5 {
		keep(b, "1")
	}
	require.NoError(t, b.Close())
	keep(b, "too late")
	require.Equal(t, 6, seen.lost)
	require.Zero(t, seen.kept)
	require.Equal(t, 1, strings.Count(log.String(), "cannot be kept"), "said once: %s", &log)
}

func TestMendedLettersCanBeReplayed(t *testing.T) {
	dir := t.TempDir()
	b, _ := open(t, dir, 1<<20)
	store, err := pebblestore.OpenMemory(pebblestore.Options{Log: slog.New(slog.DiscardHandler)})
	require.NoError(t, err)
	defer func() { require.NoError(t, store.Close()) }()
	in := ingest.New(store, ingest.Options{Now: func() time.Time { return now }, Rejects: b})

	batch := func(raw string) ingest.Batch {
		all, sentAt, _, err := signal.DecodeBatch([]byte(raw))
		require.NoError(t, err)
		return ingest.Batch{Messages: all, SentAt: sentAt}
	}
	single, err := signal.DecodeTyped("track", []byte(`{"userId": "v"}`)) // the route names the type
	require.NoError(t, err)
	single.AnonymousID = "device" // and the request the device
	for _, b := range []ingest.Batch{
		batch(`{"sentAt": "2026-11-23T13:00:00Z", "batch": [
			{"type": "track", "anonymousId": "v", "timestamp": "2026-11-23T12:59:00Z"},
			{"type": "page", "anonymousId": "v"}, "nonsense"]}`),
		{Messages: []signal.Message{single}},
	} {
		_, err := in.Accept(t.Context(), b)
		require.NoError(t, err)
	}
	require.NoError(t, b.Close())

	src, err := os.ReadFile(filepath.Join(dir, deadletter.Name))
	require.NoError(t, err)
	mended := strings.ReplaceAll(string(src), `"message":{`, `"message":{"event":"Mended",`)
	later := ingest.New(store, ingest.Options{})
	for range 2 {
		report, err := ingest.Replay(t.Context(), later, strings.NewReader(mended), ingest.ReplayOptions{Name: "mended"})
		require.NoError(t, err)
		require.Equal(t, 2, report.Accepted+report.Duplicates, "%+v", report)
		require.Equal(t, []ingest.ReplayRejection{{Place: "mended:2", Reason: "body: not a JSON object; send {…}"}}, report.Rejections)
	}
	record, err := store.Get(t.Context(), "v")
	require.NoError(t, err)
	require.Len(t, record.Signals, 2)
	require.Equal(t, "Mended", record.Signals[0].Name)
	require.Equal(t, now.Add(-time.Minute).UnixMilli(), record.Signals[0].At, "the clock was an hour ahead when it was sent")
	record, err = store.Get(t.Context(), "device")
	require.NoError(t, err)
	require.Equal(t, now.UnixMilli(), record.Signals[0].At, "it happened when it came")
	require.Equal(t, "v", record.Signals[0].UserID)
}
