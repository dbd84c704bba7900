package pebblestore

import (
	"context"
	"fmt"

	"github.com/cockroachdb/pebble/v2"

	"github.com/segue-dev/segue/internal/fault"
	"github.com/segue-dev/segue/internal/visitor"
)

// A knownRecord is a record with what is on disk of it.
type knownRecord struct {
	decodedRecord
	stored storedRecord
}

// load returns the record of id, and makes it hot. The caller holds the lock of
// id.
func (s *records) load(ctx context.Context, id string) (knownRecord, error) {
	if err := s.state.check(ctx); err != nil {
		return knownRecord{}, err
	}
	if stored, ok := s.hot.get(id); ok {
		return s.decoded(id, stored)
	}
	base, tails, err := s.read(id)
	if err != nil || base == nil && len(tails) == 0 {
		return knownRecord{decodedRecord: decodedRecord{record: &visitor.Record{ID: id}}}, err
	}
	stored := storedRecord{base: base, tails: tails}
	stored.stamp = s.hot.set(id, stored)
	return s.decoded(id, stored)
}

// decoded returns the record of id, of which stored is on disk.
func (s *records) decoded(id string, stored storedRecord) (knownRecord, error) {
	if d, ok := s.hot.getDecoded(id, stored); ok {
		return knownRecord{d, stored}, nil
	}
	r, err := s.assemble(id, stored.base, stored.tails)
	if err != nil {
		return knownRecord{}, err
	}
	d := decodedRecord{record: r, log: logBytes(r.Signals), stamp: stored.stamp}
	s.hot.setDecoded(id, d)
	return knownRecord{d, stored}, nil
}

// assemble returns the record of id from what is stored of it.
func (s *records) assemble(id string, base []byte, tails [][]byte) (*visitor.Record, error) {
	r := &visitor.Record{ID: id}
	if base != nil {
		var err error
		if r, err = visitor.DecodeRecord(id, base); err != nil {
			return nil, s.damaged(id, err)
		}
	}
	r, err := r.WithChanges(s.opts.Limits, tails...)
	if err != nil {
		return nil, s.damaged(id, err)
	}
	return r, nil
}

func (s *records) damaged(id string, err error) error {
	return fault.Wrap(fault.Internal, fmt.Errorf("store %s: visitor %q: %w", s.dir, id, err), "the visitor's record is damaged; restore it from a backup")
}

// store makes a change of a record durable, and then hot. The caller holds the
// lock of id.
func (s *records) store(id string, before knownRecord, change visitor.Change) error {
	after := s.after(before.stored, change)
	err := s.commit(func(b *pebble.Batch) error { return writeChange(b, id, before.stored, after, change.Counters) })
	if err != nil {
		s.hot.forget(id)
		return fault.Wrap(fault.Unavailable, fmt.Errorf("visitor %q: %w", id, err), "the visitor cannot be stored; send it again")
	}
	s.hot.setDecoded(id, decodedRecord{
		record: change.Next, log: logBytesAfter(before.decodedRecord, change), stamp: s.hot.set(id, after),
	})
	return nil
}

// after returns what is to be on disk after a change.
func (s *records) after(before storedRecord, change visitor.Change) storedRecord {
	if change.Whole || len(before.tails) >= s.opts.CompactAfter || 2*len(change.Added) >= len(change.Next.Signals) {
		return storedRecord{base: visitor.AppendRecord(nil, change.Next)}
	}
	tails := make([][]byte, len(before.tails)+1)
	tails[copy(tails, before.tails)] = visitor.AppendChange(nil, &change)
	return storedRecord{base: before.base, tails: tails}
}
