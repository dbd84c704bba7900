package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/segue-dev/segue/config"
	"github.com/segue-dev/segue/internal/app"
	"github.com/segue-dev/segue/internal/content"
	"github.com/segue-dev/segue/internal/contentful/export"
)

type checkSpace struct {
	liveSpace
	output
	Preview bool `help:"Check what editors see, drafts included, instead of what is published; needs contentful.previewToken."`
}

type checkReport struct {
	Space       string        `json:"space"`
	Environment string        `json:"environment"`
	Findings    []liveFinding `json:"findings"` // those of one entry together
}

type liveFinding struct {
	validateFinding
	Link string `json:"link,omitempty"` // to the entry in the web app
}

// Run reads the space, looks at it as validate looks at an export, and returns
// errFindings if there is anything doubtful.
func (k checkSpace) Run(ctx context.Context, env Env) error {
	space, err := k.access(env)
	if err != nil {
		return err
	}
	findings, err := k.findings(ctx, env, space)
	if err != nil {
		return err
	}
	report := checkReport{Space: space.space, Environment: space.environment, Findings: []liveFinding{}}
	for _, f := range findings {
		report.Findings = append(report.Findings, liveFinding{f, space.link(f.Entry)})
	}
	if err := k.print(env.Stdout, report); err != nil {
		return err
	}
	if len(findings) > 0 {
		return errFindings
	}
	return nil
}

// findings returns what is doubtful about the content of the space, with the
// segments and experiences that are configured.
func (k checkSpace) findings(ctx context.Context, env Env, space spaceAccess) (found []validateFinding, err error) {
	dir, err := os.MkdirTemp("", "segue-check-")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	file := filepath.Join(dir, "space.json")
	cda, err := space.delivery()
	if k.Preview {
		cda, err = space.preview()
	}
	if err != nil {
		return nil, err
	}
	err = replaceFile(file, func(w io.Writer) error {
		bar := env.progress("items", -1)
		defer bar.finish()
		_, err := export.Write(w, export.Published(ctx, cda), func() { bar.add(1) })
		return err
	})
	if err != nil {
		return nil, err
	}
	cfg := space.cfg
	cfg.Content = "export:" + file
	return contentFindings(cfg)
}

// contentFindings returns what is doubtful about the content of cfg, in order of
// entry.
func contentFindings(cfg config.Config) ([]validateFinding, error) {
	_, findings, err := app.Load(cfg)
	if err != nil {
		return nil, err
	}
	slices.SortStableFunc(findings, func(a, b content.Finding) int {
		return cmp.Or(cmp.Compare(a.Entry, b.Entry), cmp.Compare(a.Field, b.Field))
	})
	return findingsOf(findings), nil
}

// link returns the address of an entry in the web app.
func (a spaceAccess) link(entry string) string {
	if entry == "" {
		return ""
	}
	return a.cfg.Contentful.WebApp() + "/spaces/" + url.PathEscape(a.space) +
		"/environments/" + url.PathEscape(a.environment) + "/entries/" + url.PathEscape(entry)
}

func (r checkReport) items() []any {
	items := make([]any, len(r.Findings))
	for i, f := range r.Findings {
		items[i] = f
	}
	return items
}

func (r checkReport) table(b *strings.Builder) {
	last := ""
	for i, f := range r.Findings {
		switch {
		case f.Entry == "" && (i == 0 || last != ""):
			fmt.Fprintln(b, "The space as a whole")
		case f.Entry != last:
			fmt.Fprintf(b, "%s  %s\n", f.Entry, f.Link)
		}
		last = f.Entry
		field := ""
		if f.Field != "" {
			field = f.Field + ": "
		}
		fmt.Fprintf(b, "    %s %s: %s%s\n", f.Severity, f.Code, field, f.Message)
	}
	fmt.Fprintf(b, "space %s, environment %s: %d findings\n", r.Space, r.Environment, len(r.Findings))
}
