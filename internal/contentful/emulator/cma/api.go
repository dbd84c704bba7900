package cma

import (
	"errors"
	"io"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/segue-dev/segue/internal/contentful/emulator/store"
	"github.com/segue-dev/segue/internal/contentful/emulator/webhook"
	"github.com/segue-dev/segue/internal/contentful/emulator/wire"
)

// maxBody is Contentful's limit of a request, maxUpload that of an upload here.
const (
	maxBody   = 1 << 20
	maxUpload = 64 << 20
)

// Options say how the API is set up.
type Options struct {
	Token string // of its users
	// Log has the calls of webhooks; nil = none were made.
	Log CallLog
	// AssetHost is where uploaded files are served, such as "localhost:8090";
	// it is asked for each request.
	AssetHost func(*http.Request) string
	Now       func() time.Time // nil = time.Now
}

// A CallLog says what became of the calls of webhooks.
type CallLog interface {
	// Calls returns the latest calls of a webhook, newest first.
	Calls(space, hook string) []webhook.Call
}

// API is the management API. It is an http.Handler.
type API struct {
	store *store.Store
	opts  Options
	mux   *http.ServeMux

	parsed parsedLists

	mu     sync.Mutex
	tokens map[string]time.Time // of apps, and until when they are good
}

// New returns the API of a store.
func New(s *store.Store, o Options) *API {
	if o.Now == nil {
		o.Now = time.Now
	}
	a := &API{store: s, opts: o, mux: http.NewServeMux(), tokens: map[string]time.Time{}}
	for _, r := range a.routes() {
		a.mux.HandleFunc(r.pattern, a.serve(r))
	}
	return a
}

// implicit matches paths that leave out the environment, which is master.
var implicit = regexp.MustCompile(`^(/spaces/[^/]+)(/(?:entries|assets|content_types|locales|tags|public|editor_interfaces|snapshots|bulk_actions|releases)(?:/.*)?)$`)

// ServeHTTP answers a request whose path starts with /spaces, /organizations or
// /users.
func (a *API) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	wire.Identify(w)
	rateHeaders(w.Header())
	allowBrowsers(w.Header())
	if r.Method == http.MethodOptions {
		w.WriteHeader(http.StatusNoContent)
		return
	}
	r = r.Clone(r.Context())
	r.URL.Path = implicit.ReplaceAllString(trimmed(r.URL.Path), "$1/environments/master$2")
	r.URL.RawPath = implicit.ReplaceAllString(trimmed(r.URL.RawPath), "$1/environments/master$2")
	if _, pattern := a.mux.Handler(r); pattern == "" {
		wire.Fail(w, wire.ManagementType, wire.UnknownRoute())
		return
	}
	a.mux.ServeHTTP(w, r)
}

func trimmed(path string) string {
	if len(path) > 1 {
		return strings.TrimSuffix(path, "/")
	}
	return path
}

// rateHeaders are those of an answer below the limit.
func rateHeaders(h http.Header) {
	for name, value := range map[string]string{
		"Second-Limit": "10", "Second-Remaining": "9", "Hour-Limit": "36000", "Hour-Remaining": "35999", "Reset": "0",
	} {
		if name = "X-Contentful-Ratelimit-" + name; h.Get(name) == "" {
			h.Set(name, value)
		}
	}
}

// allowBrowsers lets pages of all origins use the API, as Contentful does: apps
// run in browsers.
func allowBrowsers(h http.Header) {
	h.Set("Access-Control-Allow-Origin", "*")
	h.Set("Access-Control-Allow-Methods", "DELETE,GET,HEAD,POST,PUT,PATCH,OPTIONS")
	h.Set("Access-Control-Allow-Headers", "Accept,Authorization,Content-Type,X-Contentful-Version,X-Contentful-Content-Type,X-Contentful-Organization,X-Contentful-Source-Environment,"+
		"X-Contentful-Tag-Visibility,X-Contentful-Marketplace,X-Contentful-User-Agent,X-Contentful-Enable-Alpha-Feature,CF-Sequence")
	h.Set("Access-Control-Expose-Headers", "X-Contentful-Request-Id,X-Contentful-Ratelimit-Reset,X-Contentful-Ratelimit-Second-Limit,X-Contentful-Ratelimit-Second-Remaining")
	h.Set("Access-Control-Max-Age", "1728000")
}

// serve returns what answers a route.
func (a *API) serve(route route) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if !route.open && !a.mayUse(wire.Token(r)) {
			wire.Fail(w, wire.ManagementType, wire.Unauthorized())
			return
		}
		reply, err := a.call(w, r, route)
		var failed *wire.Error
		switch {
		case errors.As(err, &failed):
			wire.Fail(w, wire.ManagementType, failed)
		case err != nil:
			wire.Fail(w, wire.ManagementType, wire.Errorf(http.StatusInternalServerError, "ServerError", "%v", err))
		case reply.body == nil:
			w.WriteHeader(reply.status)
		default:
			wire.Reply(w, wire.ManagementType, reply.status, reply.body)
		}
	}
}

// mayUse reports whether a token is good: that of users, or one of an app.
func (a *API) mayUse(token string) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return token == a.opts.Token || a.opts.Now().Before(a.tokens[token])
}

// call reads the request and calls the handler of the route.
func (a *API) call(w http.ResponseWriter, r *http.Request, route route) (reply, error) {
	c := &call{api: a, r: r}
	limit := int64(maxBody)
	if route.upload {
		limit = maxUpload
	}
	var err error
	if c.body, err = io.ReadAll(http.MaxBytesReader(w, r.Body, limit)); err != nil {
		return reply{}, wire.Errorf(http.StatusRequestEntityTooLarge, "PayloadTooLarge", "The request is larger than %d bytes.", limit)
	}
	if c.scope, err = c.scopeOf(); err != nil {
		return reply{}, err
	}
	return route.handle(c)
}
