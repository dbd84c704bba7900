package segment

import (
	"hash/maphash"
	"math"
	"strings"

	"github.com/segue-dev/segue/internal/signal"
)

// What was found is the values that will make a column, in the order of their
// signals. Each column uses the memory of the one before.
type found struct {
	pos []int32
	// Of each value one of these, whichever the column needs:
	vals []signal.Value
	nums []float64
	ids  []identity

	sorted []identity // ids in another order
}

func (f *found) reset() { f.pos, f.vals, f.nums, f.ids = f.pos[:0], f.vals[:0], f.nums[:0], f.ids[:0] }

// forget lets go of all values.
func (f *found) forget() {
	clear(f.vals[:cap(f.vals)])
	clear(f.ids[:cap(f.ids)])
	clear(f.sorted[:cap(f.sorted)])
	f.reset()
}

// add adds the values of the signal at pos and returns where they are.
func (f *found) add(pos int32, vals []prop) span {
	from := len(f.pos)
	for i := range vals {
		f.pos, f.vals = append(f.pos, pos), append(f.vals, vals[i].Value)
	}
	return span{from, len(f.pos)}
}

// repeats reports whether vals are those found at said.
func (f *found) repeats(vals []prop, said span) bool {
	if len(vals) != said.len() {
		return false
	}
	for i := range vals {
		if vals[i].Value != f.vals[said.lo+i] {
			return false
		}
	}
	return true
}

// find finds the values of a column.
func (b *binding) find(v valueColumn) {
	f := &b.found
	f.reset()
	var buf [2]prop
	var said span
	for _, pos := range b.posts[v.matcher] {
		vals := v.property.of(b.item(pos), &buf)
		switch {
		case v.kind == numbers:
			f.addNumbers(pos, vals)
		case v.kind == distinct:
			f.addIdentities(pos, vals)
		case v.kind == anyValue || len(vals) > 0 && !f.repeats(vals, said):
			said = f.add(pos, vals)
		}
	}
}

func (f *found) addNumbers(pos int32, vals []prop) {
	for i := range vals {
		if x, ok := number(vals[i].Value); ok {
			f.pos, f.nums = append(f.pos, pos), append(f.nums, x)
		}
	}
}

func (f *found) addIdentities(pos int32, vals []prop) {
	for i := range vals {
		f.pos, f.ids = append(f.pos, pos), append(f.ids, identify(vals[i].Value))
	}
}

// number returns v as a finite number.
func number(v signal.Value) (float64, bool) {
	if v.Kind() == signal.Text {
		if n, ok := wholeNumber(v.String()); ok {
			return float64(n), true
		}
	}
	f, ok := v.Float()
	return f, ok && !math.IsNaN(f) && !math.IsInf(f, 0)
}

// wholeNumber returns the number that a text of a few digits spells. Most texts
// that are numbers are of that kind, and this is quicker than for any text.
func wholeNumber(s string) (n int64, ok bool) {
	if len(s) == 0 || len(s) > 15 {
		return 0, false
	}
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return 0, false
		}
		n = 10*n + int64(s[i]-'0')
	}
	return n, true
}

// values returns where the Log has the values found, or those in order.
func (b *binding) values(order []int32) []int32 {
	refs := b.work.take(len(b.found.vals))
	for i, v := range b.found.vals {
		refs[i] = b.intern(v)
	}
	return b.ints.pick(refs, order)
}

// intern returns where the Log has a value.
func (b *binding) intern(v signal.Value) int32 {
	for i := len(b.interned) - 1; i >= max(0, len(b.interned)-few); i-- {
		if b.interned[i].Value == v {
			return int32(i)
		}
	}
	if v.Kind() == signal.Text {
		text := strings.Clone(v.String())
		v = signal.TextOf(text)
		b.texts += len(text)
	}
	b.interned = append(b.interned, prop{Value: v})
	return int32(len(b.interned)) - 1
}

// inOrder returns the identities found in an order; nil is the order in which
// they were found.
func (f *found) inOrder(order []int32) []identity {
	if order == nil {
		return f.ids
	}
	f.sorted = f.sorted[:0]
	for _, k := range order {
		f.sorted = append(f.sorted, f.ids[k])
	}
	return f.sorted
}

// An identity is the same for values that are equal, and only for those.
type identity struct {
	isNumber bool
	num      float64
	text     string
}

func identify(v signal.Value) identity {
	if f, ok := number(v); ok {
		return identity{isNumber: true, num: f}
	}
	return identity{text: v.String()}
}

var seed = maphash.MakeSeed()

func (id *identity) hash() uint64 {
	if id.isNumber {
		return math.Float64bits(id.num+0) * 0x9e3779b97f4a7c15 >> 32 // -0 is 0
	}
	return maphash.String(seed, id.text)
}

// repetitions returns, for each identity, the index of the next equal one in
// its group; the number of all if there is none. Without groups all are in one.
func (b *binding) repetitions(ids []identity, group []int32) []int32 {
	n := int32(len(ids))
	if group == nil {
		group = []int32{0, n}
	}
	next := b.ints.take(len(ids))
	seen := identitySet{ids: ids, slots: b.work.take(tableSize(len(ids)))}
	for g := len(group) - 2; g >= 0; g-- {
		for i := group[g+1] - 1; i >= group[g]; i-- {
			next[i] = n
			if later := seen.put(i); later >= 0 && later < group[g+1] {
				next[i] = later
			}
		}
	}
	return next
}

// An identitySet knows the latest index of each of some identities: a hash
// table with open addressing.
type identitySet struct {
	ids   []identity
	slots []int32 // index plus one; 0 if free
}

// tableSize returns a power of two that is at least twice n.
func tableSize(n int) int {
	size := 4
	for size < 2*n {
		size *= 2
	}
	return size
}

// put puts index i in and returns the one with an equal identity that was
// there before; -1 if there was none.
func (s *identitySet) put(i int32) int32 {
	mask := uint64(len(s.slots) - 1)
	for h := s.ids[i].hash() & mask; ; h = (h + 1) & mask {
		slot := &s.slots[h]
		if k := *slot - 1; k < 0 || s.ids[k] == s.ids[i] {
			*slot = i + 1
			return k
		}
	}
}
