package syntax

import (
	"strings"

	"go.yaml.in/yaml/v3"
)

// maxDepth is how deep conditions can be nested. Nobody can follow so deep a
// rule; the bound keeps hostile input from exhausting those who walk the tree.
const maxDepth = 100

// cond reads a condition. It is nil after a mistake that leaves none.
func (r *reader) cond(n *yaml.Node) Cond {
	if r.depth >= maxDepth {
		r.fail(n, "conditions are nested more than %d deep: give a part its own segment and refer to it", maxDepth)
		return nil
	}
	r.depth++
	defer func() { r.depth-- }()

	key, value := r.operator(n)
	if key == nil {
		return nil
	}
	at := Node{r.pos(key)}
	switch key.Value {
	case "all":
		return All{at, r.conds("all", value)}
	case "any":
		return Any{at, r.conds("any", value)}
	case "not":
		return Not{at, r.cond(value)}
	case "count":
		return r.count(at, value)
	case "sum", "avg", "min", "max", "first", "latest", "mode":
		return r.aggregate(at, AggFunc(key.Value), value)
	case "recency":
		return r.recency(at, value)
	case "regular":
		return r.regular(at, value)
	case "never":
		return r.never(at, value)
	case "sequence":
		return r.sequence(at, value)
	case "absence":
		return r.absence(at, value)
	case "session":
		return r.session(at, value)
	case "dwell":
		on, window, cmps := r.onPage(dwellForm, value, lengthOfTime)
		return Dwell{at, on, window, cmps}
	case "scroll":
		on, window, cmps := r.onPage(scrollForm, value, percentage)
		return Scroll{at, on, window, cmps}
	case "score":
		return r.score(at, value)
	case "affinity":
		return r.affinity(at, value)
	case "trait":
		return Trait{at, r.pred("trait", value)}
	case "context":
		return Context{at, r.pred("context", value)}
	case "list":
		return List{at, r.listKey(value)}
	default:
		return Segment{at, r.text("segment", value)}
	}
}

// operator returns the one operator of a condition and what stands after it.
// The key is nil after a mistake.
func (r *reader) operator(n *yaml.Node) (key, value *yaml.Node) {
	switch {
	case n.Kind == yaml.SequenceNode:
		r.fail(n, "a list of conditions needs all: or any: in front, to say how many must hold")
		return nil, nil
	case n.Kind != yaml.MappingNode:
		r.fail(n, "a condition is an operator and its parts, such as count: {of: Product Viewed, gte: 3}, not %s", show(n))
		return nil, nil
	}
	f := r.fields(n, freely("a condition", "{count: {of: Product Viewed}}"))
	if len(f.keys) != 1 {
		r.notOneOperator(f)
		return nil, nil
	}
	key, value = f.keys[0], f.values[0]
	switch {
	case !isOperator(key.Value):
		r.unknownOperator(key)
	case isNull(value):
		r.fail(value, "%s has no value: nothing is indented below it", key.Value)
	default:
		return key, value
	}
	return nil, nil
}

func (r *reader) notOneOperator(f *fields) {
	if len(f.keys) == 0 {
		if len(f.node.Content) == 0 {
			r.fail(f.node, "an empty condition: write one operator, such as count: {of: Product Viewed}")
		}
		return
	}
	var operators, others []string
	for _, key := range f.keys {
		if isOperator(key.Value) {
			operators = append(operators, key.Value)
		} else {
			others = append(others, shorten(key.Value))
		}
	}
	switch {
	case len(operators) > 1 && len(others) == 0:
		r.fail(f.keys[1], "a condition has one operator, this one has %s: put each into its own item of all: [ ] or any: [ ]", strings.Join(operators, " and "))
	case len(operators) == 1:
		r.fail(f.keys[0], "%s stands beside %s: indent it below %s if it belongs to it", strings.Join(others, ", "), operators[0], operators[0])
	default:
		r.fail(f.keys[0], "a condition has one operator, this one has the keys %s", strings.Join(append(operators, others...), ", "))
	}
}

func (r *reader) unknownOperator(key *yaml.Node) {
	if better := suggest(key.Value, operatorKeys()); better != "" {
		r.fail(key, "unknown operator %q: did you mean %s?", shorten(key.Value), better)
		return
	}
	r.fail(key, "unknown operator %q: the operators are %s", shorten(key.Value), strings.Join(operatorKeys(), ", "))
}

func (r *reader) conds(what string, n *yaml.Node) []Cond {
	var all []Cond
	for _, item := range r.items(what, n) {
		if c := r.cond(item); c != nil {
			all = append(all, c)
		}
	}
	return all
}

// match reads of and where.
func (f *fields) match(of string) Match {
	m := Match{Where: f.pred("where")}
	if n := f.find(of); n != nil {
		m.Events, m.Pos = f.r.events(of, n), f.r.pos(n)
	}
	return m
}

func (r *reader) count(at Node, n *yaml.Node) Cond {
	f := r.fields(n, countForm)
	c := Count{at, f.match("of"), f.window(), f.property("distinct"), f.compare(howMany)}
	f.close()
	if len(c.Cmp) == 0 {
		c.Cmp = []Cmp{{Gte, 1.0, at.Pos}}
	}
	return c
}

func (r *reader) aggregate(at Node, fun AggFunc, n *yaml.Node) Cond {
	form, fig := aggregateForm, amount
	if fun.ofText() {
		form, fig = oneValueForm, amountOrText
	}
	f := r.fields(n, form.called(string(fun)))
	c := Aggregate{at, fun, f.match("of"), f.property("property"), f.window(), f.requireCompare(fig)}
	f.close()
	return c
}

func (r *reader) recency(at Node, n *yaml.Node) Cond {
	f := r.fields(n, recencyForm)
	f.instead("it is about the last signal of all; for those in a window use count", windowKeys...)
	c := Recency{at, f.match("of"), f.duration("atLeast"), f.duration("atMost")}
	switch given := f.has("atLeast"); {
	case f.node == nil:
	case given && f.has("atMost"):
		r.fail(n, "recency takes atLeast or atMost: for both put two recency conditions into all: [ ]")
	case !given && !f.has("atMost"):
		r.fail(n, "recency needs atLeast or atMost, such as atLeast: 30d")
	}
	f.close()
	return c
}

// maxPeriods bounds how many days or weeks regular looks at.
const maxPeriods = 366

var periods = words(Day, Week)

func (r *reader) regular(at Node, n *yaml.Node) Cond {
	f := r.fields(n, regularForm)
	c := Regular{
		Node: at, Match: f.match("of"),
		AtLeast: f.whole("atLeast", 1, maxPeriods, 1), OfLast: f.whole("ofLast", 1, maxPeriods, maxPeriods),
		Period: Period(f.choice("period", periods...)),
	}
	if c.AtLeast > c.OfLast {
		r.fail(f.find("atLeast"), "atLeast %d of the last %d can never be: make ofLast greater", c.AtLeast, c.OfLast)
	}
	f.close()
	return c
}

func (r *reader) never(at Node, n *yaml.Node) Cond {
	f := r.fields(n, neverForm)
	f.instead("it is about all time; for a window use not: {count: {of: …, last: 7d}}", windowKeys...)
	c := Never{at, f.match("of")}
	f.close()
	return c
}

func (r *reader) session(at Node, n *yaml.Node) Cond {
	f := r.fields(n, sessionForm)
	if f.node != nil && len(f.keys) == 0 {
		r.fail(n, "session is empty: say what about it, such as {pages: {gte: 3}}")
	}
	c := Session{
		Node:           at,
		Number:         f.compareMap("number", howMany),
		Pages:          f.compareMap("pages", howMany),
		Duration:       f.compareMap("duration", lengthOfTime),
		Entry:          f.pred("entry"),
		Returning:      f.boolean("returning"),
		ReturnedWithin: f.positive("returnedWithin"),
	}
	if n := f.find("referrer"); n != nil {
		c.Referrer = r.tests("referrer", n)
	}
	f.close()
	return c
}

// onPage reads what dwell and scroll have in common.
func (r *reader) onPage(form form, n *yaml.Node, fig figure) (Pred, Window, []Cmp) {
	f := r.fields(n, form)
	on, window, cmps := f.pred("on"), f.window(), f.requireCompare(fig)
	f.close()
	return on, window, cmps
}

func (r *reader) score(at Node, n *yaml.Node) Cond {
	f := r.fields(n, scoreForm)
	c := Score{Node: at, Cmp: f.requireCompare(amount)}
	if d := f.positive("halfLife"); d != nil {
		c.HalfLife = *d
	}
	if list := f.find("of"); list != nil {
		for _, item := range r.items("of", list) {
			c.Of = append(c.Of, r.weight(item))
		}
	}
	f.close()
	return c
}

// listKey reads the key of a list, which is uploaded under it.
func (r *reader) listKey(n *yaml.Node) string {
	key := r.text("list", n)
	if key != "" && !keyForm.MatchString(key) {
		r.fail(n, "the key of a list has only a-z, 0-9 and -, such as list: newsletter-2026, not %s", show(n))
	}
	return key
}

func (r *reader) affinity(at Node, n *yaml.Node) Cond {
	f := r.fields(n, affinityForm)
	c := Affinity{Node: at, Cmp: f.requireCompare(amount)}
	if topic := f.find("topic"); topic != nil {
		c.Topic = r.text("topic", topic)
	}
	if d := f.positive("halfLife"); d != nil {
		c.HalfLife = *d
	}
	f.close()
	return c
}

func (r *reader) weight(n *yaml.Node) Weight {
	form, of := weightForm, "event"
	if hasKey(n, "of") {
		form, of = weightOfForm, "of"
	}
	f := r.fields(n, form)
	f.instead("of says the same: keep one of the two", "event")
	w := Weight{f.match(of), f.number("weight")}
	f.close()
	return w
}

// hasKey reports whether n is a map with key.
func hasKey(n *yaml.Node, key string) bool {
	for i := 0; n.Kind == yaml.MappingNode && i < len(n.Content); i += 2 {
		if n.Content[i].Value == key {
			return true
		}
	}
	return false
}
