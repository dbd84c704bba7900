package visitor

import (
	"encoding/binary"
	"math"
	"strings"

	"github.com/segue-dev/segue/internal/fault"
	"github.com/segue-dev/segue/internal/signal"
)

// A decoder reads a blob. After the first mistake it returns zeros, and end
// tells of it.
type decoder struct {
	b       []byte
	off     int    // of what is left in b; cheaper to move than b itself
	what    string // what is decoded, for messages
	version byte
	failed  string // the first mistake
	texts   []string
	props   []signal.Prop
	ids     strings.Builder // spells the ids that are stored as bytes
	idRoom  int             // how much of it the first of them makes room for
}

func newDecoder(b []byte, what string, versions ...byte) (*decoder, error) {
	body, err := checked(b, what, versions)
	if err != nil {
		return nil, err
	}
	d := &decoder{b: body, what: what, version: b[0]}
	d.readTexts()
	d.readProps()
	return d, nil
}

// end returns the first mistake as an error, which bytes left over are too.
func (d *decoder) end() error {
	if d.failed == "" && d.left() > 0 {
		d.fail("more bytes than there should be")
	}
	if d.failed != "" {
		return fault.New(fault.Internal, "stored %s is damaged: %s; restore it from a backup", d.what, d.failed)
	}
	return nil
}

func (d *decoder) fail(mistake string) {
	if d.failed == "" {
		d.failed = mistake
	}
	d.off = len(d.b)
}

func (d *decoder) left() int { return len(d.b) - d.off }

func (d *decoder) uint() uint64 {
	if d.off < len(d.b) && d.b[d.off] < 0x80 {
		d.off++
		return uint64(d.b[d.off-1])
	}
	v, n := binary.Uvarint(d.b[d.off:])
	if n <= 0 {
		d.fail("a number is cut off")
		return 0
	}
	d.off += n
	return v
}

func (d *decoder) int() int64 {
	v, n := binary.Varint(d.b[d.off:])
	if n <= 0 {
		d.fail("a number is cut off")
		return 0
	}
	d.off += n
	return v
}

func (d *decoder) fixed64() uint64 {
	b := d.take(8)
	if b == nil {
		return 0
	}
	return binary.LittleEndian.Uint64(b)
}

// count returns how many things follow. Things have at least minSize bytes, so
// that a damaged count cannot ask for more memory than the blob justifies.
func (d *decoder) count(minSize int) int {
	n := d.uint()
	if n > uint64(d.left()/minSize) {
		d.fail("it counts more than it can hold")
		return 0
	}
	return int(n)
}

// take returns the next n bytes, or nil when they are not there.
func (d *decoder) take(n int) []byte {
	if n > d.left() {
		d.fail("it is cut off")
		return nil
	}
	d.off += n
	return d.b[d.off-n : d.off]
}

func (d *decoder) readTexts() {
	n := d.count(1)
	d.texts = make([]string, n+1)
	ends := make([]int, n+1)
	for i := range n {
		size := d.uint()
		if size > uint64(d.left()) {
			d.fail("a text is cut off")
			return
		}
		ends[i+1] = ends[i] + int(size)
	}
	all := string(d.take(ends[n]))
	if d.failed != "" {
		return
	}
	for i := range n {
		d.texts[i+1] = all[ends[i]:ends[i+1]]
	}
}

func (d *decoder) readProps() {
	n := d.count(2)
	d.props = make([]signal.Prop, n)
	for i := range d.props {
		d.props[i] = signal.Prop{Key: d.text(), Value: d.value()}
	}
}

func (d *decoder) value() signal.Value {
	tag := d.take(1)
	if tag == nil {
		return signal.Value{}
	}
	switch tag[0] {
	case tagText:
		return signal.TextOf(d.text())
	case tagInteger:
		return signal.NumberOf(float64(d.int()))
	case tagFloat:
		return signal.NumberOf(math.Float64frombits(d.fixed64()))
	case tagFalse, tagTrue:
		return signal.BoolOf(tag[0] == tagTrue)
	default:
		d.fail("a value is of no known kind")
		return signal.Value{}
	}
}

func (d *decoder) text() string { return d.textAt(d.uint()) }

func (d *decoder) textAt(i uint64) string {
	if i >= uint64(len(d.texts)) {
		d.fail("it refers to a text that is not there")
		return ""
	}
	return d.texts[i]
}

func (d *decoder) prop() signal.Prop {
	i := d.uint()
	if i >= uint64(len(d.props)) {
		d.fail("it refers to a property that is not there")
		return signal.Prop{}
	}
	return d.props[i]
}

func (d *decoder) id() string {
	v := d.uint()
	rest := v >> idFormBits
	switch v & idFormMask {
	case idText:
		return d.textAt(rest)
	case idHex:
		if rest > maxPackedID {
			d.fail("a message id is longer than there are")
			return ""
		}
		return d.spell(d.take(int(rest)), 0)
	case idUUID:
		return d.spell(d.take(16), hyphens)
	default:
		d.fail("a message id is of no known form")
		return ""
	}
}

// hyphens are where a UUID has them, before these of its bytes.
const hyphens = 1<<4 | 1<<6 | 1<<8 | 1<<10

// spell returns b, of at most maxPackedID bytes, in hexadecimal, with a hyphen
// before each byte whose bit is set in hyphens.
func (d *decoder) spell(b []byte, hyphens uint64) string {
	if d.ids.Len() == 0 {
		d.ids.Grow(d.idRoom)
	}
	const digits = "0123456789abcdef"
	var text [2*maxPackedID + 4]byte
	n := 0
	for i, c := range b {
		if hyphens>>i&1 != 0 {
			text[n] = '-'
			n++
		}
		text[n], text[n+1] = digits[c>>4], digits[c&15]
		n += 2
	}
	start := d.ids.Len()
	d.ids.Write(text[:n])
	return d.ids.String()[start:]
}
