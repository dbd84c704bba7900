package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/segue-dev/segue/config"
	"github.com/segue-dev/segue/internal/app"
	"github.com/segue-dev/segue/internal/fault"
	"github.com/segue-dev/segue/internal/resolve"
	"github.com/segue-dev/segue/internal/results"
)

type measured struct {
	configured
	output
	Experiences []string `arg:"" optional:"" name:"experience" help:"Ids of experiences; default: all."`
	Metric      string   `help:"Report on this metric alone." placeholder:"KEY"`
	Segment     string   `help:"Report on this segment alone." placeholder:"KEY"`
	From        string   `help:"Leave out visitors whose first exposure was before this day." placeholder:"DAY"`
	Readout     string   `help:"The day that was fixed for a decision, before looking: compare on it as well, by Welch's test." placeholder:"DAY"`
	Days        bool     `help:"Print each day as well."`
	CostPerHour float64  `help:"What an hour of upkeep costs; wins over the file of metrics." placeholder:"AMOUNT"`
	Ask         string   `help:"Ask the running Segue whose admin listener is at this address, instead of the store." placeholder:"URL"`
}

// Run reports what personalization does, and what to do about each segment.
func (c measured) Run(ctx context.Context, env Env) error {
	q := results.Query{
		Experiences: c.Experiences, Metric: c.Metric, Segment: c.Segment, From: c.From, Readout: c.Readout, Days: c.Days, CostPerHour: c.CostPerHour,
	}
	if c.Ask != "" {
		report, err := askResults(ctx, c.Ask, q)
		if err != nil {
			return err
		}
		return c.show(env, report)
	}
	return c.withStore(env, func(_ config.Config, site *resolve.Site, store app.Store) error {
		report, err := app.Results(ctx, store, site, q, time.Now())
		if kind := fault.KindOf(err); kind == fault.Invalid || kind == fault.NotFound {
			return misused("--%w", err)
		}
		if err != nil {
			return err
		}
		return c.show(env, report)
	})
}

// show prints a report, and ends with 3 if something in it cannot be believed.
func (c measured) show(env Env, report *results.Report) error {
	if err := c.print(env.Stdout, resultsReport{report}); err != nil {
		return err
	}
	if report.Suspect() {
		return errFindings
	}
	return nil
}

// askResults asks a running Segue.
func askResults(ctx context.Context, base string, q results.Query) (*results.Report, error) {
	params := url.Values{"experience": q.Experiences}
	for key, value := range map[string]string{"metric": q.Metric, "segment": q.Segment, "from": q.From, "readout": q.Readout} {
		if value != "" {
			params.Set(key, value)
		}
	}
	if q.Days {
		params.Set("days", "true")
	}
	if q.CostPerHour > 0 {
		params.Set("costPerHour", strconv.FormatFloat(q.CostPerHour, 'g', -1, 64))
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, strings.TrimSuffix(base, "/")+"/admin/v1/results?"+params.Encode(), nil)
	if err != nil {
		return nil, misused("--ask %s: %w", base, err)
	}
	res, err := (&http.Client{Timeout: remotePatience}).Do(req)
	if err != nil {
		return nil, err
	}
	defer func() { _ = res.Body.Close() }() // it was only read
	body, err := io.ReadAll(res.Body)
	if err != nil {
		return nil, err
	}
	if res.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s answers %s: %s", base, res.Status, strings.TrimSpace(string(body)))
	}
	report := new(results.Report)
	return report, json.Unmarshal(body, report)
}

// A resultsReport prints sentences before numbers: what to do, then why.
type resultsReport struct{ *results.Report }

func (r resultsReport) items() []any {
	var items []any
	for i := range r.Experiences {
		items = append(items, r.Experiences[i])
	}
	return items
}

func (r resultsReport) table(b *strings.Builder) {
	for _, a := range r.Advice {
		fmt.Fprintf(b, "%s\t%s\n", a.Segment, adviceText(a))
	}
	if r.Programme != nil {
		b.WriteString("\n")
		groupTable(b, "personalization as a whole, against who is held out", &r.Programme.All)
		if r.Programme.LeakAlarm {
			fmt.Fprintf(b, "\t%d visitors who are held out saw a variant all the same\n", r.Programme.Leaks)
		}
	}
	for i := range r.Experiences {
		experienceTable(b, &r.Experiences[i])
	}
	if len(r.Returns) > 0 {
		b.WriteString("\nwhat each further segment adds in 30 days\n")
	}
	for _, one := range r.Returns {
		fmt.Fprintf(b, "\t%s\t%+.4g %s\tall so far %+.4g\n", one.Segment, one.Adds, one.Unit, one.Sum)
	}
	for _, note := range r.Notes {
		fmt.Fprintf(b, "\n%s\n", note)
	}
}

// adviceText is the advice in one sentence or two.
func adviceText(a results.Advice) string {
	what := string(a.Action)
	if a.With != "" {
		what += map[results.Action]string{results.Merge: " with ", results.Split: " by "}[a.Action] + a.With
	}
	if a.Action == results.Wait {
		switch {
		case a.Until != "":
			what += " until " + a.Until
		case a.Needs > 0:
			what += fmt.Sprintf(", needs %d more", a.Needs)
		}
	}
	return what + ": " + a.Why
}

func experienceTable(b *strings.Builder, x *results.Experience) {
	who := "for everybody"
	if x.Audience != "" {
		who = "for " + x.Audience
	}
	fmt.Fprintf(b, "\n%s (%s), %s\n", x.Name, x.ID, who)
	groupTable(b, "all", &x.All)
	for i := range x.Segments {
		name := x.Segments[i].Segment
		if name == "" {
			name = "in no segment"
		}
		groupTable(b, name, &x.Segments[i])
	}
}

func groupTable(b *strings.Builder, name string, g *results.Group) {
	arms := make([]string, len(g.Arms))
	for i, a := range g.Arms {
		arms[i] = strconv.FormatInt(a.Visitors, 10)
	}
	if nobody(g) {
		fmt.Fprintf(b, "%s\tnobody has taken part yet\n", name)
		return
	}
	fmt.Fprintf(b, "%s\tvisitors %s\n", name, strings.Join(arms, " / "))
	if g.Arms[0].Variant != 0 {
		b.WriteString("\tthere is no control to compare with: give index 0 a share\n")
		return
	}
	if g.Balance.Alarm || g.Balance.Warning {
		fmt.Fprintf(b, "\tthe arms do not have the visitors that they should (evidence %.3g)\n", g.Balance.Evidence)
	}
	if g.MixedAlarm {
		fmt.Fprintf(b, "\t%d visitors, %.1f %%, saw several variants and are not counted\n", g.Mixed, 100*g.MixedShare)
	}
	for _, m := range g.Metrics {
		for _, l := range m.Lifts {
			fmt.Fprintf(b, "\t%s, variant %d\t%s\n", m.Metric, l.Variant, l.Say)
			if l.Readout != nil {
				fmt.Fprintf(b, "\t\ton %s: %s\n", l.Readout.Date, readoutText(l.Readout))
			}
		}
		for _, d := range m.Days {
			fmt.Fprintf(b, "\t\t%s\t%s\n", d.Date, dayText(d))
		}
	}
}

func nobody(g *results.Group) bool {
	for _, a := range g.Arms {
		if a.Visitors > 0 {
			return false
		}
	}
	return g.Mixed == 0
}

func readoutText(r *results.Readout) string {
	if r.Cannot != "" {
		return r.Cannot
	}
	return fmt.Sprintf("%+.4g (%.4g to %.4g), p = %.3g", r.Absolute.Value, r.Absolute.Low, r.Absolute.High, r.P)
}

func dayText(d results.Day) string {
	parts := make([]string, len(d.Arms))
	for i, a := range d.Arms {
		parts[i] = fmt.Sprintf("%d: %.4g", a.Visitors, a.Mean)
	}
	return strings.Join(parts, " / ")
}
