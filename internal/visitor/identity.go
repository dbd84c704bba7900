package visitor

import (
	"cmp"
	"slices"
	"strings"

	"github.com/segue-dev/segue/internal/signal"
)

// MaxIDs is how many ids one visitor may have. Somebody with more is no person
// but a mistake, such as one user id for everybody.
const MaxIDs = 256

// An Identity says which ids a visitor has. A record with an Into is a link: it
// keeps what it had, for a merge to be undone, and nothing is added to it. All
// others stand for a visitor.
//
// Links cannot lead in a circle: each leads to an id of higher rank, and ranks
// only grow while a record is no link and stay when it is one.
type Identity struct {
	Into  string // the id of the record that has taken this one over; "" = none
	Known bool   // one of the ids is a user's; ranks above all that are anonymous

	// Others are further ids, ascending: those that lead here, and some that no
	// longer do. A link that a Join Switched has the one it led to before.
	Others  []string
	Joining []Joiner // ids whose records are to be taken in, once they lead here; mostly none

	token uint64 // of the Joiner by which Into came about
}

// A Joiner is a record that another one is about to take in. It is taken in once
// for each token, however often the steps are repeated.
type Joiner struct {
	ID    string
	Token uint64 // drawn at random
}

// Has reports whether id is one of the visitor's.
func (r *Record) Has(id string) bool {
	if id == r.ID {
		return true
	}
	_, found := slices.BinarySearch(r.Others, id)
	return found
}

// IDs returns the ids of the visitor, the record's own first.
func (r *Record) IDs() []string { return append([]string{r.ID}, r.Others...) }

// Knows reports whether r remembers that it was given a signal with a message id.
func (r *Record) Knows(id string) bool {
	c := newCensus(r, 1)
	return c.find(id) != nil || slices.ContainsFunc(c.dropped, func(d DroppedID) bool { return d.Hash == hashID(id) })
}

// StableID returns the id by which the visitor is assigned to variants. It is
// the record's own, but survives that the record is joined with others: of
// several it is the one under which the visitor was first known as a user.
func (r *Record) StableID() string { return cmp.Or(r.Summary.stable.ID, r.ID) }

// outranks reports whether r takes o over, when the two are joined, and not the
// other way round.
func (r *Record) outranks(o *Record) bool {
	if r.Known != o.Known {
		return r.Known
	}
	return r.ID < o.ID
}

// joiner returns the place of the id in Joining; -1 if it is not there.
func (r *Record) joiner(id string) int {
	return slices.IndexFunc(r.Joining, func(j Joiner) bool { return j.ID == id })
}

// noting returns r with a note of whom it is about to take in; one that is there
// stays.
func (r *Record) noting(j Joiner) *Record {
	if r.joiner(j.ID) >= 0 {
		return r
	}
	return r.altered(func(r *Record) { r.Joining = append(slices.Clone(r.Joining), j) })
}

// altered returns r as f alters it. f must not alter what r refers to.
func (r *Record) altered(f func(*Record)) *Record {
	next := newRecord(r.ID)
	next.Summary, next.Identity = r.Summary, r.Identity
	next.setLog(r.Signals)
	f(next)
	return next
}

// absorb makes the ids of o lead to r, which must not be shared yet.
func (r *Record) absorb(o *Record) {
	others := slices.Concat(r.Others, o.Others, []string{o.ID})
	slices.Sort(others)
	r.Others = slices.DeleteFunc(slices.Compact(others), func(id string) bool { return id == r.ID })
	r.Known = r.Known || o.Known
	joining := slices.Clone(r.Joining)
	for _, j := range o.Joining {
		if j.ID != r.ID && !slices.Contains(joining, j) {
			joining = append(joining, j)
		}
	}
	r.Joining = without(joining, Joiner{o.ID, o.token})
}

// without returns joining, which it changes, without j; nil if none is left.
func without(joining []Joiner, j Joiner) []Joiner {
	joining = slices.DeleteFunc(joining, func(k Joiner) bool { return k == j })
	if len(joining) == 0 {
		return nil
	}
	return joining
}

// A claim is that a visitor is assigned by an id, and the signal that made them
// known under it. The first one counts.
type claim struct {
	ID string // "" = none
	by assertion
}

// or returns the claim that counts.
func (c claim) or(d claim) claim {
	if d.ID == "" || c.ID != "" && cmp.Or(c.by.compare(d.by), strings.Compare(c.ID, d.ID)) <= 0 {
		return c
	}
	return d
}

// claimOf returns the claim of a signal that was sent with a user id alone.
func claimOf(s *signal.Signal) claim {
	if s.Device != "" || s.UserID == "" {
		return claim{}
	}
	return claim{s.UserID, assertion{At: s.At, Pos: s.Pos, By: s.ID}}
}
