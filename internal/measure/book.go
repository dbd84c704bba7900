package measure

import (
	"cmp"
	"errors"
	"slices"
	"strings"

	"github.com/segue-dev/segue/internal/experience"
	"github.com/segue-dev/segue/internal/fault"
	"github.com/segue-dev/segue/internal/segment"
	"github.com/segue-dev/segue/internal/signal"
	"github.com/segue-dev/segue/internal/visitor"
)

// Programme is the id under which personalization as a whole is counted: variant
// 0 are the visitors who are held out of everything, 1 all others. They take
// part from their first signal on, in no segment.
const Programme = "$programme"

// Options say what is measured.
type Options struct {
	Metrics  []Metric
	Segments *segment.Set // whose members visitors are counted as; nil = none
	// Splits are segments by which others may be split, once it is known that
	// their members respond differently: declared before, and counted apart from
	// then on. Drafts must have been made active. Nil = none.
	Splits  *segment.Set
	Holdout experience.Holdout
}

// A Book is the metrics, segments and splits that are in force. It is
// immutable, safe for concurrent use, and a visitor.Meter.
type Book struct {
	opts    Options
	metrics []compiled // ascending by id
	rules   string
}

// A compiled metric is ready to be asked.
type compiled struct {
	Metric
	id      string
	of, per matcher
}

// NewBook compiles metrics. The error names every mistake.
func NewBook(opts Options) (*Book, error) {
	b := &Book{opts: opts, rules: "-"}
	if opts.Segments != nil {
		b.rules = opts.Segments.Revision()
	}
	if len(opts.Metrics) > MaxMetrics {
		return nil, fault.New(fault.Invalid, "there are %d metrics, and %d are the most: every visitor is measured by each", len(opts.Metrics), MaxMetrics)
	}
	var errs []error
	seen := map[string]bool{}
	for _, m := range opts.Metrics {
		if seen[m.Key] {
			errs = append(errs, fault.New(fault.Invalid, "metric %q is there twice", m.Key))
			continue
		}
		seen[m.Key] = true
		c, err := compile(m)
		b.metrics, errs = append(b.metrics, c), append(errs, err)
	}
	slices.SortFunc(b.metrics, func(x, y compiled) int { return cmp.Compare(x.id, y.id) })
	return b, errors.Join(errs...)
}

func compile(m Metric) (compiled, error) {
	c := compiled{Metric: m, id: m.ID()}
	if err := m.Check(); err != nil {
		return c, err
	}
	var err error
	if c.of, err = newMatcher(m.Of); err == nil && m.Kind == Ratio {
		c.per, err = newMatcher(m.Per)
	}
	if err != nil {
		return c, fault.Wrap(fault.Invalid, err, "metric %q", m.Key)
	}
	return c, nil
}

// Metrics returns the metrics in the order in which they were given.
func (b *Book) Metrics() []Metric { return b.opts.Metrics }

// name names the metrics of b by what they count.
func (b *Book) name() string {
	ids := make([]string, len(b.metrics))
	for i := range b.metrics {
		ids[i] = b.metrics[i].id
	}
	return strings.Join(ids, ",")
}

// value returns what s adds to the sum of m; 0 if m is not about s.
func (m *compiled) value(s *signal.Signal) int64 {
	switch {
	case !m.of.matches(s):
		return 0
	case m.Property != "":
		return valueOf(s, m.Property, m.Unit())
	default:
		return 1
	}
}

// counted returns what counts of a sum.
func (m *compiled) counted(sum int64) int64 {
	if m.Kind == Conversion {
		return min(sum, 1)
	}
	if m.Cap == 0 {
		return sum
	}
	most := int64(m.Cap * m.Unit())
	return min(max(sum, -most), most)
}

// add adds to t what s says of somebody exposed at a place.
func (m *compiled) add(t *visitor.Total, exposed place, s *signal.Signal) {
	if s.Flags&signal.TooLate != 0 {
		return
	}
	switch {
	case placeOf(s).compare(exposed) <= 0:
		if m.Before > 0 && s.At >= exposed.at-m.Before.Milliseconds() {
			t.Before += m.value(s)
		}
	case s.At < exposed.at+m.Window.Milliseconds():
		t.Sum += m.value(s)
		if m.Kind == Ratio && m.per.matches(s) {
			t.Per++
		}
	}
	t.Value = m.counted(t.Sum)
}

// of returns what sigs say of somebody exposed at a place.
func (m *compiled) total(exposed place, sigs []signal.Signal) visitor.Total {
	t := visitor.Total{Metric: m.id}
	for i := range sigs {
		m.add(&t, exposed, &sigs[i])
	}
	return t
}

// plus returns the sum of two totals, of different signals.
func (m *compiled) plus(t, u visitor.Total) visitor.Total {
	t.Sum, t.Per, t.Before = t.Sum+u.Sum, t.Per+u.Per, t.Before+u.Before
	t.Value = m.counted(t.Sum)
	return t
}

// minus is the opposite of plus.
func (m *compiled) minus(t, u visitor.Total) visitor.Total {
	u.Sum, u.Per, u.Before = -u.Sum, -u.Per, -u.Before
	return m.plus(t, u)
}

// isZero reports whether t says nothing.
func isZero(t visitor.Total) bool { return t.Sum == 0 && t.Per == 0 && t.Before == 0 }
