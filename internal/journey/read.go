package journey

import (
	"context"
	"iter"
	"runtime"
	"slices"
	"sync"
	"time"

	"github.com/segue-dev/segue/internal/fault"
	"github.com/segue-dev/segue/internal/segment"
	"github.com/segue-dev/segue/internal/segment/syntax"
	"github.com/segue-dev/segue/internal/signal"
	"github.com/segue-dev/segue/internal/visitor"
)

const defaultSessionGap = 30 * time.Minute

// read reads the paths of all visitors from their records.
func read(ctx context.Context, records iter.Seq2[*visitor.Record, error], opts Options) (*paths, error) {
	q, err := newReading(opts)
	if err != nil {
		return nil, err
	}
	builders := make([]*builder, runtime.GOMAXPROCS(0))
	feed := make(chan *visitor.Record, 64)
	var all sync.WaitGroup
	for i := range builders {
		builders[i] = q.builder()
		all.Go(func() {
			for record := range feed {
				builders[i].add(record)
			}
		})
	}
	err = hand(ctx, records, feed, &opts)
	close(feed)
	all.Wait()
	if err != nil {
		return nil, err
	}
	return q.join(builders), nil
}

// hand passes the records on until they end or ctx does.
func hand(ctx context.Context, records iter.Seq2[*visitor.Record, error], feed chan<- *visitor.Record, opts *Options) error {
	done := int64(0)
	for record, err := range records {
		if err != nil {
			return err
		}
		select {
		case feed <- record:
		case <-ctx.Done():
			return ctx.Err()
		}
		done++
		opts.tell("visitors", done, -1)
	}
	return nil
}

// A reading is what all visitors' records are read for.
type reading struct {
	opts     Options
	from, to int64
	gap      int64
	lookback int64
	goal     *segment.Set // nil if there is none
	steps    *dictionary
	channels *channels
}

func newReading(opts Options) (*reading, error) {
	if opts.To.IsZero() || opts.To.Before(opts.From) {
		return nil, fault.New(fault.Invalid, "the period ends at %s, before it begins at %s: swap them",
			opts.To.Format(time.RFC3339), opts.From.Format(time.RFC3339))
	}
	if opts.SessionGap == 0 {
		opts.SessionGap = defaultSessionGap
	}
	q := &reading{
		opts: opts, from: -never, to: opts.To.UnixMilli(), gap: opts.SessionGap.Milliseconds(),
		lookback: opts.Touches.Lookback.Milliseconds(), steps: newDictionary(), channels: newChannels(),
	}
	if !opts.From.IsZero() {
		q.from = opts.From.UnixMilli()
	}
	if opts.Goal == nil {
		return q, nil
	}
	// The members of this segment are those who have sent the goal's signal, so
	// the evaluator says what matches, as it does for rules.
	reached := syntax.Not{Of: syntax.Never{Match: opts.Goal.Match}}
	var err error
	q.goal, err = segment.Compile([]syntax.Definition{{Key: "goal", When: reached}}, segment.Options{})
	return q, err
}

// reached returns when a visitor reached the goal first, never if they did not
// by the end of the period.
func (q *reading) reached(rec *visitor.Record) int64 {
	if q.goal == nil {
		return never
	}
	log := q.goal.Bind(rec)
	var result segment.Result
	member := func(at int64) bool {
		log.Evaluate(nil, at, &result)
		return len(result.Members) > 0
	}
	if !member(q.to) {
		return never
	}
	// Whoever has reached it has done so for ever.
	i, _ := slices.BinarySearchFunc(rec.Signals, true, func(s signal.Signal, _ bool) int {
		if member(s.At) {
			return 1
		}
		return -1
	})
	return rec.Signals[min(i, len(rec.Signals)-1)].At
}

// A builder gathers the paths of some visitors.
type builder struct {
	*reading
	stepper *stepper
	toucher *toucher
	paths   paths
}

func (q *reading) builder() *builder {
	b := &builder{reading: q, stepper: newStepper(&q.opts.Steps, q.steps), toucher: newToucher(&q.opts.Touches, q.channels)}
	b.paths.offset = []int{0}
	b.paths.touches.offset = []int{0}
	return b
}

// add takes a visitor in, unless they are to be left out.
func (b *builder) add(rec *visitor.Record) {
	p := &b.paths
	if rec.Summary.Dropped > 0 {
		p.left.Shortened++
		return
	}
	goal := b.reached(rec)
	first := len(p.steps)
	cut := b.addSteps(rec, goal)
	switch n := len(p.steps) - first; {
	case n == 0 && goal != never:
		p.left.GoalFirst++
		return
	case n == 0:
		return
	case p.at[first] < b.from:
		p.left.Older++
		p.steps, p.at, p.begins = p.steps[:first], p.at[:first], p.begins[:first]
		return
	case cut:
		p.left.Cut++
	}
	p.offset = append(p.offset, len(p.steps))
	p.goal = append(p.goal, goal)
	p.touches.add(b.toucher, b.stepper, rec, goal, b.to, b.lookback)
}

// addSteps adds the steps before the goal, and reports whether there are more
// than are looked at.
func (b *builder) addSteps(rec *visitor.Record, goal int64) (cut bool) {
	p, first := &b.paths, len(b.paths.steps)
	active, begins := int64(0), true
	for i := range rec.Signals {
		s := &rec.Signals[i]
		if s.At > b.to || s.At >= goal {
			break
		}
		if s.Flags&signal.TooLate != 0 {
			continue
		}
		step, n := b.stepper.of(s), len(p.steps)
		if step != noStep || visitor.IsActivity(*s) {
			begins = begins || s.At-active >= b.gap
			active = s.At
		}
		if step == noStep || !begins && !b.opts.Steps.Repeats && n > first && p.steps[n-1] == step {
			continue
		}
		if b.opts.Steps.Max > 0 && n-first == b.opts.Steps.Max {
			return true
		}
		p.steps, p.at, p.begins = append(p.steps, step), append(p.at, s.At), append(p.begins, begins)
		begins = false
	}
	return false
}

// join puts the paths of several builders together.
func (q *reading) join(builders []*builder) *paths {
	all := &paths{opts: q.opts, timed: true, within: never, end: q.to, offset: []int{0}}
	if goal := q.opts.Goal; goal != nil && goal.Within > 0 {
		all.within = goal.Within.Milliseconds()
	}
	all.touches.offset = []int{0}
	for _, b := range builders {
		p, n := &b.paths, len(all.steps)
		all.steps = append(all.steps, p.steps...)
		all.at = append(all.at, p.at...)
		all.begins = append(all.begins, p.begins...)
		for _, end := range p.offset[1:] {
			all.offset = append(all.offset, n+end)
		}
		all.goal = append(all.goal, p.goal...)
		all.left.add(p.left)
		all.touches.join(&p.touches)
		b.paths = paths{}
	}
	if len(all.at) > 0 {
		all.first = slices.Min(all.at)
	}
	kinds := q.steps.kinds()
	all.touches.names = q.channels.names
	if q.opts.Touches.Of == stepTouch {
		all.touches.names = namesOf(kinds)
	}
	all.settle(kinds)
	return all
}

func namesOf(kinds []Step) []string {
	names := make([]string, len(kinds))
	for i, s := range kinds {
		names[i] = s.String()
	}
	return names
}
