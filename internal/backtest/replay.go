package backtest

import (
	"math"

	"github.com/segue-dev/segue/internal/segment"
	"github.com/segue-dev/segue/internal/visitor"
)

// A span is an unbroken membership: from instant lo on and no longer at hi, in
// ms since the epoch. One that lasts to the end of the period ends just after
// it.
type span struct{ lo, hi int64 }

// open is the end of a span that has not ended yet.
const open = math.MaxInt64

// A replay is the membership of one visitor in the segments of a set. It is
// used for one visitor after the other.
type replay struct {
	set   *segment.Set
	spans [][]span // by segment: disjoint, ascending, with pauses between them
	walk  segment.Walk
}

func newReplay(set *segment.Set) *replay {
	if set == nil {
		return nil
	}
	return &replay{set: set, spans: make([][]span, set.Len())}
}

// run replays a record from instant from to instant to.
func (r *replay) run(record *visitor.Record, from, to int64) {
	for i := range r.spans {
		r.spans[i] = r.spans[i][:0]
	}
	r.set.Follow(record, from, to, &r.walk, func(i int, at int64, member bool) {
		if member {
			r.spans[i] = append(r.spans[i], span{at, open})
		} else {
			r.spans[i][len(r.spans[i])-1].hi = at
		}
	})
	for _, spans := range r.spans {
		if n := len(spans); n > 0 && spans[n-1].hi == open {
			spans[n-1].hi = to + 1
		}
	}
}
