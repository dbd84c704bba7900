// Package pebblestore keeps visitors' records and counters in an embedded
// Pebble database.
//
// The rule it upholds: what has been acknowledged is on disk, and what is not
// on disk is never served. An Update is acknowledged after the write-ahead log
// has been synced; Updates that arrive while it is being synced are written as
// one batch then, so that they share the next sync. Updates of one visitor wait
// for each other, those of different visitors do not.
//
// The records used last are kept in memory: many of them as they are on disk,
// and those of busy visitors decoded as well, so that an Update of one costs what
// it brings and not what there is already. Records given out are shared.
//
// # Keys
//
//	f                        format of the keys and values, for Open to check
//	v ID 00 01 b             base: the whole record at some time
//	v ID 00 01 t N           tail N, one byte counting from 0: signals taken in since
//	c KEY                    counter: differences, added up by a merge operator
//	l KEY 00 v               list: its version
//	l KEY 00 t N             part N of its ids, four bytes counting from 0
//
// In ID each byte 00 is followed by FF, so that no ID is the beginning of
// another one's keys and keys are in the order of ids. A record is its base
// with the tails taken in; values are in the stored form of package visitor.
// An Update appends a tail, unless there are many already or the base is so
// small that writing it anew costs no more: then one batch writes the base and
// deletes the tails.
//
// Counters need no shard of their own here: the batch that moves them is the
// one that stores the record.
//
// # When the disk fails
//
// While less than Options.MinFree bytes are free, or while memory cannot be
// written to tables, Updates are refused as fault.Unavailable and reads go on;
// Updates work again by themselves when there is room. When the write-ahead
// log or the manifest cannot be written, Pebble cannot go on: the store fails
// for good. Every call is then refused as fault.Unavailable with the cause,
// Ping too, until the process is started again; what had been acknowledged is
// there then. An Update refused for that reason may be there or not, so send
// it again: signals are recognised by their ids. Close leaves a failed database
// as it is, since Pebble could wait for ever, so its directory stays locked
// until the process ends.
package pebblestore

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"log/slog"
	"sync"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/segue-dev/segue/internal/fault"
	"github.com/segue-dev/segue/internal/idlist"
	"github.com/segue-dev/segue/internal/visitor"
)

// Options are the settings of a Store. Their zero values are the defaults.
type Options struct {
	// Limits bound the records. They must be the ones with which the callers
	// of Update take signals in.
	Limits visitor.Limits
	// Meter measures what visitors do; nil = nothing is measured.
	Meter visitor.Meter
	// CacheBytes bounds the memory that hot records take, half of it for
	// records as they are stored and half for decoded ones; 0 = 128 MiB,
	// negative = none are kept.
	CacheBytes int64
	// CompactAfter is the number of tails at which a record is written anew;
	// 0 = 16, at most 255.
	CompactAfter int
	// MinFree is how many bytes must be free on the disk for an Update;
	// 0 = 64 MiB, negative = it is not looked at.
	MinFree int64
	// FS is the file system; nil = the operating system's.
	FS vfs.FS
	// Log is where Pebble's own messages go; nil = nowhere.
	Log *slog.Logger
}

const (
	defaultCacheBytes   = 128 << 20
	defaultCompactAfter = 16
	defaultMinFree      = 64 << 20
)

func (o Options) withDefaults() Options {
	o.CacheBytes = cmp.Or(o.CacheBytes, defaultCacheBytes)
	o.CompactAfter = min(cmp.Or(max(o.CompactAfter, 0), defaultCompactAfter), 255)
	o.MinFree = cmp.Or(o.MinFree, defaultMinFree)
	if o.Meter == nil {
		o.Meter = visitor.Unmeasured{}
	}
	if o.FS == nil {
		o.FS = vfs.Default
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return o
}

// stripes is how many locks the visitors share. Two visitors of one lock wait
// for each other's sync, so there should be many more than concurrent Updates.
const stripes = 8192

// A Store keeps visitors and lists in a Pebble database.
type Store struct {
	visitor.Store
	lists
}

type lists = idlist.Store

// records are the visitor.Records of a Store, and its lists.
type records struct {
	dir    string
	opts   Options
	db     *pebble.DB
	lock   *pebble.Lock
	blocks *pebble.Cache
	hot    *hotRecords
	state  *health

	seed    maphash.Seed
	locks   [stripes]sync.RWMutex
	commits committer
}

var _ visitor.Records = (*records)(nil)

// Get implements visitor.Records.
func (s *records) Get(ctx context.Context, id string) (*visitor.Record, error) {
	r, _, err := s.GetSince(ctx, id, 0)
	return r, err
}

// GetSince implements visitor.Records. It has stamps for hot records only.
func (s *records) GetSince(ctx context.Context, id string, stamp uint64) (*visitor.Record, uint64, error) {
	if err := s.state.check(ctx); err != nil {
		return nil, 0, err
	}
	stored, ok := s.hot.get(id)
	switch {
	case !ok:
		lock := s.stripe(id)
		lock.RLock()
		defer lock.RUnlock()
		have, err := s.load(ctx, id)
		return have.record, have.stored.stamp, err
	case stored.stamp == stamp:
		return nil, stamp, nil
	default:
		have, err := s.decoded(id, stored)
		return have.record, stored.stamp, err
	}
}

// Update implements visitor.Records.
func (s *records) Update(ctx context.Context, id string, f func(*visitor.Record) (visitor.Change, error)) (*visitor.Record, error) {
	lock := s.stripe(id)
	lock.Lock()
	defer lock.Unlock()
	before, err := s.load(ctx, id)
	if err != nil {
		return nil, err
	}
	change, err := f(before.record)
	if err != nil {
		return nil, err
	}
	if len(change.Added) == 0 && !change.Whole {
		return before.record, nil
	}
	if change.Next == nil {
		return nil, fault.New(fault.Internal, "update of visitor %q has no record", id)
	}
	if err := s.writable(ctx); err != nil {
		return nil, err
	}
	if err := s.store(id, before, change); err != nil {
		return nil, err
	}
	return change.Next, nil
}

// Adjust implements visitor.Records.
func (s *records) Adjust(ctx context.Context, differences []visitor.Counter) error {
	if len(differences) == 0 {
		return s.state.check(ctx)
	}
	if err := s.writable(ctx); err != nil {
		return err
	}
	if err := s.commit(func(b *pebble.Batch) error { return writeCounters(b, differences) }); err != nil {
		return fault.Wrap(fault.Unavailable, err, "the counters cannot be stored; try again")
	}
	return nil
}

// Erase implements visitor.Records. It works on a full disk too, since it makes
// room; what was stored is gone from the files when Pebble compacts them.
func (s *records) Erase(ctx context.Context, id string) error {
	lock := s.stripe(id)
	lock.Lock()
	defer lock.Unlock()
	have, err := s.load(ctx, id)
	if err != nil {
		return err
	}
	if have.stored.base == nil && len(have.stored.tails) == 0 {
		return nil
	}
	if err := s.state.flushes(); err != nil {
		return err
	}
	err = s.commit(func(b *pebble.Batch) error { return writeErasure(b, id, have.stored) })
	s.hot.forget(id)
	if err != nil {
		return fault.Wrap(fault.Unavailable, fmt.Errorf("visitor %q: %w", id, err), "the visitor cannot be erased; try again")
	}
	return nil
}

// writable reports whether the disk takes changes.
func (s *records) writable(ctx context.Context) error {
	if err := s.state.check(ctx); err != nil {
		return err
	}
	if err := s.state.flushes(); err != nil {
		return err
	}
	if s.opts.MinFree < 0 {
		return nil
	}
	usage, err := s.opts.FS.GetDiskUsage(s.dir)
	if errors.Is(err, vfs.ErrUnsupported) {
		return nil
	}
	if err != nil {
		return fault.Wrap(fault.Unavailable, fmt.Errorf("store %s: %w", s.dir, err), "cannot tell how much room the disk has")
	}
	if usage.AvailBytes < uint64(s.opts.MinFree) {
		return fault.Wrap(fault.Unavailable, fmt.Errorf("store %s: %d bytes are free and %d are needed", s.dir, usage.AvailBytes, s.opts.MinFree),
			"the disk is full; make room, then send it again")
	}
	return nil
}

// Ping implements visitor.Records.
func (s *records) Ping(ctx context.Context) error { return s.writable(ctx) }

// Close implements visitor.Records.
func (s *records) Close() error {
	if err := s.state.check(context.Background()); err != nil {
		return err
	}
	err := errors.Join(s.db.Close(), s.lock.Close())
	s.blocks.Unref()
	s.hot.close()
	if err != nil {
		return fault.Wrap(fault.Unavailable, err, "close store %s", s.dir)
	}
	return nil
}

func (s *records) stripe(id string) *sync.RWMutex {
	return &s.locks[maphash.String(s.seed, id)%stripes]
}
