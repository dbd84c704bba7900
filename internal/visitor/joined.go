package visitor

import (
	"context"
	"iter"
	"math/rand/v2"
	"slices"

	"github.com/segue-dev/segue/internal/fault"
)

// maxHops is how many links lead from an id to its visitor at most.
const maxHops = 2 * MaxIDs

// joined are records with those of one visitor joined.
//
// Join takes three steps, each atomic and safe to repeat:
//
//  1. the record that will stand for the visitor notes whom it is about to
//     take in;
//  2. the other one becomes a link to it, and so never changes again;
//  3. the first takes in what the other had, and forgets the note.
//
// It is the second that joins them: whoever meets a note whose record has become
// a link does the third, or reads as if it were done. So nothing is lost if the
// process ends between two of them.
type joined struct {
	Records
	lim   Limits
	meter Meter
}

// NewStore returns a Store that keeps its visitors in records, bounded by lim
// and measured by meter.
func NewStore(records Records, lim Limits, meter Meter) Store { return &joined{records, lim, meter} }

// Get implements Store.
func (s *joined) Get(ctx context.Context, id string) (*Record, error) {
	r, _, err := s.GetSince(ctx, id, 0)
	return r, err
}

// GetSince implements Store. The stamp is that of the record which stands for
// the visitor: another one has another.
func (s *joined) GetSince(ctx context.Context, id string, stamp uint64) (*Record, uint64, error) {
	for range maxHops {
		r, now, err := s.Records.GetSince(ctx, id, stamp)
		switch {
		case err != nil || r == nil:
			return nil, now, err
		case r.Into != "":
			id = r.Into
		case len(r.Joining) > 0:
			r, err = s.united(ctx, r)
			return r, now, err
		default:
			return r, now, nil
		}
	}
	return nil, 0, endless(id)
}

func endless(id string) error {
	return fault.New(fault.Internal, "the ids of visitor %q lead to no record; erase it", id)
}

// Update implements Store.
func (s *joined) Update(ctx context.Context, id string, f func(*Record) (Change, error)) (*Record, error) {
	a := &asking{f: f}
	for range 2 * maxHops {
		r, err := s.Records.Update(ctx, id, a.ask)
		switch {
		case err != nil || a.first == nil:
			return r, err
		case a.first.Into != "":
			id, a.settled = a.first.Into, false
		default:
			if err := s.settle(ctx, id); err != nil {
				return nil, err
			}
			a.settled = true
		}
	}
	return nil, endless(id)
}

// An asking asks f what it makes of a record, unless that is a link or has not
// settled: then first is that record, to be looked at first.
type asking struct {
	f       func(*Record) (Change, error)
	settled bool
	first   *Record
}

func (a *asking) ask(r *Record) (Change, error) {
	if a.first = nil; r.Into != "" || len(r.Joining) > 0 && !a.settled {
		a.first = r
		return Change{}, nil
	}
	return a.f(r)
}

// All implements Store.
func (s *joined) All(ctx context.Context) iter.Seq2[*Record, error] {
	return func(yield func(*Record, error) bool) {
		for r, err := range s.Records.All(ctx) {
			if err == nil && r.Into != "" {
				continue
			}
			if err == nil && len(r.Joining) > 0 {
				r, err = s.united(ctx, r)
			}
			if !yield(r, err) || err != nil {
				return
			}
		}
	}
}

// Join implements Store.
func (s *joined) Join(ctx context.Context, j Join) (Verdict, error) {
	if v := j.check(); v != Joined {
		return v, nil
	}
	for range maxHops {
		if v, done, err := s.join(ctx, j); done || err != nil {
			return v, err
		}
	}
	return Same, fault.New(fault.Unavailable, "the visitor is being joined with others; send it again")
}

// join tries to do what j says, and returns done = false when another change
// came between.
func (s *joined) join(ctx context.Context, j Join) (v Verdict, done bool, err error) {
	from, err := s.Get(ctx, j.From)
	if err != nil {
		return Same, false, err
	}
	to, err := s.Get(ctx, j.To)
	if err != nil {
		return Same, false, err
	}
	switch v = j.judge(from, to); v {
	case Same:
		_, err = s.Update(ctx, to.ID, func(r *Record) (Change, error) { return wholly(r, j.introduced(r)), nil })
		return v, true, err
	case Switched:
		if j.By.ID != "" && to.Knows(j.By.ID) { // and may have switched back since
			return Same, true, nil
		}
		return s.switchTo(ctx, j, from, to)
	case Joined:
		done, err = s.merge(ctx, j, from, to)
		return v, done, err
	default:
		return v, true, nil
	}
}

// wholly returns the change from a record to another.
func wholly(r, next *Record) Change { return Change{Next: next, Whole: next != r} }

// merge takes the three steps.
func (s *joined) merge(ctx context.Context, j Join, from, to *Record) (done bool, err error) {
	m := merging{s, j, from.ID}
	head, other := m.told(to), m.told(from)
	if other.outranks(head) {
		head, other = other, head
	}
	if head, err = m.note(ctx, head.ID, other.ID); err != nil || head.Into != "" {
		return false, err
	}
	other, linked, err := m.link(ctx, head, other.ID)
	if err != nil || !linked {
		return false, err
	}
	_, err = s.Update(ctx, head.ID, func(r *Record) (Change, error) {
		if r.Has(other.ID) { // since it has settled, unless it has been erased meanwhile
			return Change{}, nil
		}
		return s.uniting(m.told(r), other), nil
	})
	return true, err
}

// A merging is a merge under way.
type merging struct {
	*joined
	Join
	from string // the id of the record of From
}

// told returns r, one of the two records, with what the Join says of it.
func (m merging) told(r *Record) *Record {
	if r.ID == m.from {
		return m.claimed(r)
	}
	return m.introduced(r)
}

// note takes the first step, unless the record of head has become a link.
func (m merging) note(ctx context.Context, head, other string) (*Record, error) {
	note := Joiner{other, rand.Uint64()}
	return m.Records.Update(ctx, head, func(r *Record) (Change, error) {
		if r.Into != "" {
			return Change{}, nil
		}
		return wholly(r, m.told(r).noting(note)), nil
	})
}

// link takes the second step, unless the record of other has become a link, or
// ranks otherwise by now.
func (m merging) link(ctx context.Context, head *Record, other string) (r *Record, linked bool, err error) {
	token := head.Joining[head.joiner(other)].Token
	r, err = m.Records.Update(ctx, other, func(r *Record) (Change, error) {
		next := m.told(r)
		switches := m.As == Identified && r.ID == m.from && r.Known
		if linked = r.Into == "" && head.outranks(next) && !switches; !linked {
			return Change{}, nil
		}
		return wholly(r, next.altered(func(r *Record) { r.Into, r.token = head.ID, token })), nil
	})
	return r, linked, err
}

// inserted returns ids, which are ascending, with id. They stay as they are.
func inserted(ids []string, id string) []string {
	next := append(append([]string(nil), ids...), id)
	for i := len(next) - 1; i > 0 && next[i-1] > id; i-- {
		next[i-1], next[i] = next[i], next[i-1]
	}
	return next
}

// settle makes the record of id take in those of its notes that have become
// links to it.
func (s *joined) settle(ctx context.Context, id string) error {
	for range 2 * maxHops {
		r, err := s.Records.Get(ctx, id)
		if err != nil || r.Into != "" {
			return err
		}
		note, other, err := s.due(ctx, r)
		if err != nil || other == nil {
			return err
		}
		_, err = s.Records.Update(ctx, id, func(r *Record) (Change, error) {
			if i := r.joiner(note.ID); i < 0 || r.Joining[i] != note || r.Into != "" {
				return Change{}, nil
			}
			return s.receiving(r, note, other), nil
		})
		if err != nil {
			return err
		}
	}
	return endless(id)
}

// united returns r as it is when it has settled.
func (s *joined) united(ctx context.Context, r *Record) (*Record, error) {
	for range 2 * maxHops {
		note, other, err := s.due(ctx, r)
		if err != nil || other == nil {
			return r, err
		}
		r = s.receiving(r, note, other).Next
	}
	return nil, endless(r.ID)
}

// due returns the first note of r that can be dealt with, and the record it is
// about; nil if there is none. Where that is no link yet, either somebody is at
// it or was, and it is to be tried again.
func (s *joined) due(ctx context.Context, r *Record) (Joiner, *Record, error) {
	for _, note := range r.Joining {
		other, err := s.Records.Get(ctx, note.ID)
		if err != nil {
			return note, nil, err
		}
		if other.Into != "" {
			return note, other, nil
		}
	}
	return Joiner{}, nil, nil
}

// receiving returns the change of r by which note is dealt with: it takes other
// in, or, if that has become a link in another way, forgets the note.
func (s *joined) receiving(r *Record, note Joiner, other *Record) Change {
	if other.token == note.Token && note.ID != r.ID {
		return s.uniting(r, other)
	}
	return wholly(r, r.altered(func(r *Record) { r.Joining = without(append([]Joiner(nil), r.Joining...), note) }))
}

// uniting returns the change of r by which it takes other in. What other has
// added to the counters is r's from then on.
func (s *joined) uniting(r, other *Record) Change {
	next, counters := s.meter.Unite(r, other, r.union(s.lim, other))
	return Change{Next: next, Counters: counters, Whole: true}
}

// Erase implements Store. The record that knows the other ids goes when they are
// gone, and the id that was asked for goes last, so that what an interruption
// has left is found when it is erased again.
func (s *joined) Erase(ctx context.Context, id string) error {
	way, err := s.way(ctx, id)
	if err != nil {
		return err
	}
	if err := s.forget(ctx, way[len(way)-1]); err != nil {
		return err
	}
	others, err := s.leadingTo(ctx, way[len(way)-1])
	if err != nil {
		return err
	}
	others = slices.DeleteFunc(others, func(other string) bool { return slices.Contains(way, other) })
	slices.Reverse(way)
	all := append(others, way...)
	if err := s.unmention(ctx, all); err != nil {
		return err
	}
	for _, gone := range all {
		if err := s.Records.Erase(ctx, gone); err != nil {
			return err
		}
	}
	return nil
}

// forget takes what the visitor has added to the counters over to those of
// erased ones.
func (s *joined) forget(ctx context.Context, head string) error {
	_, err := s.Update(ctx, head, func(r *Record) (Change, error) {
		next, counters := s.meter.Forget(r)
		return Change{Next: next, Counters: counters, Whole: next != r}, nil
	})
	return err
}

// leadingTo returns the further ids of the visitor for whom the record of head
// stands, those that lead to others before these.
func (s *joined) leadingTo(ctx context.Context, head string) ([]string, error) {
	r, err := s.Get(ctx, head)
	if err != nil {
		return nil, err
	}
	var ids []string
	hops := map[string]int{}
	for _, other := range r.Others {
		way, err := s.way(ctx, other)
		if err != nil {
			return nil, err
		}
		if n := len(way); n > 1 && way[n-1] == head {
			ids, hops[other] = append(ids, other), n
		}
	}
	slices.SortStableFunc(ids, func(a, b string) int { return hops[b] - hops[a] })
	return ids, nil
}

// way returns the ids from id to that of the record which stands for its
// visitor.
func (s *joined) way(ctx context.Context, id string) ([]string, error) {
	var way []string
	for range maxHops {
		r, err := s.Records.Get(ctx, id)
		if err != nil {
			return nil, err
		}
		if way = append(way, id); r.Into == "" {
			return way, nil
		}
		id = r.Into
	}
	return nil, endless(id)
}
