package journey

import (
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/segue-dev/segue/internal/segment/syntax"
)

// draft returns the rule whose members are the visitors who show a pattern and
// have not reached the goal, as YAML of package syntax. A draft changes nothing
// until somebody says what its members get.
func (p *paths) draft(found *Pattern) string {
	var b strings.Builder
	fmt.Fprintf(&b, "# Drafted by segue journeys: %d of %d visitors (%.2f %%) did this%s.\n",
		found.Support, p.visitors(), 100*found.Share, p.beforeGoal())
	if c := found.Conversion; c != nil {
		fmt.Fprintf(&b, "# %d of %d reached it afterwards%s: %.2f times the share of all visitors.\n", c.Converted, c.Visitors, p.withinTime(), c.Ratio)
		fmt.Fprintf(&b, "# That is an association, not an effect. Corrected p-value: %.2g.\n", c.Q)
	}
	b.WriteString("# Say what they should get, give the sequence a window such as completed: {last: 7d}, and backtest it.\n")
	if p.timed {
		fmt.Fprintf(&b, "# These numbers again: segue backtest FILE%s\n", p.backtest())
	}
	fmt.Fprintf(&b, "segment: %s\n", keyOf(found.Steps))
	fmt.Fprintf(&b, "name: %q\n", strings.Join(found.Steps, ", then "))
	b.WriteString("soWhat: \"TODO: say what these visitors get that others do not\"\n")
	b.WriteString("status: draft\n")
	fmt.Fprintf(&b, "when:\n  %s\n", strings.ReplaceAll(p.rule(found.steps), "\n", "\n  "))
	return b.String()
}

// backtest returns the flags with which a backtest of a draft tells the numbers
// of its pattern.
func (p *paths) backtest() string {
	flags := fmt.Sprintf(" --from %s --to %s", time.UnixMilli(p.first-1).UTC().Format(time.RFC3339Nano), time.UnixMilli(p.end).UTC().Format(time.RFC3339Nano))
	if g := p.opts.Goal; g != nil {
		flags += fmt.Sprintf(" --goal %s --within %s", quoted(syntax.FormatMatch(g.Match)), syntax.FormatDuration(g.Within))
	}
	return flags
}

// quoted returns text as one word of a shell.
func quoted(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }

// rule returns the condition of a draft.
func (p *paths) rule(steps []int32) string {
	seq := syntax.Sequence{In: syntax.InVisitor}
	for _, s := range steps {
		seq.Steps = append(seq.Steps, syntax.Step{Match: p.kinds[s].match(), Times: 1})
	}
	if p.opts.Goal == nil {
		return syntax.Format(seq)
	}
	return "all:\n  - " + syntax.Format(seq) + "\n  - " + syntax.Format(syntax.Never{Match: p.opts.Goal.Match})
}

func (p *paths) beforeGoal() string {
	if p.opts.Goal == nil {
		return ""
	}
	return " before " + syntax.FormatMatch(p.opts.Goal.Match)
}

func (p *paths) withinTime() string {
	if p.within == never {
		return ""
	}
	return " within " + syntax.FormatDuration(p.opts.Goal.Within)
}

var notInKey = regexp.MustCompile(`[^a-z0-9]+`)

// keyOf returns a key for a segment of those who took steps.
func keyOf(steps []string) string {
	const longest = 80
	words := make([]string, len(steps))
	for i, s := range steps {
		words[i] = strings.Trim(notInKey.ReplaceAllString(strings.ToLower(s), "-"), "-")
	}
	key := "after-" + strings.Join(words, "-then-")
	return strings.Trim(key[:min(len(key), longest)], "-")
}
