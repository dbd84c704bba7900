package measure

import (
	"maps"
	"slices"
	"strings"

	"github.com/segue-dev/segue/internal/segment"
	"github.com/segue-dev/segue/internal/signal"
	"github.com/segue-dev/segue/internal/visitor"
)

var _ visitor.Meter = (*Book)(nil)

// Take implements visitor.Meter.
func (b *Book) Take(before *visitor.Record, c *visitor.Change) {
	if len(c.Added) == 0 || len(c.Next.Summary.Exposures) == 0 && !b.opts.Holdout.Enabled() {
		return
	}
	t := taking{book: b, before: before, next: c.Next, added: c.Added}
	if t.all() {
		c.Next, c.Exposed = c.Next.WithExposures(t.exposures), true
	}
	c.Counters = append(c.Counters, moved(c.Next.Summary.Exposures, before.Summary.Exposures)...)
}

// A taking brings the participations of a record up to date after signals were
// added to it.
type taking struct {
	book         *Book
	before, next *visitor.Record
	added        []signal.Signal

	exposures map[string]visitor.Exposure // nil = those of next
	log       *segment.Log                // of next; nil = not bound yet
	splits    *segment.Log
}

// all brings all participations up to date, and reports whether one changed.
func (t *taking) all() bool {
	t.enrol()
	current := t.next.Summary.Exposures
	if t.exposures != nil {
		current = maps.Clone(t.exposures)
	}
	for key, e := range current {
		if now, changed := t.one(key, e); changed {
			t.set(key, now)
		}
	}
	return t.exposures != nil
}

func (t *taking) set(key string, e visitor.Exposure) {
	if t.exposures == nil {
		t.exposures = maps.Clone(t.next.Summary.Exposures)
		if t.exposures == nil {
			t.exposures = map[string]visitor.Exposure{}
		}
	}
	t.exposures[key] = e
}

// one returns an exposure with its participation up to date, and whether that is
// another one.
func (t *taking) one(key string, e visitor.Exposure) (visitor.Exposure, bool) {
	if e.Rules == "" {
		e.Participation = t.begin(key, e)
		return e, true
	}
	changed := false
	if t.comesBefore(e) && e.Rules == t.book.rulesOf(key) {
		p := t.book.judged(t, key, e)
		changed = p.Segment != e.Segment || !slices.Equal(p.In, e.In)
		e.Segment, e.In = p.Segment, p.In
	}
	totals, others := t.totals(e)
	if others {
		e.Totals = totals
	}
	return e, changed || others
}

// comesBefore reports whether an added signal existed at an exposure, so that
// it may change what the segment was.
func (t *taking) comesBefore(e visitor.Exposure) bool {
	return slices.ContainsFunc(t.added, func(s signal.Signal) bool { return s.At <= e.At && s.Flags&signal.TooLate == 0 })
}

// begin returns the participation of an exposure that is new, or has taken the
// place of a later one: then what had left the log by then still counts.
func (t *taking) begin(key string, e visitor.Exposure) visitor.Participation {
	p := t.book.judged(t, key, e)
	old, had := t.before.Summary.Exposures[key]
	for i := range t.book.metrics {
		m := &t.book.metrics[i]
		total := m.plus(m.total(placeOfExposure(e), t.before.Signals), m.total(placeOfExposure(e), t.added))
		if had && old.Rules != "" {
			total = m.plus(total, m.left(old, t.before))
		}
		if !isZero(total) {
			p.Totals = append(p.Totals, total)
		}
	}
	return p
}

// left returns what of an exposure's total is of signals that have left the log
// of r.
func (m *compiled) left(e visitor.Exposure, r *visitor.Record) visitor.Total {
	total := e.Total(m.id)
	if isZero(total) {
		return total
	}
	return m.minus(total, m.total(placeOfExposure(e), r.Signals))
}

// totals returns the totals of a known exposure with what was added, and whether
// some differ. A metric without a total may be new: it is asked of the whole log.
func (t *taking) totals(e visitor.Exposure) (totals []visitor.Total, others bool) {
	exposed := placeOfExposure(e)
	for i := range t.book.metrics {
		m := &t.book.metrics[i]
		more := m.total(exposed, t.added)
		if isZero(more) {
			continue
		}
		if !others {
			totals, others = slices.Clone(e.Totals), true
		}
		at, known := slices.BinarySearchFunc(totals, m.id, func(t visitor.Total, id string) int { return strings.Compare(t.Metric, id) })
		switch {
		case known:
			totals[at] = m.plus(totals[at], more)
		default:
			totals = slices.Insert(totals, at, m.plus(more, m.total(exposed, t.before.Signals)))
		}
		if isZero(totals[at]) {
			totals = slices.Delete(totals, at, at+1)
		}
	}
	return totals, others
}

func placeOfExposure(e visitor.Exposure) place { return place{e.At, e.Pos, e.By} }
