package content

import (
	"hash/maphash"
	"iter"
	"maps"
	"slices"
	"strings"
)

// shards is how many parts an index has: a change copies one.
const shards = 512

var shardSeed = maphash.MakeSeed()

// An index is an immutable map whose next version shares what has not changed.
// The zero index is empty.
type index[K comparable, V any] struct {
	parts *[shards]map[K]V
	size  int
}

func shardOf[K comparable](key K) uint64 { return maphash.Comparable(shardSeed, key) % shards }

// get returns the value of a key, and the zero value if it has none.
func (x *index[K, V]) get(key K) (v V) {
	if x.parts == nil {
		return v
	}
	return x.parts[shardOf(key)][key]
}

// all yields what is in the index, in no order.
func (x *index[K, V]) all() iter.Seq2[K, V] {
	return func(yield func(K, V) bool) {
		if x.parts == nil {
			return
		}
		for _, part := range x.parts {
			for k, v := range part {
				if !yield(k, v) {
					return
				}
			}
		}
	}
}

// An indexEdit makes the next version of an index.
type indexEdit[K comparable, V any] struct {
	index[K, V]
	mine [shards]bool // the parts that are copied already
}

// edit begins the next version of x.
func (x index[K, V]) edit() *indexEdit[K, V] {
	e := &indexEdit[K, V]{index: x}
	e.parts = new([shards]map[K]V)
	if x.parts != nil {
		*e.parts = *x.parts
	}
	return e
}

// part returns the part of a key, for writing.
func (e *indexEdit[K, V]) part(key K) map[K]V {
	at := shardOf(key)
	switch {
	case e.mine[at]:
	case e.parts[at] == nil:
		e.parts[at] = make(map[K]V)
	default:
		e.parts[at] = maps.Clone(e.parts[at])
	}
	e.mine[at] = true
	return e.parts[at]
}

// set gives a key a value.
func (e *indexEdit[K, V]) set(key K, v V) {
	part := e.part(key)
	before := len(part)
	part[key] = v
	e.size += len(part) - before
}

// remove takes a key out.
func (e *indexEdit[K, V]) remove(key K) {
	part := e.part(key)
	before := len(part)
	delete(part, key)
	e.size += len(part) - before
}

// An edit says what becomes of one id in an ordered list.
type edit[T any] struct {
	id   string
	put  bool // else what has the id is taken out
	what T
}

// merged returns a list in order of id with edits made, which it sorts; of two
// edits of one id the last counts. The list itself stays as it is.
func merged[T any](list []T, edits []edit[T], idOf func(T) string) []T {
	byID := func(a, b edit[T]) int { return strings.Compare(a.id, b.id) }
	if !slices.IsSortedFunc(edits, byID) {
		slices.SortStableFunc(edits, byID)
	}
	out := make([]T, 0, len(list)+len(edits))
	for i, e := range edits {
		if i+1 < len(edits) && edits[i+1].id == e.id {
			continue
		}
		at, found := len(list), false
		if at > 0 && idOf(list[at-1]) >= e.id { // what is added in order comes last
			at, found = slices.BinarySearchFunc(list, e.id, func(one T, id string) int { return strings.Compare(idOf(one), id) })
		}
		out = append(out, list[:at]...)
		list = list[at:]
		if found {
			list = list[1:]
		}
		if e.put {
			out = append(out, e.what)
		}
	}
	return append(out, list...)
}
