package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/segue-dev/segue/config"
	"github.com/segue-dev/segue/internal/app"
	"github.com/segue-dev/segue/internal/ingest"
	"github.com/segue-dev/segue/internal/measure"
)

type replay struct {
	configured
	output
	Files      []string `arg:"" name:"file" help:"Recordings: NDJSON of Segment messages, or what the mapping describes." type:"existingfile"`
	Mapping    string   `help:"File that says how rows become signals." placeholder:"FILE"`
	End        string   `help:"Move all times so that the latest signal of each file is at this instant: now, or RFC3339." placeholder:"INSTANT"`
	Checkpoint string   `help:"File that remembers how far the replay is, to go on after an interruption." placeholder:"FILE"`
	To         string   `help:"Send to a running Segue at this address, instead of writing to the store of the configuration." placeholder:"URL"`
}

type replayReport struct {
	Accepted    int              `json:"accepted"`
	Duplicates  int              `json:"duplicates"`
	Conflicting int              `json:"conflicting"`
	Rejected    int              `json:"rejected"`
	Visitors    int              `json:"visitors"` // of each file; a visitor of two files counts twice
	Rejections  []replayRejected `json:"rejections"`
	Seconds     float64          `json:"seconds"`
}

type replayRejected struct {
	Place  string `json:"place"`
	Reason string `json:"reason"`
}

// Run takes the files in, one after the other, and reports what became of
// their signals.
func (r replay) Run(ctx context.Context, env Env) (err error) {
	opts, err := r.options()
	if err != nil {
		return err
	}
	in, end, err := r.open(env)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, end()) }()
	report := replayReport{Rejections: []replayRejected{}}
	for _, file := range r.Files {
		got, err := r.file(ctx, env, in, file, opts)
		report.add(got)
		if err != nil {
			_ = r.print(env.Stdout, report) // the failure matters more
			return err
		}
	}
	return r.print(env.Stdout, report)
}

func (r replay) options() (opts ingest.ReplayOptions, err error) {
	opts.Checkpoint = r.Checkpoint
	if r.Checkpoint != "" && len(r.Files) > 1 {
		return opts, fmt.Errorf("--checkpoint is for one file: replay the %d files one by one", len(r.Files))
	}
	if r.Mapping != "" {
		mapping, err := config.Mapping(r.Mapping)
		if err != nil {
			return opts, err
		}
		opts.Mapping = &mapping
	}
	switch r.End {
	case "":
	case "now":
		opts.End = time.Now()
	default:
		if opts.End, err = time.Parse(time.RFC3339, r.End); err != nil {
			return opts, fmt.Errorf("--end %s: write now, or an instant such as 2026-11-23T14:05:00Z", r.End)
		}
	}
	return opts, nil
}

// open returns what takes the signals in, and how to end it.
func (r replay) open(env Env) (in ingest.Accepter, end func() error, err error) {
	if r.To != "" {
		return newRemote(r.To), func() error { return nil }, nil
	}
	cfg, err := r.load(env)
	if err != nil {
		return nil, nil, err
	}
	meter := new(measure.Live)
	store, err := app.OpenStore(cfg, meter, env.quiet(cfg))
	if err != nil {
		return nil, nil, fmt.Errorf("%w (a running Segue holds its store: send to it with --to URL, or stop it)", err)
	}
	site, _, err := app.LoadWith(context.Background(), cfg, store)
	if err != nil {
		return nil, nil, errors.Join(err, store.Close())
	}
	meter.Use(site.Measure)
	return ingest.New(store, ingest.Options{Limits: app.Limits(cfg), Meter: meter}), store.Close, nil
}

func (r replay) file(ctx context.Context, env Env, in ingest.Accepter, path string, opts ingest.ReplayOptions) (ingest.ReplayReport, error) {
	f, err := os.Open(path)
	if err != nil {
		return ingest.ReplayReport{}, err
	}
	defer func() { _ = f.Close() }() // it was only read
	size := int64(-1)
	if info, err := f.Stat(); err == nil {
		size = info.Size()
	}
	bar := env.progress(path, size)
	defer bar.finish()
	opts.Name = path
	opts.Progress = func(p ingest.ReplayProgress) { bar.set(p.Bytes) }
	return ingest.Replay(ctx, in, f, opts)
}

func (r *replayReport) add(got ingest.ReplayReport) {
	r.Accepted += got.Accepted
	r.Duplicates += got.Duplicates
	r.Conflicting += got.Conflicting
	r.Rejected += got.Rejected
	r.Visitors += got.Visitors
	r.Seconds += got.Elapsed.Seconds()
	for _, one := range got.Rejections {
		r.Rejections = append(r.Rejections, replayRejected{one.Place, one.Reason})
	}
}

func (r replayReport) items() []any { return []any{r} }

func (r replayReport) table(b *strings.Builder) {
	fmt.Fprintf(b, "accepted\t%d\nduplicates\t%d\nconflicting\t%d\nrejected\t%d\nvisitors\t%d\nseconds\t%.1f\n",
		r.Accepted, r.Duplicates, r.Conflicting, r.Rejected, r.Visitors, r.Seconds)
	for _, one := range r.Rejections {
		fmt.Fprintf(b, "rejected\t%s: %s\n", one.Place, one.Reason)
	}
}
