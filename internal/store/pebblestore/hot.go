package pebblestore

import (
	"sync/atomic"

	"github.com/maypok86/otter/v2"

	"github.com/segue-dev/segue/internal/visitor"
)

// hotRecords are the records used last, as many as there is room for, each as it
// is on disk. Half of the room is for records as they are stored, which take
// about an eighth of the space and cost the garbage collector nothing to scan;
// it holds many visitors. The other half is for decoded records, which spares
// the few who are busy right now the decoding. A nil *hotRecords has no room.
//
// The stored form decides: a decoded record counts for nothing unless it has the
// stamp of the stored one, so the two caches may forget as they like.
type hotRecords struct {
	stored  *otter.Cache[string, storedRecord]
	decoded *otter.Cache[string, decodedRecord]
	stamps  atomic.Uint64 // the last one given
}

// A storedRecord is what is on disk of a visitor. It is never written to again.
type storedRecord struct {
	base  []byte   // nil if there is none
	tails [][]byte // in their order
	stamp uint64   // of no other there ever was; never 0 in the cache
}

// A decodedRecord is what a storedRecord says.
type decodedRecord struct {
	record *visitor.Record // never changed, for others have it too
	log    int             // the bytes that its signals take, about
	stamp  uint64          // of the storedRecord
}

// hotOverhead is about what a cache itself needs for a record, in bytes.
const hotOverhead = 160

func newHotRecords(bytes int64) (*hotRecords, error) {
	if bytes < 0 {
		return nil, nil
	}
	stored, err := otter.New(&otter.Options[string, storedRecord]{
		MaximumWeight: uint64(bytes - bytes/2),
		Weigher:       func(id string, r storedRecord) uint32 { return uint32(len(id) + r.bytes() + hotOverhead) },
	})
	if err != nil {
		return nil, err
	}
	decoded, err := otter.New(&otter.Options[string, decodedRecord]{
		MaximumWeight: uint64(bytes / 2),
		Weigher: func(id string, r decodedRecord) uint32 {
			return uint32(len(id) + r.log + summaryBytes(&r.record.Summary) + identityBytes(&r.record.Identity) + hotOverhead)
		},
	})
	if err != nil {
		return nil, err
	}
	return &hotRecords{stored: stored, decoded: decoded}, nil
}

// get returns what is on disk of a visitor.
func (h *hotRecords) get(id string) (storedRecord, bool) {
	if h == nil {
		return storedRecord{}, false
	}
	return h.stored.GetIfPresent(id)
}

// getDecoded returns what stored, of a visitor, says.
func (h *hotRecords) getDecoded(id string, stored storedRecord) (decodedRecord, bool) {
	if h == nil || stored.stamp == 0 {
		return decodedRecord{}, false
	}
	d, ok := h.decoded.GetIfPresent(id)
	return d, ok && d.stamp == stored.stamp
}

// set keeps what is on disk of a visitor and returns its stamp; 0 if there is no
// room.
func (h *hotRecords) set(id string, r storedRecord) uint64 {
	if h == nil {
		return 0
	}
	r.stamp = h.stamps.Add(1)
	h.stored.Set(id, r)
	return r.stamp
}

// setDecoded keeps what the storedRecord with the stamp of d says.
func (h *hotRecords) setDecoded(id string, d decodedRecord) {
	if h != nil && d.stamp != 0 {
		h.decoded.Set(id, d)
	}
}

func (h *hotRecords) forget(id string) {
	if h != nil {
		h.stored.Invalidate(id)
		h.decoded.Invalidate(id)
	}
}

func (h *hotRecords) close() {
	if h != nil {
		h.stored.InvalidateAll()
		h.stored.StopAllGoroutines()
		h.decoded.InvalidateAll()
		h.decoded.StopAllGoroutines()
	}
}
