package audit

import (
	"maps"
	"slices"
)

// A userTable counts by user in bounded memory. Beyond its bound it keeps a
// sample of the users, chosen by the hash of their ids: halved as often as need
// be, so who is kept depends on nothing but who there is.
type userTable struct {
	level int // users are kept whose hash begins with so many zero bits
	byKey map[uint64]int
}

// keeps reports whether a key with that hash is in the sample.
func keeps(level int, hash uint64) bool { return hash>>(64-level) == 0 } // a shift by 64 leaves 0

// add adds n to the count of a user.
func (t *userTable) add(hash uint64, n, limit int) {
	if !keeps(t.level, hash) {
		return
	}
	if t.byKey == nil {
		t.byKey = map[uint64]int{}
	}
	t.byKey[hash] += n
	for len(t.byKey) > limit {
		t.halve(t.level + 1)
	}
}

func (t *userTable) halve(level int) {
	t.level = max(t.level, level)
	maps.DeleteFunc(t.byKey, func(h uint64, _ int) bool { return !keeps(t.level, h) })
}

// merge adds the counts of another table.
func (t *userTable) merge(o *userTable, limit int) {
	t.halve(o.level)
	for user, n := range o.byKey {
		t.add(user, n, limit)
	}
}

// hashOf returns a hash of an id whose first bits are as even as the others:
// FNV-1a, and the finalizer of MurmurHash3.
func hashOf(id string) uint64 {
	h := uint64(14695981039346656037)
	for i := range len(id) {
		h = (h ^ uint64(id[i])) * 1099511628211
	}
	h = (h ^ h>>33) * 0xff51afd7ed558ccd
	h = (h ^ h>>33) * 0xc4ceb9fe1a85ec53
	return h ^ h>>33
}

// maxNames bounds the names of events that are told apart: the first in the
// order of the alphabet, so that each is counted whole or not at all.
const maxNames = 10_000

// A nameTable counts by name.
type nameTable map[string]named

// named is what is known of an event: as it is spelt, and how much there is.
type named struct {
	spelt             string // the first spelling in the order of the alphabet
	visitors, signals int
}

func (n nameTable) add(key string, a named) {
	b, known := n[key]
	if !known || a.spelt < b.spelt {
		b.spelt = a.spelt
	}
	n[key] = named{b.spelt, a.visitors + b.visitors, a.signals + b.signals}
	if len(n) > 2*maxNames {
		n.cut()
	}
}

func (n nameTable) cut() {
	if len(n) <= maxNames {
		return
	}
	for _, key := range slices.Sorted(maps.Keys(n))[maxNames:] {
		delete(n, key)
	}
}
