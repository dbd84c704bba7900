package mirror_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/segue-dev/segue/internal/contentful"
	"github.com/segue-dev/segue/internal/contentful/mirror"
	"github.com/segue-dev/segue/internal/contentful/space"
)

// entriesOfBench is how many entries of about a kilobyte the generated space
// has.
const entriesOfBench = 100_000

// A generated space makes up what it is asked for, in this process: it takes no
// memory and no network.
type generated struct {
	edits *atomic.Int64 // each is told by the next sync; nil = there are none
}

func idOf(i int) string { return fmt.Sprintf("entry-%06d", i%entriesOfBench) }

// entryOf is an entry that links to three others.
func entryOf(i int, title string, at time.Time) []byte {
	in := func(v any) map[string]any { return map[string]any{"en-US": v} }
	link := func(i int) any { return linkTo("Entry", idOf(i)) }
	return encode(map[string]any{
		"metadata": map[string]any{"tags": []any{}, "concepts": []any{}},
		"sys": map[string]any{
			"space": linkTo("Space", "sp1"), "id": idOf(i), "type": "Entry", "createdAt": "2026-01-01T00:00:00.000Z", "updatedAt": stampOf(at),
			"environment": linkTo("Environment", "master"), "publishedVersion": 1, "revision": 1, "contentType": linkTo("ContentType", "page"),
		},
		"fields": map[string]any{
			"title": in(title), "slug": in(fmt.Sprintf("/page/%d", i)), "text": in(strings.Repeat("Some words of a text. ", 20)),
			"parts": in([]any{link(i + 1), link(i * 7), link(i * 31)}), "price": in(i % 1000),
		},
	})
}

// RoundTrip answers without a network.
func (g generated) RoundTrip(r *http.Request) (*http.Response, error) {
	w := httptest.NewRecorder()
	switch path := r.URL.Path[strings.LastIndex(r.URL.Path, "/")+1:]; path {
	case "sync":
		_, _ = w.Write(encode(g.page(r.URL.Query().Get("sync_token"))))
	case "locales":
		_, _ = w.Write(encode(list([]any{map[string]any{"code": "en-US", "default": true, "sys": map[string]any{"id": "l1"}}}, "")))
	case "content_types":
		var fields []any
		for _, id := range []string{"title", "slug", "text", "parts", "price"} {
			fields = append(fields, map[string]any{"id": id, "type": "Symbol"})
		}
		_, _ = w.Write(encode(list([]any{map[string]any{"sys": map[string]any{"id": "page"}, "fields": fields}}, "")))
	case "entries":
		_, _ = fmt.Fprintf(w, `{"total": %d, "items": []}`, entriesOfBench)
	default:
		_, _ = w.Write(encode(list(nil, "")))
	}
	return w.Result(), nil
}

// page returns a page of a sync, which ends with the token "end".
func (g generated) page(token string) any {
	if token == "end" {
		items := []json.RawMessage{}
		if g.edits != nil {
			n := int(g.edits.Load())
			items = append(items, entryOf(n, fmt.Sprint("edit ", n), time.Unix(2e9+int64(n), 0)))
		}
		return map[string]any{"items": items, "nextSyncUrl": "http://x/sync?sync_token=end"}
	}
	from := 0
	_, _ = fmt.Sscanf(token, "from-%d", &from)
	var items []json.RawMessage
	for i := from; i < from+100; i++ {
		items = append(items, entryOf(i, "first", time.Unix(1e9, 0)))
	}
	if from += 100; from < entriesOfBench {
		return map[string]any{"items": items, "nextPageUrl": fmt.Sprintf("http://x/sync?sync_token=from-%d", from)}
	}
	return map[string]any{"items": items, "nextSyncUrl": "http://x/sync?sync_token=end"}
}

func (g generated) options(b *testing.B, dir string) mirror.Options {
	b.Helper()
	api, err := contentful.NewCDA("delivery", contentful.Options{Space: "sp1", BaseURL: "http://stand-in", HTTP: &http.Client{Transport: g}})
	require.NoError(b, err)
	return mirror.Options{Space: "sp1", Environment: "master", API: api, Poll: time.Hour, Dir: dir, Log: slog.New(slog.DiscardHandler)}
}

// open begins from the copy on disk.
func (g generated) open(b *testing.B, dir string) *mirror.Mirror {
	b.Helper()
	m := mirror.Open(g.options(b, dir))
	require.Equal(b, entriesOfBench, m.Status().Entries)
	return m
}

// heap returns the memory in use.
func heap() float64 {
	runtime.GC()
	runtime.GC()
	var s runtime.MemStats
	runtime.ReadMemStats(&s)
	return float64(s.HeapAlloc)
}

// BenchmarkMirror measures a mirror of 100,000 entries: to read the space, which
// is made up in the process meanwhile; to begin from the copy on disk; until an
// entry that a webhook or a delta sync brings is visible; and what follows a
// change: to read the experiences of all entries, and to look for what is
// doubtful.
func BenchmarkMirror(b *testing.B) {
	g, dir := generated{}, b.TempDir()
	b.Run("initial", func(b *testing.B) {
		for b.Loop() {
			m := mirror.Open(g.options(b, dir))
			done := make(chan error, 1)
			go func() { done <- m.Run(b.Context()) }()
			<-m.Changed()
			require.Equal(b, entriesOfBench, m.Status().Entries)
			b.Cleanup(func() { require.NoError(b, <-done) })
		}
		info, err := os.Stat(filepath.Join(dir, "sp1-master.mirror"))
		require.NoError(b, err)
		b.ReportMetric(float64(info.Size())/entriesOfBench, "disk-B/entry")
	})
	b.Run("disk", func(b *testing.B) {
		before := heap()
		var m *mirror.Mirror
		for b.Loop() {
			m = g.open(b, dir)
		}
		b.ReportMetric((heap()-before)/entriesOfBench, "heap-B/entry")
		runtime.KeepAlive(m)
	})
	b.Run("webhook", func(b *testing.B) {
		m := g.open(b, dir)
		for i := 0; b.Loop(); i++ {
			outcome, err := m.Apply("Entry.publish", entryOf(i, fmt.Sprint("edit ", i), time.Now()))
			require.NoError(b, err)
			require.Equal(b, mirror.Applied, outcome)
		}
	})
	b.Run("delta", func(b *testing.B) { // asked for, received and visible
		g := generated{edits: new(atomic.Int64)}
		o := g.options(b, dir)
		o.Poll = time.Nanosecond
		m := mirror.Open(o)
		ctx, cancel := context.WithCancel(b.Context())
		done := make(chan error, 1)
		go func() { done <- m.Run(ctx) }()
		<-m.Changed()
		for b.Loop() {
			g.edits.Add(1)
			<-m.Changed()
		}
		cancel()
		require.NoError(b, <-done)
	})
	b.Run("personalization", func(b *testing.B) { // read anew for each change
		m := g.open(b, dir)
		for b.Loop() {
			space.LoadPersonalization(m.Content(), func(string) bool { return false })
		}
	})
	b.Run("findings", func(b *testing.B) {
		m := g.open(b, dir)
		for i := 0; b.Loop(); i++ {
			b.StopTimer()
			_, err := m.Apply("Entry.publish", entryOf(i, fmt.Sprint("edit ", i), time.Now()))
			require.NoError(b, err)
			b.StartTimer()
			m.Content().Findings()
		}
	})
}
