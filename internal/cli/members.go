package cli

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/segue-dev/segue/config"
	"github.com/segue-dev/segue/internal/app"

	"github.com/segue-dev/segue/internal/resolve"
	"github.com/segue-dev/segue/internal/segment"
	"github.com/segue-dev/segue/internal/segment/syntax"
	"github.com/segue-dev/segue/internal/visitor"
)

type segments struct {
	Count countMembers `cmd:"" default:"withargs" help:"Count the members of every segment, or say what the segments mean."`
	Diff  diffSegments `cmd:"" help:"Say what publishing edited segments would change."`
}

type countMembers struct {
	configured
	output
	At               time.Time `help:"Instant to count at; default: now." placeholder:"RFC3339"`
	Members          bool      `help:"List the members."`
	Describe         bool      `help:"Say in plain words what each segment means, instead of counting."`
	GenerateExamples bool      `help:"Propose examples, the unit tests of a rule, for each segment or those named, instead of counting."`
	Keys             []string  `arg:"" optional:"" name:"key" help:"Segments to propose examples for; default: all."`
}

type segmentsReport struct {
	At       time.Time       `json:"at"`
	Visitors int             `json:"visitors"`
	Segments []*segmentCount `json:"segments"` // in order of priority
}

type segmentCount struct {
	Key     string   `json:"key"`
	Members int      `json:"members"`
	IDs     []string `json:"ids,omitzero"` // sorted; with --members
}

// Run counts members over all visitors of the store, unless asked to describe.
func (s countMembers) Run(ctx context.Context, env Env) error {
	if s.Describe {
		return s.describe(env)
	}
	if s.GenerateExamples {
		return s.generate(env)
	}
	if len(s.Keys) > 0 {
		return misused("%s: only --generate-examples takes the keys of segments", strings.Join(s.Keys, " "))
	}
	return s.withStore(env, func(_ config.Config, site *resolve.Site, store app.Store) error {
		at := s.At
		if at.IsZero() {
			at = time.Now()
		}
		bar := env.progress("visitors", -1)
		report, err := s.count(ctx, store, site.Segments, at, bar.add)
		bar.finish()
		if err != nil {
			return err
		}
		return s.print(env.Stdout, report)
	})
}

func (s countMembers) count(ctx context.Context, store visitor.Store, set *segment.Set, at time.Time, seen func(int)) (*segmentsReport, error) {
	report := &segmentsReport{At: at.UTC(), Segments: []*segmentCount{}}
	counts := make([]*segmentCount, set.Len())
	for i := range counts {
		counts[i] = &segmentCount{Key: set.Key(i)}
		if s.Members {
			counts[i].IDs = []string{}
		}
		if set.Definition(i).Status != syntax.Draft {
			report.Segments = append(report.Segments, counts[i])
		}
	}
	var result segment.Result
	for record, err := range store.All(ctx) {
		if err != nil {
			return nil, err
		}
		report.Visitors++
		set.Bind(record).Evaluate(nil, at.UnixMilli(), &result)
		for _, i := range result.Members {
			counts[i].Members++
			if s.Members {
				counts[i].IDs = append(counts[i].IDs, record.ID)
			}
		}
		seen(1)
	}
	return report, nil
}

func (r *segmentsReport) items() []any {
	items := make([]any, len(r.Segments))
	for i, s := range r.Segments {
		items[i] = s
	}
	return items
}

func (r *segmentsReport) table(b *strings.Builder) {
	fmt.Fprintf(b, "SEGMENT\tMEMBERS\tOF %d VISITORS\n", r.Visitors)
	for _, s := range r.Segments {
		share := 0.0
		if r.Visitors > 0 {
			share = 100 * float64(s.Members) / float64(r.Visitors)
		}
		fmt.Fprintf(b, "%s\t%d\t%.1f %%\n", s.Key, s.Members, share)
		for _, id := range s.IDs {
			fmt.Fprintf(b, "\t\t%s\n", id)
		}
	}
}
