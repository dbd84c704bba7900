package segment

import (
	"github.com/segue-dev/segue/internal/signal"
	"github.com/segue-dev/segue/internal/visitor"
)

// Attribute returns what a context condition would test: the attribute of that
// name in ctx, or else in the visitor's latest signal of the current session,
// as of instant at, that carries it.
func (s *Set) Attribute(rec *visitor.Record, ctx Context, name string, at int64) (signal.Value, bool) {
	a := new(keys).attribute(name)
	f := &frame{ctx: ctx}
	if vals := a.in(f, &f.buf); len(vals) > 0 {
		return vals[0].Value, true
	}
	b := &binding{}
	b.open(s, rec)
	cut := b.log.count(at)
	session := b.log.currentSession(cut)
	for i := cut - 1; i >= 0 && session >= 0; i-- {
		if int(b.sessionOf[i]) != session {
			continue
		}
		carrier := item{Signal: &b.sigs[i]}
		if vals := a.in(&carrier, &f.buf); len(vals) > 0 {
			return vals[0].Value, true
		}
	}
	return signal.Value{}, false
}

// TraitOf returns what a trait condition would test: the trait as the visitor's
// latest identify signal up to instant at says, or, if that has left the log,
// as the record's summary does.
func TraitOf(rec *visitor.Record, name string, at int64) (signal.Value, bool) {
	for i := len(rec.Signals) - 1; i >= 0; i-- {
		s := &rec.Signals[i]
		if s.Type != signal.Identify || s.At > at || s.Flags&signal.TooLate != 0 {
			continue
		}
		if v, ok := s.Props.Get(name); ok {
			return v, true
		}
	}
	t, ok := rec.Summary.Traits[name]
	return t.Value, ok && t.At <= at
}
