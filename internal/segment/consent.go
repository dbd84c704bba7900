package segment

import "github.com/segue-dev/segue/internal/segment/syntax"

// consentPrefix is where consent to a purpose stands in a context, as the
// Segment spec has it.
const consentPrefix = "consent.categoryPreferences."

// A gated rule is that of a segment with a purpose. While the visitor denies
// the purpose it is not known whether they are a member: it must not be found
// out. What the request says of consent counts, or else the visitor's latest
// signal that says something; silence denies nothing.
type gated struct {
	purpose string
	asked   *attribute // of the request
	column  int        // of the preference in signals
	of      node
}

// gate returns rule behind the consent to a purpose.
func (c *compiler) gate(purpose string, rule node) node {
	if purpose == "" {
		return rule
	}
	anything := syntax.Match{Events: []syntax.Event{{Kind: syntax.AnyEvent}}}
	return &gated{
		purpose: purpose,
		asked:   c.set.keys.attribute(consentPrefix + purpose),
		column: c.column(valueColumn{
			matcher: c.match(anything), property: c.property("context." + consentPrefix + purpose), kind: changes,
		}),
		of: rule,
	}
}

func (n *gated) eval(f *frame) (truth, int64) {
	t, next := n.of.eval(f)
	if n.denied(f) {
		return min(t, unknown), next
	}
	return t, next
}

func (n *gated) denied(f *frame) bool {
	vals := n.asked.in(f, &f.buf)
	if len(vals) == 0 {
		c := &f.log.columns[n.column]
		vals = f.latest(c, span{0, f.existing(c.pos)})
	}
	return len(vals) > 0 && vals[0].Value.String() == "false"
}

// asWritten returns the rule of a segment without what its purpose, hold and
// stay add to it.
func asWritten(n node) node {
	n = withoutGate(n)
	if h, ok := n.(*held); ok {
		return h.when
	}
	return n
}

// withoutGate returns the rule of a segment without what its purpose adds.
func withoutGate(n node) node {
	if g, ok := n.(*gated); ok {
		return g.of
	}
	return n
}
