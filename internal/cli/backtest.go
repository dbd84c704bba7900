package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/segue-dev/segue/config"
	"github.com/segue-dev/segue/internal/app"
	"github.com/segue-dev/segue/internal/backtest"
	"github.com/segue-dev/segue/internal/fault"
	"github.com/segue-dev/segue/internal/segment"
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

// defaultPeriod is asked about unless --from says otherwise.
const defaultPeriod = 30 * 24 * time.Hour

// Run replays the history of all visitors of the store in the segments of a
// file.
func (c backtesting) Run(ctx context.Context, env Env) (err error) {
	opts, err := c.options()
	if err != nil {
		return err
	}
	cfg, err := c.load(env)
	if err != nil {
		return err
	}
	asked, compared, err := c.sets(cfg)
	if err != nil {
		return err
	}
	store, err := app.OpenStore(cfg, env.quiet(cfg))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	bar := env.progress("visitors", -1)
	opts.Zone, opts.Live, opts.Progress = cfg.Location(), compared, bar.add
	report, err := backtest.Run(ctx, store.All(ctx), asked, opts)
	bar.finish()
	switch {
	case fault.KindOf(err) == fault.Invalid:
		return usageError{err}
	case err != nil:
		return err
	}
	return c.print(env.Stdout, backtestReport{report, cfg.Location()})
}

// options reads the period and the goal.
func (c backtesting) options() (backtest.Options, error) {
	opts := backtest.Options{From: c.From, To: c.To}
	if opts.To.IsZero() {
		opts.To = time.Now()
	}
	if opts.From.IsZero() {
		opts.From = opts.To.Add(-defaultPeriod)
	}
	if opts.From.After(opts.To) {
		return opts, misused("--from %s is after --to %s: swap them", opts.From.Format(time.RFC3339), opts.To.Format(time.RFC3339))
	}
	within, err := syntax.ParseDuration(c.Within)
	if err != nil || within == 0 {
		return opts, misused("--within %s: write the time in which the goal counts, such as 7d", c.Within)
	}
	if c.Goal == "" {
		return opts, nil
	}
	opts.Goal = &backtest.Goal{Within: within}
	opts.Goal.Match, err = c.goal()
	return opts, err
}

// goal reads the signals that --goal names, as the language of segments does.
func (c backtesting) goal() (syntax.Match, error) {
	match := c.Goal
	if !strings.HasPrefix(match, "{") {
		match = "{of: " + strconv.Quote(match) + "}"
	}
	cond, err := syntax.ParseCond("--goal", []byte("never: "+match))
	if err != nil {
		return syntax.Match{}, usageError{err}
	}
	return cond.(syntax.Never).Match, nil
}

// sets compiles the segments of the file, and those to compare with.
func (c backtesting) sets(cfg config.Config) (asked, compared *segment.Set, err error) {
	site, _, err := app.Load(cfg)
	if err != nil {
		return nil, nil, err
	}
	src, err := os.ReadFile(c.Rule)
	if err != nil {
		return nil, nil, err
	}
	candidates, err := syntax.Parse(c.Rule, src)
	if err != nil {
		return nil, nil, err
	}
	asked, compared, err = backtest.Sets(site.Segments, candidates, c.Against, segment.Options{
		SessionGap: cfg.SessionGap, Zone: cfg.Location(), WeekStart: cfg.FirstWeekday(),
	})
	if fault.KindOf(err) == fault.NotFound {
		err = usageError{fmt.Errorf("--against: %w", err)}
	}
	return asked, compared, err
}

// A usageError is a mistake in the arguments that is found after they were
// read.
type usageError struct{ error }

func misused(format string, args ...any) error { return usageError{fmt.Errorf(format, args...)} }
