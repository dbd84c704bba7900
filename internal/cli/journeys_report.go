package cli

import (
	"fmt"
	"math"
	"strings"
	"time"
	"unicode"

	"github.com/segue-dev/segue/internal/journey"
)

// A journeyReport is printed as it is, and as text for people.
type journeyReport struct {
	*journey.Report
	zone *time.Location
}

func (r journeyReport) items() []any {
	items := make([]any, len(r.Patterns.Found))
	for i, p := range r.Patterns.Found {
		items[i] = p
	}
	return items
}

func (r journeyReport) table(b *strings.Builder) {
	r.overview(b)
	if r.Advice != "" {
		fmt.Fprintf(b, "advice\t%s\n", r.Advice)
	}
	if r.Visitors == 0 {
		return
	}
	if r.Time != nil && r.Time.Converted > 0 {
		timeToGoalOf(b, r.Time)
	}
	graphOf(b, r.Graph, r.Goal != "")
	pathsOf(b, r.Paths, r.Goal != "")
	if r.Divergence != nil && len(r.Divergence.Steps) > 0 {
		divergenceOf(b, r.Divergence)
	}
	patternsOf(b, &r.Patterns, r.Goal != "")
	if r.Attribution != nil && (r.Attribution.Conversions > 0 || r.Attribution.Untouched > 0) {
		attributionOf(b, r.Attribution)
	}
}

func (r journeyReport) overview(b *strings.Builder) {
	if !r.To.IsZero() {
		from := "the first signal"
		if !r.From.IsZero() {
			from = r.local(r.From)
		}
		fmt.Fprintf(b, "period\t%s to %s\n", from, r.local(r.To))
	}
	fmt.Fprintf(b, "visitors\t%d with %d steps of %d kinds\n", r.Visitors, r.StepsTaken, r.Kinds)
	if r.Base != nil {
		within := "ever"
		if r.WithinSeconds > 0 {
			within = "within " + seconds(r.WithinSeconds)
		}
		fmt.Fprintf(b, "goal\t%s %s after the first step: %s of %d, %s; %d too recent to tell\n",
			r.Goal, within, counted(r.Base.Converted, r.Base.Visitors), r.Base.Visitors, interval(*r.Base), r.Base.TooRecent)
	}
	for _, line := range []struct {
		n    int
		what string
	}{
		{r.Left.Older, "visitors who came before the period"},
		{r.Left.Shortened, "visitors whose first signals are gone"},
		{r.Left.GoalFirst, "visitors who did nothing before the goal"},
		{r.Left.Cut, "visitors' steps beyond the first ones (--steps)"},
		{r.Left.RareSteps, "kinds of rare steps, shown as (other)"},
	} {
		if line.n > 0 {
			fmt.Fprintf(b, "left out\t%d %s\n", line.n, line.what)
		}
	}
}

func (r journeyReport) local(at time.Time) string {
	return at.In(r.zone).Format("2006-01-02 15:04:05 MST")
}

func timeToGoalOf(b *strings.Builder, t *journey.TimeToGoal) {
	fmt.Fprint(b, "\nTIME TO THE GOAL, from the first step\n\n")
	if t.MedianSeconds > 0 {
		fmt.Fprintf(b, "median of all\t%s\n", seconds(t.MedianSeconds))
	} else {
		fmt.Fprint(b, "median of all\tnot known: fewer than half have reached it\n")
	}
	fmt.Fprintf(b, "median of the %d who have reached it\t%s\n\nAFTER\tREACHED\t95 %% INTERVAL\tSTILL WATCHED\n", t.Converted, seconds(t.OfConvertedSeconds))
	for _, p := range t.Curve {
		fmt.Fprintf(b, "%s\t%s\t%s to %s\t%d\n", seconds(p.Seconds), percent2(p.Share), percent2(p.Low), percent2(p.High), p.AtRisk)
	}
}

func graphOf(b *strings.Builder, g *journey.Graph, goal bool) {
	fmt.Fprint(b, "\nSTEP\tTAKEN\tSESSIONS BEGIN\tSESSIONS END")
	if goal {
		fmt.Fprint(b, "\tGOAL NEXT")
	}
	fmt.Fprintln(b)
	for _, n := range g.Steps {
		fmt.Fprintf(b, "%s\t%d\t%d\t%d", brief(n.Step), n.Taken, n.Entries, n.Exits)
		if goal {
			fmt.Fprintf(b, "\t%d", n.Goals)
		}
		fmt.Fprintln(b)
	}
	if len(g.Edges) == 0 {
		return
	}
	fmt.Fprint(b, "\nFROM\tDIRECTLY TO\tTIMES\tNEXT\tMEDIAN GAP")
	if goal {
		fmt.Fprint(b, "\tCONVERTED\tNEXT\tMEDIAN GAP\tOTHERS\tNEXT\tMEDIAN GAP")
	}
	fmt.Fprintln(b)
	for _, e := range g.Edges {
		fmt.Fprintf(b, "%s\t%s\t%s", brief(e.From), brief(e.To), passage(e.Passage))
		if goal {
			fmt.Fprintf(b, "\t%s\t%s", passage(e.Converted), passage(e.Others))
		}
		fmt.Fprintln(b)
	}
}

func passage(p journey.Passage) string {
	gap := "-"
	if p.MedianGapSeconds > 0 {
		gap = fmt.Sprint(time.Duration(p.MedianGapSeconds * float64(time.Second)).Round(100 * time.Millisecond))
	}
	return fmt.Sprintf("%d\t%s\t%s", p.Count, percent(p.Probability), gap)
}

func pathsOf(b *strings.Builder, paths []journey.Path, goal bool) {
	fmt.Fprint(b, "\nVISITORS")
	if goal {
		fmt.Fprint(b, "\tCONVERTED")
	}
	fmt.Fprint(b, "\tPATH\n")
	for _, p := range paths {
		fmt.Fprint(b, p.Visitors)
		if goal {
			fmt.Fprintf(b, "\t%s", counted(p.Converted, p.Visitors))
		}
		more := ""
		if p.Longer {
			more = " > …"
		}
		fmt.Fprintf(b, "\t%s%s\n", arrows(p.Steps), more)
	}
}

func divergenceOf(b *strings.Builder, d *journey.Divergence) {
	fmt.Fprint(b, "\nWHERE CONVERTERS AND OTHERS PART\n\n")
	if d.Point > 0 {
		fmt.Fprintf(b, "they differ most at step %d\n\n", d.Point)
	} else {
		fmt.Fprint(b, "not known: no step was taken by 100 of both\n\n")
	}
	fmt.Fprint(b, "STEP\tCONVERTED\tOTHERS\tBITS\tQ\tMORE OFTEN IF CONVERTED\tLESS OFTEN\n")
	for _, s := range d.Steps {
		fmt.Fprintf(b, "%d\t%d\t%d\t%.4f\t%s\t%s\t%s\n", s.Step, s.Converted, s.Others, s.Bits, chance(s.Q), takenOf(s.Over), takenOf(s.Under))
	}
}

func takenOf(all []journey.Taken) string {
	texts := make([]string, len(all))
	for i, t := range all {
		texts[i] = fmt.Sprintf("%s %s against %s", brief(t.Step), percent(t.Converted), percent(t.Others))
	}
	return strings.Join(texts, ", ")
}

func patternsOf(b *strings.Builder, p *journey.Patterns, goal bool) {
	narrowed := ""
	if p.Narrowed {
		narrowed = " (fewer than was asked for: there were too many)"
	}
	fmt.Fprintf(b, "\nPATTERNS of up to %d steps that at least %d visitors show%s: %d, of which %d closed\n\n", p.Length, p.MinSupport, narrowed, p.Frequent, p.Tested)
	if len(p.Found) == 0 {
		fmt.Fprint(b, "--support N asks for patterns of fewer visitors.\n")
		return
	}
	fmt.Fprint(b, "NR\tVISITORS\tOF ALL")
	if goal {
		fmt.Fprint(b, "\tTHEN CONVERTED\tOF\t95 % INTERVAL\tRATIO\tQ")
	}
	fmt.Fprint(b, "\tSTEPS, with whatever between\n")
	for i, f := range p.Found {
		fmt.Fprintf(b, "%d\t%d\t%s", i+1, f.Support, percent(f.Share))
		if c := f.Conversion; c != nil {
			fmt.Fprintf(b, "\t%s\t%d\t%s\t%.2f\t%s", counted(c.Converted, c.Visitors), c.Visitors, interval(c.Cohort), c.Ratio, chance(c.Q))
		}
		fmt.Fprintf(b, "\t%s\n", arrows(f.Steps))
	}
	if goal {
		fmt.Fprint(b, "\nThis is association: those who do this convert more or less often, not because of it.\n")
	}
	fmt.Fprint(b, "--draft NR prints a pattern as a rule.\n")
}

func attributionOf(b *strings.Builder, a *journey.Attribution) {
	fmt.Fprintf(b, "\nATTRIBUTION of %d conversions to touches (%s) of the %s before; %d had none. Descriptive: it divides, it does not explain.\n\n",
		a.Conversions, a.Touch, seconds(a.LookbackSeconds), a.Untouched)
	if len(a.Channels) > 0 {
		fmt.Fprint(b, "TOUCH\tTIMES\tVISITORS\tFIRST\tLAST\tLINEAR\t40/20/40\tDECAY\tMARKOV\tREMOVAL\n")
	}
	for _, c := range a.Channels {
		fmt.Fprintf(b, "%s\t%d\t%d\t%.1f\t%.1f\t%.1f\t%.1f\t%.1f\t%.1f\t%s\n",
			brief(c.Name), c.Touches, c.Visitors, c.First, c.Last, c.Linear, c.Position, c.Decay, c.Markov, percent(c.Removal))
	}
	if l := a.Lift; l != nil {
		fmt.Fprintf(b, "\nCaused, as a holdout of %d visitors tells: %+.1f %%, 95 %% interval %+.1f to %+.1f %%\n", l.Visitors, 100*l.Relative, 100*l.Low, 100*l.High)
	} else {
		fmt.Fprint(b, "\nCaused, as a holdout tells: no holdout result yet\n")
	}
}

func arrows(steps []string) string {
	short := make([]string, len(steps))
	for i, s := range steps {
		short[i] = brief(s)
	}
	return strings.Join(short, " > ")
}

// brief returns a name so short that a table can hold it, in one line and with
// nothing that a terminal would obey.
func brief(name string) string {
	const most = 48
	letters := []rune(strings.Map(func(c rune) rune {
		if !unicode.IsPrint(c) {
			return '\uFFFD'
		}
		return c
	}, strings.Join(strings.Fields(name), " ")))
	if len(letters) <= most {
		return string(letters)
	}
	return string(letters[:most-1]) + "…"
}

func interval(c journey.Cohort) string { return percent2(c.Low) + " to " + percent2(c.High) }

func percent2(share float64) string { return fmt.Sprintf("%.2f %%", 100*share) }

// chance writes a p-value.
func chance(p float64) string {
	switch {
	case p < 1e-4:
		return "<0.0001"
	default:
		return fmt.Sprintf("%.4f", math.Min(p, 1))
	}
}
