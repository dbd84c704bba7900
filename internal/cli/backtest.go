package cli

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/segue-dev/segue/config"
	"github.com/segue-dev/segue/internal/app"
	"github.com/segue-dev/segue/internal/backtest"
	"github.com/segue-dev/segue/internal/fault"
	"github.com/segue-dev/segue/internal/resolve"
	"github.com/segue-dev/segue/internal/segment/syntax"
)

type backtesting struct {
	configured
	output
	Rule    string    `arg:"" name:"rule" help:"File of segments to try. Their status does not matter." type:"existingfile"`
	Against string    `help:"Compare with this segment alone; default: with all that are active." placeholder:"KEY"`
	From    time.Time `help:"Begin of the period; default: 30 days before its end." placeholder:"RFC3339"`
	To      time.Time `help:"End of the period; default: now." placeholder:"RFC3339"`
	Goal    string    `help:"Count who sends this event after entering, as an event or as {of: EVENT, where: …}." placeholder:"EVENT"`
	Within  string    `help:"Time to reach the goal in; default: 7d." default:"7d" placeholder:"DURATION"`
}

// Run replays the history of all visitors of the store in the segments of a
// file.
func (c backtesting) Run(ctx context.Context, env Env) error {
	opts, candidates, err := c.question()
	if err != nil {
		return err
	}
	return c.withStore(env, func(cfg config.Config, site *resolve.Site, store app.Store) error {
		bar := env.progress("visitors", -1)
		opts.Progress = bar.add
		report, err := app.Backtest(ctx, cfg, store, site, candidates, c.Against, opts)
		bar.finish()
		if fault.KindOf(err) == fault.NotFound {
			return misused("--against: %w", err)
		}
		if err != nil {
			return err
		}
		return c.print(env.Stdout, backtestReport{report, cfg.Location()})
	})
}

// question reads the flags and the file.
func (c backtesting) question() (backtest.Options, []syntax.Definition, error) {
	opts, err := backtest.Query{From: c.From, To: c.To, Goal: c.Goal, Within: c.Within}.Options(time.Now())
	if err != nil {
		return opts, nil, misused("--%w", err)
	}
	src, err := os.ReadFile(c.Rule)
	if err != nil {
		return opts, nil, err
	}
	candidates, err := syntax.Parse(c.Rule, src)
	return opts, candidates, err
}

// A usageError is a mistake in the arguments that is found after they were
// read.
type usageError struct{ error }

func misused(format string, args ...any) error { return usageError{fmt.Errorf(format, args...)} }
