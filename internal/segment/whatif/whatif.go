// Package whatif says what would make a visitor a member of a segment, or no
// longer one: the signals that would have to follow, and how long to wait.
//
// The rule it upholds: nothing is claimed that the evaluator has not confirmed.
// A condition proposes what might make it true or false (package syntax is all
// it looks at); the evaluator is asked about each proposal, and what is not
// needed is left out again. So a Way always leads where it says, and none of
// its signals can be spared. It need not be the only one, and there may be one
// where none was found: the search is bounded.
package whatif

import (
	"cmp"
	"container/heap"
	"slices"
	"time"

	"github.com/segue-dev/segue/internal/segment"
	"github.com/segue-dev/segue/internal/segment/syntax"
	"github.com/segue-dev/segue/internal/signal"
	"github.com/segue-dev/segue/internal/visitor"
)

const (
	// maxTried is how many futures one search looks at.
	maxTried = 300
	// maxSignals is how many signals a Way has at most.
	maxSignals = 60
	// maxWait is how far into the future a search looks.
	maxWait = 400 * 24 * time.Hour
	// pace is the pause before a signal that need not wait for longer.
	pace = time.Second
)

// A Way is a future in which a visitor is a member, or no longer one.
type Way struct {
	// Signals are what the visitor would send, in order, and nothing else. At
	// counts from the instant that was asked about. If there are none, waiting
	// is enough.
	Signals []syntax.ExampleSignal
	// After is how long after that instant it would be so; not before the last
	// signal.
	After time.Duration
}

// A Question is about one visitor and one segment at an instant.
type Question struct {
	Set     *segment.Set
	Segment string // key
	Record  *visitor.Record
	Context segment.Context // of the request; taken to stay as it is
	At      int64           // ms since the epoch
}

// Enter returns the way that needs the fewest signals, and of those the one
// that is quickest, to make the visitor a member. It is nil if none was found.
// The error is a fault.NotFound for an unknown segment.
func (q Question) Enter() (*Way, error) { return q.way(true) }

// Leave is Enter for no longer being a member.
func (q Question) Leave() (*Way, error) { return q.way(false) }

func (q Question) way(member bool) (*Way, error) {
	s := &search{Question: q, member: member}
	now, err := s.look(future{})
	if err != nil {
		return nil, err
	}
	var best *Way
	for _, s.thorough = range []bool{false, true} {
		found, ok := s.run(now)
		if !ok {
			continue
		}
		if w := s.shorten(found); best == nil || w.less(best) {
			best = w
		}
	}
	return best, nil
}

func (w *Way) less(v *Way) bool {
	return cmp.Or(cmp.Compare(len(w.Signals), len(v.Signals)), cmp.Compare(w.After, v.After)) < 0
}

// A search looks for futures with or without membership.
type search struct {
	Question
	member   bool
	thorough bool  // every unmet condition is tried first, not only the first one
	fresh    int   // signals before those that are proposed: made-up values count on from there
	now      int64 // the end of the future that is proposed for
}

// A future is what may follow, and what the evaluator says of its end.
type future struct {
	signals []syntax.ExampleSignal // At counts from the instant asked about
	after   time.Duration
	truth   *segment.Explanation
}

func (f *future) less(g *future) bool {
	return cmp.Or(cmp.Compare(len(f.signals), len(g.signals)), cmp.Compare(f.after, g.after)) < 0
}

// futures are a heap with the one that costs least on top.
type futures []future

func (h futures) Len() int           { return len(h) }
func (h futures) Less(i, j int) bool { return h[i].less(&h[j]) }
func (h futures) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }
func (h *futures) Push(x any)        { *h = append(*h, x.(future)) }
func (h *futures) Pop() any {
	last := len(*h) - 1
	x := (*h)[last]
	*h = (*h)[:last]
	return x
}

// run follows proposals from now on, the cheapest future first.
func (s *search) run(now future) (future, bool) {
	open := &futures{now}
	for tried := 1; open.Len() > 0; {
		f := heap.Pop(open).(future)
		if f.truth.Member == s.member {
			return f, true
		}
		for _, e := range s.proposals(f) {
			next, ok := f.with(e)
			if !ok || tried == maxTried {
				continue
			}
			tried++
			next, err := s.look(next)
			if err == nil {
				heap.Push(open, next)
			}
		}
	}
	return future{}, false
}

// with returns the future in which e follows f; ok is false if that is more
// than a Way may have.
func (f *future) with(e edit) (next future, ok bool) {
	next = future{signals: slices.Clone(f.signals), after: f.after + e.wait}
	for _, s := range e.signals {
		next.after += s.At
		s.At = next.after
		next.signals = append(next.signals, s)
	}
	return next, len(next.signals) <= maxSignals && next.after <= maxWait
}

// look asks the evaluator about the end of a future.
func (s *search) look(f future) (future, error) {
	rec, err := s.record(f.signals)
	if err != nil {
		return f, err
	}
	f.truth, err = s.Set.Explain(rec, s.Segment, s.Context, s.At+f.after.Milliseconds())
	return f, err
}

// reaches reports whether a way leads to membership.
func (s *search) reaches(w Way) bool {
	f, err := s.look(future{signals: w.Signals, after: w.After})
	return err == nil && f.truth.Member
}

// record returns the visitor's record with signals that follow.
func (s *search) record(signals []syntax.ExampleSignal) (*visitor.Record, error) {
	more := make([]signal.Signal, len(signals))
	for i, x := range signals {
		sig, err := segment.SignalOf(x, i, time.UnixMilli(s.At))
		if err != nil {
			return nil, err
		}
		sig.ID, sig.Device = "whatif-"+sig.ID, s.device()
		more[i] = sig
	}
	rec, _ := s.Record.With(visitor.Limits{}, more...)
	return rec, nil
}

// device returns the one that the visitor used last.
func (s *search) device() string {
	for i := len(s.Record.Signals) - 1; i >= 0; i-- {
		if sig := &s.Record.Signals[i]; sig.At <= s.At {
			return sig.Device
		}
	}
	return "device"
}

// shorten leaves out what is not needed: signals, the latest ones last, and time
// after the last signal.
func (s *search) shorten(f future) *Way {
	reaches := func(f future) bool { return s.reaches(Way{f.signals, f.after}) == s.member }
	for again := true; again; {
		again = false
		for i := 0; i < len(f.signals); i++ {
			less := future{signals: slices.Delete(slices.Clone(f.signals), i, i+1), after: f.after}
			if reaches(less) {
				f, again = less, true
				i--
			}
		}
	}
	if n := len(f.signals); n > 0 && f.signals[n-1].At < f.after {
		if sooner := (future{signals: f.signals, after: f.signals[n-1].At}); reaches(sooner) {
			f = sooner
		}
	}
	return &Way{f.signals, f.after}
}
