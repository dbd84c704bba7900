// Package cli is the commands of segue.
//
// Standard output is data, in the form that --output names; standard error is
// for people. A command returns an error and never exits: Main turns it into
// the exit code, which only package main hands on.
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"

	"github.com/alecthomas/kong"

	"github.com/segue-dev/segue/config"
	"github.com/segue-dev/segue/internal/app"
	"github.com/segue-dev/segue/internal/measure"
	"github.com/segue-dev/segue/internal/resolve"
	"github.com/segue-dev/segue/internal/telemetry"
)

// The exit codes.
const (
	exitOK       = 0
	exitFailed   = 1
	exitUsage    = 2
	exitFindings = 3
)

// errFindings says that a command did its work and found something doubtful,
// which it has printed.
var errFindings = errors.New("there are findings")

// Env is what the commands use of the process.
type Env struct {
	Stdout, Stderr io.Writer
	Environ        []string // "NAME=value"
}

type commands struct {
	Serve       serve              `cmd:"" help:"Serve the API until told to stop."`
	Validate    validate           `cmd:"" help:"Check configuration, segments with their examples, content and experiences."`
	Replay      replay             `cmd:"" help:"Take in recorded signals; again if need be, none is stored twice."`
	Explain     explain            `cmd:"" help:"Say why a visitor is in a segment, or is not."`
	Segments    segments           `cmd:"" help:"Count members, describe segments, compare edited ones."`
	Lists       lists              `cmd:"" help:"Upload lists of visitors' ids for rules, show and delete them."`
	Backtest    backtesting        `cmd:"" help:"Say what segments would have been on the history of the store."`
	Audit       auditing           `cmd:"" help:"Say whether the visitors of the store, or those of a log, can carry micro-segmentation."`
	Gate        gating             `cmd:"" help:"Say whether a segment is worth publishing: its size, how long an answer takes, and what speaks against it."`
	Results     measured           `cmd:"" help:"Say what each variant does in each segment, and which segments to keep, merge, split or retire."`
	Export      exporting          `cmd:"" help:"Write what is stored, for other programs."`
	Recount     recount            `cmd:"" help:"Count anew who took part in experiences and what they did."`
	Journeys    journeys           `cmd:"" help:"Say how visitors get to a goal: paths, patterns, attribution."`
	Contentful  contentfulCommands `cmd:"" help:"Work on a live Contentful space."`
	Version     version            `cmd:"" help:"Print what this program was built from."`
	Healthcheck healthcheck        `cmd:"" help:"Ask a running Segue whether it is ready."`
	Openapi     openapi            `cmd:"" help:"Print the description of the API."`
	Schema      schema             `cmd:"" help:"Print the JSON Schema of segment files, for editors."`
}

// Main runs the command that args name and returns the exit code: 0 done, 1
// failed, 2 not understood, 3 done with findings.
func Main(ctx context.Context, args []string, env Env) int {
	exited := -1 // the code that kong exits with after --help
	parser, err := kong.New(&commands{}, kong.Name("segue"),
		kong.Description("Personalization for headless CMSs, by what visitors just did."),
		kong.Writers(env.Stdout, env.Stderr), kong.Exit(func(code int) { exited = code }),
		kong.Vars{"default_config": config.DefaultFile},
		kong.BindTo(ctx, (*context.Context)(nil)), kong.Bind(env))
	if err != nil {
		return env.fail(exitFailed, err)
	}
	command, err := parser.Parse(args)
	switch {
	case exited >= 0:
		return exited
	case err != nil:
		return env.fail(exitUsage, fmt.Errorf("%w (segue --help lists the commands)", err))
	}
	switch err := command.Run(); {
	case err == nil:
		return exitOK
	case errors.Is(err, errFindings):
		return exitFindings
	case errors.As(err, new(usageError)):
		return env.fail(exitUsage, err)
	default:
		return env.fail(exitFailed, err)
	}
}

func (e Env) fail(code int, err error) int {
	_, _ = fmt.Fprintf(e.Stderr, "segue: %v\n", err) // nobody is left to tell
	return code
}

// configured is embedded by commands that need the configuration.
type configured struct {
	Config string   `help:"Configuration file." default:"${default_config}" placeholder:"FILE"`
	Set    []string `help:"Set a key of the configuration; wins over file and environment." sep:"none" placeholder:"KEY=VALUE"`
}

func (c configured) load(env Env) (config.Config, error) {
	return config.Load(c.Config, env.Environ, c.Set)
}

// withStore loads all that is configured, opens the store, runs f and closes
// the store.
func (c configured) withStore(env Env, f func(cfg config.Config, site *resolve.Site, store app.Store) error) (err error) {
	cfg, err := c.load(env)
	if err != nil {
		return err
	}
	meter := new(measure.Live)
	store, err := app.OpenStore(cfg, meter, env.quiet(cfg))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	site, _, err := app.LoadWith(context.Background(), cfg, store)
	if err != nil {
		return err
	}
	meter.Use(site.Measure)
	return f(cfg, site, store)
}

// quiet returns the log of commands that end by themselves: warnings only,
// since their result is on standard output.
func (e Env) quiet(cfg config.Config) *slog.Logger {
	return telemetry.NewLogger(e.Stderr, max(cfg.Level(), slog.LevelWarn), cfg.LogFormat)
}
