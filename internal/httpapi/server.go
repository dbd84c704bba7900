// Package httpapi is Segue over HTTP: its two listeners, what holds for every
// request on them, and the dialects mounted there.
//
// A dialect translates and nothing else: decode, one call, encode. Errors
// become answers in package reply only; bodies are bounded; every request has
// an id. openapi.yaml beside this file describes the public listener and is
// held equal to its routes and types by tests. No other part imports echo.
package httpapi

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"slices"
	"sync/atomic"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/segue-dev/segue/internal/httpapi/admin"
	"github.com/segue-dev/segue/internal/httpapi/caller"
	"github.com/segue-dev/segue/internal/httpapi/cloudevents"
	"github.com/segue-dev/segue/internal/httpapi/edge"
	"github.com/segue-dev/segue/internal/httpapi/ga4"
	"github.com/segue-dev/segue/internal/httpapi/intake"
	"github.com/segue-dev/segue/internal/httpapi/native"
	"github.com/segue-dev/segue/internal/httpapi/ninetailed"
	"github.com/segue-dev/segue/internal/httpapi/ofrep"
	"github.com/segue-dev/segue/internal/httpapi/reply"
	"github.com/segue-dev/segue/internal/httpapi/segmentio"
	"github.com/segue-dev/segue/internal/httpapi/snapshot"
	"github.com/segue-dev/segue/internal/httpapi/webhooks"
)

// OpenAPI is the description of the public API.
//
//go:embed openapi.yaml
var OpenAPI []byte

// Options are what both listeners need.
type Options struct {
	Log      *slog.Logger
	Observer Observer // told of every request; nil = nobody
	Parts    []Part   // asked by /readyz
	// Webhooks takes what a CMS tells the public listener; nil = no live space.
	Webhooks  webhooks.Receiver
	Previews  native.Previews
	Callers   *caller.Reader    // reads who calls; nil = with the default settings
	Edge      edge.Options      // how proxies are answered
	Snapshots *snapshot.Cookies // kept in browsers; nil = none
	Origins   []string          // whose pages may send the visitor's cookies, as https://www.example.com
	Keys      []byte            // JWK set that snapshots are verified with; nil = an empty one
	Caching   native.Caching    // of public pages
	Intake    intake.Options    // how much is taken in at a time
	// Personalization is how the APIs of Contentful Personalization are served.
	Personalization ninetailed.Options
	Flags           ofrep.Options // Leaving and Log are the server's
}

// A Resolver answers for visitors; resolve.Resolver is one.
type Resolver interface {
	native.Resolver
	edge.Resolver
	ninetailed.Resolver
	ofrep.Resolver
}

// An Observer is told of every request answered, for metrics. route is the
// template of the route, such as /v1/pages/:page/:key, or "none"; method is one
// of HTTP's own, or "OTHER": neither is what the client made up.
type Observer interface {
	Request(method, route string, status int, took time.Duration)
}

// A Server answers on one listener.
type Server struct {
	log       *slog.Logger
	observer  Observer
	parts     []Part
	routes    map[string]bool // templates, for Observer
	echo      *echo.Echo
	http      *http.Server
	leaving   atomic.Bool
	anyOrigin bool
	origins   []string // that may send cookies
}

// NewPublic returns the server of the public API: ingest as the Segment spec
// has it, and Segue's own routes. Pages of any origin may call it.
func NewPublic(in intake.Ingester, resolver Resolver, opts Options) *Server {
	s := newServer(opts)
	s.anyOrigin, s.origins = true, opts.Origins
	leaving, leave := context.WithCancel(context.Background())
	s.http.RegisterOnShutdown(leave) // streams must end before Shutdown waits for them
	opts.Flags.Log, opts.Flags.Leaving = opts.Log, leaving.Done()
	native.Mount(s.echo, resolver, native.Options{Previews: opts.Previews, Callers: opts.Callers, Snapshots: opts.Snapshots, Caching: opts.Caching})
	signals := intake.New(in, intakeOptions(resolver, opts))
	segmentio.Mount(s.echo, signals)
	cloudevents.Mount(s.echo, signals)
	ga4.Mount(s.echo, signals)
	edge.Mount(s.echo, resolver, edgeOptions(opts))
	ninetailed.Mount(s.echo, resolver, signals, opts.Personalization)
	ofrep.Mount(s.echo, resolver, opts.Flags)
	webhooks.Mount(s.echo, opts.Webhooks)
	s.get("/v1/openapi.yaml", func(c echo.Context) error { return c.Blob(http.StatusOK, "application/yaml", OpenAPI) })
	s.mountWellKnown(opts.Keys)
	s.mountScripts()
	s.mountHealth()
	return s.ready()
}

// NewAdmin returns the server of what is for operators only.
func NewAdmin(metrics http.Handler, parts admin.Parts, opts Options) *Server {
	s := newServer(opts)
	admin.Mount(s.echo, parts)
	s.get("/metrics", echo.WrapHandler(metrics))
	s.mountHealth()
	return s.ready()
}

// intakeOptions completes the options of the intake by those of the server.
func intakeOptions(r Resolver, opts Options) intake.Options {
	opts.Intake.Callers, opts.Intake.Snapshots, opts.Intake.Resolver = opts.Callers, opts.Snapshots, r
	return opts.Intake
}

// edgeOptions completes the options of the edge by those of the server.
func edgeOptions(opts Options) edge.Options {
	if opts.Edge.Callers == nil {
		opts.Edge.Callers = opts.Callers
	}
	if opts.Edge.Snapshots == nil {
		opts.Edge.Snapshots = opts.Snapshots
	}
	if opts.Edge.Log == nil {
		opts.Edge.Log = opts.Log
	}
	return opts.Edge
}

func newServer(opts Options) *Server {
	s := &Server{log: opts.Log, observer: opts.Observer, parts: opts.Parts, echo: echo.New()}
	s.echo.HTTPErrorHandler = reply.Fail(opts.Log)
	s.echo.Use(s.observe, s.cors)
	s.http = &http.Server{
		Handler:           s.echo,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       15 * time.Second,
		WriteTimeout:      30 * time.Second,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    32 << 10,
		ErrorLog:          slog.NewLogLogger(opts.Log.Handler(), slog.LevelDebug),
	}
	return s
}

func (s *Server) ready() *Server {
	s.routes = map[string]bool{}
	for _, r := range s.echo.Routes() {
		s.routes[r.Path] = true
	}
	return s
}

// get mounts h for GET and HEAD.
func (s *Server) get(path string, h echo.HandlerFunc) {
	s.echo.Match([]string{http.MethodGet, http.MethodHead}, path, h)
}

// A Route is a method and a path template in the form of OpenAPI.
type Route struct{ Method, Path string }

// Routes returns all routes, sorted. HEAD is left out: it is answered wherever
// GET is.
func (s *Server) Routes() []Route {
	var routes []Route
	for _, r := range s.echo.Routes() {
		if r.Method != http.MethodHead {
			routes = append(routes, Route{r.Method, template(r.Path)})
		}
	}
	slices.SortFunc(routes, func(a, b Route) int {
		return slices.Compare([]string{a.Path, a.Method}, []string{b.Path, b.Method})
	})
	return routes
}

// Handler returns what the server answers with, for tests without a listener.
func (s *Server) Handler() http.Handler { return s.echo }

// Serve answers on ln until Shutdown; it then returns nil.
func (s *Server) Serve(ln net.Listener) error {
	if err := s.http.Serve(ln); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serve on %s: %w", ln.Addr(), err)
	}
	return nil
}

// Leave makes /readyz say that the server is about to stop, so that balancers
// send no more.
func (s *Server) Leave() { s.leaving.Store(true) }

// Shutdown takes no more requests and returns when those under way are
// answered, or ctx ends.
func (s *Server) Shutdown(ctx context.Context) error {
	s.Leave()
	if err := s.http.Shutdown(ctx); err != nil {
		return errors.Join(fmt.Errorf("requests under way were cut off: %w", err), s.http.Close())
	}
	return nil
}
