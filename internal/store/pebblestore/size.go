package pebblestore

import (
	"unsafe"

	"github.com/segue-dev/segue/internal/signal"
	"github.com/segue-dev/segue/internal/visitor"
)

// The bytes that the entries of a summary take in memory, about: their keys and
// values and the spare room of the maps.
const (
	recordBytes  = 512
	eventBytes   = 112
	traitBytes   = 224
	exposeBytes  = 160
	streamBytes  = 112
	idBytes      = 64
	droppedBytes = int(unsafe.Sizeof(visitor.DroppedID{}))
)

const (
	signalBytes = int(unsafe.Sizeof(signal.Signal{}))
	propBytes   = int(unsafe.Sizeof(signal.Prop{}))
)

// logBytes returns about how many bytes sigs take in memory when none of their
// texts is shared and an array of signals is a fifth empty.
func logBytes(sigs []signal.Signal) int {
	n := len(sigs) * signalBytes * 5 / 4
	for i := range sigs {
		s := &sigs[i]
		n += len(s.ID) + len(s.Name) + len(s.Device) + len(s.UserID) + len(s.Props)*propBytes
		for j := range s.Props {
			p := &s.Props[j]
			if n += len(p.Key); p.Value.Kind() == signal.Text {
				n += len(p.Value.String())
			}
		}
	}
	return n
}

// summaryBytes returns about how many bytes what s refers to takes in memory.
func summaryBytes(s *visitor.Summary) int {
	return recordBytes + len(s.Events)*eventBytes + len(s.Traits)*traitBytes + len(s.Exposures)*exposeBytes + len(s.Streams)*streamBytes + len(s.DroppedIDs)*droppedBytes
}

// identityBytes returns about how many bytes what i refers to takes in memory.
func identityBytes(i *visitor.Identity) int { return (len(i.Others) + len(i.Joining)) * idBytes }

// bytes returns how many bytes r takes in memory.
func (r *storedRecord) bytes() int {
	n := cap(r.base)
	for _, tail := range r.tails {
		n += cap(tail) + int(unsafe.Sizeof(tail))
	}
	return n
}

// logBytesAfter returns about how many bytes the signals of the record take
// after change, if those that left its log took as much as the others.
func logBytesAfter(before decodedRecord, change visitor.Change) int {
	if change.Whole {
		return logBytes(change.Next.Signals)
	}
	all := before.log + logBytes(change.Added)
	return all * len(change.Next.Signals) / (len(before.record.Signals) + len(change.Added))
}
