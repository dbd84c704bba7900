package segment

import (
	"reflect"
	"slices"
	"sync"

	"github.com/segue-dev/segue/internal/signal"
	"github.com/segue-dev/segue/internal/visitor"
)

// A Log is a record as seen by one Set: for each distinct question of the
// rules the signals that answer it, found once. It is immutable and safe for
// concurrent use.
type Log struct {
	set      *Set
	at       []int64 // effective time of each signal
	columns  []column
	values   []prop    // of the columns that have values
	sessions []session // in order of their first signal in the log
	turns    []turn    // in order of their signals
	past     []past    // by matcher; nil if nothing was dropped
	// streamEnds are the times of the last activity of the devices' sessions
	// that ended with signals that have left the log.
	streamEnds []int64
	traits     map[string]visitor.Trait
	listed     []truth // by list of the set: whether the visitor is on it
	gone       int     // sessions begun by signals that have left the record's log
	dropped    int     // signals that have left the record's log
	horizon    int64   // time of the latest of them
	bulk       int     // bytes of what the columns consist of, and of texts
}

// Size returns how many bytes the Log takes, roughly.
func (l *Log) Size() int {
	return l.bulk + sizeOf[Log](1) + sizeOf[int64](cap(l.at)+cap(l.streamEnds)) + sizeOf[column](cap(l.columns)) +
		sizeOf[session](cap(l.sessions)) + sizeOf[turn](cap(l.turns)) + sizeOf[past](cap(l.past)) +
		sizeOf[prop](cap(l.values)) + len(l.listed) + sizeOf[visitor.Trait](2*len(l.traits))
}

// sizeOf returns how many bytes n values take.
func sizeOf[T any](n int) int { return n * int(reflect.TypeFor[T]().Size()) }

// A binding is the making of a Log.
type binding struct {
	log     *Log
	sigs    []signal.Signal // those that count for membership
	summary *visitor.Summary

	// Of the signals, by position:
	kindOf    []int32 // of kinds
	active    []bool  // whether they are activity
	deviceOf  []int32 // the number of the device
	sessionOf []int32 // -1 for a hidden tab's heartbeat outside any session
	pageOf    []int32 // position of the page view, -1 if none; nil if nobody has asked

	reports []int32 // positions of the heartbeats and scrolls

	posts [][]int32 // positions of the signals that match, by matcher
	kept  [][]int32 // those that the Log holds

	// What the Log holds is taken from these.
	ints  slab[int32]
	nums  slab[float64]
	texts int // bytes

	workbench
}

// A workbench is what a binding needs for a while.
type workbench struct {
	kinds   kindList
	devices deviceList
	streams []stream
	seen    item // see item
	found   found
	said    []span
	loads   []load
	rows    []row
	work    slab[int32]

	// What the Log will hold, as it grows.
	sessions []session
	turns    []turn
	interned []prop
}

// Bind prepares rec for repeated evaluation: it decides once what depends on
// neither time nor request. The Log is immutable and holds no reference to rec.
func (s *Set) Bind(rec *visitor.Record) *Log {
	b := bindings.Get().(*binding)
	b.fill(s, rec)
	l := b.log
	b.reset()
	bindings.Put(b)
	return l
}

// bindings are those at rest.
var bindings = sync.Pool{New: func() any { return &binding{} }}

// bind is Bind for who needs what the Log does not hold.
func (s *Set) bind(rec *visitor.Record) *binding {
	b := &binding{}
	b.fill(s, rec)
	return b
}

func (b *binding) fill(s *Set, rec *visitor.Record) {
	b.open(s, rec)
	l := b.log
	b.match()
	if l.dropped > 0 {
		l.past = b.pasts()
	}
	l.traits = keep(rec.Summary.Traits, s.traits)
	l.listed = listed(s.lists, rec)
	l.columns = make([]column, len(s.builders))
	for i, builder := range s.builders {
		l.columns[i] = builder.build(b)
	}
	l.values = slices.Clone(b.interned)
	l.bulk = sizeOf[int32](b.ints.taken) + sizeOf[float64](b.nums.taken) + b.texts
}

// open begins a binding: it says when each signal was, what it is, whether it
// is activity, and which session it belongs to.
func (b *binding) open(s *Set, rec *visitor.Record) {
	b.sigs, b.summary = counting(rec.Signals), &rec.Summary
	n := len(b.sigs)
	b.ints.least, b.nums.least, b.work.least = n+64, n/4+16, 16*n+64
	b.log = &Log{set: s, at: make([]int64, n), dropped: rec.Summary.Dropped, horizon: rec.Summary.Horizon}
	b.active, b.deviceOf, b.kindOf = sized(b.active, n), b.work.take(n), b.work.take(n)
	for i := range b.sigs {
		sig := &b.sigs[i]
		b.log.at[i], b.deviceOf[i] = sig.At, b.devices.of(sig.Device)
		b.kindOf[i] = b.kinds.of(s, sig)
		b.active[i] = true
		if role := b.kind(i).known.role; role != plainRole {
			b.reports = append(b.reports, int32(i))
			b.active[i] = role != heartbeat || b.item(int32(i)).stated(s.beat.visible)
		}
	}
	b.cutSessions()
}

// kind returns the kind of the signal at a position.
func (b *binding) kind(pos int) *kind { return &b.kinds[b.kindOf[pos]] }

// item returns the signal at a position as rules look at it. It is good until
// the next call.
func (b *binding) item(pos int32) *item {
	b.seen = item{&b.sigs[pos], b.kinds[b.kindOf[pos]].shape}
	return &b.seen
}

// reset lets go of the Log and the record, and keeps the room for others.
func (b *binding) reset() {
	b.seen = item{}
	clear(b.kinds)
	b.devices.reset()
	clear(b.interned)
	b.found.forget()
	b.work.reset()
	*b = binding{
		active: b.active, reports: b.reports, posts: b.posts, kept: b.kept, workbench: b.workbench,
	}
	b.kinds, b.reports, b.interned = b.kinds[:0], b.reports[:0], b.interned[:0]
}

// keep returns the post of a matcher for the Log to hold.
func (b *binding) keep(matcher int) []int32 {
	if b.kept[matcher] == nil {
		b.kept[matcher] = b.ints.copy(b.posts[matcher])
	}
	return b.kept[matcher]
}

// counting returns the signals that count for membership: all but those that
// came too late.
func counting(sigs []signal.Signal) []signal.Signal {
	for i := range sigs {
		if sigs[i].Flags&signal.TooLate != 0 {
			late := func(s signal.Signal) bool { return s.Flags&signal.TooLate != 0 }
			return slices.DeleteFunc(slices.Clone(sigs), late)
		}
	}
	return sigs
}

func keep(traits map[string]visitor.Trait, names []string) map[string]visitor.Trait {
	var out map[string]visitor.Trait
	for _, name := range names {
		if t, ok := traits[name]; ok {
			if out == nil {
				out = make(map[string]visitor.Trait, len(names))
			}
			out[name] = t
		}
	}
	return out
}

// count returns how many signals there are at an instant.
func (l *Log) count(at int64) int {
	if n := len(l.at); n == 0 || l.at[n-1] <= at {
		return n
	}
	n, _ := slices.BinarySearch(l.at, at+1)
	return n
}

// before returns how many signals there are before instant t.
func (l *Log) before(t int64) int {
	n, _ := slices.BinarySearch(l.at, t)
	return n
}

// firstFrom returns the index of the first of the ascending positions whose
// signal is not before t.
func (l *Log) firstFrom(pos []int32, t int64) int {
	lo, hi := 0, len(pos)
	for lo < hi {
		if mid := int(uint(lo+hi) >> 1); l.at[pos[mid]] < t {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	return lo
}
