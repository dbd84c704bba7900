// Package app puts the parts of Segue together and runs them.
//
// Reading it is reading the table of contents: what is opened, what it is
// given, what is served, and in which order all ends. It prints nothing and
// never exits; the listeners come from outside.
package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"runtime"
	"runtime/debug"

	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/sync/errgroup"

	"github.com/segue-dev/segue/config"
	"github.com/segue-dev/segue/internal/feed"
	"github.com/segue-dev/segue/internal/httpapi"
	"github.com/segue-dev/segue/internal/httpapi/admin"
	"github.com/segue-dev/segue/internal/httpapi/geo"
	"github.com/segue-dev/segue/internal/httpapi/ninetailed"
	"github.com/segue-dev/segue/internal/httpapi/ofrep"
	"github.com/segue-dev/segue/internal/idlist"
	"github.com/segue-dev/segue/internal/ingest"
	"github.com/segue-dev/segue/internal/measure"
	"github.com/segue-dev/segue/internal/resolve"
	"github.com/segue-dev/segue/internal/store/pebblestore"
	"github.com/segue-dev/segue/internal/telemetry"
	"github.com/segue-dev/segue/internal/visitor"
)

// Listeners are where Segue answers. Run closes both.
type Listeners struct{ Public, Admin net.Listener }

// Run serves on lns until ctx ends or a part fails. It then takes no more
// requests, gives those under way cfg.Grace to finish, and closes the store.
func Run(ctx context.Context, cfg config.Config, lns Listeners, log *slog.Logger) (err error) {
	defer func() { err = errors.Join(err, closed(lns.Public), closed(lns.Admin)) }()
	meter := new(measure.Live)
	store, err := OpenStore(cfg, meter, log)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	metrics := telemetry.New(prometheus.NewRegistry(), BuildOf())
	live, err := openLive(cfg, log, metrics)
	if err != nil {
		return err
	}
	files := &publisher{cfg: cfg, lists: store, metrics: metrics, log: log, content: fileSource(cfg), meter: meter}
	live.feed(files)
	site, err := files.first(ctx)
	if err != nil {
		return err
	}
	if cfg.Development() {
		log.Warn("development mode: no API keys are asked for, so only this machine may connect")
	}

	caches, err := newCaches(cfg, metrics, log)
	if err != nil {
		return err
	}
	changes := new(feed.Feed)
	files.published = func(before, after *resolve.Site) {
		caches.published(before, after)
		changes.SitePublished()
	}
	letters := openLetters(cfg, log, metrics)
	defer func() { err = errors.Join(err, letters.Close()) }()
	arrivals := openCounting(cfg, metrics, log)
	defer arrivals.save()
	signals, err := openArchive(cfg, log, metrics)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, signals.Close()) }()
	in := ingest.New(store, ingest.Options{
		Limits: Limits(cfg), Meter: meter, Observer: arrivals, Rejects: letters, Archive: signals, Changed: changes.VisitorChanged,
	})
	resolver := resolve.New(store, in, site, resolve.Options{Observer: metrics, Permutations: caches.answered})
	files.resolver = resolver
	recounter := newRefolder(store, meter, log)
	files.measured = recounter.look
	locator, err := geo.Open(geo.Options{Database: cfg.LocationDatabase, Trusted: cfg.Proxies()})
	if err != nil {
		return err
	}
	opts := httpapi.Options{Log: log, Observer: metrics, Intake: intakeOptions(cfg, metrics), Previews: live.previews(cfg), Flags: flags(cfg, changes), Caching: cachingOf(cfg), Personalization: personalizationOf(cfg, locator), Parts: append([]httpapi.Part{
		{Name: "store", Check: store.Ping},
		{Name: "files", Check: files.check, Optional: true},
	}, live.parts()...)}
	if err := atTheEdge(cfg, in, locator, metrics, &opts); err != nil {
		return err
	}
	if opts.Webhooks, err = live.receiver(cfg, log, metrics); err != nil {
		return err
	}
	public := httpapi.NewPublic(in, resolver, opts)
	history := &backtester{cfg, store, resolver}
	operators := admin.Parts{
		Backtester: history, Traveller: history, Auditor: &auditor{cfg, store, resolver, arrivals.Arrivals}, Recounter: recounter, Researcher: &researcher{store, resolver},
		Lists: store, Changed: files.look, Permutations: caches.answered,
	}
	admin := httpapi.NewAdmin(metrics.Handler(), operators, opts)

	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return public.Serve(lns.Public) })
	group.Go(func() error { return admin.Serve(lns.Admin) })
	group.Go(func() error { return files.watch(ctx) })
	group.Go(func() error { return recounter.run(ctx) })
	group.Go(func() error { return signals.Run(ctx) })
	group.Go(func() error { return caches.run(ctx) })
	group.Go(func() error { return arrivals.run(ctx) })
	group.Go(func() error { return (&watcher{cfg, store, resolver, metrics, log}).run(ctx) })
	live.run(ctx, group)
	group.Go(func() error {
		<-ctx.Done()
		return stop(cfg, log, public, admin)
	})
	if err := group.Wait(); err != nil {
		return err
	}
	log.Info("stopped")
	return nil
}

// personalizationOf returns how the APIs of Contentful Personalization are
// served.
func personalizationOf(cfg config.Config, locator *geo.Finder) ninetailed.Options {
	return ninetailed.Options{
		Prefixes: cfg.Personalization.Prefixes, Organizations: cfg.Personalization.Organizations,
		Environments: cfg.Personalization.Environments, Locator: locator,
	}
}

// stop tells balancers first, then waits for the requests under way. The admin
// listener goes last, so that the end can be watched.
func stop(cfg config.Config, log *slog.Logger, public, admin *httpapi.Server) error {
	public.Leave()
	admin.Leave()
	log.Info("stopping", "grace", cfg.Grace)
	ctx, cancel := context.WithTimeout(context.Background(), cfg.Grace)
	defer cancel()
	return errors.Join(public.Shutdown(ctx), admin.Shutdown(ctx))
}

// closed closes ln; that a server has closed it already is no error.
func closed(ln net.Listener) error {
	if err := ln.Close(); !errors.Is(err, net.ErrClosed) {
		return err
	}
	return nil
}

// A Store keeps all that must survive: visitors and lists.
type Store interface {
	visitor.Store
	idlist.Store
}

// OpenStore opens the store that cfg names, in which visitors are measured by
// meter. The caller closes it.
func OpenStore(cfg config.Config, meter visitor.Meter, log *slog.Logger) (Store, error) {
	opts := pebblestore.Options{Limits: Limits(cfg), Meter: meter, Log: log}
	scheme, dir := config.Scheme(cfg.Store)
	switch scheme {
	case "pebble":
		return pebblestore.Open(dir, opts)
	case "memory":
		return pebblestore.OpenMemory(opts)
	default:
		return nil, fmt.Errorf("store: %q cannot be opened", cfg.Store)
	}
}

// Limits returns the bounds of a visitor's record.
func Limits(cfg config.Config) visitor.Limits {
	return visitor.Limits{MaxSignals: cfg.MaxSignals, Retention: cfg.Retention, SessionGap: cfg.SessionGap}
}

// flags returns the settings of OFREP.
func flags(cfg config.Config, changes *feed.Feed) ofrep.Options {
	return ofrep.Options{
		Feed: changes, Streams: cfg.OFREP.Streams,
		ChannelKey: []byte(cfg.OFREP.ChannelKey.Reveal()), EventsURL: cfg.OFREP.EventsURL,
	}
}

// version is set by the linker when a release is built.
var version string

// BuildOf returns what this program was built from.
func BuildOf() telemetry.Build {
	b := telemetry.Build{Version: version, Go: runtime.Version()}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return b
	}
	if b.Version == "" {
		b.Version = info.Main.Version
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" {
			b.Revision = s.Value
		}
	}
	return b
}
