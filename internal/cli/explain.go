package cli

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/segue-dev/segue/config"

	"github.com/segue-dev/segue/internal/app"
	"github.com/segue-dev/segue/internal/httpapi/native"
	"github.com/segue-dev/segue/internal/resolve"
	"github.com/segue-dev/segue/internal/segment"
	"github.com/segue-dev/segue/internal/visitor"
)

type explain struct {
	configured
	output
	Visitor string    `arg:"" help:"Id of the visitor."`
	Segment string    `help:"Key of the segment; default: all." placeholder:"KEY"`
	At      time.Time `help:"Instant to explain; default: now." placeholder:"RFC3339"`
}

// Run prints proofs for one visitor.
func (e explain) Run(ctx context.Context, env Env) error {
	return e.withStore(env, func(_ config.Config, site *resolve.Site, store app.Store) error {
		record, err := store.Get(ctx, e.Visitor)
		if err != nil {
			return err
		}
		list, err := e.list(site, record)
		if err != nil {
			return err
		}
		return e.print(env.Stdout, explainReport{native.ExplanationsOf(e.Visitor, list), list})
	})
}

// list explains the segment that was named, or all.
func (e explain) list(site *resolve.Site, record *visitor.Record) ([]*segment.Explanation, error) {
	at := e.At
	if at.IsZero() {
		at = time.Now()
	}
	keys := []string{e.Segment}
	if e.Segment == "" {
		keys = app.SegmentKeys(site)
	}
	var list []*segment.Explanation
	for _, key := range keys {
		one, err := site.Segments.Explain(record, key, nil, at.UnixMilli())
		if err != nil {
			return nil, err
		}
		list = append(list, one)
	}
	return list, nil
}

// An explainReport is printed as JSON as the API answers it, and as text from
// the explanations themselves.
type explainReport struct {
	native.Explanations
	list []*segment.Explanation
}

func (r explainReport) items() []any {
	items := make([]any, len(r.Segments))
	for i, s := range r.Segments {
		items[i] = s
	}
	return items
}

func (r explainReport) table(b *strings.Builder) {
	for _, e := range r.list {
		verdict := "is not a member of"
		if e.Member {
			verdict = "is a member of"
		}
		fmt.Fprintf(b, "%s %s %s%s\n", r.Visitor, verdict, e.Segment, until(", until ", e.ValidUntil))
		if e.Reason != "" {
			fmt.Fprintf(b, "  %s: %s\n", e.Truth, e.Reason)
		}
		if e.Proof != nil {
			branch(b, e.Proof, 1)
		}
		fmt.Fprintln(b)
	}
}

// branch prints a condition and those it is made of, indented.
func branch(b *strings.Builder, p *segment.Proof, depth int) {
	indent := strings.Repeat("  ", depth)
	text := p.Plain
	if text == "" {
		text = p.Text
	}
	fmt.Fprintf(b, "%s%-7s %s", indent, p.Truth, text)
	if p.Found != "" {
		fmt.Fprintf(b, " (found %s, wanted %s)", p.Found, p.Wanted)
	}
	if p.Reason != "" {
		fmt.Fprintf(b, ": %s", p.Reason)
	}
	fmt.Fprintln(b, until("; changes at ", p.Until))
	for _, s := range p.Signals {
		fmt.Fprintf(b, "%s        %s %s %s\n", indent, clock(s.At), s.Event, s.ID)
	}
	for _, part := range p.Of {
		branch(b, part, depth+1)
	}
}

func until(words string, ms int64) string {
	if ms == segment.Forever {
		return ""
	}
	return words + clock(ms)
}

func clock(ms int64) string { return time.UnixMilli(ms).UTC().Format("2006-01-02T15:04:05.000Z") }
