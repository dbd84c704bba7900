package pebblestore

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"

	"github.com/cockroachdb/pebble/v2"

	"github.com/segue-dev/segue/internal/fault"
	"github.com/segue-dev/segue/internal/idlist"
)

var _ idlist.Store = (*records)(nil)

// maxListPart is how many bytes of a list one value holds.
const maxListPart = 1 << 20

// What a list's key stands for, as the byte after its name.
const (
	versionPart = 'v'
	textPart    = 't'
)

// listPrefix returns what the keys of a list begin with, and listEnd what is
// greater than them all. No name has a byte 00.
func listPrefix(name string) []byte { return append([]byte{listKind}, name+"\x00"...) }
func listEnd(name string) []byte    { return append([]byte{listKind}, name+"\x01"...) }

func listTextKey(name string, n int) []byte {
	return binary.BigEndian.AppendUint32(append(listPrefix(name), textPart), uint32(n))
}

// PutList implements idlist.Store.
func (s *records) PutList(ctx context.Context, name string, l *idlist.List) error {
	if err := errors.Join(idlist.CheckKey(name), s.writable(ctx)); err != nil {
		return err
	}
	b := s.db.NewBatch()
	err := errors.Join(
		b.DeleteRange(listPrefix(name), listEnd(name), nil),
		b.Set(append(listPrefix(name), versionPart), []byte(l.Version()), nil),
	)
	text := l.Text()
	for n := 0; text != ""; n++ {
		size := min(len(text), maxListPart)
		err = errors.Join(err, b.Set(listTextKey(name, n), []byte(text[:size]), nil))
		text = text[size:]
	}
	return errors.Join(err, s.commitAlone(b))
}

// DeleteList implements idlist.Store.
func (s *records) DeleteList(ctx context.Context, name string) error {
	versions, err := s.ListVersions(ctx)
	if err != nil {
		return err
	}
	if _, ok := versions[name]; !ok {
		return noList(name)
	}
	if err := s.writable(ctx); err != nil {
		return err
	}
	b := s.db.NewBatch()
	return errors.Join(b.DeleteRange(listPrefix(name), listEnd(name), nil), s.commitAlone(b))
}

func noList(name string) error { return fault.New(fault.NotFound, "there is no list %q", name) }

// commitAlone makes b durable and closes it.
func (s *records) commitAlone(b *pebble.Batch) error {
	s.commits.committing.Lock()
	defer s.commits.committing.Unlock()
	_, err := guarded(s.state, func() (struct{}, error) {
		return struct{}{}, errors.Join(b.Commit(pebble.Sync), b.Close())
	})
	return err
}

// List implements idlist.Store.
func (s *records) List(ctx context.Context, name string) (*idlist.List, error) {
	if err := errors.Join(idlist.CheckKey(name), s.state.check(ctx)); err != nil {
		return nil, err
	}
	it, err := s.db.NewIter(&pebble.IterOptions{LowerBound: listPrefix(name), UpperBound: listEnd(name)})
	if err != nil {
		return nil, s.unreadable(err)
	}
	found := false
	var text strings.Builder
	for ok := it.First(); ok; ok = it.Next() {
		found = true
		if it.Key()[len(listPrefix(name))] == textPart {
			text.Write(it.Value())
		}
	}
	if err := errors.Join(it.Error(), it.Close()); err != nil {
		return nil, s.unreadable(err)
	}
	if !found {
		return nil, noList(name)
	}
	l, err := idlist.FromText(text.String())
	if err != nil {
		return nil, fault.Wrap(fault.Internal, err, "store %s: list %q; upload it again", s.dir, name)
	}
	return l, nil
}

// ListVersions implements idlist.Store.
func (s *records) ListVersions(ctx context.Context) (map[string]string, error) {
	if err := s.state.check(ctx); err != nil {
		return nil, err
	}
	it, err := s.db.NewIter(&pebble.IterOptions{LowerBound: []byte{listKind}, UpperBound: []byte{listKind + 1}})
	if err != nil {
		return nil, s.unreadable(err)
	}
	versions := map[string]string{}
	for ok := it.First(); ok; {
		name, _, _ := bytes.Cut(it.Key()[1:], []byte{0})
		list := string(name)
		if ok = it.SeekGE(append(listPrefix(list), versionPart)); ok {
			versions[list] = string(it.Value())
			ok = it.SeekGE(listEnd(list))
		}
	}
	if err := errors.Join(it.Error(), it.Close()); err != nil {
		return nil, s.unreadable(fmt.Errorf("lists: %w", err))
	}
	return versions, nil
}
