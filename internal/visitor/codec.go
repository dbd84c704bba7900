package visitor

import (
	"encoding/binary"
	"hash/crc32"
	"maps"
	"slices"

	"github.com/segue-dev/segue/internal/fault"
	"github.com/segue-dev/segue/internal/signal"
)

// The stored form of records and of lists of signals, which every engine keeps
// as it is. A blob is
//
//	version   1 byte, which also tells records from lists of signals
//	texts     count, lengths, then all bytes; text 0 is "" and not listed
//	props     count, then key (text) and value of every different property
//	signals   count, how many properties they have in all, then each, its time
//	          as the difference to the one before
//	summary   of a record only; maps in ascending order of key
//	identity  of a record only
//	checksum  4 bytes, CRC-32C of all the above, little-endian
//
// Numbers are varints (zigzag if they can be negative). Equal records have
// equal bytes. A change of the form takes a new version; what an old version
// wrote stays readable, and testdata holds a blob of each.
const (
	recordVersion  = 0x04
	recordVersion3 = 0x03 // has no participations
	recordVersion2 = 0x02 // nor identity
	recordVersion1 = 0x01 // nor exposures
	signalsVersion = 0x81
	changeVersion  = 0x82 // signals and exposures
)

const checksumSize = 4

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// AppendRecord appends the stored form of r, without its id, to dst.
func AppendRecord(dst []byte, r *Record) []byte {
	e := newEncoder()
	defer e.release()
	e.signals(r.Signals)
	e.summary(&r.Summary)
	e.exposures(r.Summary.Exposures)
	e.identity(r)
	return e.appendTo(dst, recordVersion)
}

// DecodeRecord returns the record that AppendRecord wrote, as that of visitor
// id. The record does not refer to b. Bytes that AppendRecord has not written
// are a fault.Internal error.
func DecodeRecord(id string, b []byte) (*Record, error) {
	d, err := newDecoder(b, "record", recordVersion, recordVersion3, recordVersion2, recordVersion1)
	if err != nil {
		return nil, err
	}
	r := newRecord(id)
	r.setLog(d.signals())
	r.Summary = d.summary()
	if d.version == recordVersion1 {
		r.Summary.exposeAll(r.Signals)
	} else {
		r.Summary.Exposures = d.exposures()
	}
	if d.version >= recordVersion3 {
		d.identity(r)
	} else {
		r.Summary.claimAll(r.Signals)
	}
	if err := d.end(); err != nil {
		return nil, err
	}
	return r, nil
}

// AppendSignals appends the stored form of sigs, in their order, to dst.
func AppendSignals(dst []byte, sigs []signal.Signal) []byte {
	e := newEncoder()
	defer e.release()
	e.signals(sigs)
	return e.appendTo(dst, signalsVersion)
}

// DecodeSignals returns the signals that AppendSignals wrote. They do not refer
// to b. Bytes that AppendSignals has not written are a fault.Internal error.
func DecodeSignals(b []byte) ([]signal.Signal, error) {
	d, err := newDecoder(b, "list of signals", signalsVersion)
	if err != nil {
		return nil, err
	}
	sigs := d.signals()
	if err := d.end(); err != nil {
		return nil, err
	}
	return sigs, nil
}

// checked returns b without its version and checksum, when they are right; the
// version when it is one of versions, of which the first is the present one.
func checked(b []byte, what string, versions []byte) ([]byte, error) {
	if len(b) < 1+checksumSize {
		return nil, fault.New(fault.Internal, "stored %s is cut off: %d bytes are too few; restore it from a backup", what, len(b))
	}
	body, sum := b[:len(b)-checksumSize], b[len(b)-checksumSize:]
	if got, want := crc32.Checksum(body, castagnoli), binary.LittleEndian.Uint32(sum); got != want {
		return nil, fault.New(fault.Internal,
			"stored %s of %d bytes is damaged: checksum is %08x, not %08x; restore it from a backup", what, len(b), got, want)
	}
	if !slices.Contains(versions, body[0]) {
		return nil, fault.New(fault.Internal,
			"stored %s has version %#02x and this program reads version %#02x; use the program that wrote it, or a later one", what, body[0], versions[0])
	}
	return body[1:], nil
}

// Presence bits in the head of a signal, below its type.
const (
	hasPos = 1 << iota
	hasRaw
	hasUser
	hasFlags
	typeShift = iota
)

func (e *encoder) signals(sigs []signal.Signal) {
	props := 0
	for i := range sigs {
		props += len(sigs[i].Props)
	}
	e.uint(uint64(len(sigs)))
	e.uint(uint64(props))
	var last int64
	for i := range sigs {
		e.signal(&sigs[i], last)
		last = sigs[i].At
	}
}

func (e *encoder) signal(s *signal.Signal, last int64) {
	e.uint(uint64(s.Type)<<typeShift |
		bit(hasPos, s.Pos != 0) | bit(hasRaw, s.Raw != 0) | bit(hasUser, s.UserID != "") | bit(hasFlags, s.Flags != 0))
	e.int(s.At - last)
	e.id(s.ID)
	e.text(s.Name)
	e.text(s.Device)
	if s.Pos != 0 {
		e.int(int64(s.Pos))
	}
	if s.Raw != 0 {
		e.int(s.Raw - s.At)
	}
	if s.UserID != "" {
		e.text(s.UserID)
	}
	if s.Flags != 0 {
		e.uint(uint64(s.Flags))
	}
	e.uint(uint64(len(s.Props)))
	for i := range s.Props {
		e.prop(&s.Props[i])
	}
}

// bit returns mask if on, else 0.
func bit(mask uint64, on bool) uint64 {
	if on {
		return mask
	}
	return 0
}

func (d *decoder) signals() []signal.Signal {
	n, props := d.count(minSignalSize), d.count(1)
	if n == 0 {
		return nil
	}
	sigs := make([]signal.Signal, n)
	room := make([]signal.Prop, props)
	d.idRoom = n * 36 // UUIDs, as most are
	var last int64
	for i := range sigs {
		room = d.signal(&sigs[i], last, room)
		last = sigs[i].At
		if d.failed != "" {
			return nil
		}
	}
	return sigs
}

// minSignalSize is the least number of bytes of a signal: head, time, id, name,
// device and the number of properties.
const minSignalSize = 6

// signal decodes s, with its properties in the first part of room, and returns
// the rest of room.
func (d *decoder) signal(s *signal.Signal, last int64, room []signal.Prop) []signal.Prop {
	head := d.uint()
	s.Type = signal.Type(head >> typeShift)
	s.At = last + d.int()
	s.ID = d.id()
	s.Name = d.text()
	s.Device = d.text()
	if head&hasPos != 0 {
		s.Pos = int(d.int())
	}
	if head&hasRaw != 0 {
		s.Raw = s.At + d.int()
	}
	if head&hasUser != 0 {
		s.UserID = d.text()
	}
	if head&hasFlags != 0 {
		s.Flags = signal.Flags(d.uint())
	}
	n := d.count(1)
	if n > len(room) {
		d.fail("it has more properties than it counts")
		return nil
	}
	for i := range n {
		room[i] = d.prop()
	}
	if n > 0 {
		s.Props = room[:n:n]
	}
	return room[n:]
}

func (e *encoder) summary(s *Summary) {
	e.int(s.FirstSeen)
	e.int(s.LastSeen - s.FirstSeen)
	e.text(s.UserID)
	e.assertion(s.userBy)
	e.uint(uint64(len(s.Events)))
	for _, key := range sortedKeys(s.Events) {
		e.text(key)
		e.total(s.Events[key], s.FirstSeen)
	}
	e.total(s.OtherEvents, s.FirstSeen)
	e.total(s.OtherNames, s.FirstSeen)
	e.uint(uint64(len(s.Traits)))
	for _, key := range sortedKeys(s.Traits) {
		t := s.Traits[key]
		e.prop(&signal.Prop{Key: key, Value: t.Value})
		e.assertion(t.assertion())
	}
	e.uint(uint64(len(s.Streams)))
	for _, key := range sortedKeys(s.Streams) {
		e.text(key)
		e.uint(uint64(s.Streams[key].Sessions))
		e.int(s.Streams[key].Last)
	}
	e.uint(uint64(s.OtherSessions))
	e.dropped(s)
}

func (e *encoder) dropped(s *Summary) {
	e.uint(uint64(s.Dropped))
	e.int(s.Horizon)
	e.uint(uint64(len(s.DroppedIDs)))
	var last int64
	for _, id := range s.DroppedIDs {
		e.int(id.At - last)
		e.body = binary.LittleEndian.AppendUint64(e.body, id.Hash)
		last = id.At
	}
}

func (d *decoder) summary() Summary {
	var s Summary
	s.FirstSeen = d.int()
	s.LastSeen = s.FirstSeen + d.int()
	s.UserID = d.text()
	s.userBy = d.assertion()
	s.Events = decodeMap(d, 3, func() (string, EventTotal) { return d.text(), d.total(s.FirstSeen) })
	s.OtherEvents = d.total(s.FirstSeen)
	s.OtherNames = d.total(s.FirstSeen)
	s.Traits = decodeMap(d, 4, func() (string, Trait) {
		p, by := d.prop(), d.assertion()
		return p.Key, Trait{Value: p.Value, At: by.At, Pos: by.Pos, By: by.By}
	})
	s.Streams = decodeMap(d, 3, func() (string, Stream) {
		return d.text(), Stream{Sessions: int(d.uint()), Last: d.int()}
	})
	s.OtherSessions = int(d.uint())
	d.dropped(&s)
	return s
}

func (d *decoder) dropped(s *Summary) {
	s.Dropped = int(d.uint())
	s.Horizon = d.int()
	n := d.count(9)
	if n == 0 {
		return
	}
	s.DroppedIDs = make([]DroppedID, n)
	var last int64
	for i := range s.DroppedIDs {
		last += d.int()
		s.DroppedIDs[i] = DroppedID{At: last, Hash: d.fixed64()}
	}
}

func (e *encoder) assertion(a assertion) {
	e.int(a.At)
	e.int(int64(a.Pos))
	e.id(a.By)
}

func (d *decoder) assertion() assertion {
	return assertion{At: d.int(), Pos: int(d.int()), By: d.id()}
}

func (e *encoder) total(t EventTotal, base int64) {
	e.uint(uint64(t.Count))
	if t.Count != 0 {
		e.int(t.First - base)
		e.int(t.Last - t.First)
	}
}

func (d *decoder) total(base int64) EventTotal {
	t := EventTotal{Count: int(d.uint())}
	if t.Count != 0 {
		t.First = base + d.int()
		t.Last = t.First + d.int()
	}
	return t
}

// decodeMap returns the map whose entries, of at least minSize bytes each, next
// decodes; nil when it is empty.
func decodeMap[V any](d *decoder, minSize int, next func() (string, V)) map[string]V {
	n := d.count(minSize)
	if n == 0 {
		return nil
	}
	m := make(map[string]V, n)
	for range n {
		key, v := next()
		m[key] = v
	}
	return m
}

func sortedKeys[V any](m map[string]V) []string {
	return slices.Sorted(maps.Keys(m))
}
