// Package native is Segue's own HTTP API: what a visitor should see, pages by
// key, and explanations.
//
// The rule it upholds: what a cache may keep, and for how long, is in every
// answer; what depends on a visitor is never public.
package native

import (
	"context"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/segue-dev/segue/internal/httpapi/caller"
	"github.com/segue-dev/segue/internal/httpapi/snapshot"
	"github.com/segue-dev/segue/internal/resolve"
)

// A Resolver answers for visitors; resolve.Resolver is one.
type Resolver interface {
	Resolve(ctx context.Context, req resolve.Request) (*resolve.Answer, error)
	Page(page, key, locale string) (*resolve.KeyedPage, error)
	Explain(ctx context.Context, visitorID, key string, at time.Time) ([]*resolve.Explained, error)
}

// Previews say who may ask for what is not published.
type Previews struct {
	Key     string // who sends it as a bearer token; "" = nobody may
	Missing string // what to do so that previews can be asked for, if they cannot
}

// Options are the settings of the routes.
type Options struct {
	Previews  Previews
	Callers   *caller.Reader    // nil = one with the default settings
	Snapshots *snapshot.Cookies // nil = none are kept
	Caching   Caching
}

// Mount adds the routes to e. GET routes answer HEAD as well.
func Mount(e *echo.Echo, r Resolver, o Options) {
	if o.Callers == nil {
		o.Callers = caller.New(caller.Options{})
	}
	a := &api{Options: o, resolver: r}
	get := []string{"GET", "HEAD"}
	e.POST("/v1/resolve", a.resolvePost)
	e.Match(get, "/v1/resolve", a.resolveGet)
	e.Match(get, "/v1/pages/:page/:key", a.page)
	e.Match(get, "/v1/visitors/:id/explain", a.explain)
}

type api struct {
	Options
	resolver Resolver
}
