// Package ninetailed is the protocol of Contentful Personalization, formerly
// Ninetailed: the Experience API, which answers a visitor's events with what
// they should see, and the Insights API, which takes in what they saw. Its SDKs
// work by changing one address.
//
// The rule it upholds: an answer passes the validators of every SDK. It never
// has a null but for the error that did not happen, names every experience that
// the visitor is in, index 0 included, and sorts them. What Segue knows besides
// is in fields of its own, which the SDKs pass over.
package ninetailed

import (
	"context"
	"net/http"
	"slices"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/segue-dev/segue/internal/fault"
	"github.com/segue-dev/segue/internal/httpapi/geo"
	"github.com/segue-dev/segue/internal/httpapi/intake"
	"github.com/segue-dev/segue/internal/httpapi/reply"
	"github.com/segue-dev/segue/internal/resolve"
)

// A Resolver answers for visitors and forgets them; resolve.Resolver is one.
type Resolver interface {
	Resolve(ctx context.Context, req resolve.Request) (*resolve.Answer, error)
	Erase(ctx context.Context, visitorID string) error
}

// A Locator tells where a request comes from; geo.Finder is one.
type Locator interface {
	Locate(r *http.Request, locale string) geo.Location
}

// Options are the settings of the protocol.
type Options struct {
	Prefixes      []string      // paths below which the routes are served too, such as "/experience"
	Organizations []string      // that are served; nil = any
	Environments  []string      // that are served; nil = any
	Locator       Locator       // nil = requests are from nowhere
	NewID         func() string // ids of new visitors; nil = random UUIDs
}

// The codes of errors.
const (
	invalidData     = "ERR_INVALID_DATA"
	configNotFound  = "ERR_CONFIG_NOT_FOUND"
	profileNotFound = "ERR_PROFILE_NOT_FOUND"
	overloaded      = "ERR_PROFILE_OVERLOAD"
	internalError   = "ERR_INTERNAL_SERVER_ERROR"
)

// The paths of one environment.
const (
	experiences = "/v2/organizations/:organization/environments/:environment"
	insights    = "/v1/organizations/:organization/environments/:environment"
)

// Mount adds the routes to e.
func Mount(e *echo.Echo, r Resolver, in *intake.Intake, opts Options) {
	if opts.NewID == nil {
		opts.NewID = newID
	}
	a := &api{r, in, opts}
	e.Pre(a.stripPrefix)
	add := func(method, path string, h echo.HandlerFunc) {
		e.Add(method, path, h, reply.Form(failure(configNotFound)), a.known, reply.Form(failure(profileNotFound)))
	}
	add(http.MethodPost, experiences+"/profiles", a.create)
	add(http.MethodPost, experiences+"/profiles/:profile", a.update)
	add(http.MethodGet, experiences+"/profiles/:profile", a.get)
	add(http.MethodDelete, experiences+"/profiles/:profile", a.erase)
	add(http.MethodPost, experiences+"/events", a.batch)
	add(http.MethodPost, experiences+"/import/events", a.importEvents)
	add(http.MethodPost, insights+"/events", a.insights)
}

type api struct {
	resolver Resolver
	in       *intake.Intake
	opts     Options
}

// stripPrefix takes a configured prefix off the paths of the protocol, before
// they are routed.
func (a *api) stripPrefix(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		u := c.Request().URL
		for _, prefix := range a.opts.Prefixes {
			rest, ok := strings.CutPrefix(u.Path, prefix)
			if !ok || !strings.HasPrefix(rest, "/v1/organizations/") && !strings.HasPrefix(rest, "/v2/organizations/") {
				continue
			}
			u.Path, u.RawPath = rest, strings.TrimPrefix(u.RawPath, prefix)
			break
		}
		return next(c)
	}
}

// known lets requests pass that are about an organization and an environment
// that are served.
func (a *api) known(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		for _, p := range []struct {
			name   string
			served []string
		}{{"organization", a.opts.Organizations}, {"environment", a.opts.Environments}} {
			value, err := reply.Param(c, p.name)
			if err != nil {
				return err
			}
			if p.served != nil && !slices.Contains(p.served, value) {
				return fault.New(fault.NotFound, "%s %.100q is not served here: see personalization.%ss in the configuration", p.name, value, p.name)
			}
		}
		return next(c)
	}
}

// envelope is what every answer comes in.
type envelope struct {
	Data    any     `json:"data"`
	Message string  `json:"message"`
	Error   *reason `json:"error"` // null = all is well
}

type reason struct {
	Code string `json:"code"`
}

// empty is an object without fields.
type empty struct{}

// failure returns the form of errors, of which those about something missing
// have the code notFound.
func failure(notFound string) func(reply.Problem) any {
	return func(p reply.Problem) any {
		code := invalidData
		switch {
		case p.Status == http.StatusNotFound:
			code = notFound
		case p.Status == http.StatusTooManyRequests:
			code = overloaded
		case p.Status >= http.StatusInternalServerError:
			code = internalError
		}
		return envelope{Data: empty{}, Message: p.Detail, Error: &reason{code}}
	}
}

func ok(c echo.Context, data any) error {
	c.Response().Header().Set(echo.HeaderCacheControl, "private, no-store")
	return c.JSON(http.StatusOK, envelope{Data: data, Message: "ok"})
}
