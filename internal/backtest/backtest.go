// Package backtest says what segments would have been on the history that
// records hold: how many members day by day, who came and went, how long they
// stayed, and how that compares with the segments there are.
//
// The rule it upholds: there is no second way to evaluate. It asks the
// evaluator of live answers at each instant at which an answer can change, with
// no signal later than that instant, and takes the answer to hold until the
// next. Those instants are the times of a visitor's signals and the flips
// between them (segment.Result.ValidUntil). So what it says of an instant is
// what a live request would have been told then, had it brought no context and
// had every signal arrived in time.
//
// A visitor exists from their first signal on: nobody is a member before, not
// even of a segment of those who never did something.
package backtest

import (
	"context"
	"iter"
	"runtime"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/segue-dev/segue/internal/fault"
	"github.com/segue-dev/segue/internal/segment"
	"github.com/segue-dev/segue/internal/segment/syntax"
	"github.com/segue-dev/segue/internal/visitor"
)

// Options say which history is asked, and what for.
type Options struct {
	From, To time.Time      // the period, both ends included, to the millisecond
	Zone     *time.Location // of the days that are reported; nil = UTC. It should be that of the sets
	Live     *segment.Set   // whose members to compare with; nil = nobody's
	Goal     *Goal          // nil = none
	// Progress is told of each visitor that is taken on, by one goroutine; nil
	// = nobody is told.
	Progress func(visitors int)
}

// A Goal is something that visitors are hoped to do within a time after they
// have entered a segment.
type Goal struct {
	Match  syntax.Match
	Within time.Duration
}

// Run replays records, each visitor's once, in the segments of a set that are
// no drafts, and reports on these in order of priority. The report depends
// neither on the order of the records nor on the number of processors.
//
// The error is a fault.Invalid if the options make no sense, or the first that
// records yields, or that of ctx.
func Run(ctx context.Context, records iter.Seq2[*visitor.Record, error], set *segment.Set, opts Options) (*Report, error) {
	q, err := newQuestion(set, opts)
	if err != nil {
		return nil, err
	}
	group, ctx := errgroup.WithContext(ctx)
	feed := make(chan *visitor.Record, 64)
	group.Go(func() error {
		defer close(feed)
		return q.hand(ctx, records, feed)
	})
	tallies := make([]*tally, runtime.GOMAXPROCS(0))
	for i := range tallies {
		tallies[i] = newTally(q)
		group.Go(func() error {
			for record := range feed {
				tallies[i].add(record)
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	for _, t := range tallies[1:] {
		tallies[0].merge(t)
	}
	return tallies[0].report(), nil
}

// A question is what is asked of every visitor.
type question struct {
	set, live, goal *segment.Set // live and goal may be nil
	asked, compared []int        // the segments of set and of live that are no drafts
	from, to        int64        // ms since the epoch
	within          int64        // ms; of the goal
	days            days
	opts            Options
}

func newQuestion(set *segment.Set, opts Options) (*question, error) {
	if opts.To.Before(opts.From) {
		return nil, fault.New(fault.Invalid, "the period ends at %s, before it begins at %s: swap them",
			opts.To.Format(time.RFC3339), opts.From.Format(time.RFC3339))
	}
	if opts.Zone == nil {
		opts.Zone = time.UTC
	}
	q := &question{set: set, live: opts.Live, from: opts.From.UnixMilli(), to: opts.To.UnixMilli(), opts: opts}
	if q.asked = active(set); len(q.asked) == 0 {
		return nil, fault.New(fault.Invalid, "there is no active segment to backtest: give one the status active")
	}
	if q.live != nil {
		q.compared = active(q.live)
	}
	if q.days = newDays(q.from, q.to, opts.Zone); len(q.days.starts) > maxDays {
		return nil, fault.New(fault.Invalid, "the period is longer than %d days: ask for less", maxDays)
	}
	return q, q.aim(opts.Goal)
}

// active returns the segments of set that are no drafts.
func active(set *segment.Set) []int {
	var indexes []int
	for i := range set.Len() {
		if set.Definition(i).Status != syntax.Draft {
			indexes = append(indexes, i)
		}
	}
	return indexes
}

// hand passes the records on until they end or ctx does.
func (q *question) hand(ctx context.Context, records iter.Seq2[*visitor.Record, error], feed chan<- *visitor.Record) error {
	for record, err := range records {
		if err != nil {
			return err
		}
		select {
		case feed <- record:
		case <-ctx.Done():
			return ctx.Err()
		}
		if q.opts.Progress != nil {
			q.opts.Progress(1)
		}
	}
	return nil
}
