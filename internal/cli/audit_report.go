package cli

import (
	"fmt"
	"strings"
	"time"

	"github.com/segue-dev/segue/internal/audit"
)

// An auditReport is printed as it is, and as text for people.
type auditReport struct{ *audit.Report }

func (r auditReport) items() []any {
	items := make([]any, len(r.Checks))
	for i, c := range r.Checks {
		items[i] = c
	}
	return items
}

// The shape of a report for people, in characters.
const (
	auditWidth  = 100
	auditIndent = 9
)

func (r auditReport) table(b *strings.Builder) {
	fmt.Fprintln(b, r.Summary)
	if r.Visitors > 0 {
		fmt.Fprintf(b, "%d visitors, %d signals, %s to %s\n", r.Visitors, r.Signals, day(r.First), day(r.Last))
	}
	if r.Sampled < 1 {
		fmt.Fprintf(b, "a sample of %.2g %% of all visitors: more would not fit into memory\n", 100*r.Sampled)
	}
	if len(r.Next) > 0 {
		fmt.Fprintln(b)
		for _, step := range r.Next {
			if strings.HasPrefix(step, "curl ") {
				fmt.Fprintf(b, "    %s\n", step)
				continue
			}
			wrap(b, "- ", step)
		}
	}
	for _, c := range r.Checks {
		r.check(b, c)
	}
}

func (r auditReport) check(b *strings.Builder, c audit.Check) {
	title := c.Title + " (" + c.ID + ")"
	if c.Segment != "" {
		title = c.Segment + ": " + title
	}
	fmt.Fprintf(b, "\n%-*s%s\n", auditIndent, strings.ToUpper(string(c.Status)), title)
	space := strings.Repeat(" ", auditIndent)
	wrap(b, space, upper(c.Found)+".")
	if c.Status == audit.Green {
		return
	}
	for _, item := range c.Items {
		wrap(b, space+"- ", item)
	}
	wrap(b, space, c.Means)
	if c.Fix != "" {
		wrap(b, space+"Fix: ", c.Fix)
	}
	if !c.When.IsZero() {
		wrap(b, space, "Can probably be judged from "+day(c.When)+" on.")
	}
}

// wrap writes a paragraph of lines that begin at the width of its first.
func wrap(b *strings.Builder, first, text string) {
	line, width := first, len([]rune(first))
	rest := strings.Repeat(" ", width)
	empty := true
	for word := range strings.FieldsSeq(strings.ReplaceAll(text, " %", "\x00%")) {
		word = strings.ReplaceAll(word, "\x00", " ")
		n := len([]rune(word))
		if !empty && width+1+n > auditWidth {
			fmt.Fprintln(b, line)
			line, width, empty = rest, len(rest), true
		}
		if !empty {
			line, width = line+" ", width+1
		}
		line, width, empty = line+word, width+n, false
	}
	fmt.Fprintln(b, line)
}

// upper returns a sentence with a capital at its beginning.
func upper(s string) string {
	if s == "" {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}

func day(t time.Time) string { return t.UTC().Format(time.DateOnly) }
