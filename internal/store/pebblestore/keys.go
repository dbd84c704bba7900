package pebblestore

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"strings"

	"github.com/cockroachdb/pebble/v2"
)

// The kinds of keys, as their first byte.
const (
	formatKind  = 'f'
	visitorKind = 'v'
	counterKind = 'c'
	listKind    = 'l'
)

// What a visitor's key stands for, as the byte after the id.
const (
	basePart = 'b'
	tailPart = 't'
)

// endOfID ends an id in a key. It cannot be within one, where 00 is followed by
// FF.
var endOfID = []byte{0x00, 0x01}

// idPrefix returns what the keys of a visitor begin with.
func idPrefix(id string) []byte {
	key := make([]byte, 0, 1+len(id)+len(endOfID)+2)
	key = append(key, visitorKind)
	if strings.IndexByte(id, 0) < 0 {
		key = append(key, id...)
	} else {
		key = append(key, strings.ReplaceAll(id, "\x00", "\x00\xff")...)
	}
	return append(key, endOfID...)
}

func baseKey(id string) []byte { return append(idPrefix(id), basePart) }

func tailKey(id string, n int) []byte { return append(idPrefix(id), tailPart, byte(n)) }

func counterKey(key string) []byte { return append([]byte{counterKind}, key...) }

// splitVisitorKey returns what baseKey or tailKey have put together.
func splitVisitorKey(key []byte) (id string, part byte, ok bool) {
	n := splitKey(key)
	if len(key) <= n || n < 1+len(endOfID) || key[0] != visitorKind {
		return "", 0, false
	}
	return strings.ReplaceAll(string(key[1:n-len(endOfID)]), "\x00\xff", "\x00"), key[n], true
}

// splitKey returns the length of what all keys of a visitor have in common, and
// that of the whole key if it is not a visitor's.
func splitKey(key []byte) int {
	if len(key) > 0 && key[0] == visitorKind {
		if i := bytes.Index(key, endOfID); i >= 0 {
			return i + len(endOfID)
		}
	}
	return len(key)
}

// comparer orders keys by their bytes and lets Pebble filter by visitor. Its
// name is stored in every database: another order needs another name.
var comparer = func() *pebble.Comparer {
	c := *pebble.DefaultComparer
	c.Name = "segue.keys.1"
	c.Split = splitKey
	return &c
}()

// adder adds up the differences of a counter. Its name is stored in every
// database.
var adder = &pebble.Merger{
	Name: "segue.sum.1",
	Merge: func(_, value []byte) (pebble.ValueMerger, error) {
		s := new(sum)
		return s, s.add(value)
	},
}

// A sum is the value of a counter, or a part of it.
type sum int64

// MergeNewer adds a difference.
func (s *sum) MergeNewer(value []byte) error { return s.add(value) }

// MergeOlder adds a difference; in which order makes none.
func (s *sum) MergeOlder(value []byte) error { return s.add(value) }

// Finish returns the sum in the form of a difference.
func (s *sum) Finish(bool) ([]byte, io.Closer, error) { return appendSum(nil, int64(*s)), nil, nil }

func (s *sum) add(value []byte) error {
	n, err := decodeSum(value)
	*s += sum(n)
	return err
}

func appendSum(dst []byte, n int64) []byte { return binary.AppendVarint(dst, n) }

func decodeSum(value []byte) (int64, error) {
	n, size := binary.Varint(value)
	if size != len(value) || size == 0 {
		return 0, fmt.Errorf("counter value %x is not a number", value)
	}
	return n, nil
}
