package segment

import "fmt"

// A frame is one evaluation of a Log: what is asked, and what has been noticed
// on the way. It lives in a Result, so that evaluating allocates nothing.
type frame struct {
	log *Log
	ctx Context
	at  int64 // the instant asked for: later signals do not exist
	now int64 // the instant evaluated: at, or later to see what time alone changes
	cut int   // how many signals exist

	session int // of the latest activity; -1 if there was none

	truncated bool // a condition looked back beyond the record
	saturated bool // a number of distinct values was too large to be told
	// pending says that, leaving aside the time of day and of the week, time
	// can still change a condition that was looked at.
	pending bool

	inner *frame // for looking at earlier instants; made when it is needed

	held     []membership // by held rule
	memo     []memo       // by segment
	turn     uint64       // how often the frame has begun: memos of other turns are forgotten
	horizons []horizon    // by active segment
	buf      [2]prop
	carry    [1]prop
	several  []prop
	tallies  []tally
}

// A memo is the remembered truth of a segment that others refer to.
type memo struct {
	truth   truth
	pending bool
	turn    uint64 // of the frame when it was taken down
	at      int64
	next    int64
}

// A horizon is what is known of how long a segment's membership lasts.
type horizon struct {
	node    node
	member  bool
	next    int64 // it lasts until then at least
	settled int64 // from when on nothing is known to change but the hour and the weekday
}

// settlingIn returns how long nothing but the hour and the weekday must have
// been seen to change by itself before it is known that nothing else ever will.
//
// A rule that looks at nothing else, besides what cannot change any more, does
// the same week after week; two weeks show all of it, also where a clock skips
// an hour. What else can change a rule is looked at again at least once a week
// until it has changed. Clocks of several zones do the same year after year:
// they may not be put forward on the same day.
func settlingIn(zones int) int64 {
	if zones > 1 {
		return 400 * day
	}
	return 21 * day
}

// begin prepares f for l: signals later than at do not exist, and now, which is
// not before it, is the instant evaluated. Whatever f held is forgotten, but its
// memory is used again.
func (f *frame) begin(l *Log, ctx Context, at, now int64) {
	*f = frame{
		log: l, ctx: ctx, session: -1, inner: f.inner, memo: sized(f.memo, len(l.set.segments)), turn: f.turn + 1, held: blank(f.held, l.set.held),
		horizons: f.horizons[:0], several: f.several, tallies: f.tallies,
	}
	f.move(at, now)
}

// move makes f look at its log from other instants.
func (f *frame) move(at, now int64) { f.moveTo(at, now, f.log.count(at)) }

// moveTo is move for who knows how many signals there are at an instant.
func (f *frame) moveTo(at, now int64, cut int) {
	f.at, f.now = at, now
	if cut != f.cut {
		f.cut = cut
		f.session = f.log.currentSession(cut)
		clear(f.held) // a past goes on from what it saw, and now there is more to be seen
	}
	f.truncated = f.log.dropped > 0 && at < f.log.horizon
}

// end lets go of what the caller owns.
func (f *frame) end() {
	clear(f.horizons)
	clear(f.several)
	if f.inner != nil {
		f.inner.end()
	}
	*f = frame{inner: f.inner, turn: f.turn, memo: f.memo, held: f.held, horizons: f.horizons[:0], several: f.several[:0], tallies: f.tallies}
}

// until notes that time can change a condition at next, and returns next.
func (f *frame) until(next int64) int64 {
	if next != Forever {
		f.pending = true
	}
	return next
}

// segment evaluates the rule of a segment once for each instant.
func (f *frame) segment(i int) (truth, int64) {
	m := &f.memo[i]
	if m.turn == f.turn && m.at == f.now {
		f.pending = f.pending || m.pending
		return m.truth, m.next
	}
	before := f.pending
	f.pending = false
	t, next := f.log.set.segments[i].rule.eval(f)
	*m = memo{truth: t, turn: f.turn, pending: f.pending, at: f.now, next: next}
	f.pending = f.pending || before
	return t, next
}

// ask evaluates a node whose truth is to be followed through time.
func (f *frame) ask(n node) (truth, int64) {
	t, next := n.eval(f)
	if next <= f.now { // or else it would be asked for ever
		panic(fmt.Sprintf("segment: %T says at %d that it lasts until %d", n, f.now, next))
	}
	return t, next
}

// observe evaluates h's node at the frame's instant and moves h on.
func (f *frame) observe(h *horizon) truth {
	f.pending = false
	t, next := f.ask(h.node)
	switch {
	case f.pending:
		h.settled = next
	case next-h.settled > f.log.set.settling:
		next = Forever
	}
	h.next = next
	return t
}

// watch begins a horizon for a node at the frame's instant, in the last of
// f.horizons.
func (f *frame) watch(n node, settled int64) (*horizon, truth) {
	if len(f.horizons) == cap(f.horizons) {
		f.horizons = append(f.horizons, horizon{})
	} else {
		f.horizons = f.horizons[:len(f.horizons)+1]
	}
	h := &f.horizons[len(f.horizons)-1]
	h.node, h.settled = n, settled
	t := f.observe(h)
	h.member = t == yes
	return h, t
}

// validUntil returns the first instant at which the membership of some horizon
// differs. It always moves on the horizon that may end first, so it never
// looks beyond the instant it returns.
func (f *frame) validUntil() int64 {
	for {
		first := soonest(f.horizons)
		if first == nil || first.next == Forever {
			return Forever
		}
		f.now = first.next
		if t := f.observe(first); (t == yes) != first.member {
			return f.now
		}
	}
}

func soonest(hs []horizon) *horizon {
	var first *horizon
	for i := range hs {
		if first == nil || hs[i].next < first.next {
			first = &hs[i]
		}
	}
	return first
}

// changes returns the first instant at which n's truth is no longer t.
func (f *frame) changes(n node, t truth) int64 {
	start := f.now
	h := horizon{node: n, settled: start}
	defer func() { f.now = start }()
	for f.observe(&h) == t {
		if h.next == Forever {
			return Forever
		}
		f.now = h.next
	}
	return f.now
}
