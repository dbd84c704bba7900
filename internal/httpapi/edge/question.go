package edge

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/segue-dev/segue/internal/httpapi/caller"
	"github.com/segue-dev/segue/internal/resolve"
	"github.com/segue-dev/segue/internal/signal"
)

// originalHeaders are those in which proxies say what the visitor asked for:
// nginx and ingress-nginx by convention, Traefik and Caddy by themselves.
var originalHeaders = []string{"X-Original-URI", "X-Original-URL", "X-Forwarded-Uri"}

// direct turns what Envoy asks, any method and /v1/edge/what/was/asked, into the
// plain question.
func direct(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		req := c.Request()
		rest, ok := strings.CutPrefix(req.URL.Path, Path)
		if !ok || rest != "" && rest[0] != '/' {
			return next(c)
		}
		if rest != "" && req.Header.Get(originalHeaders[0]) == "" {
			uri := url.URL{Path: rest, RawQuery: req.URL.RawQuery}
			req.Header.Set(originalHeaders[0], uri.RequestURI())
			req.URL.RawQuery = ""
		}
		if req.Method != http.MethodHead {
			req.Method = http.MethodGet
		}
		req.URL.Path, req.URL.RawPath = Path, ""
		return next(c)
	}
}

// A question is what a proxy wants to know.
type question struct {
	resolve.Request
	named bool // the proxy itself named the page
	who   caller.Caller
	fresh bool // the visitor was not known by any cookie
}

// unknown reports whether nothing but the baseline can be meant: nobody knows an
// automatic client, and it is not shown what a random visitor is.
func (q *question) unknown() bool { return q.who.Bot && q.fresh }

// question reads a request.
func (a *api) question(req *http.Request) question {
	who := a.Callers.Read(req)
	original := originalOf(req.Header)
	q := question{who: who, Request: resolve.Request{
		AnonymousID: who.AnonymousID, UserID: who.UserID, UserAgent: req.UserAgent(), Uncomposed: true, Dry: true, Memberships: true,
		Context: a.Callers.Consent(req, a.Callers.Locate(req, contextOf(req.Header, original))),
	}}
	params := req.URL.Query()
	q.Locale = params.Get("locale")
	if q.Page = params.Get("page"); q.Page != "" {
		q.named = true
	} else if original != nil {
		q.Page, q.Locale = pageOf(a.Pages, original.Path, q.Locale)
	}
	if who.Visitor() == "" {
		q.AnonymousID, q.fresh = caller.NewID(), true
		q.who.AnonymousID, q.who.Source = q.AnonymousID, caller.Own
	}
	return q
}

// originalOf returns what the visitor asked for, nil if the proxy does not say.
func originalOf(header http.Header) *url.URL {
	for _, name := range originalHeaders {
		value := header.Get(name)
		if value == "" {
			continue
		}
		if u, err := url.Parse(value); err == nil && strings.HasPrefix(u.Path, "/") {
			return u
		}
	}
	return nil
}

// contextOf returns what a request says of itself.
func contextOf(header http.Header, original *url.URL) signal.Props {
	props := caller.Context(header)
	if original != nil {
		props = append(props, signal.Prop{Key: "page.path", Value: signal.TextOf(original.Path)})
		if original.RawQuery != "" {
			props = append(props, signal.Prop{Key: "page.search", Value: signal.TextOf("?" + original.RawQuery)})
		}
	}
	props.Sort()
	return props
}
