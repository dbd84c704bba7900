package journey

import (
	"cmp"
	"slices"
)

// A Graph says which step directly followed which within a session, while all
// visitors are watched: how often, how fast, and in whose paths.
type Graph struct {
	Steps []Node `json:"steps"` // the most frequent first
	Edges []Edge `json:"edges"` // the most frequent first
}

// A Node is a step of the graph.
type Node struct {
	Step    string `json:"step"`
	Taken   int    `json:"taken"`   // how often
	Entries int    `json:"entries"` // as the first of a session
	Exits   int    `json:"exits"`   // as the last of a session that did not end at the goal
	Goals   int    `json:"goals"`   // as the last before the goal, in its session
}

// An Edge is two steps of which the second directly followed the first.
type Edge struct {
	From string `json:"from"`
	To   string `json:"to"`
	Passage
	Converted Passage `json:"converted"` // in paths of those who reached the goal
	Others    Passage `json:"others"`
}

// A Passage is how often and how fast an edge was passed.
type Passage struct {
	Count            int     `json:"count"`
	Probability      float64 `json:"probability"`      // that To comes next after From, exits and the goal included
	MedianGapSeconds float64 `json:"medianGapSeconds"` // exact; 0 if no times are known
}

// counts are how often something is in the paths of those who reached the goal,
// and of others.
type counts [2]int

func (c counts) total() int { return c[0] + c[1] }

// A pair is two steps, one after the other.
type pair struct{ from, to int32 }

// A walk counts what follows what.
type walk struct {
	*paths
	taken, entries, exits, goals []counts // by step
	edges                        map[pair]*counts
}

func (p *paths) graph() *Graph {
	n := len(p.kinds)
	w := &walk{p, make([]counts, n), make([]counts, n), make([]counts, n), make([]counts, n), map[pair]*counts{}}
	w.each(w.visit)
	g := &Graph{Steps: w.nodes(), Edges: []Edge{}}
	pairs := w.mostFrequent()
	gaps := w.gaps(pairs)
	for _, e := range pairs {
		g.Edges = append(g.Edges, w.edge(e, gaps[e]))
	}
	return g
}

// each calls f for every visitor who has been there for long enough.
func (p *paths) each(f func(v, group int)) {
	for v := range p.visitors() {
		switch p.fate(v) {
		case converted:
			f(v, 0)
		case remained:
			f(v, 1)
		}
	}
}

// visit counts what is in the path of a visitor.
func (w *walk) visit(v, group int) {
	lo, hi := w.watched(v)
	for i := lo; i < hi; i++ {
		s := w.steps[i]
		w.taken[s][group]++
		if w.begins[i] {
			w.entries[s][group]++
		}
		switch {
		case i+1 < hi && !w.begins[i+1]:
			e := pair{s, w.steps[i+1]}
			c := w.edges[e]
			if c == nil {
				c = new(counts)
				w.edges[e] = c
			}
			c[group]++
		case i+1 == hi && group == 0 && w.inSession(w.at[i], w.goal[v]):
			w.goals[s][group]++
		default:
			w.exits[s][group]++
		}
	}
}

// inSession reports whether a goal came before the session of a step had ended.
func (p *paths) inSession(at, goal int64) bool {
	return !p.timed || goal-at < p.opts.SessionGap.Milliseconds()
}

func (w *walk) nodes() []Node {
	nodes := []Node{}
	for s, taken := range w.taken {
		if taken.total() > 0 {
			nodes = append(nodes, Node{
				w.name(int32(s)), taken.total(), w.entries[s].total(), w.exits[s].total(), w.goals[s].total(),
			})
		}
	}
	slices.SortStableFunc(nodes, func(a, b Node) int { return cmp.Compare(b.Taken, a.Taken) })
	return nodes[:w.opts.top(len(nodes))]
}

// mostFrequent returns the edges that are told of.
func (w *walk) mostFrequent() []pair {
	pairs := make([]pair, 0, len(w.edges))
	for e := range w.edges {
		pairs = append(pairs, e)
	}
	slices.SortFunc(pairs, func(a, b pair) int {
		return cmp.Or(cmp.Compare(w.edges[b].total(), w.edges[a].total()), cmp.Compare(a.from, b.from), cmp.Compare(a.to, b.to))
	})
	return pairs[:w.opts.top(len(pairs))]
}

// gaps returns the times between the steps of some edges, by outcome.
func (w *walk) gaps(pairs []pair) map[pair]*[2][]int64 {
	gaps := make(map[pair]*[2][]int64, len(pairs))
	for _, e := range pairs {
		gaps[e] = new([2][]int64)
	}
	if !w.timed {
		return gaps
	}
	w.each(func(v, group int) {
		lo, hi := w.watched(v)
		for i := lo; i+1 < hi; i++ {
			if w.begins[i+1] {
				continue
			}
			if g := gaps[pair{w.steps[i], w.steps[i+1]}]; g != nil {
				g[group] = append(g[group], w.at[i+1]-w.at[i])
			}
		}
	})
	return gaps
}

func (w *walk) edge(e pair, gaps *[2][]int64) Edge {
	c, out := w.edges[e], w.taken[e.from]
	return Edge{
		From: w.name(e.from), To: w.name(e.to),
		Passage:   Passage{c.total(), share(c.total(), out.total()), median(slices.Concat(gaps[0], gaps[1]))},
		Converted: Passage{c[0], share(c[0], out[0]), median(gaps[0])},
		Others:    Passage{c[1], share(c[1], out[1]), median(gaps[1])},
	}
}

// median returns the median of times in seconds, 0 if there are none. It sorts
// them.
func median(ms []int64) float64 {
	n := len(ms)
	if n == 0 {
		return 0
	}
	slices.Sort(ms)
	return float64(ms[(n-1)/2]+ms[n/2]) / 2 / 1000
}
