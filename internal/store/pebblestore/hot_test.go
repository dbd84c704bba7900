package pebblestore

import (
	"fmt"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/stretchr/testify/require"

	"github.com/segue-dev/segue/internal/signal"
	"github.com/segue-dev/segue/internal/visitor"
	"github.com/segue-dev/segue/internal/visitor/visitortest"
)

func add(t *testing.T, s *records, id string, sigs ...signal.Signal) *visitor.Record {
	t.Helper()
	r, err := s.Update(t.Context(), id, func(r *visitor.Record) (visitor.Change, error) {
		next, _ := r.With(visitor.Limits{}, sigs...)
		return visitor.Change{Next: next, Added: sigs}, nil
	})
	if err != nil {
		t.Error(err)
	}
	return r
}

func TestABusyVisitorIsNotDecodedAgain(t *testing.T) {
	s := openMemory(t, vfs.NewMem())
	defer func() { require.NoError(t, s.Close()) }()
	sigs := visitortest.Signals("d", 40)
	last := add(t, s, "v", sigs[:20]...)
	for _, sig := range sigs[20:] {
		got, err := s.Get(t.Context(), "v")
		require.NoError(t, err)
		require.Same(t, last, got)
		last = add(t, s, "v", sig)
	}
	stored, ok := s.hot.get("v")
	require.True(t, ok)
	r, err := s.assemble("v", stored.base, stored.tails)
	require.NoError(t, err)
	require.Equal(t, last, r, "the stored form says the same")
}

func TestADecodedRecordOfAnEarlierStateIsNotUsed(t *testing.T) {
	s := openMemory(t, vfs.NewMem())
	defer func() { require.NoError(t, s.Close()) }()
	sigs := visitortest.Signals("d", 5)
	add(t, s, "v", sigs[:4]...)
	stored, ok := s.hot.get("v")
	require.True(t, ok)
	earlier, ok := s.hot.getDecoded("v", stored)
	require.True(t, ok)
	now := add(t, s, "v", sigs[4])
	s.hot.setDecoded("v", earlier) // as a slow reader does
	got, err := s.Get(t.Context(), "v")
	require.NoError(t, err)
	require.Equal(t, now, got)
}

func TestHotRecordsStayWithinTheirBytes(t *testing.T) {
	const bytes = 1 << 20
	store, err := Open("data", Options{FS: vfs.NewMem(), CacheBytes: bytes})
	require.NoError(t, err)
	s := store.lists.(*records)
	defer func() { require.NoError(t, s.Close()) }()
	for v := range 800 {
		id := fmt.Sprint("v", v)
		add(t, s, id, visitortest.Signals(id, 1+v%40)...)
	}
	s.hot.stored.CleanUp()
	s.hot.decoded.CleanUp()
	stored, decoded := s.hot.stored.WeightedSize(), s.hot.decoded.WeightedSize()
	require.LessOrEqual(t, stored+decoded, uint64(bytes))
	require.Greater(t, stored+decoded, uint64(bytes/2), "the room is used")
}

// TestSizesAreAboutRight compares the sizes by which records are weighed with
// what the heap says. More than the truth is fine, since texts may be shared.
func TestSizesAreAboutRight(t *testing.T) {
	const records = 300
	for _, n := range []int{4, 32, 256} {
		kept := make([]*visitor.Record, records)
		size, before := 0, heapBytes()
		for i := range kept {
			id := fmt.Sprint("v", i)
			kept[i], _ = (&visitor.Record{ID: id}).With(visitor.Limits{}, visitortest.Signals(id, n)...)
			for _, sig := range visitortest.Signals(id, n+4)[n:] {
				kept[i], _ = kept[i].With(visitor.Limits{}, sig)
			}
			size += logBytes(kept[i].Signals) + summaryBytes(&kept[i].Summary)
		}
		real := int(heapBytes() - before)
		t.Logf("%d signals: %d bytes a record, weighed as %d", n, real/records, size/records)
		require.Greater(t, size, real*8/10)
		require.Less(t, size, real*2)
		runtime.KeepAlive(kept)
	}
}

func heapBytes() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

func TestUpdatesThatWaitAreCommittedTogether(t *testing.T) {
	const visitors = 50
	s := openMemory(t, vfs.NewMem())
	defer func() { require.NoError(t, s.Close()) }()
	sigs := visitortest.Signals("d", 1)
	s.commits.committing.Lock() // as if a group were being written
	var wg sync.WaitGroup
	for v := range visitors {
		wg.Go(func() { add(t, s, fmt.Sprint("v", v), sigs...) })
	}
	var g *group
	require.Eventually(t, func() bool {
		s.commits.mu.Lock()
		defer s.commits.mu.Unlock()
		g = s.commits.open
		return g != nil && len(g.batches) > visitors/2 // some may share a lock
	}, 20*time.Second, time.Millisecond)
	s.commits.committing.Unlock()
	wg.Wait()
	require.Greater(t, len(g.batches), visitors/2)
	for v := range visitors {
		r, err := s.Get(t.Context(), fmt.Sprint("v", v))
		require.NoError(t, err)
		require.Len(t, r.Signals, 1)
	}
}

func TestAGroupIsBounded(t *testing.T) {
	s := openMemory(t, vfs.NewMem())
	defer func() { require.NoError(t, s.Close()) }()
	var c committer
	var groups []*group
	for range 10 {
		b := s.db.NewBatch()
		require.NoError(t, b.Set([]byte("k"), make([]byte, maxGroupBytes/2), nil))
		g, first := c.join(b)
		require.Equal(t, len(groups) == 0 || groups[len(groups)-1] != g, first, "the first of a group writes it")
		if first {
			groups = append(groups, g)
		}
	}
	require.Len(t, groups, 5)
	c.shut(groups[4])
	g, first := c.join(s.db.NewBatch())
	require.True(t, first)
	c.shut(groups[0])
	require.Same(t, g, c.open, "a group shuts itself only")
}
