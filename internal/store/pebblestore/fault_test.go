package pebblestore_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"
	"github.com/stretchr/testify/require"

	"github.com/segue-dev/segue/internal/fault"
	"github.com/segue-dev/segue/internal/signal"
	"github.com/segue-dev/segue/internal/store/pebblestore"
	"github.com/segue-dev/segue/internal/visitor"
	"github.com/segue-dev/segue/internal/visitor/visitortest"
)

// put stores sigs for a visitor and moves the counter n by their number.
func put(ctx context.Context, s visitor.Store, id string, sigs ...signal.Signal) error {
	_, err := s.Update(ctx, id, func(r *visitor.Record) (visitor.Change, error) {
		next, outcomes := r.With(visitor.Limits{}, sigs...)
		c := visitor.Change{Next: next}
		for i, o := range outcomes {
			if o == visitor.Accepted {
				c.Added = append(c.Added, sigs[i])
			}
		}
		c.Counters = []visitor.Counter{{Key: "n", N: int64(len(c.Added))}}
		return c, nil
	})
	return err
}

// big returns a signal of about a MiB, of which a few fill Pebble's memory.
func big(i int) signal.Signal {
	return signal.Signal{
		ID: fmt.Sprint("big", i), At: int64(i), Name: "Big",
		Props: signal.Props{{Key: "filling", Value: signal.TextOf(strings.Repeat(fmt.Sprint(i), 1<<20))}},
	}
}

// contents returns the number of signals by visitor, and the counter n. It
// fails when a signal is there twice.
func contents(t *testing.T, s visitor.Store) (signals map[string]int, n int64) {
	t.Helper()
	signals = map[string]int{}
	for r, err := range s.All(t.Context()) {
		require.NoError(t, err)
		ids := map[string]bool{}
		for _, sig := range r.Signals {
			require.False(t, ids[sig.ID], "signal %s is there twice", sig.ID)
			ids[sig.ID] = true
		}
		signals[r.ID] = len(ids)
	}
	for c, err := range s.Counters(t.Context()) {
		require.NoError(t, err)
		n += c.N
	}
	return signals, n
}

// A flaw is what can be wrong with a disk: operations on files whose name has
// an ending fail while it is on.
func flaw(suffix string, err error, kinds ...errorfs.OpKind) *errorfs.Toggle {
	return &errorfs.Toggle{Injector: errorfs.InjectorFunc(func(op errorfs.Op) error {
		for _, k := range kinds {
			if op.Kind == k && strings.Contains(op.Path, suffix) {
				return err
			}
		}
		return nil
	})}
}

func TestStoreFailsForGoodWhenTheLogCannotBeWritten(t *testing.T) {
	writes := []errorfs.OpKind{errorfs.OpFileWrite, errorfs.OpFilePreallocate}
	syncs := []errorfs.OpKind{errorfs.OpFileSync, errorfs.OpFileSyncData, errorfs.OpFileSyncTo}
	creates := []errorfs.OpKind{errorfs.OpCreate, errorfs.OpReuseForWrite}
	for name, tc := range map[string]struct {
		flaw *errorfs.Toggle
		sigs func(i int) signal.Signal
	}{
		"full disk":       {flaw(".log", syscall.ENOSPC, writes...), func(i int) signal.Signal { return visitortest.Signals("d", i+1)[i] }},
		"broken disk":     {flaw(".log", syscall.EIO, syncs...), func(i int) signal.Signal { return visitortest.Signals("d", i+1)[i] }},
		"no new log":      {flaw(".log", syscall.EMFILE, creates...), big},
		"broken manifest": {flaw("MANIFEST", syscall.EIO, append(writes, syncs...)...), big},
	} {
		t.Run(name, func(t *testing.T) { failForGood(t, tc.flaw, tc.sigs) })
	}
}

func failForGood(t *testing.T, flaw *errorfs.Toggle, sigs func(int) signal.Signal) {
	fs := vfs.NewCrashableMem()
	s := openAt(t, "data", pebblestore.Options{FS: errorfs.Wrap(fs, flaw)})
	require.NoError(t, put(t.Context(), s, "before", sigs(0)))
	flaw.On()
	var wg sync.WaitGroup
	var acked atomic.Int64
	for w := range 4 { // others that wait for the same log are told as well
		wg.Go(func() {
			for i := 1 + w; i < 200; i += 4 {
				if put(t.Context(), s, fmt.Sprint("v", i), sigs(i)) != nil {
					return
				}
				acked.Add(1)
			}
		})
	}
	wg.Wait()
	err := put(t.Context(), s, "after", sigs(0))
	require.Equal(t, fault.Unavailable, fault.KindOf(err))
	require.ErrorContains(t, err, "the store has failed and takes nothing until Segue is started again: store data: ")
	flaw.Off()
	_, err = s.Get(t.Context(), "before")
	require.Equal(t, fault.Unavailable, fault.KindOf(err), "nothing is served that may not be durable")
	for _, err := range s.All(t.Context()) {
		require.Equal(t, fault.Unavailable, fault.KindOf(err))
	}
	require.Equal(t, fault.Unavailable, fault.KindOf(s.Ping(t.Context())))
	require.Equal(t, fault.Unavailable, fault.KindOf(s.Close()))

	again := openAt(t, "data", pebblestore.Options{FS: fs.CrashClone(vfs.CrashCloneCfg{})})
	signals, n := contents(t, again)
	require.EqualValues(t, len(signals), n)
	require.GreaterOrEqual(t, len(signals), 1+int(acked.Load()))
	require.Equal(t, 1, signals["before"])
	require.NotContains(t, signals, "after")
	require.NoError(t, put(t.Context(), again, "after", sigs(0)))
	require.NoError(t, again.Close())
}

func TestStoreWorksAgainWhenTablesCanBeWritten(t *testing.T) {
	full := flaw(".sst", syscall.ENOSPC, errorfs.OpCreate, errorfs.OpFileWrite)
	s := openAt(t, "data", pebblestore.Options{FS: errorfs.Wrap(vfs.NewMem(), full)})
	full.On()
	var err error
	acked := 0
	for err == nil {
		if err = put(t.Context(), s, "v", big(acked)); err == nil {
			acked++
		}
		require.Less(t, acked, 64, "refused before Pebble stops and waits")
	}
	require.Equal(t, fault.Unavailable, fault.KindOf(err))
	require.ErrorIs(t, err, syscall.ENOSPC)
	require.ErrorContains(t, err, "make room")
	require.ErrorIs(t, s.Ping(t.Context()), syscall.ENOSPC)
	r, err := s.Get(t.Context(), "v")
	require.NoError(t, err, "reads go on")
	require.Len(t, r.Signals, acked)

	full.Off()
	require.Eventually(t, func() bool { return s.Ping(t.Context()) == nil }, 20*time.Second, time.Millisecond)
	require.NoError(t, put(t.Context(), s, "v", big(acked)))
	require.NoError(t, s.Close())
}

func TestUpdatesAreRefusedBeforeTheDiskIsFull(t *testing.T) {
	fs := vfs.NewMem()
	fs.TestingSetDiskUsage(vfs.DiskUsage{AvailBytes: 1000})
	s := openAt(t, "data", pebblestore.Options{FS: fs, MinFree: 1000})
	sigs := visitortest.Signals("d", 3)
	require.NoError(t, put(t.Context(), s, "v", sigs[0]))

	fs.TestingSetDiskUsage(vfs.DiskUsage{AvailBytes: 999})
	err := put(t.Context(), s, "v", sigs[1])
	require.Equal(t, fault.Unavailable, fault.KindOf(err))
	require.EqualError(t, err, "the disk is full; make room, then send it again: store data: 999 bytes are free and 1000 are needed")
	require.Error(t, s.Ping(t.Context()))
	r, err := s.Get(t.Context(), "v")
	require.NoError(t, err)
	require.Len(t, r.Signals, 1)

	fs.TestingSetDiskUsage(vfs.DiskUsage{AvailBytes: 1000})
	require.NoError(t, put(t.Context(), s, "v", sigs[1]))
	signals, n := contents(t, s)
	require.Equal(t, map[string]int{"v": 2}, signals)
	require.EqualValues(t, 2, n)
	require.NoError(t, s.Close())
}

// manyBlocks returns a disk with 100 records of 40 signals each, in several
// parts, and as many counters.
func manyBlocks(t *testing.T) vfs.FS {
	fs := vfs.NewMem()
	s := openAt(t, "data", pebblestore.Options{FS: fs})
	sigs := visitortest.Signals("d", 40)
	for v := range 100 {
		for i := 0; i < len(sigs); i += 4 {
			_, err := s.Update(t.Context(), fmt.Sprint("v", v), func(r *visitor.Record) (visitor.Change, error) {
				next, _ := r.With(visitor.Limits{}, sigs[i:i+4]...)
				return visitor.Change{Next: next, Added: sigs[i : i+4], Counters: []visitor.Counter{{Key: fmt.Sprint(v, strings.Repeat("x", 100)), N: 1}}}, nil
			})
			require.NoError(t, err)
		}
	}
	require.NoError(t, s.Flush())
	require.NoError(t, s.Close())
	return fs
}

func TestReadErrorsPass(t *testing.T) {
	fs := manyBlocks(t)
	sigs := visitortest.Signals("d", 40)
	failed := 0
	for good := range int64(24) { // reads that succeed before one does not
		var reads atomic.Int64
		broken := &errorfs.Toggle{Injector: errorfs.InjectorFunc(func(op errorfs.Op) error {
			if op.Kind == errorfs.OpFileReadAt && strings.HasSuffix(op.Path, ".sst") && reads.Add(1) > good {
				return syscall.EIO
			}
			return nil
		})}
		s := openAt(t, "data", pebblestore.Options{FS: errorfs.Wrap(fs, broken), CacheBytes: -1})
		broken.On()
		if err := scan(t, s, sigs); err != nil {
			require.Equal(t, fault.Unavailable, fault.KindOf(err))
			failed++
		}
		r, err := s.Get(t.Context(), "v60")
		if err != nil {
			require.Equal(t, fault.Unavailable, fault.KindOf(err))
			require.ErrorContains(t, err, "the store cannot be read: store data: ")
		} else {
			require.Equal(t, sigs, r.Signals)
		}
		broken.Off()
		require.NoError(t, scan(t, s, sigs))
		require.NoError(t, s.Close())
	}
	require.Greater(t, failed, 12, "this test is about errors")
}

// scan reads everything and returns the error at which that ended. Whatever is
// read must be whole, and all of it when there is no error.
func scan(t *testing.T, s visitor.Store, sigs []signal.Signal) error {
	t.Helper()
	n := 0
	var failed [2]error
	for r, err := range s.All(t.Context()) {
		if failed[0] = err; err == nil {
			require.Equal(t, sigs, r.Signals)
			n++
		}
	}
	require.True(t, n == 100 || failed[0] != nil, "a range does not just end")
	n = 0
	for c, err := range s.Counters(t.Context()) {
		if failed[1] = err; err == nil {
			require.EqualValues(t, 10, c.N)
			n++
		}
	}
	require.True(t, n == 100 || failed[1] != nil, "a range does not just end")
	return errors.Join(failed[:]...)
}

// TestNothingIsServedBeforeItIsDurable holds a sync up until a while after the
// reads have begun.
func TestNothingIsServedBeforeItIsDurable(t *testing.T) {
	syncing, release := make(chan struct{}), make(chan struct{})
	var once sync.Once
	var durable atomic.Bool
	slow := &errorfs.Toggle{Injector: errorfs.InjectorFunc(func(op errorfs.Op) error {
		if op.Kind == errorfs.OpFileSync || op.Kind == errorfs.OpFileSyncData || op.Kind == errorfs.OpFileSyncTo {
			once.Do(func() { close(syncing) })
			<-release
		}
		return nil
	})}
	for name, read := range map[string]func(s visitor.Store) (int, error){
		"Get": func(s visitor.Store) (int, error) {
			r, err := s.Get(t.Context(), "v")
			return len(r.Signals), err
		},
		"All": func(s visitor.Store) (n int, err error) {
			for r, err := range s.All(t.Context()) {
				if err != nil {
					return n, err
				}
				n += len(r.Signals)
			}
			return n, nil
		},
		"Counters": func(s visitor.Store) (int, error) {
			for c, err := range s.Counters(t.Context()) {
				return int(c.N), err
			}
			return 0, nil
		},
	} {
		t.Run(name, func(t *testing.T) {
			syncing, release, once = make(chan struct{}), make(chan struct{}), sync.Once{}
			durable.Store(false)
			s := openAt(t, "data", pebblestore.Options{FS: errorfs.Wrap(vfs.NewMem(), slow)})
			slow.On()
			var wg sync.WaitGroup
			wg.Go(func() {
				if err := put(t.Context(), s, "v", visitortest.Signals("d", 1)...); err != nil {
					t.Error(err)
				}
			})
			<-syncing
			time.AfterFunc(30*time.Millisecond, func() {
				durable.Store(true)
				close(release)
			})
			n, err := read(s)
			require.NoError(t, err)
			require.True(t, n == 0 || durable.Load(), "served before it was durable")
			wg.Wait()
			slow.Off()
			require.NoError(t, s.Close())
		})
	}
}

func TestOpenRefusesWhatItCannotUse(t *testing.T) {
	t.Run("a directory in use", func(t *testing.T) {
		dir := t.TempDir()
		s := openAt(t, dir, pebblestore.Options{})
		_, err := pebblestore.Open(dir, pebblestore.Options{})
		require.Equal(t, fault.Unavailable, fault.KindOf(err))
		require.ErrorContains(t, err, "store "+dir+" is locked, probably by another Segue that runs; stop it or choose another directory")
		require.NoError(t, s.Close())
		require.NoError(t, openAt(t, dir, pebblestore.Options{}).Close())
	})
	t.Run("another program's database", func(t *testing.T) {
		fs := vfs.NewMem()
		db, err := pebble.Open("data", &pebble.Options{FS: fs, Logger: silent{}})
		require.NoError(t, err)
		require.NoError(t, db.Close())
		_, err = pebblestore.Open("data", pebblestore.Options{FS: fs})
		require.ErrorContains(t, err, "store data: cannot open: ")
		require.ErrorContains(t, err, "segue.keys.1")
	})
	t.Run("a disk that cannot be written", func(t *testing.T) {
		for _, kind := range []errorfs.OpKind{errorfs.OpMkdirAll, errorfs.OpLock, errorfs.OpCreate, errorfs.OpFileSync} {
			broken := flaw("", errors.New("disk broken"), kind)
			broken.On()
			_, err := pebblestore.Open("data", pebblestore.Options{FS: errorfs.Wrap(vfs.NewMem(), broken)})
			require.ErrorContains(t, err, "disk broken")
			require.Equal(t, fault.Unavailable, fault.KindOf(err))
		}
	})
}

// silent keeps another program's database from logging.
type silent struct{}

func (silent) Infof(string, ...any)  {}
func (silent) Errorf(string, ...any) {}
func (silent) Fatalf(string, ...any) {}

func TestAStoreThatHadNothingToWriteTakesUpdates(t *testing.T) {
	dir := t.TempDir()
	for range 3 { // opening flushes what the log holds, even if that is nothing
		s := openAt(t, dir, pebblestore.Options{})
		require.NoError(t, s.Ping(t.Context()))
		require.NoError(t, s.Close())
	}
	s := openAt(t, dir, pebblestore.Options{})
	require.NoError(t, put(t.Context(), s, "v", visitortest.Signals("d", 1)[0]))
}
