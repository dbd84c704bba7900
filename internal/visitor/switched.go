package visitor

import (
	"context"
	"slices"
)

// switched reports whether r is a link that a Join Switched.
func (r *Record) switched() bool { return r.Into != "" && r.token == 0 }

// switchTo makes From, which is another user's, lead to the visitor of To.
func (s *joined) switchTo(ctx context.Context, j Join, from, to *Record) (v Verdict, done bool, err error) {
	if err := s.settle(ctx, from.ID); err != nil {
		return Same, false, err
	}
	head, err := s.Records.Update(ctx, to.ID, func(r *Record) (Change, error) {
		if r.Into != "" {
			return Change{}, nil
		}
		next := Join{From: r.ID, By: j.By, As: j.As}.claimed(j.introduced(r))
		if !next.Has(j.From) {
			next = next.altered(func(r *Record) { r.Others = inserted(r.Others, j.From) })
		}
		return wholly(r, next), nil
	})
	if err != nil || head.Into != "" {
		return Same, false, err
	}
	v = Switched
	link, err := s.Records.Update(ctx, j.From, func(r *Record) (Change, error) {
		if v = Switched; r.Into == "" {
			return Change{}, nil
		}
		if !head.outranks(r) {
			v = TwoUsers
			return Change{}, nil
		}
		if r.Into == head.ID {
			return Change{}, nil
		}
		next := newRecord(r.ID)
		next.Into, next.Known, next.Others = head.ID, r.Known, []string{r.Into}
		return wholly(r, next), nil
	})
	if err != nil {
		return Same, false, err
	}
	return v, v == TwoUsers || link.Into == head.ID, nil
}

// Before implements Store.
func (s *joined) Before(ctx context.Context, id string) (*Record, error) {
	for range maxHops {
		r, err := s.Records.Get(ctx, id)
		switch {
		case err != nil || r.Into == "":
			return nil, err
		case r.switched() && len(r.Others) > 0:
			return s.Get(ctx, r.Others[0])
		}
		id = r.Into
	}
	return nil, endless(id)
}

// unmention makes the ids that have switched from the visitor of these to another
// one forget that.
func (s *joined) unmention(ctx context.Context, ids []string) error {
	r, err := s.Get(ctx, ids[len(ids)-1])
	if err != nil {
		return err
	}
	for _, other := range r.Others {
		_, err := s.Records.Update(ctx, other, func(link *Record) (Change, error) {
			if !link.switched() || !slices.ContainsFunc(link.Others, func(id string) bool { return slices.Contains(ids, id) }) {
				return Change{}, nil
			}
			return wholly(link, link.altered(func(r *Record) { r.Others = nil })), nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}
