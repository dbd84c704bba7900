package cli

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/segue-dev/segue/internal/app"
	"github.com/segue-dev/segue/internal/content"
)

type validate struct {
	configured
	output
}

type validateReport struct {
	Segments    int               `json:"segments"`
	Experiences int               `json:"experiences"`
	Slots       int               `json:"slots"`
	Findings    []validateFinding `json:"findings"`
}

type validateFinding struct {
	Entry   string `json:"entry,omitempty"`
	Field   string `json:"field,omitempty"`
	Message string `json:"message"`
}

// errExamples says that segments do not do what their examples say; each
// failure has been printed.
var errExamples = errors.New("examples of segments fail")

// Run fails on the first kind of mistake, with all of that kind, and returns
// errFindings if all is well but for doubts.
func (v validate) Run(_ context.Context, env Env) error {
	cfg, err := v.load(env)
	if err != nil {
		return err
	}
	site, findings, err := app.Load(cfg)
	if err != nil {
		return err
	}
	failures := site.Segments.RunExamples()
	for _, f := range failures {
		_, _ = fmt.Fprintln(env.Stderr, f.Error())
	}
	if len(failures) > 0 {
		return fmt.Errorf("%d %w", len(failures), errExamples)
	}
	report := validateReport{
		Segments: site.Segments.Len(), Experiences: len(site.Experiences.All()), Slots: len(site.Experiences.Slots()),
		Findings: findingsOf(findings),
	}
	if err := v.print(env.Stdout, report); err != nil {
		return err
	}
	if len(findings) > 0 {
		return errFindings
	}
	return nil
}

func findingsOf(list []content.Finding) []validateFinding {
	out := make([]validateFinding, len(list))
	for i, f := range list {
		out[i] = validateFinding{f.Entry, f.Field, f.Message}
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
	for _, f := range r.Findings {
		place := strings.Trim(f.Entry+"."+f.Field, ".")
		if place == "" {
			place = "content"
		}
		fmt.Fprintf(b, "%s: %s\n", place, f.Message)
	}
	fmt.Fprintf(b, "%d segments, %d experiences, %d slots, %d findings\n", r.Segments, r.Experiences, r.Slots, len(r.Findings))
}
