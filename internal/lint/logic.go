package lint

import (
	"math"
	"slices"
	"time"

	"github.com/segue-dev/segue/internal/segment/syntax"
)

// What can be told of a rule from its text alone. All of it is on the safe
// side: what is called impossible is, and much that is goes unnoticed.

// A literal is a condition without parts that is to be true, or false.
type literal struct {
	cond syntax.Cond
	want bool
}

// possible reports whether all of some conditions can be as they should be at
// once.
func possible(wanted ...literal) bool {
	var flat []literal
	var choices [][]literal
	for len(wanted) > 0 {
		l := wanted[0]
		wanted = wanted[1:]
		switch c := l.cond.(type) {
		case syntax.Not:
			wanted = append(wanted, literal{c.Of, !l.want})
		case syntax.All:
			if l.want {
				wanted = append(wanted, each(c.Of, true)...)
			} else {
				choices = append(choices, each(c.Of, false))
			}
		case syntax.Any:
			if l.want {
				choices = append(choices, each(c.Of, true))
			} else {
				wanted = append(wanted, each(c.Of, false)...)
			}
		default:
			flat = append(flat, l)
		}
	}
	if !compatible(flat) {
		return false
	}
	if len(choices) == 0 {
		return true
	}
	for _, choice := range choices {
		if !slices.ContainsFunc(choice, func(l literal) bool { return possible(append(slices.Clip(flat), l)...) }) {
			return false
		}
	}
	return true
}

func each(conds []syntax.Cond, want bool) []literal {
	out := make([]literal, len(conds))
	for i, c := range conds {
		out[i] = literal{c, want}
	}
	return out
}

// compatible reports whether literals can hold at once: none is another's
// contrary, and all counts of the same signals leave a number.
func compatible(all []literal) bool {
	texts := map[string]bool{}
	for _, l := range all {
		text := syntax.Format(l.cond)
		if want, ok := texts[text]; ok && want != l.want {
			return false
		}
		texts[text] = l.want
	}
	return countable(all) && timely(all)
}

// A tally is what literals say of one number of signals.
type tally struct {
	match  string
	window syntax.Window
	least  float64
	most   float64
	not    []float64
}

// countable reports whether there are numbers of signals as the literals say. A
// wider window holds no fewer than a narrower one.
func countable(all []literal) bool {
	var tallies []*tally
	for _, l := range all {
		if t, ok := counted(l); ok {
			tallies = append(tallies, t)
		}
	}
	for _, a := range tallies {
		for _, b := range tallies {
			if a.match == b.match && within(a.window, b.window) {
				b.least, a.most = max(b.least, a.least), min(a.most, b.most)
				if within(b.window, a.window) {
					a.not = append(a.not, b.not...)
				}
			}
		}
	}
	return !slices.ContainsFunc(tallies, func(t *tally) bool { return t.empty() })
}

// empty reports whether no whole number is left.
func (t *tally) empty() bool {
	low, high := math.Ceil(t.least), math.Floor(t.most)
	for low <= high && slices.Contains(t.not, low) {
		low++
	}
	return low > high
}

// counted returns what a literal says of a number of signals.
func counted(l literal) (*tally, bool) {
	t := &tally{most: math.MaxInt32}
	switch c := l.cond.(type) {
	case syntax.Never:
		t.match = matchText(c.Match, "")
		if l.want {
			t.most = 0
		} else {
			t.least = 1
		}
		return t, true
	case syntax.Recency:
		t.match, t.least = matchText(c.Match, ""), 1
		return t, l.want
	case syntax.Count:
		t.match, t.window = matchText(c.Match, c.Distinct), c.Window
		if !l.want && len(c.Cmp) != 1 || c.Window.Kind == syntax.AnySession {
			return nil, false // one of several comparisons fails, or in one of several sessions
		}
		for _, cmp := range c.Cmp {
			limit, ok := cmp.Value.(float64)
			if !ok {
				return nil, false
			}
			t.compare(cmp.Op, limit, l.want)
		}
		return t, true
	}
	return nil, false
}

var contrary = map[syntax.TestOp]syntax.TestOp{
	syntax.Eq: syntax.Ne, syntax.Ne: syntax.Eq, syntax.Gt: syntax.Lte, syntax.Lte: syntax.Gt, syntax.Lt: syntax.Gte, syntax.Gte: syntax.Lt,
}

// compare narrows t by a comparison of whole numbers.
func (t *tally) compare(op syntax.TestOp, limit float64, want bool) {
	if !want {
		op = contrary[op]
	}
	switch op {
	case syntax.Eq:
		t.least, t.most = max(t.least, limit), min(t.most, limit)
	case syntax.Ne:
		t.not = append(t.not, limit)
	case syntax.Gt:
		t.least = max(t.least, math.Floor(limit)+1)
	case syntax.Gte:
		t.least = max(t.least, limit)
	case syntax.Lt:
		t.most = min(t.most, math.Ceil(limit)-1)
	case syntax.Lte:
		t.most = min(t.most, limit)
	}
}

// matchText is the same for matches of the same signals.
func matchText(m syntax.Match, distinct string) string {
	return syntax.Format(syntax.Count{Match: m, Distinct: distinct})
}

// within reports whether a window surely lies in another.
func within(narrow, wide syntax.Window) bool {
	narrow.Pos, wide.Pos = syntax.Pos{}, syntax.Pos{}
	switch {
	case narrow == wide:
		return true
	case wide.Kind == syntax.Ever:
		return true
	case narrow.Kind == syntax.LastWindow && wide.Kind == syntax.LastWindow:
		return narrow.Last <= wide.Last
	default:
		return false
	}
}

// timely reports whether the times since the last of the same signals are as
// the literals say.
func timely(all []literal) bool {
	type span struct{ least, most time.Duration }
	spans := map[string]*span{}
	for _, l := range all {
		c, ok := l.cond.(syntax.Recency)
		if !ok || !l.want { // to be false it is enough that there never was one
			continue
		}
		key := matchText(c.Match, "")
		s := spans[key]
		if s == nil {
			s = &span{most: math.MaxInt64}
			spans[key] = s
		}
		if c.AtLeast != nil {
			s.least = max(s.least, *c.AtLeast)
		}
		if c.AtMost != nil {
			s.most = min(s.most, *c.AtMost)
		}
		if s.least > s.most {
			return false
		}
	}
	return true
}

// decided reports whether a condition is surely true or false, and never
// unknown.
func decided(c syntax.Cond) bool {
	switch c := c.(type) {
	case syntax.All:
		return !slices.ContainsFunc(c.Of, func(c syntax.Cond) bool { return !decided(c) })
	case syntax.Any:
		return !slices.ContainsFunc(c.Of, func(c syntax.Cond) bool { return !decided(c) })
	case syntax.Not:
		return decided(c.Of)
	case syntax.Dwell, syntax.Trait, syntax.Context, syntax.List, syntax.Segment:
		return false
	default:
		return true
	}
}

// never reports whether a rule can never be true, and always whether it is
// always.
func never(c syntax.Cond) bool { return !possible(literal{c, true}) }

func always(c syntax.Cond) bool { return decided(c) && !possible(literal{c, false}) }

// covers reports whether whoever satisfies one rule surely satisfies another.
func covers(wide, narrow syntax.Cond) bool {
	return syntax.Format(wide) == syntax.Format(narrow) ||
		decided(wide) && !possible(literal{narrow, true}, literal{wide, false})
}
