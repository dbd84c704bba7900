package pebblestore

import (
	"fmt"
	"slices"
	"testing"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/segue-dev/segue/internal/fault"
	"github.com/segue-dev/segue/internal/signal"
	"github.com/segue-dev/segue/internal/visitor"
	"github.com/segue-dev/segue/internal/visitor/visitortest"
)

func TestKeysOrderVisitorsByID(t *testing.T) {
	id := rapid.Map(rapid.SliceOfN(rapid.SampledFrom([]byte{0, 1, 2, 'a', 'b', 't', 0xfe, 0xff}), 0, 6), func(b []byte) string { return string(b) })
	rapid.Check(t, func(t *rapid.T) {
		a, b := id.Draw(t, "a"), id.Draw(t, "b")
		for _, key := range [][]byte{baseKey(a), tailKey(a, 0), tailKey(a, 255)} {
			got, _, ok := splitVisitorKey(key)
			require.True(t, ok)
			require.Equal(t, a, got)
			require.Equal(t, idPrefix(a), key[:splitKey(key)])
			if a < b {
				require.Negative(t, slices.Compare(key, baseKey(b)))
			}
		}
		require.Negative(t, slices.Compare(baseKey(a), tailKey(a, 0)))
	})
}

func openMemory(t *testing.T, fs vfs.FS) *records {
	t.Helper()
	s, err := Open("data", Options{FS: fs})
	require.NoError(t, err)
	return s.lists.(*records)
}

func TestOpenRefusesAnotherFormat(t *testing.T) {
	fs := vfs.NewMem()
	s := openMemory(t, fs)
	require.NoError(t, s.db.Set([]byte{formatKind}, []byte("segue 2"), pebble.Sync))
	require.NoError(t, s.Close())
	for range 2 { // it also leaves the directory as it was
		_, err := Open("data", Options{FS: fs})
		require.Equal(t, fault.Invalid, fault.KindOf(err))
		require.EqualError(t, err, `store data has format "segue 2" and this Segue reads "segue 1"; use the Segue that wrote it, or another directory`)
	}
}

func TestDamagedValuesAreNamed(t *testing.T) {
	s := openMemory(t, vfs.NewMem())
	defer func() { require.NoError(t, s.Close()) }()
	good := visitor.AppendSignals(nil, visitortest.Signals("d", 2))
	require.NoError(t, s.db.Set(baseKey("base"), []byte("damaged"), pebble.Sync))
	require.NoError(t, s.db.Set(tailKey("tail", 0), good[:len(good)-1], pebble.Sync))
	for _, id := range []string{"base", "tail"} {
		_, err := s.Get(t.Context(), id)
		require.Equal(t, fault.Internal, fault.KindOf(err))
		require.ErrorContains(t, err, `store data: visitor "`+id+`": stored `)
		_, err = s.Update(t.Context(), id, nil)
		require.Equal(t, fault.Internal, fault.KindOf(err))
	}
	var failed []error
	for _, err := range s.All(t.Context()) {
		failed = append(failed, err)
	}
	require.Len(t, failed, 1, "the range ends at the first error")
	require.ErrorContains(t, failed[0], `visitor "base"`)

	require.NoError(t, s.db.Set(counterKey("n"), []byte{0xff}, pebble.Sync))
	for _, err := range s.Counters(t.Context()) {
		require.ErrorContains(t, err, `counter "n"`)
	}
}

func TestTailsBecomeABaseNowAndThen(t *testing.T) {
	s := openMemory(t, vfs.NewMem())
	defer func() { require.NoError(t, s.Close()) }()
	most, none := 0, 0
	for _, sig := range visitortest.Signals("d", 200) {
		_, err := s.Update(t.Context(), "v", func(r *visitor.Record) (visitor.Change, error) {
			next, _ := r.With(visitor.Limits{}, sig)
			return visitor.Change{Next: next, Added: []signal.Signal{sig}}, nil
		})
		require.NoError(t, err)
		_, tails, err := s.read("v")
		require.NoError(t, err)
		if most = max(most, len(tails)); len(tails) == 0 {
			none++
		}
	}
	require.Equal(t, defaultCompactAfter, most)
	require.Greater(t, none, 200/(defaultCompactAfter+1)-1, "the tails go when the base is written")
}

func TestSignalsTakeLittleDisk(t *testing.T) {
	const visitors, most, bytesPerSignal = 128, 64, 40
	s := openMemory(t, vfs.NewMem())
	defer func() { require.NoError(t, s.Close()) }()
	total := 0
	for v := range visitors {
		id := fmt.Sprintf("0e8f6a10-77a5-4ac8-9c6c-%012d", v)
		for _, sig := range visitortest.Signals(id, 1+v%most) {
			_, err := s.Update(t.Context(), id, func(r *visitor.Record) (visitor.Change, error) {
				next, _ := r.With(visitor.Limits{}, sig)
				return visitor.Change{Next: next, Added: []signal.Signal{sig}}, nil
			})
			require.NoError(t, err)
			total++
		}
	}
	require.NoError(t, s.db.Flush())
	require.NoError(t, s.db.Compact(t.Context(), []byte{0}, []byte{0xff}, false))
	m := s.db.Metrics()
	size := m.DiskSpaceUsage() - m.WAL.PhysicalSize - m.WAL.ObsoletePhysicalSize
	t.Logf("%d bytes for %d signals: %.1f a signal", size, total, float64(size)/float64(total))
	require.LessOrEqual(t, size/uint64(total), uint64(bytesPerSignal))
}
