package segment_test

import (
	"encoding/json"
	"fmt"
)

// A tree is a rule, as in JSON.
type tree = map[string]any

// question returns a question with a rule of a family. It leaves in g.marks when
// the rule may change its mind.
func (g *generator) question(family func(*generator) tree) oracleQuestion {
	g.marks = nil
	rule, err := json.Marshal(family(g))
	if err != nil {
		panic(err)
	}
	q := oracleQuestion{Rule: rule, Zone: g.place.zone}
	if q.Zone != "" {
		q.WeekStart = pick(g, "", "Sunday")
	}
	return q
}

// duration returns a multiple of the grid. A rule with it may change its mind so
// long after a signal.
func (g *generator) duration(least, most int) string {
	n := least + g.IntN(most-least+1)
	g.marks = append(g.marks, int64(n)*grid.Milliseconds())
	return fmt.Sprintf("%dm", n*10)
}

// chance is true once in n times.
func (g *generator) chance(n int) bool { return g.IntN(n) == 0 }

func (g *generator) events() any {
	return pick[any](g, "a", "b", "c", "a", "b", "c", []string{"a", "b"}, []string{"b", "c"}, "page", "page:home", "*")
}

func (g *generator) where(in tree) tree {
	if g.chance(4) {
		in["where"] = pick(g,
			tree{"p": "k"}, tree{"p": []string{"k", "l"}}, tree{"p": tree{"ne": "k"}},
			tree{"v": tree{"gte": 1}}, tree{"v": tree{"lt": 4}}, tree{"v": tree{"gt": 0, "lte": 4}})
	}
	return in
}

func (g *generator) window(in tree) tree {
	switch g.IntN(5) {
	case 0, 1:
		in["last"] = g.duration(1, 12)
	case 2, 3:
		young := g.IntN(7)
		old := young + g.IntN(7)
		in["between"] = []string{fmt.Sprintf("%dm", young*10), fmt.Sprintf("%dm", old*10)}
		g.marks = append(g.marks, int64(young)*grid.Milliseconds(), int64(old)*grid.Milliseconds())
	}
	return in
}

func (g *generator) daysWindow(in tree) tree {
	switch g.IntN(4) {
	case 0:
		in["today"] = true
	case 1:
		in["lastDays"] = 1 + g.IntN(4)
	case 2:
		in["previousDays"] = 1 + g.IntN(3)
	default:
		in["week"] = "current"
	}
	return in
}

// compared asks for the figure itself or, less often, for a comparison.
func (g *generator) compared(in tree) tree {
	switch g.IntN(8) {
	case 0:
		in["gte"] = g.IntN(4)
	case 1:
		in["lt"] = 1 + g.IntN(3)
	default:
		in["eq"] = "?"
	}
	return in
}

// counted and valued return figures without a window.
func (g *generator) counted() (operator string, of tree) {
	of = g.compared(g.where(tree{"of": g.events()}))
	if g.chance(3) {
		of["distinct"] = pick(g, "p", "v")
	}
	return "count", of
}

func (g *generator) valued() (operator string, of tree) {
	operator = pick(g, "sum", "avg", "min", "max", "first", "latest")
	of = g.where(tree{"of": g.events(), "property": "v"})
	if (operator == "first" || operator == "latest") && g.chance(2) {
		of["property"], of["eq"] = "p", "?"
		return operator, of
	}
	return operator, g.compared(of)
}

// plainFigure is a figure that does not depend on the order of signals.
func (g *generator) plainFigure() (operator string, of tree) {
	for {
		operator, of = g.anyFigure()
		if operator != "first" && operator != "latest" {
			return operator, of
		}
	}
}

func (g *generator) anyFigure() (operator string, of tree) {
	if g.chance(2) {
		return g.counted()
	}
	return g.valued()
}

func (g *generator) figure() tree {
	operator, of := g.anyFigure()
	return tree{operator: g.window(of)}
}

func (g *generator) orderless() tree {
	operator, of := g.plainFigure()
	return tree{operator: g.window(of)}
}

func (g *generator) onDays() tree {
	operator, of := g.anyFigure()
	return tree{operator: g.daysWindow(of)}
}

func (g *generator) recency() tree {
	of := g.where(tree{"of": g.events()})
	switch g.IntN(5) {
	case 0:
		return tree{"never": of}
	case 1, 2:
		of["atMost"] = g.duration(0, 8)
	default:
		of["atLeast"] = g.duration(0, 8)
	}
	return tree{"recency": of}
}

func (g *generator) stillAbsent() tree {
	return g.where(tree{"of": g.events(), "without": g.events(), "for": g.duration(0, 6), "since": pick(g, "last", "first")})
}

func (g *generator) silence() tree { return tree{"absence": g.window(g.stillAbsent())} }

func (g *generator) silenceOnDays() tree {
	if g.chance(2) {
		return tree{"absence": g.daysWindow(g.stillAbsent())}
	}
	return tree{"absence": g.daysWindow(g.absentOnce())}
}

func (g *generator) absentOnce() tree {
	d := g.duration(0, 6)
	g.marks = append(g.marks, g.marks[len(g.marks)-1]+1)
	return g.where(tree{"of": g.events(), "without": g.events(), "for": d, "mode": "once"})
}

func (g *generator) lapse() tree { return tree{"absence": g.window(g.absentOnce())} }

func (g *generator) session() tree {
	switch g.IntN(6) {
	case 0:
		return tree{"session": tree{"number": tree{"eq": "?"}}}
	case 1:
		return tree{"session": tree{"pages": tree{"eq": "?"}}}
	case 2:
		return tree{"session": tree{"duration": tree{pick(g, "gte", "lte", "gt", "lt", "eq"): g.duration(1, 6)}}}
	case 3:
		return tree{"session": tree{"returning": g.chance(2)}}
	default:
		return tree{"session": tree{"returnedWithin": g.duration(2, 12)}}
	}
}

// inSession is a figure or an absence in the current session, or in any.
func (g *generator) inSession() tree {
	if g.chance(4) {
		of := pick(g, g.stillAbsent, g.absentOnce)()
		of["session"] = "current"
		return tree{"absence": of}
	}
	operator, of := g.plainFigure()
	of["session"] = "current"
	if g.chance(3) {
		delete(of, "eq")
		delete(of, "lt")
		of["session"], of["gte"] = "any", g.IntN(4)
	}
	return tree{operator: of}
}

// steps returns steps of a sequence that ask nothing but events.
func (g *generator) steps(least, most int) []tree {
	var steps []tree
	for range least + g.IntN(most-least+1) {
		step := tree{"of": g.events()}
		if g.chance(3) {
			step = g.where(step)
		}
		steps = append(steps, step)
	}
	return steps
}

func (g *generator) funnel() tree {
	return tree{"sequence": tree{"steps": g.steps(2, 4), "span": g.duration(3, 20)}}
}

// gaps is a sequence with at most one limit on the time between two steps.
func (g *generator) gaps() tree {
	in := tree{"steps": g.limited(g.steps(2, 4))}
	if g.chance(3) {
		in["allWithin"] = tree{"last": g.duration(2, 14)}
	}
	return tree{"sequence": in}
}

// limited gives most steps a limit, all of one kind.
func (g *generator) limited(steps []tree) []tree {
	limit := pick(g, "within", "after")
	for _, step := range steps[1:] {
		if !g.chance(3) {
			step[limit] = g.duration(0, 9)
		}
	}
	return steps
}

// adjacent is a sequence in a stream in which nothing else may lie between.
func (g *generator) adjacent() tree {
	stream := pick[any](g, "*", []string{"a", "b", "c"}, []string{"a", "b", "c", "x"}, []string{"a", "b", "c", "page"})
	var steps []tree
	for i := range 2 + g.IntN(3) {
		steps = append(steps, tree{"of": pick[any](g, "a", "b", "c", []string{"a", "b"})})
		if i > 0 {
			steps[i]["directly"] = stream
		}
	}
	return tree{"sequence": tree{"steps": steps}}
}

// often is a sequence that is counted.
func (g *generator) often() tree {
	in := tree{"steps": g.steps(2, 3), "times": g.compared(tree{})}
	switch g.IntN(3) {
	case 0:
		event := pick(g, "a", "b", "*")
		in["steps"] = []tree{{"of": event}, {"of": event}}
	case 1:
		in["steps"] = g.limited(g.steps(2, 3))
	}
	if g.chance(2) {
		in["allWithin"] = tree{"last": g.duration(4, 20)}
	}
	return tree{"sequence": in}
}

// path is a sequence with whatever a step can ask.
func (g *generator) path() tree {
	s := g.linked()
	if g.chance(3) {
		s["in"] = pick(g, "session", "page", "day")
	}
	switch g.IntN(6) {
	case 0, 1:
		s["completed"] = tree{"last": g.duration(1, 12)}
	case 2:
		s["allWithin"] = tree{"last": g.duration(2, 12)}
	case 3:
		s[pick(g, "completed", "allWithin")] = tree{"session": "current"}
	}
	return tree{"sequence": s}
}

// tangled is a sequence for which the latest signals for its first steps are not
// always the best.
func (g *generator) tangled() tree {
	last := tree{"of": pick(g, "a", "b", "c")}
	switch g.IntN(4) {
	case 0:
		last["strictTime"] = true
	case 1:
		last["after"] = g.duration(0, 3)
	case 2:
		last["within"] = g.duration(1, 6)
	}
	steps := []tree{
		{"of": pick[any](g, "*", []string{"a", "b"})},
		{"of": pick[any](g, "*", []string{"a", "b"}), "same": "p"},
		last,
	}
	if g.chance(2) {
		return tree{"sequence": tree{"steps": steps, "span": g.duration(1, 6), "completed": tree{"last": g.duration(1, 6)}}}
	}
	return tree{"sequence": tree{"steps": steps, "allWithin": tree{"last": g.duration(2, 9)}}}
}

func (g *generator) pathOnDays() tree {
	s := g.linked()
	if g.chance(2) {
		s["in"] = "day"
	}
	s[pick(g, "completed", "allWithin")] = g.daysWindow(tree{})
	return tree{"sequence": s}
}

func (g *generator) linked() tree {
	steps := g.steps(2, 3)
	for i, s := range steps {
		if g.chance(6) {
			s["times"] = 2
		} else if g.chance(6) {
			s["first"] = true
		}
		if i > 0 {
			g.relate(s)
		}
	}
	s := tree{"steps": steps}
	if g.chance(3) {
		s["span"] = g.duration(3, 20)
	}
	return s
}

// relate says in a step how it lies to the one before.
func (g *generator) relate(s tree) {
	if g.chance(3) {
		s["after"] = g.duration(0, 2)
	}
	if g.chance(3) {
		s["within"] = g.duration(2, 10)
	}
	switch g.IntN(5) {
	case 0:
		s["directly"] = pick[any](g, "page", "*", []string{"x", "c"})
	case 1, 2:
		s["without"] = pick[any](g, "x", "a", []string{"x", "page"}, tree{"of": "c", "where": tree{"p": "k"}})
	}
	if g.chance(5) {
		s["same"] = "p"
	}
	if g.chance(6) {
		s["strictTime"] = true
	}
}
