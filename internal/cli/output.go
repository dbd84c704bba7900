package cli

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
)

// output is embedded by commands that print data.
type output struct {
	Output string `help:"Form of the data: ${enum}." enum:"table,json,jsonl" default:"table" short:"o"`
}

// A report is data that can be printed in each form. As JSON it is itself.
type report interface {
	// table writes lines for people; tabs separate cells.
	table(b *strings.Builder)
	// items are what jsonl prints, one a line.
	items() []any
}

func (o output) print(w io.Writer, r report) error {
	switch o.Output {
	case "json":
		e := json.NewEncoder(w)
		e.SetEscapeHTML(false)
		e.SetIndent("", "  ")
		return e.Encode(r)
	case "jsonl":
		e := json.NewEncoder(w)
		e.SetEscapeHTML(false)
		for _, item := range r.items() {
			if err := e.Encode(item); err != nil {
				return fmt.Errorf("write the output: %w", err)
			}
		}
		return nil
	default:
		var b strings.Builder
		r.table(&b)
		t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
		if _, err := io.WriteString(t, b.String()); err != nil {
			return fmt.Errorf("write the output: %w", err)
		}
		return t.Flush()
	}
}
