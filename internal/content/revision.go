package content

import (
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strconv"
	"sync"
)

// revisionBytes is how much of the hash of all content names it.
const revisionBytes = 6

// digest hashes what was added but for entries and assets, in an order of its
// own, so that the order of adding does not matter.
func (b *Builder) digest() string {
	h := &digest{}
	h.add(fmt.Sprintf("%+v", b.Vocabulary))
	for _, l := range slices.SortedFunc(slices.Values(b.locales), func(x, y Locale) int { return cmp.Compare(x.Code, y.Code) }) {
		h.add("locale", l.Code, l.Fallback, strconv.FormatBool(l.Default))
	}
	for _, id := range sortedKeys(b.types) {
		h.add("type", id, fmt.Sprintf("%+v", b.types[id].Fields))
	}
	for _, id := range sortedKeys(b.broader) {
		h.add("concept", id, strconv.Itoa(len(b.broader[id])))
		h.add(b.broader[id]...)
	}
	hash := h.sum()
	return string(hash[:])
}

// revisionOf names content by the digest of its model and the sum of all else.
func revisionOf(model string, items sum) string {
	h := sha256.New()
	_, _ = io.WriteString(h, model) // a hash never fails
	_ = binary.Write(h, binary.BigEndian, items)
	return "c" + hex.EncodeToString(h.Sum(nil)[:revisionBytes])
}

// A sum adds up hashes of items, so that it follows changes without all items
// being looked at and does not depend on their order.
type sum [sha256.Size / 8]uint64

func (s *sum) add(o sum) {
	for i := range s {
		s[i] += o[i]
	}
}

func (s *sum) subtract(o sum) {
	for i := range s {
		s[i] -= o[i]
	}
}

// A digest is what is hashed: texts, each with its length so that their borders
// count.
type digest struct{ texts []byte }

func (d *digest) sum() [sha256.Size]byte { return sha256.Sum256(d.texts) }

// add adds each part with its length.
func (d *digest) add(parts ...string) {
	for _, p := range parts {
		addPart(d, p)
	}
}

// addPart adds a part with its length.
func addPart[P string | json.RawMessage](d *digest, p P) {
	d.texts = strconv.AppendInt(d.texts, int64(len(p)), 10)
	d.texts = append(append(d.texts, ':'), p...)
}

// digests keeps the memory of digests.
var digests = sync.Pool{New: func() any { return new(digest) }}

// sumOf hashes an entry or asset.
func sumOf(kind string, item *Item) (s sum) {
	d := digests.Get().(*digest)
	defer digests.Put(d)
	d.texts = d.texts[:0]
	d.add(kind, item.ID, item.Type, item.State.String(), strconv.Itoa(len(item.DraftLocales)))
	d.add(item.DraftLocales...)
	addPart(d, item.Sys)
	addPart(d, item.Metadata)
	for _, field := range sortedKeys(item.Fields) {
		values := item.Fields[field]
		for _, code := range sortedKeys(values) {
			d.add("value", field, code)
			addPart(d, values[code])
		}
	}
	hash := d.sum()
	for i := range s {
		s[i] = binary.BigEndian.Uint64(hash[i*8:])
	}
	return s
}
