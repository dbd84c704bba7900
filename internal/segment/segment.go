package segment

import (
	"math"
	"time"

	"github.com/segue-dev/segue/internal/segment/syntax"
	"github.com/segue-dev/segue/internal/signal"
	"github.com/segue-dev/segue/internal/visitor"
)

// Forever is the instant that never comes: nothing will change by itself.
const Forever int64 = math.MaxInt64

// Options are the settings of a project that rules depend on.
type Options struct {
	SessionGap time.Duration  // 0 = 30 minutes
	Zone       *time.Location // of calendar windows, hour and weekday; nil = UTC
	WeekStart  time.Weekday   // first day of a calendar week
	// Lists returns the list that was uploaded under a key; nil if there is
	// none, which makes rules about it unknown (see Set.Missing). A nil Lists
	// has none.
	Lists func(key string) (List, error)
	// Topics says which entries are about what; nil if there is no content.
	Topics Topics
}

// A List is a set of visitors' ids. It never changes.
type List interface {
	Has(id string) bool
	Version() string // the same for lists with equal ids
}

// Topics says which entries are about a topic: a taxonomy concept, or one that
// is narrower, or a tag. It never changes.
type Topics interface {
	// About returns the entries' ids in ascending order; known says whether
	// there is such a topic at all.
	About(topic string) (entries []string, known bool)
}

// A Set is a compiled, immutable set of segments. It is safe for concurrent
// use. All that it learns from records is where signals have their properties
// (shapeCache), which makes binding quicker and changes no answer.
type Set struct {
	segments []compiled     // in descending order of priority, ties by key
	live     []node         // by segment: its rule, or a reference to it if other rules refer to it
	active   []int          // indexes of those that can be members of a Result
	index    map[string]int // by key
	gap      int64          // ms that end a session
	settling int64          // see settlingIn
	calendar calendar
	revision string

	// What a record is asked when it is bound.
	matchers []matcher
	events   eventIndex // of the matchers
	keys     keys       // of properties
	beat     beatKeys   // those of heartbeats and scrolls
	totals   []total
	traits   []string // names
	lists    []List
	held     int // how many rules are held

	builders []builder // of columns
	// The segments whose truth a signal can change: by the columns that it has
	// an entry in, and by making another session the current one.
	byColumn  []segmentSet
	bySession segmentSet

	missing []Missing
	entries map[string]string // one about each topic
}

// A compiled segment is a definition and its rule.
type compiled struct {
	def     syntax.Definition
	version string
	rule    node
	zone    *time.Location // of its days and hours
}

// Len returns the number of segments, drafts included.
func (s *Set) Len() int { return len(s.segments) }

// Key returns the key of segment i. Segments are numbered from 0 in descending
// order of priority, ties by key.
func (s *Set) Key(i int) string { return s.segments[i].def.Key }

// Definition returns the definition of segment i, which must not be changed.
func (s *Set) Definition(i int) *syntax.Definition { return &s.segments[i].def }

// Version returns the version of segment i; see VersionOf.
func (s *Set) Version(i int) string { return s.segments[i].version }

// Index returns the number of the segment with a key.
func (s *Set) Index(key string) (i int, ok bool) {
	i, ok = s.index[key]
	return i, ok
}

// Priority returns the priority of the segment with a key.
func (s *Set) Priority(key string) (priority int, ok bool) {
	i, ok := s.index[key]
	if !ok {
		return 0, false
	}
	return s.segments[i].def.Priority, true
}

// Revision names what the definitions say: it is the same for sets of equal
// definitions, whatever files they came from and in whatever order. Retired
// definitions and examples do not count.
func (s *Set) Revision() string { return s.revision }

// A Context is what the request itself says: attribute name to value.
type Context map[string]signal.Value

// A Result says which segments a visitor is in. The zero Result is ready to be
// filled; one that is filled again uses its memory again.
type Result struct {
	// Members are the segments the visitor is in, as indexes into the Set, in
	// descending order of priority, ties by key. The first is the current
	// micro-segment.
	Members []int
	// ValidUntil is the earliest instant after the evaluation at which
	// Members differ without new signals or another context; Forever if none.
	ValidUntil int64
	// Steady is an instant until which Members surely stay as they are, all of
	// them: unlike ValidUntil it costs nothing to know, and may be early.
	Steady int64
	// Truncated says that some rule looked back beyond what the record holds, at
	// the instant or on the way to ValidUntil.
	Truncated bool
	// Saturated says that some rule met more distinct values than it tells
	// apart (1,000) and took them for one more.
	Saturated bool

	settled int64 // from when on nothing was seen to change that concerns, but for the hour and the weekday
	frame   frame
}

// Evaluate says which segments a visitor is in at instant at (ms since the
// epoch), and until when that holds without new signals. It is a pure function.
func (s *Set) Evaluate(rec *visitor.Record, ctx Context, at int64) Result {
	var res Result
	s.Bind(rec).Evaluate(ctx, at, &res)
	res.frame = frame{}
	return res
}

// Evaluate is Set.Evaluate for a bound record. It reuses what res holds, so
// that a caller who keeps res allocates nothing.
func (l *Log) Evaluate(ctx Context, at int64, res *Result) {
	l.Look(View{Context: ctx, Known: at, At: at}, res)
}

// A View is an instant from which a Log is looked at.
type View struct {
	Context Context
	At      int64 // the instant
	// Known is At, or earlier: later signals do not exist. So one can tell now
	// what will be then if nothing more happens.
	Known int64
	// Concern says which segments the caller cares for: Members are all the
	// same, but ValidUntil is about those i for which Concern[i] alone. Nil
	// means every segment.
	Concern []bool
}

// Look is Evaluate from a view.
func (l *Log) Look(v View, res *Result) { l.look(v, v.At, res) }

// look is Look for who knows from when on nothing has been seen that can change
// by itself, but for the hour and the weekday.
func (l *Log) look(v View, settled int64, res *Result) {
	f := &res.frame
	f.begin(l, v.Context, v.Known, v.At)
	res.Members, res.Steady = res.Members[:0], Forever
	for _, i := range l.set.active {
		h, t := f.watch(l.set.live[i], settled)
		if t == yes {
			res.Members = append(res.Members, i)
		}
		res.Steady = min(res.Steady, h.next)
		if v.Concern != nil && !v.Concern[i] {
			h.node = nil
			f.horizons = f.horizons[:len(f.horizons)-1]
		}
	}
	res.ValidUntil = f.validUntil()
	res.settled = settled
	for i := range f.horizons {
		res.settled = max(res.settled, f.horizons[i].settled)
	}
	res.Truncated, res.Saturated = f.truncated, f.saturated
	f.end()
}

// maxChanges is through how many changes of membership Until looks.
const maxChanges = 1000

// Until returns the first instant at which differs says so of the members; it
// is asked at every change of the membership that v is concerned with, after
// that instant. now is what Look says of v, and later is for what it says of
// other instants. The result is Forever if that never comes, and too early only
// after a thousand changes that made no difference.
func (l *Log) Until(v View, now, later *Result, differs func(members []int) bool) int64 {
	at, settled := now.ValidUntil, now.settled
	for range maxChanges {
		if at == Forever || at-settled > l.set.settling {
			return Forever
		}
		v.At = at
		l.look(v, settled, later)
		if differs(later.Members) {
			return at
		}
		at, settled = later.ValidUntil, later.settled
	}
	return at
}
