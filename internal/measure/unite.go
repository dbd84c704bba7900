package measure

import (
	"maps"

	"github.com/segue-dev/segue/internal/visitor"
)

// Unite implements visitor.Meter. What had left either log stays counted, and
// what is in both logs is asked anew, as if all of it had been one visitor's
// from the beginning.
func (b *Book) Unite(one, other, next *visitor.Record) (*visitor.Record, []visitor.Counter) {
	if len(next.Summary.Exposures) > 0 || b.opts.Holdout.Enabled() {
		t := &taking{book: b, before: &visitor.Record{}, next: next}
		t.enrol()
		exposures := maps.Clone(next.Summary.Exposures)
		if t.exposures != nil {
			exposures = t.exposures
		}
		for key, e := range exposures {
			exposures[key] = t.anew(key, e, one, other)
		}
		next = next.WithExposures(exposures)
	}
	return next, moved(next.Summary.Exposures, one.Summary.Exposures, other.Summary.Exposures)
}

// anew returns an exposure as the log of next and what has left those of former
// records tell it.
func (t *taking) anew(key string, e visitor.Exposure, former ...*visitor.Record) visitor.Exposure {
	if e.Rules == "" || e.Rules == t.book.rulesOf(key) {
		p := t.book.judged(t, key, e)
		e.Rules, e.Segment, e.In = p.Rules, p.Segment, p.In
	}
	e.Totals = nil
	for i := range t.book.metrics {
		m := &t.book.metrics[i]
		total := m.total(placeOfExposure(e), t.next.Signals)
		for _, r := range former {
			if old, had := r.Summary.Exposures[key]; had && old.Rules != "" {
				total = m.plus(total, m.left(old, r))
			}
		}
		if !isZero(total) {
			e.Totals = append(e.Totals, total)
		}
	}
	return e
}

// Forget implements visitor.Meter.
func (b *Book) Forget(r *visitor.Record) (*visitor.Record, []visitor.Counter) {
	if len(r.Summary.Exposures) == 0 {
		return r, nil
	}
	counters := moved(r.Summary.Exposures)
	for i := range counters {
		counters[i].Key = erasedPrefix + counters[i].Key
	}
	return r.WithExposures(nil), counters
}

// Refold returns the change that measures r anew, by the metrics in force: what
// other metrics have counted is dropped, and what new ones ask is looked up in
// the log.
func (b *Book) Refold(r *visitor.Record) visitor.Change {
	if len(r.Summary.Exposures) == 0 {
		return visitor.Change{}
	}
	t := &taking{book: b, before: &visitor.Record{}, next: r}
	exposures := maps.Clone(r.Summary.Exposures)
	for key, e := range exposures {
		if e.Rules == "" {
			e.Participation = b.judged(t, key, e)
		}
		e.Totals = t.refolded(e)
		exposures[key] = e
	}
	c := visitor.Change{Next: r.WithExposures(exposures)}
	c.Counters = moved(exposures, r.Summary.Exposures)
	c.Whole = !sameExposures(exposures, r.Summary.Exposures)
	return c
}

// refolded returns the totals of an exposure by the metrics in force.
func (t *taking) refolded(e visitor.Exposure) []visitor.Total {
	var totals []visitor.Total
	for i := range t.book.metrics {
		m := &t.book.metrics[i]
		total := e.Total(m.id)
		if isZero(total) {
			total = m.total(placeOfExposure(e), t.next.Signals)
		}
		if !isZero(total) {
			totals = append(totals, total)
		}
	}
	return totals
}
