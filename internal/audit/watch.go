package audit

import (
	"context"
	"iter"
	"maps"
	"slices"
	"time"

	"github.com/segue-dev/segue/internal/backtest"
	"github.com/segue-dev/segue/internal/fault"
	"github.com/segue-dev/segue/internal/lint"
	"github.com/segue-dev/segue/internal/segment"
	"github.com/segue-dev/segue/internal/segment/syntax"
	"github.com/segue-dev/segue/internal/signal"
	"github.com/segue-dev/segue/internal/visitor"
)

// A Watch is what is watched for drift: figures of whole days, and what is shown.
type Watch struct {
	Days     []string // dates, ascending: the latest nowDays of them are judged against those before
	Signals  []int    // by day: all that count
	Segments []SegmentDays
	Events   []EventDays
	Variants []VariantState
	Results  []Result // of measurement; nil = there are none
}

// SegmentDays are the figures of a segment.
type SegmentDays struct {
	Key                     string
	Members, Entries, Exits []int // by day
}

// EventDays are those of an event that rules or goals need.
type EventDays struct {
	Event   string
	For     []string // the segments and goals that need it
	Signals []int    // by day
}

// A VariantState is what is known of a variant that is shown to somebody.
type VariantState struct {
	Experience, Entry string
	Updated           time.Time // when it was last edited; zero = not known
	Missing           string    // why it cannot be shown; "" = it can
}

// A Result is what measurement says of an experience in a segment: its lift over
// the control some time ago and lately, and how likely the split between its
// variants is.
type Result struct {
	Experience, Segment string
	Before, Now         *Lift   // nil = not enough evidence
	SRM                 float64 // p-value of the sample ratio
}

// A Lift is a relative difference with its interval.
type Lift struct{ Lift, Low, High float64 }

const (
	nowDays    = 7
	beforeDays = 28
)

// watchedFrom returns the first day that is watched as of an instant, and the
// day that is not over yet.
func watchedFrom(at time.Time, zone *time.Location) (first, today time.Time) {
	y, m, d := at.In(zone).Date()
	return time.Date(y, m, d-beforeDays-nowDays, 0, 0, 0, 0, zone), time.Date(y, m, d, 0, 0, 0, 0, zone)
}

// GatherDays returns a Watch of the signals and segments of records as of At, by
// days of Zone; segments are those of set. Variants and results are the caller's
// to add.
func GatherDays(ctx context.Context, records iter.Seq2[*visitor.Record, error], set *segment.Set, opts Options) (*Watch, error) {
	opts = opts.withDefaults()
	first, today := watchedFrom(opts.At, opts.Zone)
	d := newDiary(&opts, set, first, today)
	q := backtest.Options{From: first, To: today.Add(-time.Millisecond), Zone: opts.Zone, Progress: opts.Progress}
	report, err := backtest.Run(ctx, d.reading(records), set, q)
	if fault.KindOf(err) == fault.Invalid { // there is no active segment
		report, err = &backtest.Report{}, d.read(ctx, records, opts.Progress)
	}
	if err != nil {
		return nil, err
	}
	w := &Watch{Days: d.dates, Signals: d.signals, Events: d.events}
	for _, s := range report.Segments {
		w.Segments = append(w.Segments, segmentDays(s))
	}
	return w, nil
}

func segmentDays(s backtest.Segment) SegmentDays {
	out := SegmentDays{Key: s.Key}
	for _, day := range s.Days {
		out.Members = append(out.Members, day.Members)
		out.Entries = append(out.Entries, day.Entries)
		out.Exits = append(out.Exits, day.Exits)
	}
	return out
}

// A diary counts signals by day.
type diary struct {
	starts  []int64 // ms since the epoch: of each day, and of the one after the last
	dates   []string
	signals []int
	events  []EventDays
	asked   []syntax.Event // by event
}

func newDiary(o *Options, set *segment.Set, first, today time.Time) *diary {
	d := &diary{}
	for day := first; !day.After(today); day = day.AddDate(0, 0, 1) {
		d.starts = append(d.starts, day.UnixMilli())
		if day.Before(today) {
			d.dates = append(d.dates, day.Format(time.DateOnly))
		}
	}
	d.signals = make([]int, len(d.dates))
	needs := map[syntax.Event]map[string]bool{}
	need := func(who string, events []syntax.Event) {
		for _, e := range events {
			if e.Kind == syntax.TrackEvent {
				e.Name = signal.NormalizeEvent(e.Name)
			}
			if needs[e] == nil {
				needs[e] = map[string]bool{}
			}
			needs[e][who] = true
		}
	}
	for i := range set.Len() {
		if def := set.Definition(i); def.Status != syntax.Draft {
			need(def.Key, lint.Events(def))
		}
	}
	for _, g := range o.Goals {
		need(g.Name, g.Events)
	}
	for e, who := range needs {
		if e.Kind != syntax.AnyEvent {
			d.asked = append(d.asked, e)
			d.events = append(d.events, EventDays{Event: e.String(), For: slices.Sorted(maps.Keys(who)), Signals: make([]int, len(d.dates))})
		}
	}
	return d
}

// add counts the signals of a record that count.
func (d *diary) add(r *visitor.Record) {
	for i := range r.Signals {
		s := &r.Signals[i]
		day, found := slices.BinarySearch(d.starts, s.At)
		if !found {
			day--
		}
		if s.Flags&signal.TooLate != 0 || day < 0 || day >= len(d.dates) {
			continue
		}
		d.signals[day]++
		for k, e := range d.asked {
			if matches(e, s) {
				d.events[k].Signals[day]++
			}
		}
	}
}

// reading yields records and counts them on the way.
func (d *diary) reading(records iter.Seq2[*visitor.Record, error]) iter.Seq2[*visitor.Record, error] {
	return func(yield func(*visitor.Record, error) bool) {
		for r, err := range records {
			if err == nil {
				d.add(r)
			}
			if !yield(r, err) {
				return
			}
		}
	}
}

// read counts records.
func (d *diary) read(ctx context.Context, records iter.Seq2[*visitor.Record, error], progress func(int)) error {
	for r, err := range records {
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return err
		}
		d.add(r)
		if progress != nil {
			progress(1)
		}
	}
	return nil
}
