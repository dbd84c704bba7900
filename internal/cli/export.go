package cli

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/segue-dev/segue/config"
	"github.com/segue-dev/segue/internal/app"
	"github.com/segue-dev/segue/internal/measure"
	"github.com/segue-dev/segue/internal/resolve"
)

type exporting struct {
	Participants participants `cmd:"" help:"Who took part in which experience, and what they did then: a row for each visitor and experience, for other programs."`
}

type participants struct {
	configured
	Format string `help:"Form of the rows: ${enum}." enum:"csv,jsonl" default:"csv"`
}

// Run prints the participants of all experiences.
func (c participants) Run(ctx context.Context, env Env) error {
	return c.withStore(env, func(_ config.Config, site *resolve.Site, store app.Store) error {
		bar := env.progress("participants", -1)
		defer bar.finish()
		write, end := participantWriter(env.Stdout, c.Format, site.Measure.Columns())
		for p, err := range measure.Participants(ctx, store, site.Measure) {
			if err != nil {
				return err
			}
			bar.add(1)
			if err := write(p); err != nil {
				return err
			}
		}
		return end()
	})
}

// participantWriter returns what writes a row, and what ends the table.
func participantWriter(w io.Writer, format string, columns []string) (write func(measure.Participant) error, end func() error) {
	if format == "jsonl" {
		e := json.NewEncoder(w)
		e.SetEscapeHTML(false)
		return func(p measure.Participant) error { return e.Encode(p) }, func() error { return nil }
	}
	out := csv.NewWriter(w)
	begun := false
	begin := func() error {
		if begun {
			return nil
		}
		begun = true
		return out.Write(columns)
	}
	write = func(p measure.Participant) error {
		if err := begin(); err != nil {
			return err
		}
		return out.Write(cellsOf(p, columns))
	}
	return write, func() error {
		if err := begin(); err != nil {
			return err
		}
		out.Flush()
		return out.Error()
	}
}

// cellsOf returns a row in the order of the columns.
func cellsOf(p measure.Participant, columns []string) []string {
	row := []string{p.Visitor, p.Experience, p.Segment, strconv.Itoa(p.Variant), strconv.FormatBool(p.Mixed), p.ExposedAt.Format(time.RFC3339Nano), p.Rules}
	for _, column := range columns[len(row):] {
		row = append(row, cellOf(p, column))
	}
	return row
}

func cellOf(p measure.Participant, column string) string {
	if split, ok := strings.CutPrefix(column, "split_"); ok {
		held, asked := p.Splits[split]
		if !asked {
			return "" // it was not declared then
		}
		return strconv.FormatBool(held)
	}
	if key, ok := strings.CutSuffix(column, "_before"); ok {
		return number(p.Before[key])
	}
	if key, ok := strings.CutSuffix(column, "_per"); ok {
		return number(p.Per[key])
	}
	return number(p.Values[column])
}

func number(v float64) string { return strconv.FormatFloat(v, 'f', -1, 64) }
