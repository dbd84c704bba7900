package cli

import (
	"fmt"
	"strings"

	"github.com/segue-dev/segue/internal/app"
	"github.com/segue-dev/segue/internal/segment"
	"github.com/segue-dev/segue/internal/segment/syntax"
)

type describeReport struct {
	Segments []description `json:"segments"` // in order of priority
}

type description struct {
	Key      string        `json:"key"`
	Version  string        `json:"version"`
	Name     string        `json:"name"`
	SoWhat   string        `json:"soWhat"`
	Priority int           `json:"priority"`
	Status   syntax.Status `json:"status"`
	Plain    string        `json:"plain"` // the rule in words
	Rule     string        `json:"rule"`  // the rule as YAML
}

// describe prints what every segment means. It opens no store.
func (s countMembers) describe(env Env) error {
	cfg, err := s.load(env)
	if err != nil {
		return err
	}
	site, _, err := app.Load(cfg)
	if err != nil {
		return err
	}
	report := describeReport{Segments: []description{}}
	for i := range site.Segments.Len() {
		report.Segments = append(report.Segments, descriptionOf(site.Segments.Definition(i)))
	}
	return s.print(env.Stdout, report)
}

func descriptionOf(d *syntax.Definition) description {
	return description{
		Key: d.Key, Version: segment.VersionOf(*d), Name: d.Name, SoWhat: d.SoWhat,
		Priority: d.Priority, Status: d.Status, Plain: syntax.DescribeMembers(*d), Rule: syntax.Format(d.When),
	}
}

func (r describeReport) items() []any {
	items := make([]any, len(r.Segments))
	for i, s := range r.Segments {
		items[i] = s
	}
	return items
}

func (r describeReport) table(b *strings.Builder) {
	for _, s := range r.Segments {
		fmt.Fprintf(b, "%s (%s, priority %d, %s)\n", s.Key, s.Status, s.Priority, s.Version)
		if s.SoWhat != "" {
			fmt.Fprintf(b, "  so what: %s\n", s.SoWhat)
		}
		fmt.Fprintf(b, "  who: %s\n\n", s.Plain)
	}
}
