package syntax

import "go.yaml.in/yaml/v3"

const (
	maxSteps   = 20
	maxRepeats = 1000
)

// The words of sequences and absences; the first is meant if none is given.
var (
	scopes       = words(InVisitor, InSession, InPage, InDay)
	anchors      = words(SinceLast, SinceFirst)
	absenceModes = words(Still, Once)
)

func (r *reader) sequence(at Node, n *yaml.Node) Cond {
	f := r.fields(n, sequenceForm)
	f.instead("say which steps it holds for: completed: {last: 7d} for the last one, allWithin: {last: 7d} for all", windowKeys...)
	s := Sequence{
		Node:  at,
		Span:  f.positive("span"),
		In:    Scope(f.choice("in", scopes...)),
		Times: f.compareMap("times", howMany),
	}
	s.Window, s.AllWithin = f.completion()
	if list := f.find("steps"); list != nil {
		items := r.items("steps", list)
		if len(items) > maxSteps {
			r.fail(list, "a sequence has at most %d steps, this one has %d", maxSteps, len(items))
		}
		for i, item := range items {
			s.Steps = append(s.Steps, r.step(item, i == 0))
		}
	}
	f.close()
	return s
}

// completion reads the window of a sequence.
func (f *fields) completion() (w Window, allWithin bool) {
	completed, allWithin := f.has("completed"), f.has("allWithin")
	if completed && allWithin {
		f.r.fail(f.node, "sequence takes completed or allWithin, not both")
	}
	last, all := f.onlyWindow("completed"), f.onlyWindow("allWithin")
	if allWithin {
		return all, true
	}
	return last, false
}

func (r *reader) step(n *yaml.Node, first bool) Step {
	form := stepForm
	if first {
		form = firstStepForm
	}
	f := r.fields(n, form)
	f.instead("the first step has no step before it", names(stepRelations)...)
	f.instead("a step's time is given by within or after the previous step, that of the sequence by completed or allWithin", windowKeys...)
	s := Step{Match: f.match("of"), Times: f.whole("times", 1, maxRepeats, 1)}
	if f.node != nil {
		s.Pos = r.pos(n)
	}
	if b := f.boolean("first"); b != nil {
		s.First = *b
	}
	if s.First && s.Times > 1 {
		f.r.fail(n, "a visitor's first such signal is one: leave out first or times, or add a step for the others")
	}
	if !first {
		f.relation(&s)
	}
	f.close()
	return s
}

// relation reads how a step lies to the previous one.
func (f *fields) relation(s *Step) {
	s.Within, s.After = f.duration("within"), f.duration("after")
	if s.Within != nil && s.After != nil && *s.Within < *s.After {
		f.r.fail(f.node, "no gap is at most %s (within) and at least %s (after)", FormatDuration(*s.Within), FormatDuration(*s.After))
	}
	s.Without = f.without()
	if n := f.find("directly"); n != nil {
		if n.Tag == "!!bool" {
			f.r.fail(n, `directly names the stream in which nothing may lie between: write page, "*" or event names`)
		} else {
			s.Directly = &Stream{f.r.events("directly", n)}
		}
	}
	if n := f.find("same"); n != nil {
		for _, item := range f.r.oneOrMore("same", n) {
			s.Same = append(s.Same, f.r.property("same", item))
		}
	}
	if b := f.boolean("strictTime"); b != nil {
		s.StrictTime = *b
	}
}

// without reads the signals that must be missing: events, {of, where}, or a
// list of both.
func (f *fields) without() []Match {
	n := f.find("without")
	if n == nil {
		return nil
	}
	if n.Kind == yaml.SequenceNode && hasMap(n.Content) {
		var all []Match
		for _, item := range n.Content {
			all = append(all, f.r.plainMatch("without", item))
		}
		return all
	}
	return []Match{f.r.plainMatch("without", n)}
}

func hasMap(items []*yaml.Node) bool {
	for _, item := range items {
		if item.Kind == yaml.MappingNode {
			return true
		}
	}
	return false
}

// plainMatch reads events, or a map of of and where.
func (r *reader) plainMatch(what string, n *yaml.Node) Match {
	if n.Kind != yaml.MappingNode {
		return Match{Events: r.events(what, n), Pos: r.pos(n)}
	}
	f := r.fields(n, matchForm.called(what))
	m := f.match("of")
	f.close()
	return m
}

func (r *reader) absence(at Node, n *yaml.Node) Cond {
	f := r.fields(n, absenceForm)
	a := Absence{
		Node:   at,
		Of:     f.match("of"),
		Since:  Anchor(f.choice("since", anchors...)),
		Mode:   AbsenceMode(f.choice("mode", absenceModes...)),
		Window: f.window(),
	}
	if without := f.find("without"); without != nil {
		a.Without = r.plainMatch("without", without)
	}
	if d := f.duration("for"); d != nil {
		a.For = *d
	}
	if a.Mode == Once && f.has("since") {
		r.fail(n, "since says where a still absence starts: leave it out with mode: once")
	}
	f.close()
	return a
}
