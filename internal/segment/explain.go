package segment

import (
	"fmt"

	"github.com/segue-dev/segue/internal/fault"
	"github.com/segue-dev/segue/internal/segment/syntax"
	"github.com/segue-dev/segue/internal/signal"
	"github.com/segue-dev/segue/internal/visitor"
)

// maxCited is how many signals a condition cites at most.
const maxCited = 20

// An Explanation is the proof that a visitor is in a segment, or is not.
type Explanation struct {
	Segment    string
	Version    string // of its definition
	Member     bool   // drafts are members as well if their rule is true
	Truth      string // "true", "false" or "unknown"
	ValidUntil int64  // when membership changes by itself; Forever if it does not
	Truncated  bool   // some condition looked back beyond what the record holds
	Saturated  bool   // some condition met more distinct values than it tells apart
	// Since is the instant from which on the record is complete: older signals
	// count only in totals. It is 0 for a record without signals.
	Since int64
	// Reason is why the truth is not that of the rule, which Proof shows; it is
	// empty if it is.
	Reason string
	Proof  *Proof
}

// A Proof is the truth of one condition and what it rests on.
type Proof struct {
	Text    string // the condition in the language
	Plain   string // the condition in words
	Truth   string
	Found   string  // the figure found, e.g. "2"; may be empty
	Private bool    // Found is what the visitor's signals or request said, or made of it; not a number of signals or a time
	Wanted  string  // the figure wanted, e.g. ">= 3"; may be empty
	Reason  string  // why unknown, or what is missing; may be empty
	Until   int64   // when this truth changes by itself; Forever if it does not
	Signals []Cited // what the figure rests on, or of a sequence how far it got; the latest first, at most 20
	Of      []*Proof
}

// A Cited signal is one that a proof rests on.
type Cited struct {
	ID    string
	Event string // as rules name it
	At    int64  // effective time, ms since the epoch
}

// Redacted stands for a value that is not shown.
const Redacted = "[redacted]"

// Redact takes what the visitor's signals and request said out of e: the values
// of their properties, traits and attributes.
func (e *Explanation) Redact() {
	if e.Proof != nil {
		e.Proof.Redact()
	}
}

// Redact is Explanation.Redact for a part of the proof.
func (p *Proof) Redact() {
	if p.Private && p.Found != "" {
		p.Found = Redacted
	}
	for _, part := range p.Of {
		part.Redact()
	}
}

// Explain explains one segment for a record at an instant. The error is a
// fault.NotFound for an unknown key.
func (s *Set) Explain(rec *visitor.Record, key string, ctx Context, at int64) (*Explanation, error) {
	i, ok := s.index[key]
	if !ok {
		return nil, fault.New(fault.NotFound, "there is no segment %q", key)
	}
	return s.bind(rec).explain(i, ctx, at), nil
}

// explain explains segment i at an instant.
func (b *binding) explain(i int, ctx Context, at int64) *Explanation {
	s := b.log.set
	x := &explainer{binding: b}
	x.frame.begin(b.log, ctx, at, at)
	h, t := x.frame.watch(s.segments[i].rule, at)
	e := &Explanation{Segment: s.Key(i), Version: s.Version(i), Member: h.member, Truth: t.String(), ValidUntil: x.frame.validUntil()}
	e.Truncated, e.Saturated = x.frame.truncated, x.frame.saturated
	e.Since = b.summary.FirstSeen
	if b.summary.Dropped > 0 {
		e.Since = b.summary.Horizon + 1
	}
	x.frame.now = at
	if g, ok := s.segments[i].rule.(*gated); ok && g.denied(&x.frame) {
		e.Reason = fmt.Sprintf("the visitor denies the purpose %q", g.purpose)
	} else if h, ok := withoutGate(s.segments[i].rule).(*held); ok {
		e.Reason = h.reason(&x.frame)
	}
	e.Proof = x.explain(s.segments[i].def.When, s.segments[i].rule)
	return e
}

// An explainer walks a condition and its node together.
type explainer struct {
	*binding
	frame frame
}

// Evidence is what the truth of a condition rests on.
type evidence struct {
	found, wanted, reason string
	private               bool    // found is made of values
	used                  []int32 // positions, ascending
}

// A witness is a node that can say what its truth rests on.
type witness interface {
	evidence(x *explainer) evidence
}

func (x *explainer) explain(c syntax.Cond, n node) *Proof {
	n = asWritten(n)
	t, _ := n.eval(&x.frame)
	p := &Proof{Text: syntax.Format(c), Plain: syntax.Describe(c), Truth: t.String(), Until: x.frame.changes(n, t)}
	if w, ok := n.(witness); ok {
		e := w.evidence(x)
		p.Found, p.Wanted, p.Reason, p.Private = e.found, e.wanted, e.reason, e.private
		p.Signals = x.cite(e.used)
		return p
	}
	conds, nodes := x.parts(c, n)
	for i := range conds {
		p.Of = append(p.Of, x.explain(conds[i], nodes[i]))
	}
	if len(p.Of) == 1 && len(p.Of[0].Of) == 0 && isSplit(c) {
		return x.explainLeaf(p, p.Of[0])
	}
	return p
}

// explainLeaf gives a condition that asks one thing the evidence of that.
func (x *explainer) explainLeaf(p, part *Proof) *Proof {
	part.Text, part.Plain = p.Text, p.Plain
	return part
}

// isSplit reports whether c is compiled into a part for each thing it asks.
func isSplit(c syntax.Cond) bool {
	switch c.(type) {
	case syntax.Session, syntax.Trait, syntax.Context:
		return true
	default:
		return false
	}
}

// parts returns what a condition is made of, and the nodes of it.
func (x *explainer) parts(c syntax.Cond, n node) ([]syntax.Cond, []node) {
	switch c := c.(type) {
	case syntax.All:
		return c.Of, n.(all)
	case syntax.Any:
		return c.Of, n.(some)
	case syntax.Not:
		return []syntax.Cond{c.Of}, []node{n.(not).of}
	case syntax.Segment:
		s := &x.log.set.segments[n.(reference).segment]
		return []syntax.Cond{s.def.When}, []node{s.rule}
	case syntax.Session:
		var conds []syntax.Cond
		for _, part := range sessionParts(c) {
			conds = append(conds, part)
		}
		return conds, n.(all)
	case syntax.Trait:
		var conds []syntax.Cond
		for _, t := range c.Where {
			conds = append(conds, syntax.Trait{Node: c.Node, Where: syntax.Pred{t}})
		}
		return conds, n.(all)
	case syntax.Context:
		var conds []syntax.Cond
		for _, t := range c.Where {
			conds = append(conds, syntax.Context{Node: c.Node, Where: syntax.Pred{t}})
		}
		return conds, n.(all)
	default:
		return nil, nil
	}
}

// cite returns the latest of the signals at positions, latest first.
func (x *explainer) cite(used []int32) []Cited {
	var out []Cited
	for i := len(used) - 1; i >= 0 && len(out) < maxCited; i-- {
		if i+1 < len(used) && used[i] == used[i+1] {
			continue
		}
		s := &x.sigs[used[i]]
		out = append(out, Cited{ID: s.ID, Event: eventName(s), At: s.At})
	}
	return out
}

func eventName(s *signal.Signal) string {
	switch {
	case s.Type == signal.Track:
		return s.Name
	case s.Name != "":
		return fmt.Sprintf("%s:%s", s.Type, s.Name)
	default:
		return s.Type.String()
	}
}
