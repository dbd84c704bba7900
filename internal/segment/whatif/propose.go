package whatif

import (
	"math"
	"strconv"
	"time"

	"github.com/segue-dev/segue/internal/segment"
	"github.com/segue-dev/segue/internal/segment/syntax"
)

// An edit is something that may follow: a wait, then signals, each At its pause
// after what was before.
type edit struct {
	wait    time.Duration
	signals []syntax.ExampleSignal
}

// proposals are what may make the rule true, or false, at the end of f.
func (s *search) proposals(f future) []edit {
	s.now, s.fresh = s.At+f.after.Milliseconds(), len(f.signals)
	i, _ := s.Set.Index(s.Segment)
	return append(s.propose(s.Set.Definition(i).When, f.truth.Proof, s.member), s.wait(f.truth.ValidUntil)...)
}

// wait proposes to wait until an instant, unless it never comes.
func (s *search) wait(until int64) []edit {
	if until == segment.Forever {
		return nil
	}
	return []edit{{wait: time.Duration(until-s.now) * time.Millisecond}}
}

// propose returns what may make a condition true, or false. Of several
// conditions that must change it is the first that is proposed for, unless the
// search is thorough.
func (s *search) propose(c syntax.Cond, p *segment.Proof, want bool) []edit {
	switch c := c.(type) {
	case syntax.All:
		return s.group(c.Of, p, want, want)
	case syntax.Any:
		return s.group(c.Of, p, want, !want)
	case syntax.Not:
		return s.propose(c.Of, p.Of[0], !want)
	case syntax.Segment:
		i, _ := s.Set.Index(c.Key)
		return s.propose(s.Set.Definition(i).When, p.Of[0], want)
	}
	return s.alone(c, p, want)
}

// alone proposes for a condition without parts.
func (s *search) alone(c syntax.Cond, p *segment.Proof, want bool) []edit {
	edits := append(s.leaf(c, p, want), s.wait(p.Until)...)
	if ofSession(c) {
		fresh := edit{wait: s.Set.SessionGap(), signals: []syntax.ExampleSignal{{At: pace, Event: syntax.Event{Kind: syntax.PageEvent}}}}
		edits = append(edits, fresh)
	}
	return edits
}

// ofSession reports whether a condition is about the current session's signals.
func ofSession(c syntax.Cond) bool {
	var w syntax.Window
	switch c := c.(type) {
	case syntax.Count:
		w = c.Window
	case syntax.Aggregate:
		w = c.Window
	case syntax.Sequence:
		w = c.Window
	case syntax.Absence:
		w = c.Window
	case syntax.Dwell:
		w = c.Window
	case syntax.Scroll:
		w = c.Window
	}
	return w.Kind == syntax.CurrentSession
}

// group proposes for the conditions of a group that are not as they should be:
// all of them must change, or one.
func (s *search) group(conds []syntax.Cond, p *segment.Proof, want, every bool) []edit {
	var edits []edit
	for i, c := range conds {
		if p.Of[i].Truth == strconv.FormatBool(want) {
			continue
		}
		edits = append(edits, s.propose(c, p.Of[i], want)...)
		if every && !s.thorough && len(edits) > 0 {
			break
		}
	}
	return edits
}

// holds reports whether a figure passes all comparisons.
func holds(cmps []syntax.Cmp, figure float64) bool {
	for _, c := range cmps {
		limit, ok := c.Value.(float64)
		if !ok || !compare(c.Op, figure, limit) {
			return false
		}
	}
	return true
}

func compare(op syntax.TestOp, a, b float64) bool {
	switch op {
	case syntax.Eq:
		return a == b
	case syntax.Ne:
		return a != b
	case syntax.Gt:
		return a > b
	case syntax.Gte:
		return a >= b
	case syntax.Lt:
		return a < b
	default:
		return a <= b
	}
}

// figures are numbers around the limits of comparisons that pass them, or do
// not.
func figures(cmps []syntax.Cmp, want bool) []float64 {
	var pool []float64
	for _, c := range cmps {
		if limit, ok := c.Value.(float64); ok {
			pool = append(pool, limit, limit+1, limit-1, limit+0.5, limit-0.5)
		}
	}
	var out []float64
	for _, f := range pool {
		if holds(cmps, f) == want {
			out = append(out, f)
		}
	}
	return out
}

// number reads the figure that a proof found, 0 if there is none.
func number(p *segment.Proof) float64 {
	f, err := strconv.ParseFloat(p.Found, 64)
	if err != nil || math.IsNaN(f) {
		return 0
	}
	return f
}
