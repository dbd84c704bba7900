package visitor

import (
	"slices"
	"sync/atomic"

	"github.com/segue-dev/segue/internal/signal"
)

// A room is the array that holds a record's log, and may have free places after
// it. One other record may grow into those, the first that takes them; its log
// then begins with the same signals in the same places. All others make an array
// of their own. So a place is written once, before any record shows it, and
// taking in what comes in order costs no copy of what is there.
//
// Both slices have length 0, and are nil only if the log is empty: so records
// that say the same are equal whatever room they have.
type room struct {
	array []signal.Signal // from the first signal of the log on
	used  int             // places of it that the log takes
	taken []atomic.Bool   // one beyond its length: the free places are another record's
}

// spare returns how many free places a log gets that had to be copied to grow to
// n signals. A quarter makes copying cost about as much as four signals for each
// that is taken in.
func spare(n int) int { return n/4 + 4 }

// newRecord returns a record with an empty log.
func newRecord(id string) *Record {
	r := &struct {
		Record
		taken [1]atomic.Bool // at hand, to spare an allocation
	}{}
	r.ID = id
	r.room.taken = r.taken[:0]
	return &r.Record
}

// setLog makes log that of r, which newRecord returned and nobody has yet. The
// capacity of log is free for r and its successor alone.
func (r *Record) setLog(log []signal.Signal) {
	if len(log) == 0 {
		r.Signals, r.room = nil, room{}
		return
	}
	r.Signals = slices.Clip(log)
	r.room.array, r.room.used = log[:0], len(log)
}

// log returns the log of r with the free places after it as capacity. They
// belong to whoever has taken them.
func (r *Record) log() []signal.Signal { return r.room.array[:len(r.Signals)] }

// takeRoom takes n free places after the log, if there are as many and nobody
// has taken them.
func (r *Record) takeRoom(n int) bool {
	return r.inRoom() && cap(r.room.array) >= len(r.Signals)+n && r.room.taken[:1][0].CompareAndSwap(false, true)
}

// inRoom reports whether the log lies in the room, as it does unless somebody
// has put a record together by hand.
func (r *Record) inRoom() bool {
	return len(r.Signals) > 0 && len(r.Signals) == r.room.used && &r.Signals[0] == &r.room.array[:1][0]
}

// extended returns the union of the log of r and added, both ascending. Its
// capacity is the caller's.
func (r *Record) extended(added []signal.Signal) []signal.Signal {
	n := len(r.Signals)
	if n > 0 && len(added) > 0 && signal.Compare(r.Signals[n-1], added[0]) < 0 && r.takeRoom(len(added)) {
		return append(r.log(), added...)
	}
	return merge(r.Signals, added)
}

// merge returns the union of two ascending slices in an array of its own, with
// free places if a has signals: then there may be more to come.
func merge(a, b []signal.Signal) []signal.Signal {
	n := len(a) + len(b)
	if len(a) > 0 {
		n += spare(n)
	}
	out := make([]signal.Signal, 0, n)
	for len(a) > 0 && len(b) > 0 {
		if signal.Compare(a[0], b[0]) <= 0 {
			n, _ := slices.BinarySearchFunc(a, b[0], signal.Compare)
			out, a = append(out, a[:n]...), a[n:]
		} else {
			out, b = append(out, b[0]), b[1:]
		}
	}
	return append(append(out, a...), b...)
}
