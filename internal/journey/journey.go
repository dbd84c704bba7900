// Package journey tells how visitors get to a goal: the ways they take, where
// those who arrive and those who do not part, what they did in which order, and
// which touches came before.
//
// The rule it upholds: what is compared has been observed for the same time. A
// visitor's path has the steps before the first goal only. What happens to them
// is watched for one and the same time after an instant: after their first step,
// or after the step that completes a pattern. Who has not been there for so long
// is too recent, whether they reached the goal or not, and is left out. So nobody
// looks better for having been watched for longer (immortal time).
//
// What it finds is association. Only a holdout tells what something causes.
//
// A pattern and the rule that is drafted from it are one thing: over the same
// visitors the rule has exactly the pattern's support, as the evaluator of
// package segment decides it.
package journey

import (
	"context"
	"io"
	"iter"
	"time"

	"github.com/segue-dev/segue/internal/segment/syntax"
	"github.com/segue-dev/segue/internal/visitor"
)

// Options say which journeys are looked at, and for what. See Query for the
// defaults.
type Options struct {
	From       time.Time     // visitors whose first step was earlier are left out; zero = nobody is
	To         time.Time     // what came later is not known
	Goal       *Goal         // nil = none: nobody converts
	SessionGap time.Duration // pause that ends a session; 0 = 30 minutes
	Steps      StepOptions
	Patterns   PatternOptions
	Touches    TouchOptions
	Lift       *Lift // what a holdout says the goal gained; nil = there is no result yet
	Top        int   // rows of each table; 0 = all
	// Progress is told how far each phase is, of a total that is -1 if nobody
	// knows it; nil = nobody is told. It is called by one goroutine at a time.
	Progress func(phase string, done, total int64)
}

// A Goal is what visitors are hoped to do, within a time.
type Goal struct {
	Match  syntax.Match
	Within time.Duration // after a visitor's first step, or after a pattern; 0 = ever
}

// Run reports the journeys that records tell of, each visitor's once. The report
// depends neither on the order of the records nor on the number of processors.
//
// The error is a fault.Invalid if the options make no sense, or the first that
// records yields, or that of ctx.
func Run(ctx context.Context, records iter.Seq2[*visitor.Record, error], opts Options) (*Report, error) {
	p, err := read(ctx, records, opts)
	if err != nil {
		return nil, err
	}
	return p.report(ctx)
}

// RunSequences reports the journeys of a file of bare sequences; see
// readSequences for its form. There are no times and no touches in it, so each
// line is one session, the goal may come at any time after, and From, To and
// Touches mean nothing.
func RunSequences(ctx context.Context, src io.Reader, size int64, opts Options) (*Report, error) {
	p, err := readSequences(ctx, src, size, opts)
	if err != nil {
		return nil, err
	}
	return p.report(ctx)
}

// report works all parts out.
func (p *paths) report(ctx context.Context) (*Report, error) {
	r := p.overview()
	r.Time = p.timeToGoal()
	r.Graph = p.graph()
	r.Paths = p.top()
	r.Divergence = p.divergence()
	patterns, err := p.patterns(ctx)
	if err != nil {
		return nil, err
	}
	r.Patterns = *patterns
	r.Attribution = p.attribution()
	return r, nil
}

// tell reports progress to whoever wants to know.
func (o *Options) tell(phase string, done, total int64) {
	if o.Progress != nil {
		o.Progress(phase, done, total)
	}
}

// top returns the first rows of a table.
func (o *Options) top(n int) int {
	if o.Top > 0 {
		return min(o.Top, n)
	}
	return n
}
