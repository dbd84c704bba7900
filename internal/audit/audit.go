// Package audit says whether data can carry micro-segmentation, and what to do
// where it cannot: the readiness audit.
//
// The rule it upholds: an answer that the data does not carry is not given. Each
// check is green, amber or red by limits that stand beside it, with the number
// and, where it is a share, its interval; where the interval would allow both
// green and red the answer is unknown, and says what it would take.
//
// There is one evaluator, over visitors: those of a store, or those that a Log
// gathers from a recording that nobody has taken in. The result depends on
// which visitors there are and not on their order, and partial audits add up.
// Memory is bounded, apart from that of one visitor at a time: by the number of
// days and of events in rules, by maxNames names of events, by maxUsers users,
// and a Log by what it is told.
package audit

import (
	"context"
	"iter"
	"maps"
	"runtime"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/segue-dev/segue/internal/lint"
	"github.com/segue-dev/segue/internal/segment"
	"github.com/segue-dev/segue/internal/signal"
	"github.com/segue-dev/segue/internal/visitor"
)

// Options say what is audited, and as of when.
type Options struct {
	At         time.Time      // what was later is not looked at, but for totals of events and ids
	Zone       *time.Location // of the days; nil = UTC
	SessionGap time.Duration  // pause that ends a visit; 0 = 30 minutes
	MaxSignals int            // the bound of records; 0 = none

	Goals   []Goal  // what counts, the most important first
	Effect  float64 // the relative lift that is to be found out; 0 = 20 %
	BotRate int     // steps a minute that no person takes; 0 = 60

	// Rules are the segments there are and what they are for; nil = none. What
	// visitors have done is filled in.
	Rules *lint.Input
	// Planned are the segments, drafts made active, whose size is asked; nil =
	// none.
	Planned *segment.Set

	Counted *Counted // what is known of arrivals besides; nil = nothing
	Sampled float64  // the share of visitors that is looked at; 0 = all
	Address string   // of the API, for advice; "" = 127.0.0.1:8080
	// Progress is told of each visitor that is taken on, by one goroutine; nil
	// = nobody is told.
	Progress func(visitors int)

	purposes []string // of the rules
}

// A Visitor is what is looked at: the record, and how its signals came, if that
// is known. A store does not know it: its records are in order of time.
type Visitor struct {
	Record *visitor.Record
	Came   *Came
}

// Counted is what is known of all arrivals together.
type Counted struct {
	Since      time.Time // from when it was counted; zero = of a whole recording
	Deliveries int       // all that came, rejected and repeated ones included
	Rejected   map[signal.Code]int
	Repeated   int // with Since: the message id had come before
}

func (o Options) withDefaults() Options {
	if o.Zone == nil {
		o.Zone = time.UTC
	}
	if o.SessionGap == 0 {
		o.SessionGap = 30 * time.Minute
	}
	if o.Effect == 0 {
		o.Effect = 0.2
	}
	if o.BotRate == 0 {
		o.BotRate = 60
	}
	if o.Sampled == 0 {
		o.Sampled = 1
	}
	if o.Address == "" {
		o.Address = "127.0.0.1:8080"
	}
	o.purposes = purposesOf(o.Rules)
	return o
}

// purposesOf returns the purposes of consent that rules ask for, sorted.
func purposesOf(rules *lint.Input) []string {
	all := map[string]bool{}
	if rules != nil {
		for i := range rules.Segments.Len() {
			if p := rules.Segments.Definition(i).Purpose; p != "" {
				all[p] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(all))
}

// Run audits visitors, each once. The error is the first that visitors yields,
// or that of ctx.
func Run(ctx context.Context, visitors iter.Seq2[Visitor, error], opts Options) (*Report, error) {
	opts = opts.withDefaults()
	group, ctx := errgroup.WithContext(ctx)
	feed := make(chan Visitor, 64)
	group.Go(func() error {
		defer close(feed)
		return opts.hand(ctx, visitors, feed)
	})
	parts := make([]part, runtime.GOMAXPROCS(0))
	for i := range parts {
		parts[i] = newPart(&opts)
		group.Go(func() error {
			for v := range feed {
				parts[i].add(v)
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	for i := range parts[1:] {
		parts[0].merge(&parts[i+1])
	}
	return judge(&opts, &parts[0]), nil
}

// A part is an audit of some of the visitors.
type part struct {
	tally *tally
	seen  *lint.Seen // nil = there are no rules
}

func newPart(o *Options) part {
	p := part{tally: newTally(o)}
	if o.Rules != nil {
		p.seen = lint.NewSeen(o.Rules.Segments, o.At.UnixMilli())
	}
	return p
}

func (p *part) add(v Visitor) {
	p.tally.add(v)
	if p.seen != nil {
		p.seen.Add(v.Record)
	}
}

func (p *part) merge(o *part) {
	p.tally.merge(o.tally)
	if p.seen != nil {
		p.seen.Merge(o.seen)
	}
}

// hand passes visitors on until they end or ctx does.
func (o *Options) hand(ctx context.Context, visitors iter.Seq2[Visitor, error], feed chan<- Visitor) error {
	for v, err := range visitors {
		if err != nil {
			return err
		}
		select {
		case feed <- v:
		case <-ctx.Done():
			return ctx.Err()
		}
		if o.Progress != nil {
			o.Progress(1)
		}
	}
	return nil
}
