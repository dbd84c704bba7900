package backtest

import (
	"time"

	"github.com/segue-dev/segue/internal/fault"
	"github.com/segue-dev/segue/internal/segment/syntax"
)

// A Query is a backtest as people and programs ask for it. What is left empty
// has its default.
type Query struct {
	Against  string    // key of the one segment to compare with; "" = all that are active
	From, To time.Time // the period; zero = 30 days before its end, and now
	Goal     string    // an event, or {of: EVENT, where: …} in the language of segments; "" = none
	Within   string    // the time to reach the goal in; "" = 7d
}

const (
	defaultPeriod = 30 * 24 * time.Hour
	defaultWithin = "7d"
)

// Options returns what Run needs to know of q, asked at instant now. The error
// is a fault.Invalid whose text begins with the name of what is wrong, such as
// "within".
func (q Query) Options(now time.Time) (Options, error) {
	opts := Options{From: q.From, To: q.To}
	if opts.To.IsZero() {
		opts.To = now
	}
	if opts.From.IsZero() {
		opts.From = opts.To.Add(-defaultPeriod)
	}
	if opts.From.After(opts.To) {
		return opts, fault.New(fault.Invalid, "from %s is after the end, %s: swap them", opts.From.Format(time.RFC3339), opts.To.Format(time.RFC3339))
	}
	if (opts.To.Unix()-opts.From.Unix())/(24*60*60) > maxDays {
		return opts, fault.New(fault.Invalid, "from %s: the period is longer than %d days: ask for less", opts.From.Format(time.RFC3339), maxDays)
	}
	goal, err := q.goal()
	opts.Goal = goal
	return opts, err
}

func (q Query) goal() (*Goal, error) {
	text := q.Within
	if text == "" {
		text = defaultWithin
	}
	within, err := syntax.ParseDuration(text)
	if err != nil || within == 0 {
		return nil, fault.New(fault.Invalid, "within %s: write the time in which the goal counts, such as 7d", text)
	}
	if q.Goal == "" {
		return nil, nil
	}
	match, err := syntax.ParseMatch("goal", q.Goal)
	if err != nil {
		return nil, fault.New(fault.Invalid, "%v", err)
	}
	return &Goal{Match: match, Within: within}, nil
}
