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
	"github.com/segue-dev/segue/internal/segment/syntax"
)

type explain struct {
	configured
	output
	Visitor string    `arg:"" help:"Id of the visitor."`
	Segment string    `help:"Key of the segment; default: all." placeholder:"KEY"`
	At      time.Time `help:"Instant to explain; default: now." placeholder:"RFC3339"`
	Redact  bool      `help:"Leave out the values of the visitor's properties."`
}

// Run prints proofs for one visitor, and what would change them.
func (e explain) Run(ctx context.Context, env Env) error {
	return e.withStore(env, func(_ config.Config, site *resolve.Site, store app.Store) error {
		record, err := store.Get(ctx, e.Visitor)
		if err != nil {
			return err
		}
		at := e.At
		if at.IsZero() {
			at = time.Now()
		}
		list, err := site.Explain(record, e.Segment, nil, at.UnixMilli())
		if err != nil {
			return err
		}
		for _, one := range list {
			if e.Redact {
				one.Redact()
			}
		}
		return e.print(env.Stdout, explainReport{native.ExplanationsOf(e.Visitor, list), list})
	})
}

// An explainReport is printed as JSON as the API answers it, and as text from
// the explanations themselves.
type explainReport struct {
	native.Explanations
	list []*resolve.Explained
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
		outlook(b, e)
		for _, lost := range e.LeftOut {
			fmt.Fprintf(b, "  left out: %s\n", lost)
		}
		fmt.Fprintln(b)
	}
}

// outlook prints what would change membership, and when it changes by itself.
func outlook(b *strings.Builder, e *resolve.Explained) {
	verb := "enter"
	if e.Member {
		verb = "leave"
	}
	switch w := e.Outlook.Change; {
	case w == nil:
		fmt.Fprintf(b, "  to %s: no way was found\n", verb)
	case len(w.Signals) == 0:
		fmt.Fprintf(b, "  to %s: wait until %s\n", verb, clock(e.At+w.After.Milliseconds()))
	default:
		fmt.Fprintf(b, "  to %s at %s:\n", verb, clock(e.At+w.After.Milliseconds()))
		for _, s := range w.Signals {
			fmt.Fprintf(b, "    %s %s\n", clock(e.At+s.At.Milliseconds()), strings.TrimSpace(s.Event.String()+" "+syntax.FormatExampleProps(s.Props)))
		}
	}
	for _, p := range e.Outlook.Stuck {
		fmt.Fprintf(b, "    no signals bring about: %s\n", p.Plain)
	}
	if n := e.Outlook.Nearest; n != nil && e.Proof != nil && len(e.Proof.Of) > 0 {
		fmt.Fprintf(b, "  nearest unmet: %s\n", n.Plain)
	}
	member := e.Member
	for _, at := range e.Outlook.Flips {
		member = !member
		word := "leaves"
		if member {
			word = "enters"
		}
		fmt.Fprintf(b, "  by itself %s at %s\n", word, clock(at))
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
	switch {
	case p.Found != "" && p.Wanted != "":
		fmt.Fprintf(b, " (found %s, wanted %s)", p.Found, p.Wanted)
	case p.Found != "":
		fmt.Fprintf(b, " (found %s)", p.Found)
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
