package cli

import (
	"context"
	"errors"
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

type diffSegments struct {
	configured
	output
	From   string    `arg:"" help:"File or directory with the segments as they were."`
	To     string    `arg:"" optional:"" help:"File or directory with the edited segments; default: those of the configuration."`
	Effect bool      `help:"Count the visitors of the store who would enter and leave."`
	At     time.Time `help:"Instant to count at; default: now." placeholder:"RFC3339"`
}

type diffReport struct {
	Changes  []segment.Change `json:"changes"`
	Visitors int              `json:"visitors,omitempty"` // counted, with --effect
	Effects  []effect         `json:"effects,omitempty"`  // with --effect: of segments whose members change
}

// An effect is how many visitors a segment would gain and lose.
type effect struct {
	Segment string `json:"segment"`
	Enter   int    `json:"enter"`
	Leave   int    `json:"leave"`
}

// Run compares definitions and, if asked, what they make of the stored
// visitors.
func (d diffSegments) Run(ctx context.Context, env Env) error {
	cfg, err := d.load(env)
	if err != nil {
		return err
	}
	if d.To == "" {
		d.To = cfg.Segments
	}
	from, fromErr := config.Segments(d.From)
	to, toErr := config.Segments(d.To)
	if err := errors.Join(fromErr, toErr); err != nil {
		return err
	}
	report := diffReport{Changes: segment.Diff(from, to)}
	if report.Changes == nil {
		report.Changes = []segment.Change{}
	}
	if d.Effect {
		if err := d.effects(ctx, env, &report, from, to); err != nil {
			return err
		}
	}
	return d.print(env.Stdout, report)
}

func (d diffSegments) effects(ctx context.Context, env Env, report *diffReport, from, to []syntax.Definition) error {
	return d.withStore(env, func(cfg config.Config, site *resolve.Site, store app.Store) error {
		opts := app.SegmentOptions(cfg, site.Content, app.Lists(ctx, store))
		before, beforeErr := segment.Compile(from, opts)
		after, afterErr := segment.Compile(to, opts)
		if err := errors.Join(beforeErr, afterErr); err != nil {
			return err
		}
		bar := env.progress("visitors", -1)
		defer bar.finish()
		moved := newMovement(before, after)
		for record, err := range store.All(ctx) {
			if err != nil {
				return err
			}
			moved.add(record, d.instant())
			report.Visitors++
			bar.add(1)
		}
		report.Effects = moved.list()
		return nil
	})
}

func (d diffSegments) instant() int64 {
	if d.At.IsZero() {
		return time.Now().UnixMilli()
	}
	return d.At.UnixMilli()
}

// A movement counts who enters and leaves when one set takes another's place.
type movement struct {
	before, after *segment.Set
	effects       map[string]*effect
	was, is       segment.Result
}

func newMovement(before, after *segment.Set) *movement {
	return &movement{before: before, after: after, effects: map[string]*effect{}}
}

func (m *movement) add(record *visitor.Record, at int64) {
	m.before.Bind(record).Evaluate(nil, at, &m.was)
	m.after.Bind(record).Evaluate(nil, at, &m.is)
	was, is := membersOf(m.before, &m.was), membersOf(m.after, &m.is)
	for key := range is {
		if !was[key] {
			m.of(key).Enter++
		}
	}
	for key := range was {
		if !is[key] {
			m.of(key).Leave++
		}
	}
}

func membersOf(set *segment.Set, result *segment.Result) map[string]bool {
	keys := make(map[string]bool, len(result.Members))
	for _, i := range result.Members {
		keys[set.Key(i)] = true
	}
	return keys
}

func (m *movement) of(key string) *effect {
	if m.effects[key] == nil {
		m.effects[key] = &effect{Segment: key}
	}
	return m.effects[key]
}

// list returns the effects, those of the new set first, in order of priority.
func (m *movement) list() []effect {
	list := []effect{}
	for _, set := range []*segment.Set{m.after, m.before} {
		for i := range set.Len() {
			if e := m.effects[set.Key(i)]; e != nil {
				list = append(list, *e)
				delete(m.effects, set.Key(i))
			}
		}
	}
	return list
}

func (r diffReport) items() []any {
	items := make([]any, len(r.Changes))
	for i, c := range r.Changes {
		items[i] = c
	}
	return items
}

func (r diffReport) table(b *strings.Builder) {
	if len(r.Changes) == 0 {
		b.WriteString("no change\n")
	}
	for _, c := range r.Changes {
		switch {
		case c.From == "":
			fmt.Fprintf(b, "+ %s (%s)\n", c.Segment, c.To)
		case c.To == "":
			fmt.Fprintf(b, "- %s (%s)\n", c.Segment, c.From)
		default:
			fmt.Fprintf(b, "~ %s (%s, was %s)\n", c.Segment, c.To, c.From)
		}
		for _, f := range c.Fields {
			fmt.Fprintf(b, "    %s\n      - %s\n      + %s\n", f.Name, f.From, f.To)
		}
	}
	for _, e := range r.Effects {
		fmt.Fprintf(b, "of %d visitors, %d enter %s and %d leave it\n", r.Visitors, e.Enter, e.Segment, e.Leave)
	}
}
