package archive

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/parquet-go/parquet-go"
	"github.com/stretchr/testify/require"

	"github.com/segue-dev/segue/internal/ingest"
	"github.com/segue-dev/segue/internal/signal"
)

var noon = time.Date(2026, 11, 25, 12, 30, 0, 0, time.UTC)

// A rig is an archive with a clock to set.
type rig struct {
	*Archive
	now    time.Time
	spool  string
	target *failing
}

// A failing target fails as often as it is told to.
type failing struct {
	Directory
	failures int
}

func (f *failing) Put(ctx context.Context, name, path string) error {
	if f.failures > 0 {
		f.failures--
		return errors.New("not now")
	}
	return f.Directory.Put(ctx, name, path)
}

func newRig(t *testing.T) *rig {
	t.Helper()
	r := &rig{now: noon, spool: t.TempDir(), target: &failing{Directory: Directory(t.TempDir())}}
	r.open(t)
	return r
}

// open opens the archive as another process would.
func (r *rig) open(t *testing.T) {
	t.Helper()
	var err error
	r.now = r.now.Add(time.Second)
	r.Archive, err = Open(Options{Spool: r.spool, Target: r.target, Node: "n1", Now: func() time.Time { return r.now }, Log: slog.New(slog.DiscardHandler)})
	require.NoError(t, err)
}

func (r *rig) keep(visitor string, sigs ...signal.Signal) {
	r.Keep(ingest.Arrival{Visitor: visitor, Source: "/v1/batch", ReceivedAt: r.now, Signals: sigs})
}

func page(id string) signal.Signal {
	return signal.Signal{ID: id, Type: signal.Page, Name: "Home", At: noon.UnixMilli(), Device: "a1"}
}

// files returns what is in the target, by name.
func (r *rig) files(t *testing.T) []string {
	t.Helper()
	var names []string
	root := string(r.target.Directory)
	require.NoError(t, filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if !d.IsDir() {
			name, _ := filepath.Rel(root, path)
			names = append(names, filepath.ToSlash(name))
		}
		return err
	}))
	slices.Sort(names)
	return names
}

// rows returns all rows of the target.
func (r *rig) rows(t *testing.T) []Row {
	t.Helper()
	var all []Row
	for _, name := range r.files(t) {
		if strings.HasSuffix(name, ".parquet") {
			rows, err := parquet.ReadFile[Row](filepath.Join(string(r.target.Directory), name))
			require.NoError(t, err)
			all = append(all, rows...)
		}
	}
	return all
}

func TestARowSaysWhatTheSignalDid(t *testing.T) {
	r := newRig(t)
	s := signal.Signal{
		ID: "m1", Type: signal.Component, At: noon.UnixMilli() + 7, Pos: 3, Raw: noon.UnixMilli(), Device: "a1", UserID: "u1", Flags: signal.TooLate,
		Props: signal.Props{
			{Key: "context.page.path", Value: signal.TextOf("/x")},
			{Key: "experienceId", Value: signal.TextOf("e1")},
			{Key: "tag", Value: signal.TextOf("a")},
			{Key: "tag", Value: signal.BoolOf(true)},
			{Key: "variantIndex", Value: signal.NumberOf(2)},
		},
	}
	r.keep("v1", s, page("m2"))
	require.NoError(t, r.Close())
	require.NoError(t, r.Move(t.Context()))
	experience, variant := "e1", int32(2)
	require.Equal(t, []Row{
		{
			Visitor: "v1", MessageID: "m1", AnonymousID: "a1", UserID: "u1", Type: "component", At: noon.Add(7 * time.Millisecond), Position: 3,
			StatedAt: noon, ReceivedAt: r.now, TooLate: true, Source: "/v1/batch", Experience: &experience, Variant: &variant,
			Properties: `{"experienceId":"e1","tag":["a",true],"variantIndex":2}`, Context: `{"page.path":"/x"}`,
		},
		{
			Visitor: "v1", MessageID: "m2", AnonymousID: "a1", Type: "page", Event: "Home", At: noon, StatedAt: time.UnixMilli(0).UTC(), ReceivedAt: r.now,
			Source: "/v1/batch", Properties: "{}", Context: "{}",
		},
	}, r.rows(t))

	names := r.files(t)
	require.Len(t, names, 2)
	require.True(t, strings.HasPrefix(names[0], "manifests/dt=2026-11-25/hr=12/part-n1-"), names[0])
	require.True(t, strings.HasPrefix(names[1], "signals/dt=2026-11-25/hr=12/part-n1-"), names[1])
	text, err := os.ReadFile(filepath.Join(string(r.target.Directory), names[0]))
	require.NoError(t, err)
	var m Manifest
	require.NoError(t, json.Unmarshal(text, &m))
	require.Equal(t, names[1], m.File)
	require.Equal(t, 2, m.Rows)
	info, err := os.Stat(filepath.Join(string(r.target.Directory), names[1]))
	require.NoError(t, err)
	require.Equal(t, info.Size(), m.Bytes)
	require.Equal(t, noon, m.FirstAt)
}

func TestEachHourIsAFileOfItsOwn(t *testing.T) {
	r := newRig(t)
	r.keep("v", page("m1"))
	require.NoError(t, r.Move(t.Context()))
	require.Empty(t, r.files(t), "the hour is not over")
	r.now = noon.Add(time.Hour)
	r.keep("v", page("m2"))
	require.NoError(t, r.Move(t.Context()))
	require.Len(t, r.rows(t), 1)
	r.now = noon.Add(2 * time.Hour)
	r.sealIfOver()
	require.NoError(t, r.Move(t.Context()))
	require.Len(t, r.rows(t), 2)
	require.Len(t, r.files(t), 4)
}

// A process that dies loses nothing that it had acknowledged: not what was
// spooled, whatever it was doing with it.
func TestNothingIsLostWhenTheProcessDies(t *testing.T) {
	r := newRig(t)
	want := map[string]bool{}
	for i := range 50 {
		id := fmt.Sprint("m", i)
		r.keep("v", page(id))
		want[id] = true
		switch i % 10 {
		case 3: // the process dies in the middle of a frame
			r.mu.Lock()
			_, err := r.Archive.spool.file.Write([]byte{200, 0, 0, 0, 1, 2})
			r.mu.Unlock()
			require.NoError(t, err)
			r.open(t)
		case 6: // it dies, and the next one cannot reach the target
			r.open(t)
			r.target.failures = 1 + i%4
			require.Error(t, r.Move(t.Context()))
			for r.Move(t.Context()) != nil {
				require.GreaterOrEqual(t, r.target.failures, 0)
			}
		case 9: // it dies when the target has the file, but not its manifest
			r.open(t)
			r.target.failures = 0
			spools, err := r.waiting()
			require.NoError(t, err)
			_, err = convert(filepath.Join(r.opts.Spool, spools[0]), filepath.Join(r.opts.Spool, spools[0]+".parquet"))
			require.NoError(t, err)
			r.open(t)
		}
	}
	require.NoError(t, r.Close())
	require.NoError(t, r.Move(t.Context()))
	got := map[string]bool{}
	for _, row := range r.rows(t) {
		require.False(t, got[row.MessageID], "twice")
		got[row.MessageID] = true
	}
	require.Equal(t, want, got)
	left, err := os.ReadDir(r.spool)
	require.NoError(t, err)
	for _, e := range left {
		require.False(t, strings.HasSuffix(e.Name(), spoolSuffix), e.Name())
	}
	for _, name := range r.files(t) {
		require.NotContains(t, name, ".part-", "no unfinished file is left")
	}
}

func TestASpoolThatIsNoneIsNamed(t *testing.T) {
	r := newRig(t)
	require.NoError(t, os.WriteFile(filepath.Join(r.spool, "what"+spoolSuffix), nil, 0o600))
	r.keep("v", page("m1"))
	require.NoError(t, r.Close())
	require.ErrorContains(t, r.Move(t.Context()), "what.spool is no spool: move it elsewhere")
	require.Len(t, r.rows(t), 1, "the others are moved all the same")
}

func FuzzReadFrame(f *testing.F) {
	f.Add(appendFrame(nil, ingest.Arrival{Visitor: "v", Source: "s", ReceivedAt: noon, Signals: []signal.Signal{page("m")}}))
	f.Fuzz(func(t *testing.T, frame []byte) {
		if a, err := readFrame(frame); err == nil {
			_, err := rowsOf(a)
			require.NoError(t, err)
		}
	})
}
