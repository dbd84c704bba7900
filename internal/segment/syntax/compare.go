package syntax

import (
	"cmp"
	"math"
	"slices"

	"go.yaml.in/yaml/v3"
)

var (
	cmpOps      = []TestOp{Eq, Ne, Gt, Gte, Lt, Lte}
	compareKeys = names(amount.comparisons())
)

// maxHowMany is more than anybody needs to count to.
const maxHowMany = 1_000_000_000

// A figure is what a Cmp compares: how its constants are written and which
// values it can have.
type figure struct {
	example string
	value   string // the schema's definition of its constants
	equal   string // that of what eq and ne take; "" = value
	read    func(r *reader, op TestOp, n *yaml.Node) Scalar
	whole   bool
	least   float64
	most    float64
}

var (
	howMany      = figure{"3", "howMany", "", readHowMany, true, 0, math.Inf(1)}
	amount       = figure{"100", "number", "", readAmount, false, math.Inf(-1), math.Inf(1)}
	amountOrText = figure{"100", "number", "scalar", readAmountOrText, false, math.Inf(-1), math.Inf(1)}
	lengthOfTime = figure{"30s", "duration", "", readLength, false, 0, math.Inf(1)}
	percentage   = figure{"75", "percentage", "", readPercentage, false, 0, 100}
)

// comparisons returns the keys that compare the figure.
func (fig figure) comparisons() []key {
	keys := make([]key, len(cmpOps))
	for i, op := range cmpOps {
		value := fig.value
		if op == Eq || op == Ne {
			value = cmp.Or(fig.equal, value)
		}
		keys[i] = key{string(op), value, op.meaning(), optional}
	}
	return keys
}

// form returns the form of a map of comparisons and nothing else.
func (fig figure) form() form {
	return form{
		name: fig.formName(), sample: "{gte: " + fig.example + "}",
		keys: fig.comparisons(), limits: []limit{someComparison},
	}
}

func (fig figure) formName() string { return fig.value + "Comparison" }

func readHowMany(r *reader, op TestOp, n *yaml.Node) Scalar {
	return float64(r.whole(string(op), n, 0, maxHowMany))
}

func readAmount(r *reader, op TestOp, n *yaml.Node) Scalar { return r.number(string(op), n) }

func readLength(r *reader, op TestOp, n *yaml.Node) Scalar {
	return r.duration(string(op), n).Seconds()
}

func readAmountOrText(r *reader, op TestOp, n *yaml.Node) Scalar {
	switch {
	case n.Tag == "!!bool":
		n = &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: n.Value, Line: n.Line, Column: n.Column}
	case !isText(n):
		return r.number(string(op), n)
	}
	if op != Eq && op != Ne {
		r.fail(n, "%s takes a number: only eq and ne compare text", op)
	}
	return n.Value
}

func readPercentage(r *reader, op TestOp, n *yaml.Node) Scalar {
	f := r.number(string(op), n)
	if f < 0 || f > 100 {
		r.fail(n, "%s takes a percentage from 0 to 100, not %s", op, n.Value)
	}
	return f
}

// compare reads the comparisons among f's keys, in their order.
func (f *fields) compare(fig figure) []Cmp {
	mistakes := len(f.r.errs)
	var all []Cmp
	for i, key := range f.keys {
		value, op := f.values[i], TestOp(key.Value)
		if slices.Contains(cmpOps, op) && !isNull(value) {
			all = append(all, Cmp{op, fig.read(f.r, op, value), f.r.pos(key)})
		}
	}
	if len(f.r.errs) == mistakes && !satisfiable(all, fig) {
		f.r.fail(f.node, "no value of %s passes %s", f.form.noun, formatCmps(all, plainValue))
	}
	return all
}

// requireCompare is compare for figures that mean nothing without one.
func (f *fields) requireCompare(fig figure) []Cmp {
	all := f.compare(fig)
	given := slices.ContainsFunc(cmpOps, func(op TestOp) bool { return f.has(string(op)) })
	if f.node != nil && !given {
		f.r.fail(f.node, "%s needs a comparison (eq, ne, gt, gte, lt or lte), such as gte: %s", f.form.noun, fig.example)
	}
	return all
}

// compareMap reads the value of key as a map of comparisons and nothing else.
func (f *fields) compareMap(key string, fig figure) []Cmp {
	n := f.find(key)
	if n == nil {
		return nil
	}
	inner := f.r.fields(n, fig.form().called(key))
	all := inner.requireCompare(fig)
	inner.close()
	return all
}

// satisfiable reports whether some value of the figure passes all. Whether one
// does changes only at the constants, so these and their neighbours will do.
func satisfiable(all []Cmp, fig figure) bool {
	candidates := []float64{0}
	for _, c := range all {
		value, isNumber := c.Value.(float64)
		switch {
		case !isNumber:
			return true
		case fig.whole:
			candidates = append(candidates, value-1, value, value+1)
		default:
			candidates = append(candidates, math.Nextafter(value, math.Inf(-1)), value, math.Nextafter(value, math.Inf(1)))
		}
	}
	return slices.ContainsFunc(candidates, func(x float64) bool {
		return fig.least <= x && x <= fig.most && !slices.ContainsFunc(all, func(c Cmp) bool { return !passes(x, c) })
	})
}

func passes(x float64, c Cmp) bool {
	value, _ := c.Value.(float64)
	switch c.Op {
	case Eq:
		return x == value
	case Ne:
		return x != value
	case Gt:
		return x > value
	case Gte:
		return x >= value
	case Lt:
		return x < value
	default:
		return x <= value
	}
}
