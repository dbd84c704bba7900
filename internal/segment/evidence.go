package segment

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/segue-dev/segue/internal/segment/syntax"
)

// positions returns those of a span of a column.
func (x *explainer) positions(c *column, s span) []int32 { return c.pos[s.lo:s.hi] }

// span returns the entries of c in a window; for any session, those of the
// session that figure likes best, or the latest.
func (x *explainer) span(c *column, w *window, holds func(span) bool) span {
	if w.kind != syntax.AnySession {
		return x.frame.inWindow(c, w)
	}
	var best span
	for g := range x.frame.begun() {
		if best = x.frame.inGroup(c, g); holds(best) {
			break
		}
	}
	return best
}

func (n *count) evidence(x *explainer) evidence {
	c := &x.log.columns[n.column]
	holds := func(s span) bool { return n.cmps.hold(float64(n.size(&x.frame, c, s))) }
	s := x.span(c, &n.window, holds)
	return evidence{
		found:  strconv.Itoa(n.size(&x.frame, c, s)),
		wanted: n.cmps.String(),
		used:   x.positions(c, s),
	}
}

func (n *aggregate) evidence(x *explainer) evidence {
	c := &x.log.columns[n.column]
	s := x.span(c, &n.window, func(s span) bool { return n.holds(&x.frame, c, s) })
	e := evidence{wanted: n.cmps.String(), used: x.positions(c, s), private: true}
	v, ok := n.figure(&x.frame, c, s)
	if !ok {
		e.reason = "there is no value"
		return e
	}
	e.found = v.String()
	return e
}

func (n *regular) evidence(x *explainer) evidence {
	c := &x.log.columns[n.column]
	from := n.start(n.period(x.frame.now) - n.ofLast + 1)
	s := span{x.log.firstFrom(c.pos, from), x.frame.existing(c.pos)}
	found, _ := n.count(&x.frame, c, n.period(from), int(n.ofLast))
	return evidence{found: strconv.Itoa(found), wanted: fmt.Sprintf(">= %d", n.atLeast), used: x.positions(c, s)}
}

func (n *recency) evidence(x *explainer) evidence {
	e := evidence{wanted: "<= " + words(n.d), used: x.lastOf(n.column)}
	if n.atLeast {
		e.wanted = ">= " + words(n.d)
	}
	last, ok := x.frame.last(n.matcher, n.column)
	if !ok {
		e.reason = "there never was one"
		return e
	}
	e.found = words(x.frame.now - last)
	return e
}

func (n *never) evidence(x *explainer) evidence {
	e := evidence{used: x.lastOf(n.column)}
	if _, ok := x.frame.last(n.matcher, n.column); ok && len(e.used) == 0 {
		e.reason = "there was one, which has left the record's log"
	}
	return e
}

// lastOf returns the position of the latest signal of a column, if any.
func (x *explainer) lastOf(column int) []int32 {
	pos := x.log.columns[column].pos
	k := x.frame.existing(pos)
	return pos[max(0, k-1):k]
}

func (n *sequence) evidence(x *explainer) evidence {
	c := &x.log.columns[n.column]
	from, _ := n.window.bounds(&x.frame)
	size := func(s span) int {
		size, _ := n.size(&x.frame, c, s, from)
		return size
	}
	s := x.span(c, &n.window, func(s span) bool { return n.count.hold(float64(size(s))) })
	found := size(s)
	e := evidence{found: strconv.Itoa(found), wanted: n.count.String()}
	t := x.tableOf(n)
	if found > 0 {
		e.used = t.witness(len(n.steps)-1, n.end(c, s))
		return e
	}
	reached := t.reached(x.frame.cut)
	e.reason = fmt.Sprintf("%d of %d steps can be matched", reached, len(n.steps))
	if reached == len(n.steps) {
		e.reason = "the steps were matched, but not in the window"
	}
	if reached > 0 {
		last := t.rows[reached-1].pos
		e.used = t.witness(reached-1, last[firstAt(last, x.frame.cut)-1])
	}
	return e
}

// end returns the position at which the match that is cited ends.
func (n *sequence) end(c *column, s span) int32 {
	i := s.hi - 1
	if !n.whole {
		return c.pos[i]
	}
	for i > s.lo && c.ref[i-1] == c.ref[i] { // the first end of the match that begins last
		i--
	}
	return c.pos[i]
}

// reached returns how many steps, from the first, the first cut signals can
// match.
func (t *table) reached(cut int) int {
	n := 0
	for n < len(t.rows) && len(t.rows[n].pos) > 0 && int(t.rows[n].pos[0]) < cut {
		n++
	}
	return n
}

func (n *absence) evidence(x *explainer) evidence {
	c := &x.log.columns[n.aCol]
	s := x.span(c, &n.window, func(s span) bool {
		t, _ := n.over(&x.frame, c, s)
		return t == yes
	})
	e := evidence{wanted: ">= " + words(n.d)}
	i, ok := n.anchor(&x.frame, c, s)
	if !ok {
		e.reason = "there is none that nothing followed"
		e.used = x.lastOf(n.bCol)
		return e
	}
	e.found = words(x.frame.now - x.log.at[c.pos[i]])
	e.used = c.pos[i : i+1]
	return e
}

func (n *lapse) evidence(x *explainer) evidence {
	c := &x.log.columns[n.column]
	e := evidence{wanted: "> " + words(n.d)}
	s := x.span(c, &n.window, func(s span) bool {
		t, _ := n.over(&x.frame, c, s)
		return t == yes
	})
	for i := s.lo; i < s.hi; i++ {
		if n.alone(&x.frame, c, i) {
			e.used = append(e.used, c.pos[i])
		}
	}
	if len(e.used) == 0 {
		e.reason = "there is none that nothing followed in time"
	} else {
		e.found = words(x.frame.now - x.log.at[e.used[0]])
	}
	return e
}

func (n *score) evidence(x *explainer) evidence {
	c := &x.log.columns[n.column]
	k := x.frame.existing(c.pos)
	sum := 0.0
	if k > 0 {
		sum = n.fade(c.num[k-1], x.frame.now-x.log.at[c.pos[k-1]])
	}
	return evidence{found: strconv.FormatFloat(sum, 'g', 6, 64), wanted: n.cmps.String(), used: c.pos[:k]}
}

func (n *viewTest) evidence(x *explainer) evidence {
	c := &x.log.columns[n.views]
	s := x.span(c, &n.window, func(s span) bool {
		t, _ := n.over(&x.frame, c, s)
		return t == yes
	})
	e := evidence{wanted: n.cmps.String(), used: x.positions(c, s)}
	if s.len() == 0 {
		e.reason = "there is no such page view"
		return e
	}
	most, known := n.most(&x.frame, c, s)
	if !known && n.unknown {
		e.reason = "there are no heartbeats of such a page view"
		return e
	}
	e.found = strconv.FormatFloat(most, 'f', -1, 64)
	return e
}

func (n *sessionTest) evidence(x *explainer) evidence {
	v, ok := n.value(&x.frame)
	if !ok {
		return evidence{wanted: n.cmps.String(), reason: "the visitor has never been active"}
	}
	return evidence{found: strconv.FormatFloat(v, 'f', -1, 64), wanted: n.cmps.String()}
}

func (n returning) evidence(x *explainer) evidence {
	number := 0
	if x.frame.session >= 0 {
		number = x.log.sessions[x.frame.session].number
	}
	return evidence{found: fmt.Sprintf("session %d", number)}
}

func (n *returned) evidence(x *explainer) evidence {
	if x.frame.session < 0 {
		return evidence{reason: "the visitor has never been active"}
	}
	first := x.log.sessions[x.frame.session].first
	return evidence{wanted: "<= " + words(n.within), used: []int32{first}}
}

func (n *entry) evidence(x *explainer) evidence {
	c := &x.log.columns[n.pages]
	if x.frame.session >= 0 {
		if s := x.frame.inGroup(c, x.frame.session); s.len() > 0 {
			return evidence{used: c.pos[s.lo : s.lo+1]}
		}
	}
	return evidence{reason: "the session has no page view"}
}

func (n *contextTest) evidence(x *explainer) evidence {
	vals := n.values(&x.frame)
	if len(vals) == 0 {
		return evidence{reason: fmt.Sprintf("neither the request nor the current session says %s", n.attribute.name)}
	}
	return evidence{found: list(vals), private: true}
}

func (n *traitTest) evidence(x *explainer) evidence {
	vals := n.values(&x.frame)
	if len(vals) == 0 {
		return evidence{reason: fmt.Sprintf("the visitor has no trait %s", n.name)}
	}
	return evidence{found: list(vals), used: x.lastOf(n.column), private: true}
}

func (n *clockTest) evidence(x *explainer) evidence {
	return evidence{found: time.UnixMilli(x.frame.now).In(n.zone).Format("Mon 15:04 MST")}
}

func list(vals []prop) string {
	texts := make([]string, len(vals))
	for i, p := range vals {
		texts[i] = p.Value.String()
	}
	return strings.Join(slices.Compact(texts), ", ")
}

// words writes ms as a duration of the language, without what is less than a
// second.
func words(ms int64) string {
	return syntax.FormatDuration((time.Duration(ms) * time.Millisecond).Truncate(time.Second))
}

// String returns comparisons as in ">= 3 and < 5".
func (cs comparisons) String() string {
	texts := make([]string, len(cs))
	for i, c := range cs {
		limit := strconv.FormatFloat(c.limit, 'f', -1, 64)
		if c.text != nil {
			limit = strconv.Quote(c.text.String())
		}
		texts[i] = signs[c.op] + " " + limit
	}
	return strings.Join(texts, " and ")
}
