package segment

import (
	"math"

	"github.com/segue-dev/segue/internal/segment/syntax"
	"github.com/segue-dev/segue/internal/signal"
)

// A relation is an order comparison of two numbers.
type relation uint8

const (
	none relation = iota
	equals
	differs
	greater
	atLeast
	less
	atMost
)

var relations = map[syntax.TestOp]relation{
	syntax.Eq: equals, syntax.Ne: differs, syntax.Gt: greater, syntax.Gte: atLeast, syntax.Lt: less, syntax.Lte: atMost,
}

var signs = [...]string{equals: "=", differs: "!=", greater: ">", atLeast: ">=", less: "<", atMost: "<="}

// holds compares x with a constant. NaN passes nothing but differs.
func (r relation) holds(x, limit float64) bool {
	switch r {
	case equals:
		return x == limit
	case differs:
		return x != limit
	case greater:
		return x > limit
	case atLeast:
		return x >= limit
	case less:
		return x < limit
	case atMost:
		return x <= limit
	default:
		return false
	}
}

// A comparison compares a figure with a constant.
type comparison struct {
	op    relation
	limit float64
	text  *signal.Value // the constant, if it is no number; only eq and ne take one
}

// comparisons must all hold.
type comparisons []comparison

func newComparisons(cmps []syntax.Cmp) (comparisons, error) {
	out := make(comparisons, len(cmps))
	for i, c := range cmps {
		out[i] = comparison{op: relations[c.Op]}
		v := valueOf(c.Value)
		limit, ok := v.Float()
		switch {
		case ok:
			out[i].limit = limit
		case c.Op == syntax.Eq || c.Op == syntax.Ne:
			out[i].text = &v
		default:
			return nil, invalid(c.Pos, "%s: compares with a number, not %q", c.Op, v.String())
		}
	}
	return out, nil
}

// hold reports whether figure x passes.
func (cs comparisons) hold(x float64) bool {
	for i := range cs {
		if cs[i].text != nil || !cs[i].op.holds(x, cs[i].limit) {
			return false
		}
	}
	return true
}

// holdFor is hold for a figure that may be text.
func (cs comparisons) holdFor(v signal.Value) bool {
	for i := range cs {
		c := &cs[i]
		if f, ok := number(v); ok && c.text == nil {
			if !c.op.holds(f, c.limit) {
				return false
			}
			continue
		}
		equal := c.text != nil && v.Equal(*c.text)
		switch {
		case c.op == equals && equal, c.op == differs && !equal:
		default:
			return false
		}
	}
	return true
}

// below returns the greatest whole number less than n for which hold may
// differ from n; a negative number if there is none down to 0.
func (cs comparisons) below(n int) int {
	next := -1
	for i := range cs {
		next = max(next, cs[i].below(float64(n)))
	}
	return next
}

func (c *comparison) below(n float64) int {
	step := -1.0
	switch c.op {
	case atLeast, less:
		if n >= c.limit {
			step = math.Ceil(c.limit) - 1
		}
	case greater, atMost:
		if n > c.limit {
			step = math.Floor(c.limit)
		}
	case equals, differs:
		if n == c.limit {
			step = n - 1
		} else if n > c.limit && c.limit == math.Floor(c.limit) {
			step = c.limit
		}
	}
	return int(max(step, -1))
}
