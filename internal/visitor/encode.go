package visitor

import (
	"encoding/binary"
	"encoding/hex"
	"hash/crc32"
	"math"
	"slices"
	"sync"

	"github.com/segue-dev/segue/internal/signal"
)

// An encoder collects the body of a blob and the tables it refers to.
type encoder struct {
	body      []byte
	texts     []string
	textIndex map[string]uint64
	props     []byte // their stored form
	propIndex map[propKey]uint64
}

// A propKey tells properties apart exactly: as numbers, 0 and -0 are equal.
type propKey struct {
	key  string
	kind signal.Kind
	bits uint64
	text string
}

// Tags of stored values.
const (
	tagText = iota
	tagInteger
	tagFloat
	tagFalse
	tagTrue
)

// Forms of stored message ids, in the two low bits of their first number.
const (
	idText = iota // the rest is the text's index
	idHex         // the rest is the number of bytes that follow
	idUUID        // 16 bytes follow
)

// maxPackedID is the greatest number of bytes that an id is stored as; longer
// ones are texts.
const maxPackedID = 64

const (
	idFormBits = 2
	idFormMask = 1<<idFormBits - 1
)

// maxPooledTexts bounds the tables that an encoder may keep for the next blob.
const maxPooledTexts = 2048

var encoders = sync.Pool{New: func() any {
	return &encoder{textIndex: map[string]uint64{}, propIndex: map[propKey]uint64{}}
}}

func newEncoder() *encoder { return encoders.Get().(*encoder) }

func (e *encoder) release() {
	if len(e.texts) > maxPooledTexts {
		return
	}
	clear(e.texts)
	clear(e.textIndex)
	clear(e.propIndex)
	e.body, e.texts, e.props = e.body[:0], e.texts[:0], e.props[:0]
	encoders.Put(e)
}

// appendTo appends the whole blob to dst.
func (e *encoder) appendTo(dst []byte, version byte) []byte {
	start := len(dst)
	dst = append(slices.Grow(dst, e.size()), version)
	dst = binary.AppendUvarint(dst, uint64(len(e.texts)))
	for _, s := range e.texts {
		dst = binary.AppendUvarint(dst, uint64(len(s)))
	}
	for _, s := range e.texts {
		dst = append(dst, s...)
	}
	dst = binary.AppendUvarint(dst, uint64(len(e.propIndex)))
	dst = append(dst, e.props...)
	dst = append(dst, e.body...)
	return binary.LittleEndian.AppendUint32(dst, crc32.Checksum(dst[start:], castagnoli))
}

// size returns how long the whole blob is, or a few bytes more.
func (e *encoder) size() int {
	n := 1 + 2*binary.MaxVarintLen32 + len(e.props) + len(e.body) + checksumSize
	for _, s := range e.texts {
		n += len(s) + 1
		if len(s) >= 1<<7 {
			n += binary.MaxVarintLen32
		}
	}
	return n
}

func (e *encoder) uint(v uint64) { e.body = binary.AppendUvarint(e.body, v) }
func (e *encoder) int(v int64)   { e.body = binary.AppendVarint(e.body, v) }
func (e *encoder) text(s string) { e.uint(e.intern(s)) }

// intern returns the index of s among the texts.
func (e *encoder) intern(s string) uint64 {
	if s == "" {
		return 0
	}
	i, ok := e.textIndex[s]
	if !ok {
		e.texts = append(e.texts, s)
		i = uint64(len(e.texts))
		e.textIndex[s] = i
	}
	return i
}

// prop refers to p in the table of properties.
func (e *encoder) prop(p *signal.Prop) {
	k := propKey{key: p.Key, kind: p.Value.Kind()}
	switch k.kind {
	case signal.Number:
		f, _ := p.Value.Float()
		k.bits = math.Float64bits(f)
	case signal.Bool:
		if p.Value.Bool() {
			k.bits = 1
		}
	default:
		k.text = p.Value.String()
	}
	i, ok := e.propIndex[k]
	if !ok {
		i = uint64(len(e.propIndex))
		e.propIndex[k] = i
		e.defineProp(k)
	}
	e.uint(i)
}

func (e *encoder) defineProp(k propKey) {
	b := binary.AppendUvarint(e.props, e.intern(k.key))
	switch {
	case k.kind == signal.Text:
		b = binary.AppendUvarint(append(b, tagText), e.intern(k.text))
	case k.kind == signal.Bool:
		b = append(b, tagFalse+byte(k.bits))
	case isSmallInteger(k.bits):
		b = binary.AppendVarint(append(b, tagInteger), int64(math.Float64frombits(k.bits)))
	default:
		b = binary.LittleEndian.AppendUint64(append(b, tagFloat), k.bits)
	}
	e.props = b
}

// isSmallInteger reports whether the float with these bits survives the way
// through an int64.
func isSmallInteger(bits uint64) bool {
	f := math.Float64frombits(bits)
	return math.Abs(f) < 1<<53 && math.Float64bits(float64(int64(f))) == bits
}

// id stores a message id. Most are UUIDs or hashes, which take half the space
// as bytes.
func (e *encoder) id(id string) {
	var raw [maxPackedID]byte
	n, form := packID(raw[:], id)
	switch form {
	case idText:
		e.uint(e.intern(id)<<idFormBits + idText)
		return
	case idHex:
		e.uint(uint64(n)<<idFormBits | idHex)
	default:
		e.uint(idUUID)
	}
	e.body = append(e.body, raw[:n]...)
}

// packID writes the bytes that id spells in lower-case hexadecimal to raw and
// says in which form, or that it spells none.
func packID(raw []byte, id string) (n, form int) {
	if len(id) < 8 || len(id) > 2*len(raw) {
		return 0, idText
	}
	if len(id) == 36 && id[8] == '-' && id[13] == '-' && id[18] == '-' && id[23] == '-' {
		for _, part := range [...]string{id[:8], id[9:13], id[14:18], id[19:23], id[24:]} {
			if !unhex(raw[n:], part) {
				return 0, idText
			}
			n += len(part) / 2
		}
		return n, idUUID
	}
	if len(id)%2 != 0 || !unhex(raw, id) {
		return 0, idText
	}
	return len(id) / 2, idHex
}

// unhex decodes s, of even length and in lower case, into dst.
func unhex(dst []byte, s string) bool {
	for i := range len(s) {
		if c := s[i]; (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	_, err := hex.Decode(dst, []byte(s))
	return err == nil
}
