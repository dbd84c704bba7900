package segment

import "math"

// A score compares a sum of weights, one for each matching signal, that halve
// every half-life.
type score struct {
	terms    []weight
	column   int
	halfLife float64 // ms
	cmps     comparisons
}

type weight struct {
	matcher int
	weight  float64
}

func (n *score) eval(f *frame) (truth, int64) {
	for _, t := range n.terms {
		f.lookBack(t.matcher, math.MinInt64)
	}
	c := &f.log.columns[n.column]
	k := f.existing(c.pos)
	if k == 0 {
		return truthOf(n.cmps.hold(0)), Forever
	}
	from, sum := f.log.at[c.pos[k-1]], c.num[k-1]
	now := n.holds(sum, f.now-from)
	next := Forever
	for _, cmp := range n.cmps {
		next = min(next, n.crossing(sum, from, f.now, cmp.limit))
	}
	return truthOf(now), f.until(next)
}

// holds compares what is left of sum after some ms. A sum that fades never
// quite becomes 0, so that which side of 0 it is on does not change.
func (n *score) holds(sum float64, ms int64) bool {
	left := n.fade(sum, ms)
	if left == 0 && sum != 0 {
		left = math.Copysign(math.SmallestNonzeroFloat64, sum)
	}
	return n.cmps.hold(left)
}

func (n *score) fade(sum float64, ms int64) float64 {
	return sum * math.Exp2(-float64(ms)/n.halfLife)
}

// crossing returns the first instant after now at which the fading sum may
// have got to a limit, passed it or left it.
func (n *score) crossing(sum float64, from, now int64, limit float64) int64 {
	if limit == 0 || sum == 0 || math.Signbit(limit) != math.Signbit(sum) || n.after(sum, from, now, limit) {
		return Forever
	}
	at := float64(from) + n.halfLife*math.Log2(sum/limit)
	if at >= math.MaxInt64 {
		return Forever
	}
	// The closed form may be off by rounding: settle it by evaluation.
	t := max(int64(at)-2, now+1)
	for n.before(sum, from, t, limit) {
		t++
	}
	return t
}

// before reports whether the sum has not got to the limit at t yet; after,
// whether it has passed it.
func (n *score) before(sum float64, from, t int64, limit float64) bool {
	return math.Abs(n.fade(sum, t-from)) > math.Abs(limit)
}

func (n *score) after(sum float64, from, t int64, limit float64) bool {
	return math.Abs(n.fade(sum, t-from)) < math.Abs(limit)
}

// scoreColumn has an entry for each signal that counts for a score, with what
// the score was at that instant, the signal included.
type scoreColumn struct{ score *score }

func (s scoreColumn) build(b *binding) column {
	counted := b.weigh(s.score.terms)
	c := column{pos: b.ints.take(counted)[:0], num: b.nums.take(counted)[:0]}
	sum, last := 0.0, int64(0)
	for pos := range b.loads {
		if !b.loads[pos].counts {
			continue
		}
		at := b.log.at[pos]
		if len(c.pos) > 0 {
			sum = s.score.fade(sum, at-last)
		}
		sum += b.loads[pos].sum
		c.pos, c.num, last = append(c.pos, int32(pos)), append(c.num, sum), at
	}
	return c
}

// A load is the weight of one signal.
type load struct {
	sum    float64
	counts bool
}

// weigh finds out what each signal weighs, and returns how many count.
func (b *binding) weigh(terms []weight) (counted int) {
	b.loads = blank(b.loads, len(b.sigs))
	for _, t := range terms {
		for _, pos := range b.posts[t.matcher] {
			l := &b.loads[pos]
			if !l.counts {
				counted++
			}
			l.sum, l.counts = l.sum+t.weight, true
		}
	}
	return counted
}
