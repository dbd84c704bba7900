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
	set    *segment.Set
	spans  [][]span // by segment: disjoint, ascending, with pauses between them
	inside []bool   // by segment
	found  []int64  // by segment: the latest instant of membership

	truncated, saturated bool // some answer was

	result segment.Result
}

func newReplay(set *segment.Set) *replay {
	if set == nil {
		return nil
	}
	n := set.Len()
	return &replay{set: set, spans: make([][]span, n), inside: make([]bool, n), found: make([]int64, n)}
}

// run replays a record from instant from to instant to. times are those of its
// signals after from, ascending.
func (r *replay) run(record *visitor.Record, times []int64, from, to int64) {
	r.begin()
	log := r.set.Bind(record)
	for at := from; at <= to; {
		log.Evaluate(nil, at, &r.result)
		r.note(at)
		for len(times) > 0 && times[0] <= at {
			times = times[1:]
		}
		at = r.result.ValidUntil
		if len(times) > 0 {
			at = min(at, times[0])
		}
	}
	r.end(to)
}

func (r *replay) begin() {
	for i := range r.spans {
		r.spans[i] = r.spans[i][:0]
	}
	clear(r.inside)
	r.truncated, r.saturated = false, false
}

// note takes the result for an instant down.
func (r *replay) note(at int64) {
	for _, i := range r.result.Members {
		if !r.inside[i] {
			r.inside[i] = true
			r.spans[i] = append(r.spans[i], span{at, open})
		}
		r.found[i] = at
	}
	for i, inside := range r.inside {
		if inside && r.found[i] != at {
			r.close(i, at)
		}
	}
	r.truncated = r.truncated || r.result.Truncated
	r.saturated = r.saturated || r.result.Saturated
}

func (r *replay) close(i int, at int64) {
	r.spans[i][len(r.spans[i])-1].hi = at
	r.inside[i] = false
}

// end closes the spans that last to the end of the period.
func (r *replay) end(to int64) {
	for i, inside := range r.inside {
		if inside {
			r.close(i, to+1)
		}
	}
}
