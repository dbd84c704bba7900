// Package edge answers proxies and CDNs that ask for each request of a visitor
// what to serve: forward-auth, as nginx, Traefik, Caddy and Envoy know it.
//
// The rule it upholds: whatever the request is and whatever has failed, the
// answer is 204 within the budget, with a key that can be served. A proxy hands
// any other status to the visitor. An answer that is less than the visitor's own
// says so in X-Segue-Fallback, in a metric and in the log.
package edge

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"
	"golang.org/x/time/rate"

	"github.com/segue-dev/segue/internal/httpapi/caller"
	"github.com/segue-dev/segue/internal/httpapi/snapshot"
	"github.com/segue-dev/segue/internal/resolve"
)

// Path is where proxies ask.
const Path = "/v1/edge"

// A Resolver answers for visitors; resolve.Resolver is one.
type Resolver interface {
	Resolve(ctx context.Context, req resolve.Request) (*resolve.Answer, error)
	// Baseline must not wait for anything outside of the process.
	Baseline(page, locale string) (entry, key string, err error)
	// Current reports whether key is of the present slots of a page, under the
	// present rules. It must not wait either.
	Current(page, locale, key, rules string) bool
}

// Options are the settings of the route.
type Options struct {
	Callers   *caller.Reader    // nil = one with the default settings
	Budget    time.Duration     // that an answer may take; 0 = DefaultBudget
	Snapshots *snapshot.Cookies // nil = none are kept
	Pages     []Rule            // which page a path is, the first that matches; nil = none
	Observer  Observer          // nil = none
	Log       *slog.Logger      // nil = none
}

// DefaultBudget is the time that an answer may take unless configured.
const DefaultBudget = 50 * time.Millisecond

// maxWaiting bounds the answers under way: when the store hangs, those given up
// are not piled up without end.
const maxWaiting = 1024

// An Observer is told of every answer, for metrics. fallback is "" for an answer
// that is the visitor's own, and else a Fallback; fromSnapshot says that what
// the visitor's cookie knew was answered, and not the baseline.
type Observer interface {
	Edge(fallback string, fromSnapshot bool)
}

// A Fallback is why an answer is not the visitor's own.
type Fallback string

// The fallbacks.
const (
	Timeout     Fallback = "timeout"      // the budget was over
	Unavailable Fallback = "unavailable"  // the store cannot answer
	Overloaded  Fallback = "overloaded"   // too many answers are under way
	Bot         Fallback = "bot"          // an automatic client without a visitor
	UnknownPage Fallback = "unknown-page" // the page that was named is not there
	Failed      Fallback = "error"        // a mistake of ours; the log has its cause
)

// Mount adds the route to e, for all methods and also with more of a path behind
// it, since Envoy appends that of the visitor's request.
func Mount(e *echo.Echo, r Resolver, o Options) {
	if o.Callers == nil {
		o.Callers = caller.New(caller.Options{})
	}
	if o.Budget <= 0 {
		o.Budget = DefaultBudget
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	a := &api{Options: o, resolver: r, slots: make(chan struct{}, maxWaiting)}
	a.complain.Interval = time.Second
	e.Pre(direct)
	e.Match([]string{http.MethodGet, http.MethodHead}, Path, a.answer)
}

type api struct {
	Options
	resolver Resolver
	slots    chan struct{} // as many as answers may be under way
	complain rate.Sometimes
}

// An outcome is what a request is answered.
type outcome struct {
	page     string // entry id; "" = the whole content
	locale   string // as it was asked for; "" = the content's default
	key      string
	got      *resolve.Answer    // nil = none
	known    *snapshot.Snapshot // what the visitor's cookie knew, if that is all there is; nil = nothing
	fallback Fallback           // "" = none
	cause    error              // of the fallback, for the log
}

func (a *api) answer(c echo.Context) error {
	req, header := c.Request(), c.Response().Header()
	var o outcome
	func() {
		defer recovered(&o)
		q := a.question(req)
		o = a.within(req.Context(), q)
		if o.got == nil {
			a.remember(req, &q, &o)
		} else {
			a.setCookie(header, req, &q, o.got)
		}
	}()
	if a.Observer != nil {
		a.Observer.Edge(string(o.fallback), o.known != nil)
	}
	if o.cause != nil {
		a.complain.Do(func() {
			a.Log.WarnContext(req.Context(), "edge: not the visitor's own answer", "reason", o.fallback, "fromSnapshot", o.known != nil, "err", o.cause)
		})
	}
	o.write(header)
	return c.NoContent(http.StatusNoContent)
}

// setCookie sets one cookie at most, since there are proxies that hand on no
// more: the id of a new visitor, or else the snapshot if it is not there yet.
func (a *api) setCookie(header http.Header, req *http.Request, q *question, got *resolve.Answer) {
	switch {
	case q.fresh:
		a.Callers.Keep(header, req, q.AnonymousID)
	case a.Snapshots.For(req, &q.who, got.Visitor) && !a.Snapshots.Current(req, got):
		a.Snapshots.Set(header, req, got)
	}
}
