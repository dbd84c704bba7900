package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/segue-dev/segue/internal/app"
	"github.com/segue-dev/segue/internal/journey"
)

type journeys struct {
	configured
	output
	From      time.Time `help:"Leave out visitors whose first step was earlier." placeholder:"RFC3339"`
	To        time.Time `help:"End of the period; default: now." placeholder:"RFC3339"`
	Goal      string    `help:"Event that visitors are hoped to send, as an event or as {of: EVENT, where: …}." placeholder:"EVENT"`
	Within    string    `help:"Time to reach the goal in, after the first step or after a pattern; default: 7d." default:"7d" placeholder:"DURATION"`
	By        []string  `help:"Tell signals of an event apart by a property; pages by path unless this says otherwise; page=path/1 by its first part." sep:"none" placeholder:"EVENT=PROPERTY"`
	Ignore    []string  `help:"Event that is no step." sep:"none" placeholder:"EVENT"`
	Repeats   bool      `help:"Keep a step that directly repeats; otherwise it counts once."`
	Steps     int       `help:"Steps of a visitor that are looked at; default: 1000." default:"1000" placeholder:"N"`
	Length    int       `help:"Steps of a pattern, at most; default: 4." default:"4" placeholder:"N"`
	Support   string    `help:"Visitors who must show a pattern, such as 100 or 2%; default: 1%, but at least 50." placeholder:"N"`
	Touch     string    `help:"What is credited with conversions: campaign, variant, step or a property." default:"campaign"`
	Lookback  string    `help:"Time before the goal in which touches count; default: 30d." default:"30d" placeholder:"DURATION"`
	HalfLife  string    `help:"Age at which a touch counts half; default: 7d." default:"7d" placeholder:"DURATION"`
	Top       int       `help:"Rows of each table; default: 20." default:"20" placeholder:"N"`
	Sequences string    `help:"Read a file of one visitor a line instead of the store: text, .gz or .zip." placeholder:"FILE"`
	Draft     int       `help:"Print the rule of the pattern with this number in the table, as YAML, and nothing else." placeholder:"N"`
}

// Run reports the journeys of the visitors of the store, or of a file.
func (c journeys) Run(ctx context.Context, env Env) error {
	opts, err := c.query().Options(time.Now())
	if err != nil { // it names what is wrong as programs do
		return misused("--%s", strings.Replace(err.Error(), "halfLife", "half-life", 1))
	}
	opts.Top = max(opts.Top, c.Draft)
	bars := &phases{env: env}
	opts.Progress = bars.tell
	report, err := c.report(ctx, env, opts)
	bars.finish()
	if err != nil {
		return err
	}
	if c.Draft > 0 {
		return c.draft(env, report)
	}
	cfg, err := c.load(env)
	if c.Sequences != "" {
		return c.print(env.Stdout, journeyReport{report, time.UTC})
	}
	if err != nil {
		return err
	}
	return c.print(env.Stdout, journeyReport{report, cfg.Location()})
}

func (c journeys) query() journey.Query {
	return journey.Query{
		From: c.From, To: c.To, Goal: c.Goal, Within: c.Within, By: c.By, Ignore: c.Ignore, Repeats: c.Repeats, Steps: c.Steps,
		Length: c.Length, Support: c.Support, Touch: c.Touch, Lookback: c.Lookback, HalfLife: c.HalfLife, Top: c.Top,
	}
}

func (c journeys) report(ctx context.Context, env Env, opts journey.Options) (report *journey.Report, err error) {
	if c.Sequences != "" {
		return c.ofFile(ctx, opts)
	}
	cfg, err := c.load(env)
	if err != nil {
		return nil, err
	}
	store, err := app.OpenStore(cfg, nil, env.quiet(cfg))
	if err != nil {
		return nil, fmt.Errorf("%w (a running Segue holds its store: ask it at /admin/v1/journeys, or stop it)", err)
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	site, _, err := app.LoadWith(ctx, cfg, store)
	if err != nil {
		return nil, err
	}
	return app.Journeys(ctx, cfg, store, site, opts)
}

// draft prints the rule of a pattern.
func (c journeys) draft(env Env, r *journey.Report) error {
	found := r.Patterns.Found
	if c.Draft > len(found) {
		return misused("--draft %d: there are %d patterns", c.Draft, len(found))
	}
	if _, err := fmt.Fprint(env.Stdout, found[c.Draft-1].Draft); err != nil {
		return fmt.Errorf("write the output: %w", err)
	}
	return nil
}

// ofFile reports the journeys of a file of sequences.
func (c journeys) ofFile(ctx context.Context, opts journey.Options) (*journey.Report, error) {
	f, err := os.Open(c.Sequences)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }() // it was only read
	src, size, err := unpacked(f)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", c.Sequences, err)
	}
	report, err := journey.RunSequences(ctx, src, size, opts)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", c.Sequences, err)
	}
	return report, nil
}
