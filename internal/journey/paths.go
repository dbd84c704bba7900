package journey

import (
	"cmp"
	"math"
	"slices"
)

// maxSteps is how many kinds of steps are told apart: those of most visitors.
// The others are one, other.
const maxSteps = 1000

// other is the step that stands for those that are too rare to be told apart.
// It is in no pattern.
const other int32 = 0

// never is the time of what did not happen.
const never = int64(math.MaxInt64)

// paths are what visitors did before their first goal, step by step, in columns:
// about 13 bytes a step. Times are in ms since the epoch, or, if nobody knows
// them, places in the path.
type paths struct {
	opts   Options
	timed  bool
	within int64 // ms that outcomes are watched for
	first  int64 // the time of the earliest step
	end    int64 // the last instant that is known

	kinds  []Step  // by number; in order of their text, after other
	steps  []int32 // of all visitors, one after the other
	at     []int64
	begins []bool  // whether a step is the first of a session
	offset []int   // of each visitor's first step; one more at the end
	goal   []int64 // by visitor: when they reached the goal first, after all steps

	left    Left
	touches touches
}

// Left counts visitors who are left out, and what is left out of others.
type Left struct {
	Older     int `json:"older"`     // first seen before the period
	Shortened int `json:"shortened"` // their first signals are no longer stored
	GoalFirst int `json:"goalFirst"` // did nothing before the goal
	Cut       int `json:"cut"`       // have more steps than are looked at; they are not left out
	RareSteps int `json:"rareSteps"` // kinds of steps that too few take to tell them apart
}

func (l *Left) add(m Left) {
	l.Older += m.Older
	l.Shortened += m.Shortened
	l.GoalFirst += m.GoalFirst
	l.Cut += m.Cut
}

func (p *paths) visitors() int { return len(p.goal) }

// bounds returns where a visitor's steps are. There is at least one.
func (p *paths) bounds(v int) (lo, hi int) { return p.offset[v], p.offset[v+1] }

// An outcome is what became of a visitor in the time that all are watched for.
type outcome uint8

const (
	remained  outcome = iota // did not reach the goal
	converted                // did
	tooRecent                // the time is not over, whatever has happened
)

// A watch tells what becomes of a visitor after instants before their goal.
type watch struct {
	recent int64 // the last instant after which the time is over
	soon   int64 // the first from which they reached the goal in time
}

func (p *paths) watch(v int) watch {
	w := watch{recent: p.end, soon: p.goal[v]}
	if p.within == never {
		if w.soon != never {
			w.soon = -never
		}
		return w
	}
	w.recent -= p.within
	if w.soon != never {
		w.soon -= p.within
	}
	return w
}

// since returns what became of the visitor after an instant.
func (w watch) since(t int64) outcome {
	switch {
	case t > w.recent:
		return tooRecent
	case t >= w.soon:
		return converted
	default:
		return remained
	}
}

// fate returns what became of a visitor after their first step.
func (p *paths) fate(v int) outcome { return p.watch(v).since(p.at[p.offset[v]]) }

// watched returns where the steps are that a visitor took while all are watched.
func (p *paths) watched(v int) (lo, hi int) {
	lo, hi = p.bounds(v)
	if p.within == never {
		return lo, hi
	}
	last := p.at[lo] + p.within
	n, _ := slices.BinarySearch(p.at[lo:hi], last+1)
	return lo, lo + n
}

// settle numbers the steps anew, in an order that does not depend on how they
// were found, and makes the rare ones other.
func (p *paths) settle(kinds []Step) {
	rank := p.byVisitors(kinds)
	kept := slices.Clone(rank[:min(len(rank), maxSteps)])
	slices.SortFunc(kept, func(a, b int32) int { return compareSteps(kinds[a], kinds[b]) })
	number := make([]int32, len(kinds)) // other
	p.kinds = []Step{{}}
	for _, old := range kept {
		number[old] = int32(len(p.kinds))
		p.kinds = append(p.kinds, kinds[old])
	}
	p.left.RareSteps = len(rank) - len(kept)
	for i, old := range p.steps {
		p.steps[i] = number[old]
	}
}

// byVisitors returns the kinds of steps that occur, first those that most
// visitors take.
func (p *paths) byVisitors(kinds []Step) []int32 {
	visitors, last := make([]int, len(kinds)), make([]int, len(kinds))
	for v := range p.visitors() {
		lo, hi := p.bounds(v)
		for _, s := range p.steps[lo:hi] {
			if last[s] != v+1 {
				last[s] = v + 1
				visitors[s]++
			}
		}
	}
	var rank []int32
	for s, n := range visitors {
		if n > 0 {
			rank = append(rank, int32(s))
		}
	}
	slices.SortFunc(rank, func(a, b int32) int {
		return cmp.Or(cmp.Compare(visitors[b], visitors[a]), compareSteps(kinds[a], kinds[b]))
	})
	return rank
}

// name returns a step for people.
func (p *paths) name(s int32) string {
	if s == other {
		return "(other)"
	}
	return p.kinds[s].String()
}

func (p *paths) names(steps []int32) []string {
	out := make([]string, len(steps))
	for i, s := range steps {
		out[i] = p.name(s)
	}
	return out
}
