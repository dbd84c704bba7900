package journey

import (
	"cmp"
	"context"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
)

// A pattern is steps that visitors took in this order, with whatever between
// them.
type pattern struct {
	steps   []int32
	support int   // visitors who did
	after   tally // what became of them after the step that completed it first
}

// A tally counts visitors by what became of them.
type tally [tooRecent + 1]int32

func (t tally) converted() int64 { return int64(t[converted]) }
func (t tally) watched() int64   { return int64(t[converted]) + int64(t[remained]) }

// A mining finds the frequent patterns by PrefixSpan (Pei and others, 2001): a
// pattern grows by each step that follows its first completion in enough
// visitors. Of the visitors who completed it only the places where they did are
// kept (pseudo-projection).
type mining struct {
	*paths
	least  int // support
	length int // steps at most
	limit  int // patterns at most; more are not found
	// repeats lets a step come directly after itself. It must not where the
	// paths say nothing of repeats.
	repeats bool

	frequent []bool // by step
	found    atomic.Int64
	done     atomic.Int64 // places that the work has begun with
}

// A place is where a visitor completed a pattern first.
type place struct{ visitor, pos int32 }

// run returns all frequent patterns in the order of their steps, and whether
// there are no more than the limit.
func (m *mining) run(ctx context.Context) (found []pattern, complete bool) {
	firsts, places := m.singles()
	work := make(chan int, len(firsts))
	for _, i := range largestFirst(places) {
		work <- i
	}
	close(work)
	total := int64(0)
	for _, p := range places {
		total += int64(len(p))
	}
	lists := make([][]pattern, len(firsts))
	var telling sync.Mutex
	var all sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), len(firsts)) {
		all.Go(func() {
			w := newMiner(m)
			for i := range work {
				if m.found.Load() > int64(m.limit) || ctx.Err() != nil {
					return
				}
				lists[i] = w.from(firsts[i], places[i])
				done := m.done.Add(int64(len(places[i])))
				telling.Lock()
				m.opts.tell("patterns", done, total)
				telling.Unlock()
			}
		})
	}
	all.Wait()
	return slices.Concat(lists...), m.found.Load() <= int64(m.limit)
}

// singles returns the frequent patterns of one step, and where they are.
func (m *mining) singles() (firsts []pattern, places [][]place) {
	w := newMiner(m)
	m.frequent = make([]bool, len(m.kinds))
	for s := range m.frequent {
		m.frequent[s] = int32(s) != other
	}
	begin := make([]place, m.visitors())
	for v := range begin {
		begin[v] = place{int32(v), int32(m.offset[v]) - 1}
	}
	l := &w.levels[0]
	w.count(l, begin, noStep)
	for s := range m.frequent {
		m.frequent[s] = l.support[s] >= int32(m.least) && l.support[s] > 0
	}
	projected := w.project(l, begin, noStep)
	for s, ok := range m.frequent {
		if ok {
			firsts = append(firsts, pattern{[]int32{int32(s)}, int(l.support[s]), l.after[s]})
			places = append(places, slices.Clone(projected[s]))
		}
	}
	return firsts, places
}

// largestFirst returns the indexes of lists, so that the last to be worked on
// are small ones.
func largestFirst(lists [][]place) []int {
	order := make([]int, len(lists))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int { return cmp.Compare(len(lists[b]), len(lists[a])) })
	return order
}

// A miner grows patterns, in one goroutine.
type miner struct {
	*mining
	seen   []int32 // by step: the place that it was last seen after
	stamp  int32
	levels []level
	out    []pattern
}

// A level is what is counted of the steps after a pattern, by step.
type level struct {
	support []int32
	after   []tally
	places  [][]place
	room    []place
}

func newMiner(m *mining) *miner {
	w := &miner{mining: m, seen: make([]int32, len(m.kinds)), levels: make([]level, m.length)}
	for i := range w.levels {
		w.levels[i] = level{
			support: make([]int32, len(m.kinds)), after: make([]tally, len(m.kinds)), places: make([][]place, len(m.kinds)),
		}
	}
	return w
}

// from returns a pattern and all that begin with it.
func (w *miner) from(p pattern, places []place) []pattern {
	w.out = nil
	w.found.Add(1)
	w.out = append(w.out, p)
	w.grow(p.steps, places)
	return w.out
}

// grow finds the frequent patterns that begin with one.
func (w *miner) grow(steps []int32, places []place) {
	if len(steps) >= w.length || w.found.Load() > int64(w.limit) {
		return
	}
	l, last := &w.levels[len(steps)], steps[len(steps)-1]
	if w.repeats {
		last = noStep
	}
	w.count(l, places, last)
	var next []int32
	for s, n := range l.support {
		if n >= int32(w.least) && n > 0 {
			next = append(next, int32(s))
		}
	}
	if len(next) == 0 {
		return
	}
	w.found.Add(int64(len(next)))
	if len(steps)+1 < w.length {
		w.project(l, places, last)
	}
	for _, s := range next {
		longer := append(slices.Clone(steps), s)
		w.out = append(w.out, pattern{longer, int(l.support[s]), l.after[s]})
		w.grow(longer, l.places[s])
	}
}

// count counts the visitors who took each step after a place, and what became
// of them after the first time they did. A step that is not to come is not
// counted.
func (w *miner) count(l *level, places []place, not int32) {
	clear(l.support)
	clear(l.after)
	for _, pl := range places {
		stamp, v := w.next(), int(pl.visitor)
		watched := w.watch(v)
		if not != noStep {
			w.seen[not] = stamp
		}
		for j, end := int(pl.pos)+1, w.offset[v+1]; j < end; j++ {
			s := w.steps[j]
			if w.seen[s] == stamp || !w.frequent[s] {
				continue
			}
			w.seen[s] = stamp
			l.support[s]++
			l.after[s][watched.since(w.at[j])]++
		}
	}
}

// project notes where each visitor took each frequent step first after a place,
// once they have been counted. The result is good until the level is used again.
func (w *miner) project(l *level, places []place, not int32) [][]place {
	total := 0
	for _, n := range l.support {
		if n >= int32(w.least) {
			total += int(n)
		}
	}
	l.room = slices.Grow(l.room[:0], total)[:total]
	room := l.room
	for s, n := range l.support {
		l.places[s] = nil
		if n >= int32(w.least) {
			l.places[s], room = room[:0:n], room[n:]
		}
	}
	for _, pl := range places {
		stamp, v := w.next(), int(pl.visitor)
		if not != noStep {
			w.seen[not] = stamp
		}
		for j, end := int(pl.pos)+1, w.offset[v+1]; j < end; j++ {
			s := w.steps[j]
			if w.seen[s] == stamp || l.places[s] == nil {
				continue
			}
			w.seen[s] = stamp
			l.places[s] = append(l.places[s], place{pl.visitor, int32(j)})
		}
	}
	return l.places
}

// next returns a number that no step was seen with.
func (w *miner) next() int32 {
	w.stamp++
	if w.stamp < 0 {
		clear(w.seen)
		w.stamp = 1
	}
	return w.stamp
}

// closed returns the patterns that no longer one among them says more than: that
// are part of none with the same support.
func closed(all []pattern) []pattern {
	index := make(map[string]int, len(all))
	var buf []byte
	for i := range all {
		buf = appendKey(buf[:0], all[i].steps)
		index[string(buf)] = i
	}
	open := make([]bool, len(all))
	for i := range all {
		steps := all[i].steps
		for without := range steps {
			buf = appendKey(buf[:0], steps[:without])
			buf = appendKey(buf, steps[without+1:])
			if k, ok := index[string(buf)]; ok && all[k].support == all[i].support {
				open[k] = true
			}
		}
	}
	var out []pattern
	for i := range all {
		if !open[i] {
			out = append(out, all[i])
		}
	}
	return out
}

// appendKey appends steps in two bytes each.
func appendKey(dst []byte, steps []int32) []byte {
	for _, s := range steps {
		dst = append(dst, byte(s>>8), byte(s))
	}
	return dst
}
