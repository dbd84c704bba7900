package cli

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/segue-dev/segue/config"
	"github.com/segue-dev/segue/internal/app"
	"github.com/segue-dev/segue/internal/audit"
	"github.com/segue-dev/segue/internal/content"
	"github.com/segue-dev/segue/internal/lint"
	"github.com/segue-dev/segue/internal/resolve"
	"github.com/segue-dev/segue/internal/segment/syntax"
)

type validate struct {
	configured
	output
	Visitors bool     `help:"Look at the visitors of the store too: events and properties that nobody sends, segments with nearly the same visitors, missing lists."`
	Goal     []string `help:"An event that experiences are to bring about; rules about it are doubtful." placeholder:"EVENT"`
	Verbose  bool     `help:"Print the findings that segments allow as well."`
}

type validateReport struct {
	Segments    int               `json:"segments"`
	Experiences int               `json:"experiences"`
	Slots       int               `json:"slots"`
	Visitors    *int              `json:"visitors,omitempty"` // looked at
	Findings    []validateFinding `json:"findings"`

	verbose bool
}

type validateFinding struct {
	Code     string        `json:"code"`
	Severity lint.Severity `json:"severity"`
	Segment  string        `json:"segment,omitempty"`
	Place    string        `json:"place,omitempty"` // file:line:column
	Entry    string        `json:"entry,omitempty"`
	Field    string        `json:"field,omitempty"`
	Message  string        `json:"message"`
	Allowed  string        `json:"allowed,omitempty"` // why the segment allows it
}

// The codes of findings about content and experiences alone.
const (
	contentCode = "CT101" // doubtful
	leftOutCode = "CT102" // not understood, and so not used
)

// errExamples says that segments do not do what their examples say; each
// failure has been printed.
var errExamples = errors.New("examples of segments fail")

// Run fails on the first kind of mistake, with all of that kind, and returns
// errFindings if there are doubts that are more than advice.
func (v validate) Run(ctx context.Context, env Env) error {
	goals, err := goalEvents(v.Goal)
	if err != nil {
		return err
	}
	if !v.Visitors {
		cfg, err := v.load(env)
		if err != nil {
			return err
		}
		site, findings, err := app.Load(cfg)
		if err != nil {
			return err
		}
		return v.report(env, cfg, site, findings, goals, nil)
	}
	return v.withStore(env, func(cfg config.Config, _ *resolve.Site, store app.Store) error {
		site, findings, err := app.LoadWith(ctx, cfg, store)
		if err != nil {
			return err
		}
		seen := lint.NewSeen(site.Segments, time.Now().UnixMilli())
		bar := env.progress("visitors", -1)
		defer bar.finish()
		for record, err := range store.All(ctx) {
			if err != nil {
				return err
			}
			seen.Add(record)
			bar.add(1)
		}
		return v.report(env, cfg, site, findings, goals, seen)
	})
}

// goalEvents reads --goal as rules name events.
func goalEvents(texts []string) ([]syntax.Event, error) {
	var goals []syntax.Event
	for _, goal := range texts {
		one, err := audit.ParseGoal("--goal", goal)
		if err != nil {
			return nil, usageError{err}
		}
		goals = append(goals, one.Events...)
	}
	return goals, nil
}

func (v validate) report(env Env, cfg config.Config, site *resolve.Site, found []content.Finding, goals []syntax.Event, seen *lint.Seen) error {
	failures := site.Segments.RunExamples()
	for _, f := range failures {
		_, _ = fmt.Fprintln(env.Stderr, f.Error())
	}
	if len(failures) > 0 {
		return fmt.Errorf("%d %w", len(failures), errExamples)
	}
	doubts := lint.Check(app.LintInput(cfg, site, goals, seen))
	report := validateReport{
		Segments: site.Segments.Len(), Experiences: len(site.Experiences.All()), Slots: len(site.Experiences.Slots()),
		Findings: append(doubtsOf(doubts), findingsOf(found)...), verbose: v.Verbose,
	}
	if seen != nil {
		report.Visitors = &seen.Visitors
	}
	if err := v.print(env.Stdout, report); err != nil {
		return err
	}
	if len(found) > 0 || lint.Fails(doubts) {
		return errFindings
	}
	return nil
}

func doubtsOf(list []lint.Finding) []validateFinding {
	out := make([]validateFinding, 0, len(list))
	for _, f := range list {
		out = append(out, validateFinding{
			Code: string(f.Code), Severity: f.Severity, Segment: f.Segment, Place: f.Pos.String(), Message: f.Message, Allowed: f.Allowed,
		})
	}
	return out
}

func findingsOf(list []content.Finding) []validateFinding {
	out := make([]validateFinding, len(list))
	for i, f := range list {
		out[i] = validateFinding{Code: contentCode, Severity: lint.Warning, Entry: f.Entry, Field: f.Field, Message: f.Message}
		if f.LeftOut {
			out[i].Code, out[i].Severity = leftOutCode, lint.Error
		}
	}
	return out
}

func (r validateReport) items() []any {
	items := make([]any, len(r.Findings))
	for i, f := range r.Findings {
		items[i] = f
	}
	return items
}

func (r validateReport) table(b *strings.Builder) {
	shown, allowed := 0, 0
	for _, f := range r.Findings {
		if f.Allowed != "" {
			allowed++
			if !r.verbose {
				continue
			}
		}
		shown++
		fmt.Fprintf(b, "%s: %s %s: %s%s\n", f.where(), f.Severity, f.Code, f.Message, f.because())
	}
	fmt.Fprintf(b, "%d segments, %d experiences, %d slots, %d findings", r.Segments, r.Experiences, r.Slots, shown)
	if allowed > 0 && !r.verbose {
		fmt.Fprintf(b, " and %d that segments allow", allowed)
	}
	if r.Visitors != nil {
		fmt.Fprintf(b, ", %d visitors looked at", *r.Visitors)
	}
	fmt.Fprintln(b)
}

// where names the place of a finding as closely as it is known.
func (f validateFinding) where() string {
	place := strings.Trim(f.Entry+"."+f.Field, ".")
	switch {
	case f.Segment != "" && f.Place != "":
		return f.Place + ": " + f.Segment
	case f.Segment != "":
		return f.Segment
	case place != "":
		return place
	case f.Code == contentCode:
		return "content"
	default:
		return "segments"
	}
}

func (f validateFinding) because() string {
	if f.Allowed == "" {
		return ""
	}
	return " (allowed: " + f.Allowed + ")"
}
