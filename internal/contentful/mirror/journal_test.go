package mirror

import (
	"encoding/json"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/segue-dev/segue/internal/contentful/space"
)

var (
	testHeader = header{Space: "sp1", Environment: "master"}
	quiet      = slog.New(slog.DiscardHandler)
)

func entryOf(id, title string) json.RawMessage {
	return json.RawMessage(`{"sys":{"id":"` + id + `","type":"Entry","contentType":{"sys":{"id":"page"}}},"fields":{"title":{"en":"` + title + `"}}}`)
}

// told is a change of an entry; without a title it is gone.
func told(id string, at int64, title string) change {
	c := change{Ref: space.Ref{Kind: space.Entry, ID: id}, stamp: stamp{At: at, Revision: int(at)}}
	if title != "" {
		c.raw = entryOf(id, title)
	}
	return c
}

func writtenReplica(t testing.TB, path string) *replica {
	t.Helper()
	r := newReplica(create(path, testHeader, quiet))
	_, err := r.setModel(space.Model{Locales: []json.RawMessage{json.RawMessage(`{"code":"en","default":true}`)}})
	require.NoError(t, err)
	r.apply(told("a", 1, "first"))
	r.setToken("t1", time.UnixMilli(1000))
	r.journal.keep()
	r.apply(told("b", 2, "first"))
	r.apply(told("a", 3, "second"))
	r.apply(told("b", 4, ""))
	r.tell(told("c", 5, "by webhook"), time.UnixMilli(7))
	r.setToken("t2", time.UnixMilli(100_000))
	r.journal.close()
	return r
}

func TestACopyOnDiskIsWhatWasWritten(t *testing.T) {
	path := filepath.Join(t.TempDir(), "copy")
	want := writtenReplica(t, path)
	got := load(path, testHeader, time.UnixMilli(9), quiet)
	require.Equal(t, want.held, got.held)
	require.Equal(t, want.gone, got.gone)
	require.Equal(t, want.counts, got.counts)
	require.Equal(t, want.token, got.token)
	require.Equal(t, int64(100_000), got.asOf.UnixMilli())
	require.Equal(t, map[space.Ref]time.Time{{Kind: space.Entry, ID: "c"}: time.UnixMilli(9)}, got.pending, "what is unconfirmed is still to be confirmed")
	require.JSONEq(t, string(entryOf("a", "second")), string(got.live.Get(space.Ref{Kind: space.Entry, ID: "a"})))
	require.Nil(t, load(path, header{Space: "sp2", Environment: "master"}, time.Now(), quiet), "it is not of another space")
}

// A crash may cut the file anywhere: what was whole before is there, and
// writing goes on after it.
func TestACopyCutAnywhereIsThatOfAMomentBefore(t *testing.T) {
	path := filepath.Join(t.TempDir(), "copy")
	writtenReplica(t, path)
	whole, err := os.ReadFile(path)
	require.NoError(t, err)
	served := 0
	for size := range whole {
		require.NoError(t, os.WriteFile(path, whole[:size], 0o600))
		r := load(path, testHeader, time.Now(), quiet)
		if r == nil {
			require.Zero(t, served, "once there was a whole copy there always is")
			continue
		}
		served++
		require.NotEmpty(t, r.live.Get(space.Ref{Kind: space.Entry, ID: "a"}))
		r.apply(told("d", 9, "after the crash"))
		r.journal.close()
		again := load(path, testHeader, time.Now(), quiet)
		require.NotNil(t, again.live.Get(space.Ref{Kind: space.Entry, ID: "d"}))
		require.Equal(t, r.held, again.held)
		again.journal.close()
	}
	require.Greater(t, served, len(whole)/3)
}

func TestADamagedRecordEndsTheCopy(t *testing.T) {
	path := filepath.Join(t.TempDir(), "copy")
	writtenReplica(t, path)
	whole, err := os.ReadFile(path)
	require.NoError(t, err)
	for at := len(whole) / 2; at < len(whole); at++ {
		damaged := append([]byte(nil), whole...)
		damaged[at] ^= 0x40
		require.NoError(t, os.WriteFile(path, damaged, 0o600))
		if r := load(path, testHeader, time.Now(), quiet); r != nil {
			require.NotContains(t, r.held, space.Ref{Kind: space.Entry, ID: ""})
			r.journal.close()
		}
	}
}

// What comes after a damaged record is cut off: a new record may be as long as
// the damaged one was, and the file would go on with what is no longer so.
func TestWhatComesAfterADamagedRecordNeverCounts(t *testing.T) {
	path := filepath.Join(t.TempDir(), "copy")
	writtenReplica(t, path)
	raw, err := os.ReadFile(path)
	require.NoError(t, err)
	raw[strings.Index(string(raw), "second")] ^= 1
	require.NoError(t, os.WriteFile(path, raw, 0o600))
	r := load(path, testHeader, time.Now(), quiet)
	require.Equal(t, "t1", r.token)
	r.apply(told("a", 4, "fourth"))
	r.journal.close()

	again := load(path, testHeader, time.Now(), quiet)
	require.Equal(t, r.held, again.held)
	require.Equal(t, "t1", again.token)
	require.Empty(t, again.pending)
	again.journal.close()
}

func TestOfTwoChangesTheLaterCounts(t *testing.T) {
	put := func(at int64, revision int) change {
		return change{stamp: stamp{at, revision}, raw: json.RawMessage("{}")}
	}
	taken := func(at int64, revision int) change { return change{stamp: stamp{at, revision}} }
	for name, tc := range map[string]struct {
		c, than change
		newer   bool
	}{
		"later":                          {put(2, 1), put(1, 9), true},
		"earlier":                        {put(1, 9), put(2, 1), false},
		"the same":                       {put(1, 1), put(1, 1), false},
		"of the same millisecond":        {put(1, 2), put(1, 1), true},
		"taken away later":               {taken(2, 1), put(1, 1), true},
		"taken away in that millisecond": {taken(1, 1), put(1, 1), true},
		"taken away twice":               {taken(1, 1), taken(1, 1), false},
		"of what was taken away":         {put(1, 1), taken(1, 1), false},
		"put back":                       {put(2, 2), taken(1, 1), true},
	} {
		require.Equal(t, tc.newer, tc.c.newer(tc.than.stamp, tc.than.gone()), name)
	}
}

func TestOldNewsOnDiskIsTidiedAway(t *testing.T) {
	path := filepath.Join(t.TempDir(), "copy")
	r := newReplica(create(path, testHeader, quiet))
	_, err := r.setModel(space.Model{Locales: []json.RawMessage{json.RawMessage(`{"code":"en","default":true}`)}})
	require.NoError(t, err)
	r.setToken("t", time.UnixMilli(1))
	r.journal.keep()
	long := strings.Repeat("x", 1<<16)
	for i := range int64(200) {
		r.apply(told("a", i+1, long))
		r.tidy(testHeader)
	}
	require.Less(t, r.journal.size, int64(slack+(2<<16)+1<<16))
	r.journal.close()
	again := load(path, testHeader, time.Now(), quiet)
	require.Equal(t, r.held, again.held)
	require.Equal(t, "t", again.token)
	again.journal.close()
}

func FuzzReplay(f *testing.F) {
	path := filepath.Join(f.TempDir(), "copy")
	writtenReplica(f, path)
	whole, err := os.ReadFile(path)
	require.NoError(f, err)
	f.Add(whole)
	f.Add([]byte(format))
	f.Fuzz(func(t *testing.T, raw []byte) {
		r := newReplica(nil)
		size, err := replay(raw, testHeader, func(rec record) error { return r.replay(rec, time.Now()) })
		if err == nil {
			require.LessOrEqual(t, size, int64(len(raw)))
		}
	})
}
