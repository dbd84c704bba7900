package decision

import (
	"crypto/sha256"
	"fmt"
	"math/bits"
	"strings"

	"github.com/segue-dev/segue/internal/fault"
)

// A key is the checksum of the slot table, followed by the slots' options as
// digits. Slots are packed into words: as many neighbouring slots as fit a
// mixed-radix number below 2^60, written with as many digits as the greatest
// number of the word needs. So all keys of a table have one length.
const (
	alphabet    = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	digitBits   = 6
	checksumLen = 4 // digits
	wordBits    = 60
)

// A word is a run of slots [from, to) that is written as one number.
type word struct {
	from, to int
	product  uint64 // numbers are below it
	digits   int
}

func pack(slots []slot) []word {
	var words []word
	w := word{product: 1}
	for i := range slots {
		radix := uint64(len(slots[i].options))
		if w.product > (1<<wordBits)/radix {
			words = append(words, w)
			w = word{from: i, product: 1}
		}
		w.product *= radix
		w.to = i + 1
	}
	words = append(words, w)
	for i := range words {
		words[i].digits = (bits.Len64(words[i].product-1) + digitBits - 1) / digitBits
	}
	return words
}

// checksum is the start of a hash over all that keys of the table can mean. It
// is the same in every process and for ever: keys live in caches.
func checksum(slots []slot) (sum [checksumLen]byte) {
	var table []byte
	for i := range slots {
		table = fmt.Appendf(table, "slot %q\n", slots[i].baseline)
		for _, o := range slots[i].options[1:] {
			table = fmt.Appendf(table, "option %q %d %q %t\n", o.Experience, o.Variant, o.Entry, o.Hidden)
		}
	}
	hash := sha256.Sum256(table)
	number := uint64(hash[0])<<16 | uint64(hash[1])<<8 | uint64(hash[2])
	copy(sum[:], appendDigits(nil, number, checksumLen))
	return sum
}

// Key encodes the choices of d, which p decided, against the plan's slot table:
// short, reversible by any node that has the same table, with a checksum of the
// table, in characters that need no escaping in a URL. It encodes what is
// shown, not why: decisions that are the Same have the same key.
func (p *Plan) Key(d *Decision) string {
	var buf [64]byte
	return string(p.AppendKey(buf[:0], d.Slots))
}

// AppendKey appends the key of slots to dst. They must be a whole decision of p,
// or of its Choices or Baseline; a choice that p does not know counts as the
// baseline.
func (p *Plan) AppendKey(dst []byte, slots []Slot) []byte {
	dst = append(dst, p.checksum[:]...)
	for _, w := range p.words {
		number := uint64(0)
		for i := w.from; i < w.to; i++ {
			number = number*uint64(len(p.slots[i].options)) + p.slots[i].option(&slots[i])
		}
		dst = appendDigits(dst, number, w.digits)
	}
	return dst
}

// option returns the number of what t shows among the slot's options.
func (s *slot) option(t *Slot) uint64 {
	for i := range s.options {
		if s.options[i].shows(t) {
			return uint64(i)
		}
	}
	return 0
}

// Choices decodes a key. The error is a fault.Invalid for a malformed key, and
// a fault.NotFound for one that was made for another table (an outdated key).
// Only Baseline, Variant, Entry, Hidden and Experience of the slots are filled.
func (p *Plan) Choices(key string) ([]Slot, error) {
	if len(key) < checksumLen || strings.Trim(key, alphabet) != "" {
		return nil, fault.New(fault.Invalid, "key: not a key: use one from an answer of resolve")
	}
	if key[:checksumLen] != string(p.checksum[:]) {
		return nil, fault.New(fault.NotFound, "key: made for other content: resolve again")
	}
	slots := make([]Slot, len(p.slots))
	rest := key[checksumLen:]
	for _, w := range p.words {
		if len(rest) < w.digits {
			return nil, fault.New(fault.Invalid, "key: cut short")
		}
		number := parseDigits(rest[:w.digits])
		if number >= w.product {
			return nil, fault.New(fault.Invalid, "key: names a choice that does not exist")
		}
		rest = rest[w.digits:]
		for i := w.to - 1; i >= w.from; i-- {
			options := p.slots[i].options
			slots[i] = options[number%uint64(len(options))]
			number /= uint64(len(options))
		}
	}
	if rest != "" {
		return nil, fault.New(fault.Invalid, "key: too long")
	}
	return slots, nil
}

func appendDigits(dst []byte, number uint64, digits int) []byte {
	for i := digits - 1; i >= 0; i-- {
		dst = append(dst, alphabet[number>>(i*digitBits)%(1<<digitBits)])
	}
	return dst
}

func parseDigits(digits string) uint64 {
	number := uint64(0)
	for i := range len(digits) {
		number = number<<digitBits | uint64(strings.IndexByte(alphabet, digits[i]))
	}
	return number
}
