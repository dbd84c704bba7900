package cli

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"time"

	"github.com/segue-dev/segue/config"
	"github.com/segue-dev/segue/internal/app"
	"github.com/segue-dev/segue/internal/audit"
	"github.com/segue-dev/segue/internal/ingest"
	"github.com/segue-dev/segue/internal/resolve"
)

type auditing struct {
	configured
	output
	Files   []string  `arg:"" optional:"" name:"file" help:"Logs to audit instead of the store, in order of arrival: NDJSON of Segment messages, or what the mapping describes. Nothing is stored." type:"existingfile"`
	Mapping string    `help:"File that says how rows become signals." placeholder:"FILE"`
	At      time.Time `help:"Instant to judge as of; default: now, or that of the latest signal of a log." placeholder:"RFC3339"`
	Goal    []string  `help:"An event that experiences are to bring about." placeholder:"EVENT"`
	Effect  float64   `help:"The relative lift that is to be found out; default: 0.2." default:"0.2" placeholder:"SHARE"`
	Drift   bool      `help:"Say what has changed in the last seven days against the four weeks before, instead."`
	BotRate int       `help:"Steps a minute that no person takes; default: 60." default:"60" placeholder:"N"`
}

// Run audits the visitors of the store or of logs, and returns errFindings if
// some check is red.
func (a auditing) Run(ctx context.Context, env Env) error {
	opts, err := a.options()
	if err != nil {
		return err
	}
	var report *audit.Report
	if len(a.Files) > 0 {
		report, err = a.logs(ctx, env, opts)
	} else {
		report, err = a.store(ctx, env, opts)
	}
	if err != nil {
		return err
	}
	if err := a.print(env.Stdout, auditReport{report}); err != nil {
		return err
	}
	if report.Verdict == audit.Red {
		return errFindings
	}
	return nil
}

func (a auditing) options() (audit.Options, error) {
	switch {
	case a.Mapping != "" && len(a.Files) == 0:
		return audit.Options{}, misused("--mapping: name the log that it describes")
	case a.Drift && len(a.Files) > 0:
		return audit.Options{}, misused("--drift is of a store: leave the files out")
	case a.Effect <= 0:
		return audit.Options{}, misused("--effect %v: write a relative lift such as 0.2", a.Effect)
	case a.BotRate <= 0:
		return audit.Options{}, misused("--bot-rate %d: write how many steps a minute no person takes, such as 60", a.BotRate)
	}
	opts := audit.Options{At: a.At, Effect: a.Effect, BotRate: a.BotRate}
	for _, text := range a.Goal {
		goal, err := audit.ParseGoal("--goal", text)
		if err != nil {
			return opts, usageError{err}
		}
		opts.Goals = append(opts.Goals, goal)
	}
	return opts, nil
}

func (a auditing) store(ctx context.Context, env Env, opts audit.Options) (report *audit.Report, err error) {
	err = a.withStore(env, func(cfg config.Config, site *resolve.Site, store app.Store) error {
		if opts.At.IsZero() {
			opts.At = time.Now()
		}
		if opts.Counted, err = app.Counted(cfg); err != nil {
			return err
		}
		bar := env.progress("visitors", -1)
		defer bar.finish()
		opts.Progress = bar.add
		if a.Drift {
			report, err = app.Drift(ctx, cfg, store, store.All(ctx), site, opts)
		} else {
			report, err = app.Audit(ctx, cfg, store, site, opts)
		}
		return err
	})
	return report, err
}

// logs audits files, against the rules of the configuration if there is one.
func (a auditing) logs(ctx context.Context, env Env, opts audit.Options) (*audit.Report, error) {
	opts, err := a.rules(env, opts)
	if err != nil {
		return nil, err
	}
	var read ingest.ReplayOptions
	if a.Mapping != "" {
		mapping, err := config.Mapping(a.Mapping)
		if err != nil {
			return nil, err
		}
		read.Mapping = &mapping
	}
	log := audit.NewLog(0)
	for _, file := range a.Files {
		if err := gather(ctx, env, log, file, read); err != nil {
			return nil, err
		}
	}
	if opts.At.IsZero() {
		opts.At = log.Latest()
	}
	opts.Counted, opts.Sampled = log.Counted(), log.Sampled()
	return audit.Run(ctx, log.Visitors(), opts)
}

// rules adds what the configuration says. A log can be audited without one, so
// that it is not there is no mistake unless it was named.
func (a auditing) rules(env Env, opts audit.Options) (audit.Options, error) {
	if _, err := os.Stat(a.Config); errors.Is(err, fs.ErrNotExist) && a.Config == config.DefaultFile {
		return opts, nil
	}
	cfg, err := a.load(env)
	if err != nil {
		return opts, err
	}
	site, _, err := app.Load(cfg)
	if err != nil {
		return opts, err
	}
	return app.AuditOptions(cfg, site, nil, opts)
}

// gather reads a file into a log.
func gather(ctx context.Context, env Env, log *audit.Log, path string, read ingest.ReplayOptions) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }() // it was only read
	size := int64(-1)
	if info, err := f.Stat(); err == nil {
		size = info.Size()
	}
	bar := env.progress(path, size)
	defer bar.finish()
	read.Name = path
	for e, err := range ingest.Read(f, read) {
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return err
		}
		log.Add(&e)
		bar.set(e.Bytes)
	}
	return nil
}
