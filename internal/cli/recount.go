package cli

import (
	"context"
	"fmt"
	"strings"

	"github.com/segue-dev/segue/config"
	"github.com/segue-dev/segue/internal/app"
	"github.com/segue-dev/segue/internal/measure"
	"github.com/segue-dev/segue/internal/resolve"
)

type recount struct {
	configured
	output
	Check bool `help:"Only say where the counters differ from the records."`
}

// Run measures every visitor by the metrics in force, and makes the counters say
// what the records do. A running Segue does the first by itself, and with POST
// /admin/v1/recount.
func (c recount) Run(ctx context.Context, env Env) error {
	return c.withStore(env, func(_ config.Config, site *resolve.Site, store app.Store) error {
		var report recountReport
		var err error
		if c.Check {
			report.Wrong, err = measure.Recount(store.All(ctx), store.Counters(ctx))
		} else {
			bar := env.progress("visitors", -1)
			report.Recounted, err = measure.Refold(ctx, store, site.Measure, bar.add)
			bar.finish()
			if err == nil {
				report.Wrong, err = measure.Mend(ctx, store)
			}
		}
		if err != nil {
			return err
		}
		if err := c.print(env.Stdout, report); err != nil {
			return err
		}
		if c.Check && len(report.Wrong) > 0 {
			return errFindings
		}
		return nil
	})
}

type recountReport struct {
	measure.Recounted
	Wrong []measure.Difference `json:"wrong"`
}

func (r recountReport) items() []any { return []any{r} }

func (r recountReport) table(b *strings.Builder) {
	if r.Visitors > 0 {
		fmt.Fprintf(b, "visitors\t%d\nmeasured anew\t%d\n", r.Visitors, r.Changed)
	}
	fmt.Fprintf(b, "wrong counters\t%d\n", len(r.Wrong))
	for _, d := range r.Wrong {
		fmt.Fprintf(b, "%s\t%d, not %d\n", d.Key, d.Stored, d.Actual)
	}
}
