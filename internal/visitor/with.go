package visitor

import (
	"slices"

	"github.com/segue-dev/segue/internal/signal"
)

// With returns r with sigs taken in and bounded by lim, and what became of each
// of sigs. r itself is unchanged, and is returned when there is nothing to
// change.
//
// Retention counts from the record's own LastSeen, so that the result depends
// on nothing but the signals.
func (r *Record) With(lim Limits, sigs ...signal.Signal) (*Record, []Outcome) {
	outcomes := make([]Outcome, len(sigs))
	known := newCensus(r, len(sigs))
	for i := range sigs {
		outcomes[i] = known.admit(&sigs[i])
	}
	if len(known.added) == 0 && r.excess(lim) == 0 {
		return r, outcomes
	}
	slices.SortFunc(known.added, signal.Compare)
	next := newRecord(r.ID)
	next.Summary, next.Identity = r.Summary, r.Identity
	next.setLog(r.extended(known.added))
	next.Summary.take(known.added)
	next.trim(lim)
	return next, outcomes
}

// excess returns how many signals, from the first, are beyond lim.
func (r *Record) excess(lim Limits) int {
	n := 0
	if lim.MaxSignals > 0 {
		n = max(0, len(r.Signals)-lim.MaxSignals)
	}
	if lim.Retention > 0 && !r.Summary.empty() {
		edge := r.Summary.LastSeen - lim.Retention.Milliseconds()
		for n < len(r.Signals) && r.Signals[n].At <= edge {
			n++
		}
	}
	return n
}

// trim moves what is beyond lim from the log into the summary. r must not be
// shared yet.
func (r *Record) trim(lim Limits) {
	n := r.excess(lim)
	if n == 0 {
		return
	}
	r.Summary.drop(r.Signals[:n], lim)
	r.setLog(r.log()[n:])
}

// A census knows which signals a record has seen.
type census struct {
	log, added []signal.Signal
	dropped    []DroppedID
	byID       map[string]int  // place in the log, and then in added; nil when looking through them is cheaper
	byHash     map[uint64]bool // dropped; likewise
}

// fewSignals is how many signals may be looked up one by one before an index of
// the whole record pays.
const fewSignals = 8

func newCensus(r *Record, signals int) *census {
	c := &census{log: r.Signals, added: make([]signal.Signal, 0, signals), dropped: r.Summary.DroppedIDs}
	if signals <= fewSignals {
		return c
	}
	c.byID = make(map[string]int, len(r.Signals)+signals)
	for i := range r.Signals {
		c.byID[r.Signals[i].ID] = i
	}
	c.byHash = make(map[uint64]bool, len(c.dropped))
	for _, d := range c.dropped {
		c.byHash[d.Hash] = true
	}
	return c
}

// admit judges s and remembers it when it is new.
func (c *census) admit(s *signal.Signal) Outcome {
	if old := c.find(s.ID); old != nil {
		if sameContent(old, s) {
			return Duplicate
		}
		return Conflicting
	}
	if c.wasDropped(s) {
		return Duplicate
	}
	if c.byID != nil {
		c.byID[s.ID] = len(c.log) + len(c.added)
	}
	c.added = append(c.added, *s)
	return Accepted
}

// find returns the signal with a message id, nil if there is none.
func (c *census) find(id string) *signal.Signal {
	if c.byID != nil {
		i, ok := c.byID[id]
		switch {
		case !ok:
			return nil
		case i < len(c.log):
			return &c.log[i]
		default:
			return &c.added[i-len(c.log)]
		}
	}
	for _, sigs := range [...][]signal.Signal{c.added, c.log} {
		for i := len(sigs) - 1; i >= 0; i-- { // a repetition is mostly of something recent
			if sigs[i].ID == id {
				return &sigs[i]
			}
		}
	}
	return nil
}

// wasDropped reports whether s has been in the log before, or may have been:
// when it is older than every dropped signal that is still remembered.
func (c *census) wasDropped(s *signal.Signal) bool {
	if len(c.dropped) == 0 {
		return false
	}
	d := DroppedID{At: s.At, Hash: hashID(s.ID)}
	if len(c.dropped) >= MaxDroppedIDs && compareDropped(d, c.dropped[0]) < 0 {
		return true
	}
	if c.byHash != nil {
		return c.byHash[d.Hash]
	}
	return slices.ContainsFunc(c.dropped, func(o DroppedID) bool { return o.Hash == d.Hash })
}

// sameContent reports whether two deliveries with one message id say the same.
// Effective time, position and flags do not count: they come from how and when
// a signal was delivered.
func sameContent(a, b *signal.Signal) bool {
	return a.Type == b.Type && a.Name == b.Name && a.Device == b.Device && a.UserID == b.UserID &&
		a.Raw == b.Raw && slices.Equal(a.Props, b.Props)
}

// hashID returns the 64-bit FNV-1a of id.
func hashID(id string) uint64 {
	h := uint64(14695981039346656037)
	for i := range len(id) {
		h = (h ^ uint64(id[i])) * 1099511628211
	}
	return h
}
