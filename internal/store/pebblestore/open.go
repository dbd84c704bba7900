package pebblestore

import (
	"errors"
	"hash/maphash"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/bloom"
	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/segue-dev/segue/internal/fault"
	"github.com/segue-dev/segue/internal/visitor"
)

const (
	// memTableSize is how much is kept in memory and in one file of the
	// write-ahead log before it is written to tables.
	memTableSize = 16 << 20
	// blockCacheSize bounds the memory for blocks of tables that were read.
	blockCacheSize = 32 << 20
	// filterBits are the bits for each visitor of a table's filter, which
	// spares nearly every look-up of a visitor who is new.
	filterBits = 10
)

// storedFormat is the value at the format key. It changes with the keys, not
// with the stored form of records, which has a version of its own.
const storedFormat = "segue 1"

// Open opens the store in dir, and creates it if there is none. The directory
// belongs to one process at a time.
func Open(dir string, opts Options) (*Store, error) {
	opts = opts.withDefaults()
	if err := opts.FS.MkdirAll(dir, 0o700); err != nil {
		return nil, fault.Wrap(fault.Unavailable, err, "store %s: cannot create the directory", dir)
	}
	lock, err := pebble.LockDirectory(dir, opts.FS)
	if err != nil {
		return nil, fault.Wrap(fault.Unavailable, err,
			"store %s is locked, probably by another Segue that runs; stop it or choose another directory", dir)
	}
	s := &records{dir: dir, opts: opts, lock: lock, state: newHealth(dir, opts.Log), seed: maphash.MakeSeed()}
	if err := s.open(); err != nil {
		return nil, errors.Join(err, lock.Close())
	}
	return &Store{visitor.NewStore(s, opts.Limits, opts.Meter), s}, nil
}

// OpenMemory opens a store that keeps everything in memory and forgets it when
// it is closed.
func OpenMemory(opts Options) (*Store, error) {
	opts.FS = vfs.NewMem()
	return Open("memory", opts)
}

func (s *records) open() (err error) {
	if s.hot, err = newHotRecords(s.opts.CacheBytes); err != nil {
		return fault.Wrap(fault.Internal, err, "store %s: cache of %d bytes", s.dir, s.opts.CacheBytes)
	}
	s.blocks = pebble.NewCache(blockCacheSize)
	s.db, err = guarded(s.state, func() (*pebble.DB, error) { return pebble.Open(s.dir, s.pebbleOptions()) })
	if err != nil {
		s.blocks.Unref()
		return fault.Wrap(fault.Unavailable, err, "store %s: cannot open", s.dir)
	}
	if err := s.checkFormat(); err != nil {
		s.blocks.Unref()
		return errors.Join(err, s.db.Close())
	}
	return nil
}

func (s *records) pebbleOptions() *pebble.Options {
	o := &pebble.Options{
		FS:                          logFS{s.opts.FS, s.state},
		Lock:                        s.lock,
		Logger:                      s.state,
		EventListener:               s.state.events(),
		Cache:                       s.blocks,
		Comparer:                    comparer,
		Merger:                      adder,
		FormatMajorVersion:          pebble.FormatValueSeparation,
		MemTableSize:                memTableSize,
		MemTableStopWritesThreshold: 4,
		CompactionConcurrencyRange:  func() (int, int) { return 1, 2 },
	}
	for i := range o.Levels {
		o.Levels[i].FilterPolicy = bloom.FilterPolicy(filterBits)
	}
	return o
}

// checkFormat makes sure that the database is ours and in the form we read. A
// new one gets its format.
func (s *records) checkFormat() error {
	value, closer, err := s.db.Get([]byte{formatKind})
	if errors.Is(err, pebble.ErrNotFound) {
		_, err := guarded(s.state, func() (struct{}, error) {
			return struct{}{}, s.db.Set([]byte{formatKind}, []byte(storedFormat), pebble.Sync)
		})
		return err
	}
	if err != nil {
		return fault.Wrap(fault.Unavailable, err, "store %s: cannot read its format", s.dir)
	}
	defer closer.Close()
	if string(value) != storedFormat {
		return fault.New(fault.Invalid, "store %s has format %q and this Segue reads %q; use the Segue that wrote it, or another directory",
			s.dir, value, storedFormat)
	}
	return nil
}
