package segment

import (
	"time"

	"github.com/segue-dev/segue/internal/segment/syntax"
)

const (
	// defaultBeat is the interval of a heartbeat that states none.
	defaultBeat = int64(15 * time.Second / time.Millisecond)
	// maxBeat is the longest time that one heartbeat can vouch for.
	maxBeat = int64(30 * time.Minute / time.Millisecond)
)

// beatKeys are those of the properties of heartbeats and scrolls.
type beatKeys struct {
	visible, active, interval, view *key
	depth                           [scroll + 1][]*key // by role: those that tell how far a page was scrolled
}

func newBeatKeys(ks *keys) beatKeys {
	k := beatKeys{visible: ks.of("visible"), active: ks.of("active"), interval: ks.of("interval"), view: ks.of("view")}
	k.depth[heartbeat] = []*key{ks.of("scroll")}
	k.depth[scroll] = []*key{ks.of("percent"), ks.of("depth")}
	return k
}

// A viewTest compares the greatest of a figure of the matching page views in a
// window. If silence is unknown and no such view has the figure, it is
// unknown; else a view that says nothing has the figure 0. Without any matching
// view it is false.
type viewTest struct {
	matcher int
	views   int // column of the matching page views
	figures int // column of figures as they grow, grouped by matching page view
	unknown bool
	window  window
	cmps    comparisons
}

func (n *viewTest) eval(f *frame) (truth, int64) {
	f.lookThrough(n.matcher, &n.window)
	c := &f.log.columns[n.views]
	if n.window.kind != syntax.AnySession {
		return n.over(f, c, f.inWindow(c, &n.window))
	}
	return inSomeSession(f, c, n.over)
}

func (n *viewTest) over(f *frame, c *column, s span) (truth, int64) {
	next := f.until(f.edge(c, &n.window, s))
	if s.len() == 0 {
		return no, next
	}
	most, known := n.most(f, c, s)
	if !known && n.unknown {
		return unknown, next
	}
	return truthOf(n.cmps.hold(most)), next
}

// most returns the greatest figure of the views in a span; known is false if
// none of them has one.
func (n *viewTest) most(f *frame, c *column, s span) (most float64, known bool) {
	figures := &f.log.columns[n.figures]
	for i := s.lo; i < s.hi; i++ {
		if g := f.inGroup(figures, int(c.ref[i])); g.len() > 0 {
			most, known = max(most, figures.num[g.hi-1]), true
		}
	}
	return most, known
}

// viewColumn has the page views that match, each with its rank among them.
type viewColumn struct {
	matcher   int
	bySession bool
}

func (v viewColumn) build(b *binding) column {
	c := postColumn(v).build(b)
	c.ref = b.ints.take(len(c.pos))
	for i, pos := range c.pos {
		c.ref[i] = int32(firstAt(b.posts[v.matcher], int(pos)))
	}
	return c
}

// dwellColumn has an entry for each heartbeat of a matching page view, grouped
// by view, with the seconds that the view has been visible and active so far.
type dwellColumn struct{ matcher int }

func (d dwellColumn) build(b *binding) column {
	counts := func(i int32) bool { return b.kind(int(i)).known.role == heartbeat }
	return b.perView(d.matcher, counts, func(prev, beat int32, so float64) float64 {
		return so + float64(b.vouched(prev, beat))/1000
	})
}

// vouched returns for how many ms a heartbeat says the page was visible and
// active: from the heartbeat before, or the view's beginning, but at most one
// and a half of its interval.
func (b *binding) vouched(prev, beat int32) int64 {
	s, keys := b.item(beat), &b.log.set.beat
	if !s.stated(keys.visible) || !s.stated(keys.active) {
		return 0
	}
	most := defaultBeat
	if vals := s.all(keys.interval); len(vals) > 0 {
		seconds, _ := number(vals[0].Value)
		most = int64(min(max(seconds, 0)*1000, float64(maxBeat)))
	}
	return min(b.log.at[beat]-b.log.at[prev], most+most/2, maxBeat)
}

// stated returns a boolean property that is true unless it says false.
func (s *item) stated(k *key) bool {
	vals := s.all(k)
	return len(vals) == 0 || vals[0].Value.String() != "false"
}

// scrollColumn has an entry for each signal that tells how far a matching page
// view has been scrolled, grouped by view, with the depth so far in percent.
type scrollColumn struct{ matcher int }

func (d scrollColumn) build(b *binding) column {
	counts := func(i int32) bool {
		_, ok := b.scrollDepth(i)
		return ok
	}
	return b.perView(d.matcher, counts, func(_, i int32, so float64) float64 {
		depth, _ := b.scrollDepth(i)
		return max(so, depth)
	})
}

func (b *binding) scrollDepth(i int32) (percent float64, ok bool) {
	for _, key := range b.log.set.beat.depth[b.kind(int(i)).known.role] {
		if vals := b.item(i).all(key); len(vals) > 0 {
			return number(vals[0].Value)
		}
	}
	return 0, false
}

// perView makes a column of the heartbeats and scrolls of each page view that
// matches a page matcher: those that count, with a figure that grows from the
// one before, which begins with the page view itself.
func (b *binding) perView(matcher int, counts func(i int32) bool, grow func(prev, i int32, so float64) float64) column {
	views := b.posts[matcher]
	if len(views) == 0 {
		return column{group: b.ints.take(1)}
	}
	rank := b.work.take(len(b.sigs)) // of the view of the signal at each position
	pages := b.pages()
	b.found.reset()
	for _, i := range b.reports {
		if pages[i] < 0 || !counts(i) {
			continue
		}
		if k := firstAt(views, int(pages[i])); k < len(views) && views[k] == pages[i] {
			rank[i] = int32(k)
			b.found.pos = append(b.found.pos, i)
		}
	}
	group, order := b.arrange(b.found.pos, rank, len(views))
	c := column{pos: b.ints.pick(b.found.pos, order), group: group}
	c.num = b.nums.take(len(c.pos))
	for g, prev := range views {
		so := 0.0
		for i := group[g]; i < group[g+1]; i++ {
			so = grow(prev, c.pos[i], so)
			c.num[i], prev = so, c.pos[i]
		}
	}
	return c
}
