package content

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"hash"
	"slices"
	"strconv"
)

// revisionBytes is how much of the hash of all content names it.
const revisionBytes = 6

// revision hashes what was added, in an order of its own, so that neither the
// order of adding nor spaces in the JSON matter.
func (b *Builder) revision() string {
	h := &digest{Hash: sha256.New()}
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
	h.items("entry", b.entries)
	h.items("asset", b.assets)
	return "c" + hex.EncodeToString(h.Sum(nil)[:revisionBytes])
}

// A digest hashes strings so that their borders count.
type digest struct {
	hash.Hash
	part []byte // reused
}

// add hashes each part with its length.
func (d *digest) add(parts ...string) {
	for _, p := range parts {
		addPart(d, p)
	}
}

// addPart hashes a part with its length.
func addPart[P string | json.RawMessage](d *digest, p P) {
	d.part = strconv.AppendInt(d.part[:0], int64(len(p)), 10)
	d.part = append(append(d.part, ':'), p...)
	_, _ = d.Write(d.part) // a hash never fails
}

// items hashes entries or assets in order of id.
func (d *digest) items(kind string, items map[string]*Item) {
	for _, id := range sortedKeys(items) {
		item := items[id]
		d.add(kind, id, item.Type, item.State.String(), strconv.Itoa(len(item.DraftLocales)))
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
	}
}
