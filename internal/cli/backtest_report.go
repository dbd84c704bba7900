package cli

import (
	"fmt"
	"strings"
	"time"

	"github.com/segue-dev/segue/internal/backtest"
	"github.com/segue-dev/segue/internal/segment/syntax"
)

// A backtestReport is printed as it is, and as text for people.
type backtestReport struct {
	*backtest.Report
	zone *time.Location
}

func (r backtestReport) items() []any {
	items := make([]any, len(r.Segments))
	for i, s := range r.Segments {
		items[i] = s
	}
	return items
}

func (r backtestReport) table(b *strings.Builder) {
	fmt.Fprintf(b, "period\t%s to %s\nvisitors\t%d seen by then\n", r.local(r.From), r.local(r.To), r.Visitors)
	r.coverage(b)
	for _, s := range r.Segments {
		fmt.Fprintf(b, "\n%s: %s\n\n", s.Key, s.Name)
		figuresOf(b, s, r.Visitors)
		if s.Conversion != nil {
			conversionOf(b, s.Conversion)
		}
		daysOf(b, s.Days)
		if len(s.Overlaps) > 0 {
			overlapsOf(b, s.Overlaps)
		}
	}
}

func (r backtestReport) local(at time.Time) string {
	return at.In(r.zone).Format("2006-01-02 15:04:05 MST")
}

// coverage says how far the records reach back.
func (r backtestReport) coverage(b *strings.Builder) {
	c := r.Coverage
	if c.CompleteSince.IsZero() {
		fmt.Fprintln(b, "history\tcomplete")
	} else {
		fmt.Fprintf(b, "history\tcomplete since %s: older signals of %d visitors are gone\n", r.local(c.CompleteSince), c.Shortened)
	}
	if c.Truncated > 0 {
		fmt.Fprintf(b, "truncated\t%s: the rules look back to signals that are gone\n", counted(c.Truncated, r.Visitors))
	}
	if c.ComparedTruncated > 0 {
		fmt.Fprintf(b, "truncated\t%s in the segments compared with\n", counted(c.ComparedTruncated, r.Visitors))
	}
	if c.Saturated > 0 {
		fmt.Fprintf(b, "saturated\t%s: more distinct values than are told apart\n", counted(c.Saturated, r.Visitors))
	}
}

func figuresOf(b *strings.Builder, s backtest.Segment, visitors int) {
	fmt.Fprintf(b, "ever a member\t%s\n", counted(s.Ever, visitors))
	fmt.Fprintf(b, "members at the start\t%d\nentries\t%d\nexits\t%d\nmembers at the end\t%d\n", s.Start, s.Entries, s.Exits, s.End)
	if s.Stay.Complete > 0 {
		fmt.Fprintf(b, "stay\tmedian %s, mean %s, over %d that began and ended in the period\n",
			seconds(s.Stay.MedianSeconds), seconds(s.Stay.MeanSeconds), s.Stay.Complete)
	}
	if s.Stay.Censored > 0 {
		fmt.Fprintf(b, "stays of unknown length\t%d\n", s.Stay.Censored)
	}
	fmt.Fprintf(b, "flapping\t%s entered more than three times in a day\n", counted(s.Flapping.Visitors, s.Ever))
}

func conversionOf(b *strings.Builder, c *backtest.Conversion) {
	fmt.Fprintf(b, "\n%s within %s\tCONVERTED\tOF\tTOO RECENT\n", strings.ToUpper(c.Goal), seconds(c.WithinSeconds))
	for _, row := range []struct {
		who    string
		cohort backtest.Cohort
	}{{"after the first entry", c.Members}, {"never a member, after the first signal", c.Others}} {
		fmt.Fprintf(b, "%s\t%s\t%d\t%d\n", row.who, counted(row.cohort.Converted, row.cohort.Visitors), row.cohort.Visitors, row.cohort.TooRecent)
	}
	if c.AtStart > 0 {
		fmt.Fprintf(b, "member from the start, not counted\t\t%d\t\n", c.AtStart)
	}
}

func daysOf(b *strings.Builder, days []backtest.Day) {
	fmt.Fprint(b, "\nDAY\tMEMBERS\tAT ITS END\tENTRIES\tEXITS\n")
	for _, d := range days {
		fmt.Fprintf(b, "%s\t%d\t%d\t%d\t%d\n", d.Date, d.Members, d.AtEnd, d.Entries, d.Exits)
	}
}

func overlapsOf(b *strings.Builder, overlaps []backtest.Overlap) {
	fmt.Fprint(b, "\nOVERLAP WITH\tITS MEMBERS\tAT ONCE\tAT THE END\tSHARED VISITORS\tSHARED TIME\n")
	for _, o := range overlaps {
		fmt.Fprintf(b, "%s\t%d\t%d\t%d of %d\t%s\t%s\n", o.Key, o.Ever, o.Both, o.BothEnd, o.End, percent(o.VisitorJaccard), percent(o.TimeJaccard))
	}
}

// counted writes a number with its share of a whole.
func counted(n, whole int) string {
	if whole == 0 {
		return fmt.Sprint(n)
	}
	return fmt.Sprintf("%d (%s)", n, percent(float64(n)/float64(whole)))
}

func percent(share float64) string { return fmt.Sprintf("%.1f %%", 100*share) }

func seconds(s float64) string {
	return syntax.FormatDuration(time.Duration(s * float64(time.Second)).Round(time.Second))
}
