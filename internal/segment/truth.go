package segment

// A truth is a value of Kleene's logic. In its order, and is the lesser of two
// truths and or the greater.
type truth uint8

const (
	no truth = iota
	unknown
	yes
)

// String returns "true", "false" or "unknown".
func (t truth) String() string { return [...]string{"false", "unknown", "true"}[t] }

func (t truth) not() truth { return yes - t }

func truthOf(b bool) truth {
	if b {
		return yes
	}
	return no
}

// A node is a compiled condition.
type node interface {
	// eval returns the truth at the frame's instant and the instant until
	// which, at least, it stays so by itself: time alone does not change it
	// before. It is later than the frame's instant, or Forever.
	eval(f *frame) (truth, int64)
}

type (
	// all is the least true of its nodes.
	all []node
	// some is the most true of its nodes.
	some []node
	// not is the opposite of its node.
	not struct{ of node }
)

// A false part keeps the whole false for as long as it lasts itself, whatever
// the others do; so do a true part and an alternative.

func (n all) eval(f *frame) (truth, int64) {
	result, next := yes, Forever
	for _, part := range n {
		t, until := part.eval(f)
		if t == no {
			return no, until
		}
		result, next = min(result, t), min(next, until)
	}
	return result, next
}

func (n some) eval(f *frame) (truth, int64) {
	result, next := no, Forever
	for _, part := range n {
		t, until := part.eval(f)
		if t == yes {
			return yes, until
		}
		result, next = max(result, t), min(next, until)
	}
	return result, next
}

func (n not) eval(f *frame) (truth, int64) {
	t, next := n.of.eval(f)
	return t.not(), next
}

// A reference is the truth of another segment's rule. An unknown one stays
// unknown, so that a reference means what the rule itself would in its place.
type reference struct{ segment int }

func (n reference) eval(f *frame) (truth, int64) { return f.segment(n.segment) }
