package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/segue-dev/segue/internal/contentful/export"
)

type pullSpace struct {
	liveSpace
	output
	File      string `arg:"" help:"File to write; it is replaced when all has been read."`
	Published bool   `help:"Write values as they are published, read with the delivery token. So it is without a management token."`
	Drafts    bool   `help:"Keep entries and assets that were never published."`
	Archived  bool   `help:"Keep entries and assets that are archived."`
}

type pullReport struct {
	File   string         `json:"file"`
	Counts map[string]int `json:"counts"`
}

// Run writes the space to a file beside the one named, and then puts it there,
// so that nobody reads half of one.
func (p pullSpace) Run(ctx context.Context, env Env) error {
	lists, err := p.lists(ctx, env)
	if err != nil {
		return err
	}
	report := pullReport{File: p.File}
	err = replaceFile(p.File, func(w io.Writer) error {
		bar := env.progress("items", -1)
		defer bar.finish()
		report.Counts, err = export.Write(w, lists, func() { bar.add(1) })
		return err
	})
	if err != nil {
		return err
	}
	return p.print(env.Stdout, report)
}

// lists returns what is to be written.
func (p pullSpace) lists(ctx context.Context, env Env) ([]export.List, error) {
	space, err := p.access(env)
	if err != nil {
		return nil, err
	}
	if p.Published || space.cfg.Contentful.ManagementToken == "" {
		if p.Drafts || p.Archived {
			return nil, misused("--drafts and --archived need contentful.managementToken: the delivery token reads what is published")
		}
		cda, err := space.delivery()
		if err != nil {
			return nil, err
		}
		return export.Published(ctx, cda), nil
	}
	cma, err := space.management()
	if err != nil {
		return nil, err
	}
	return export.Managed(ctx, cma, export.Options{Drafts: p.Drafts, Archived: p.Archived}), nil
}

// replaceFile puts what write writes in place of a file, or leaves the file as
// it is if write fails.
func replaceFile(name string, write func(io.Writer) error) (err error) {
	f, err := os.OpenFile(name+".part", os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o644)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(f.Name()))
		}
	}()
	if err := errors.Join(write(f), f.Sync(), f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), name)
}

func (r pullReport) items() []any { return []any{r} }

func (r pullReport) table(b *strings.Builder) {
	for _, key := range slices.Sorted(maps.Keys(r.Counts)) {
		fmt.Fprintf(b, "%s\t%d\n", key, r.Counts[key])
	}
}
