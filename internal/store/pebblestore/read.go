package pebblestore

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"iter"

	"github.com/cockroachdb/pebble/v2"

	"github.com/segue-dev/segue/internal/fault"
	"github.com/segue-dev/segue/internal/visitor"
)

// read returns what is stored of a visitor, in slices of their own: the base,
// nil if there is none, and the tails.
func (s *records) read(id string) (base []byte, tails [][]byte, err error) {
	it, err := s.db.NewIter(&pebble.IterOptions{UseL6Filters: true})
	if err != nil {
		return nil, nil, s.unreadable(err)
	}
	for ok := it.SeekPrefixGE(idPrefix(id)); ok; ok = it.Next() {
		base, tails, err = collect(it, base, tails)
		if err != nil {
			break
		}
	}
	if err := errors.Join(err, it.Close()); err != nil {
		return nil, nil, s.unreadable(err)
	}
	return base, tails, nil
}

// collect adds the value at which it stands to what there is of a visitor.
func collect(it *pebble.Iterator, base []byte, tails [][]byte) ([]byte, [][]byte, error) {
	value, err := it.ValueAndErr()
	if err != nil {
		return base, tails, err
	}
	value = bytes.Clone(value)
	if _, part, _ := splitVisitorKey(it.Key()); part == basePart {
		return value, tails, nil
	}
	return base, append(tails, value), nil
}

func (s *records) unreadable(err error) error {
	return fault.Wrap(fault.Unavailable, fmt.Errorf("store %s: %w", s.dir, err), "the store cannot be read")
}

// All implements visitor.Records. The records are as they were when the range
// began, and nothing that was not durable then is among them.
func (s *records) All(ctx context.Context) iter.Seq2[*visitor.Record, error] {
	return func(yield func(*visitor.Record, error) bool) {
		s.scan(ctx, visitorKind, func(it *pebble.Iterator, err error) bool {
			if err != nil {
				return yield(nil, err)
			}
			r, err := s.next(it)
			return yield(r, err) && err == nil
		})
	}
}

// next returns the record at which it stands, and moves it to the key after the
// record's last.
func (s *records) next(it *pebble.Iterator) (*visitor.Record, error) {
	id, _, ok := splitVisitorKey(it.Key())
	if !ok {
		return nil, fault.New(fault.Internal, "store %s has a key %x that is no visitor's; restore it from a backup", s.dir, it.Key())
	}
	var base []byte
	var tails [][]byte
	for prefix := idPrefix(id); it.Valid() && bytes.HasPrefix(it.Key(), prefix); it.Next() {
		var err error
		if base, tails, err = collect(it, base, tails); err != nil {
			return nil, s.unreadable(err)
		}
	}
	if err := it.Error(); err != nil {
		return nil, s.unreadable(err) // and not what was read of the record so far
	}
	return s.assemble(id, base, tails)
}

// Counters implements visitor.Records. The counters are as they were when the
// range began.
func (s *records) Counters(ctx context.Context) iter.Seq2[visitor.Counter, error] {
	return func(yield func(visitor.Counter, error) bool) {
		s.scan(ctx, counterKind, func(it *pebble.Iterator, err error) bool {
			if err != nil {
				return yield(visitor.Counter{}, err)
			}
			c, err := s.counter(it)
			return yield(c, err) && err == nil
		})
	}
}

// counter returns the counter at which it stands, and moves it on.
func (s *records) counter(it *pebble.Iterator) (visitor.Counter, error) {
	value, err := it.ValueAndErr()
	if err != nil {
		return visitor.Counter{}, s.unreadable(err)
	}
	c := visitor.Counter{Key: string(it.Key()[1:])}
	if c.N, err = decodeSum(value); err != nil {
		return visitor.Counter{}, fault.Wrap(fault.Internal, err, "store %s: counter %q; restore it from a backup", s.dir, c.Key)
	}
	it.Next()
	return c, nil
}

// scan calls f with an iterator that stands at each of the keys of a kind, as
// they are now, until f returns false; f moves the iterator on. If they cannot
// be read, the last call of f is with the error.
func (s *records) scan(ctx context.Context, kind byte, f func(*pebble.Iterator, error) bool) {
	snapshot, err := s.snapshot(ctx)
	if err != nil {
		f(nil, err)
		return
	}
	defer func() { _ = snapshot.Close() }()
	it, err := snapshot.NewIter(&pebble.IterOptions{LowerBound: []byte{kind}, UpperBound: []byte{kind + 1}})
	if err != nil {
		f(nil, s.unreadable(err))
		return
	}
	defer func() { _ = it.Close() }() // has no errors but those of it.Error
	for it.First(); it.Valid(); {
		err := s.state.check(ctx)
		if more := f(it, err); err != nil || !more {
			return
		}
	}
	if err := it.Error(); err != nil {
		f(nil, s.unreadable(err))
	}
}

// snapshot returns the database as it is when no commit is under way.
func (s *records) snapshot(ctx context.Context) (*pebble.Snapshot, error) {
	s.commits.committing.Lock()
	defer s.commits.committing.Unlock()
	if err := s.state.check(ctx); err != nil {
		return nil, err
	}
	return guarded(s.state, func() (*pebble.Snapshot, error) { return s.db.NewSnapshot(), nil })
}
