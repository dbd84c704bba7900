package whatif

import (
	"slices"
	"strconv"

	"github.com/segue-dev/segue/internal/segment"
	"github.com/segue-dev/segue/internal/segment/syntax"
)

const (
	// maxFlips is how many changes by themselves an outlook has at most.
	maxFlips = 8
	// horizon is how far it looks for them.
	horizon = maxWait
)

// An Outlook is what may become of a visitor in a segment.
type Outlook struct {
	// Change is a way to enter, or for a member to leave; nil if none was found.
	Change *Way
	// Stuck are the unmet conditions that nothing was found for, if no Change
	// was: what only a list, consent or the request itself can change, or what
	// the search does not know how to.
	Stuck []*segment.Proof
	// Nearest is the unmet condition that is met most easily; nil for a member,
	// and if no condition could be met.
	Nearest *Unmet
	// Flips are the instants, ms since the epoch, at which membership changes if
	// nothing more happens: at most eight, within 400 days.
	Flips []int64
}

// An Unmet is a condition that keeps a visitor out, and what would satisfy it.
type Unmet struct {
	*segment.Proof
	Needed bool // the truth that would be needed; false within a not
	Way    Way
}

// Outlook returns what may become of the visitor. The error is a fault.NotFound
// for an unknown segment.
func (q Question) Outlook() (*Outlook, error) {
	s := &search{Question: q}
	now, err := s.look(future{})
	if err != nil {
		return nil, err
	}
	o := &Outlook{Flips: q.flips()}
	o.Change, err = q.way(!now.truth.Member)
	if err != nil || now.truth.Member {
		return o, err
	}
	nearest, stuck := s.nearest(now)
	o.Nearest = nearest
	if o.Change == nil {
		o.Stuck = stuck
	}
	return o, nil
}

func (q Question) flips() []int64 {
	i, _ := q.Set.Index(q.Segment)
	v := segment.View{Context: q.Context, At: q.At, Known: q.At}
	return q.Set.Bind(q.Record).Flips(i, v, maxFlips, q.At+horizon.Milliseconds())
}

// A spot is a condition of a rule without parts, in its place.
type spot struct {
	cond syntax.Cond
	want bool
	path []int // from the root of the proof
}

// nearest tries everything that is proposed for each unmet condition alone. It
// returns the one that is met most easily, and those that are not met.
func (s *search) nearest(now future) (best *Unmet, stuck []*segment.Proof) {
	s.now = s.At
	i, _ := s.Set.Index(s.Segment)
	for _, at := range s.unmet(s.Set.Definition(i).When, now.truth.Proof, true, nil) {
		proof := follow(now.truth.Proof, at.path)
		way := s.meet(now, at, proof)
		switch {
		case way == nil:
			stuck = append(stuck, proof)
		case best == nil || way.less(&best.Way):
			best = &Unmet{Proof: proof, Needed: at.want, Way: *way}
		}
	}
	return best, stuck
}

// meet returns the least that is proposed for an unmet condition and meets it.
func (s *search) meet(now future, at spot, proof *segment.Proof) (best *Way) {
	for _, e := range s.alone(at.cond, proof, at.want) {
		next, ok := now.with(e)
		if !ok {
			continue
		}
		next, err := s.look(next)
		if err != nil || follow(next.truth.Proof, at.path).Truth != strconv.FormatBool(at.want) {
			continue
		}
		if way := (&Way{next.signals, next.after}); best == nil || way.less(best) {
			best = way
		}
	}
	return best
}

// unmet returns the conditions that are not as they should be.
func (s *search) unmet(c syntax.Cond, p *segment.Proof, want bool, path []int) []spot {
	if p.Truth == strconv.FormatBool(want) {
		return nil
	}
	parts := func(conds []syntax.Cond) []spot {
		var spots []spot
		for i, part := range conds {
			spots = append(spots, s.unmet(part, p.Of[i], want, append(slices.Clip(path), i))...)
		}
		return spots
	}
	first := append(slices.Clip(path), 0)
	switch c := c.(type) {
	case syntax.All:
		return parts(c.Of)
	case syntax.Any:
		return parts(c.Of)
	case syntax.Not:
		return s.unmet(c.Of, p.Of[0], !want, first)
	case syntax.Segment:
		i, _ := s.Set.Index(c.Key)
		return s.unmet(s.Set.Definition(i).When, p.Of[0], want, first)
	default:
		return []spot{{c, want, path}}
	}
}

// follow returns the part of a proof at a path.
func follow(p *segment.Proof, path []int) *segment.Proof {
	for _, i := range path {
		p = p.Of[i]
	}
	return p
}
