// Package ofrep answers for visitors in the OpenFeature Remote Evaluation
// Protocol (OFREP) 0.3, so that whoever uses OpenFeature needs no client of ours.
//
// Flags are what a visitor gets: segment.KEY (boolean), slot.ID (object) and its
// short form variant.ID (string), variable.KEY (of the variable's own type),
// personalization.key and personalization.segment (strings). The targetingKey
// of the evaluation context is the visitor; its other members are attributes of
// the request, for rules to see.
//
// The rule it upholds: evaluating leaves nothing behind. Providers evaluate
// whenever a tab is looked at, so nothing of it is stored, and nothing was seen
// because it was evaluated.
package ofrep

import (
	"context"
	"log/slog"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/segue-dev/segue/internal/feed"
	"github.com/segue-dev/segue/internal/httpapi/reply"
	"github.com/segue-dev/segue/internal/resolve"
)

// A Resolver answers for visitors; resolve.Resolver is one.
type Resolver interface {
	Resolve(ctx context.Context, req resolve.Request) (*resolve.Answer, error)
	Site() *resolve.Site
}

// Options are the settings of the dialect. The zero Options offer no streams.
type Options struct {
	Feed       *feed.Feed      // tells streams what has changed; nil = none are offered
	Streams    int             // how many may be open at a time; 0 = none are offered
	ChannelKey []byte          // seals the addresses of streams: the same on all nodes; empty = one of this process
	EventsURL  string          // where browsers reach the stream route; "" = at the origin that they evaluate at
	Leaving    <-chan struct{} // closed when streams must end; nil = never
	Log        *slog.Logger    // nil = none
}

// eventsPath is the route of streams.
const eventsPath = "/ofrep/v1/events"

// Mount adds the routes to e.
func Mount(e *echo.Echo, r Resolver, opts Options) {
	if opts.Feed == nil {
		opts.Streams = 0
	}
	if opts.Log == nil {
		opts.Log = slog.New(slog.DiscardHandler)
	}
	a := &api{resolver: r, opts: opts, channels: newChannels(opts.ChannelKey), open: newSeats(opts.Streams)}
	e.POST("/ofrep/v1/evaluate/flags/:key", a.evaluate, inProtocol)
	e.POST("/ofrep/v1/evaluate/flags", a.evaluateAll, inProtocol)
	e.GET(eventsPath, a.events)
	e.Match([]string{http.MethodGet, http.MethodHead}, "/openfeature/v0/manifest", a.manifest)
}

type api struct {
	resolver Resolver
	opts     Options
	channels *channels
	open     *seats
	flags    atomic.Pointer[flagset] // of the site that was last answered from
}

// flagsetOf returns the flags of a site.
func (a *api) flagsetOf(site *resolve.Site) *flagset {
	set := a.flags.Load()
	if set == nil || set.site != site {
		set = newFlagset(site)
		a.flags.Store(set)
	}
	return set
}

// evaluate answers with one flag.
func (a *api) evaluate(c echo.Context) error {
	key, err := reply.Param(c, "key")
	if err != nil {
		return err
	}
	q, err := read(c)
	if err != nil {
		return err
	}
	got, err := a.resolve(c.Request().Context(), q, false)
	if err != nil {
		return err
	}
	return reply.WithBuffer(func(b []byte) ([]byte, error) {
		b, ok := a.flagsetOf(got.Site).appendOne(b, key, got)
		if !ok {
			return b, notFound(key)
		}
		header := c.Response().Header()
		reply.ServerTiming(header, got.Timing)
		header.Set(echo.HeaderCacheControl, "no-store")
		return b, reply.Sized(c, b)
	})
}

// evaluateAll answers with all flags, under a tag that is that of the whole
// answer: whoever evaluates for somebody else, or in another context, does not
// send the tag of it.
func (a *api) evaluateAll(c echo.Context) error {
	q, err := read(c)
	if err != nil {
		return err
	}
	got, err := a.resolve(c.Request().Context(), q, false)
	if err != nil {
		return err
	}
	channel := ""
	if a.open.offered() {
		channel = a.channels.seal(q, time.Now())
	}
	return reply.WithBuffer(func(b []byte) ([]byte, error) {
		b, sum := a.appendAnswer(b, got, channel)
		header, etag := c.Response().Header(), quoted(sum)
		reply.ServerTiming(header, got.Timing)
		header.Set("ETag", etag)
		header.Set(echo.HeaderCacheControl, "private, no-cache")
		if reply.Matches(c.Request().Header.Get("If-None-Match"), etag) {
			return b, c.NoContent(http.StatusNotModified)
		}
		b = a.appendRest(b, channel, sum)
		return b, reply.Sized(c, b)
	})
}

// resolve asks for the answer to q, and if watched for the instant at which any
// flag differs.
func (a *api) resolve(ctx context.Context, q *question, watched bool) (*resolve.Answer, error) {
	site := a.resolver.Site()
	req := resolve.Request{
		AnonymousID: q.visitor, Context: q.attributes, UserAgent: q.agent, Page: q.page,
		Uncomposed: true, Memberships: watched,
	}
	if q.locale != "" && site.Content.HasLocale(q.locale) {
		req.Locale = q.locale
	}
	got, err := a.resolver.Resolve(ctx, req)
	return got, refusedBy(err)
}
