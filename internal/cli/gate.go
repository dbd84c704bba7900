package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/segue-dev/segue/config"
	"github.com/segue-dev/segue/internal/app"
	"github.com/segue-dev/segue/internal/backtest"
	"github.com/segue-dev/segue/internal/resolve"
	"github.com/segue-dev/segue/internal/results"
	"github.com/segue-dev/segue/internal/segment/syntax"
)

// overridesFile is where it is recorded that a gate was overridden, beside the
// configuration.
const overridesFile = "gate-overrides.jsonl"

type gating struct {
	configured
	output
	Rule     string    `arg:"" name:"rule" help:"File of segments that are to be published." type:"existingfile"`
	From     time.Time `help:"Begin of the history; default: 30 days before its end." placeholder:"RFC3339"`
	To       time.Time `help:"End of the history; default: now." placeholder:"RFC3339"`
	Effect   float64   `help:"Relative difference of the primary metric that is hoped for; default: 0.1." default:"0.1" placeholder:"SHARE"`
	Override string    `help:"Publish in spite of errors, for this reason, which is recorded." placeholder:"REASON"`
}

// Run says whether segments are worth publishing. It ends with 3 if something
// forbids it and nobody says why not.
func (c gating) Run(ctx context.Context, env Env) error {
	opts, err := backtest.Query{From: c.From, To: c.To}.Options(time.Now())
	if err != nil {
		return misused("--%w", err)
	}
	src, err := os.ReadFile(c.Rule)
	if err != nil {
		return err
	}
	candidates, err := syntax.Parse(c.Rule, src)
	if err != nil {
		return err
	}
	return c.withStore(env, func(cfg config.Config, site *resolve.Site, store app.Store) error {
		bar := env.progress("visitors", -1)
		opts.Progress = bar.add
		gates, err := app.Gate(ctx, cfg, store, site, candidates, opts, c.Effect)
		bar.finish()
		if err != nil {
			return err
		}
		if err := c.print(env.Stdout, gateReport{gates}); err != nil {
			return err
		}
		return c.settle(gates)
	})
}

// settle records an override, or fails.
func (c gating) settle(gates []results.Gate) error {
	for _, g := range gates {
		switch {
		case g.Open:
		case c.Override == "":
			return errFindings
		default:
			if err := c.record(g); err != nil {
				return err
			}
		}
	}
	return nil
}

// record appends that a gate was overridden, and why.
func (c gating) record(g results.Gate) error {
	line, err := json.Marshal(map[string]any{"at": time.Now().UTC(), "segment": g.Segment, "errors": g.Errors, "reason": c.Override})
	if err != nil {
		return err
	}
	f, err := os.OpenFile(filepath.Join(filepath.Dir(c.Config), overridesFile), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(append(line, '\n'))
	return errors.Join(err, f.Sync(), f.Close())
}

type gateReport struct {
	Gates []results.Gate `json:"gates"`
}

func (r gateReport) items() []any {
	items := make([]any, len(r.Gates))
	for i := range r.Gates {
		items[i] = r.Gates[i]
	}
	return items
}

func (r gateReport) table(b *strings.Builder) {
	for _, g := range r.Gates {
		verdict := "can be published"
		if !g.Open {
			verdict = "had better not be published"
		}
		fmt.Fprintf(b, "%s\t%s\n\t%s\n", g.Segment, verdict, g.Say)
		for _, e := range g.Errors {
			fmt.Fprintf(b, "\terror: %s\n", e)
		}
		for _, w := range g.Warnings {
			fmt.Fprintf(b, "\twarning: %s\n", w)
		}
		for _, o := range g.Overlaps {
			fmt.Fprintf(b, "\tin common with %s\t%.0f %%\n", o.Segment, 100*o.Jaccard)
		}
	}
}
