package delivery

import (
	"crypto/rand"
	"errors"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/segue-dev/segue/internal/contentful/emulator/query"
	"github.com/segue-dev/segue/internal/contentful/emulator/store"
	"github.com/segue-dev/segue/internal/contentful/emulator/wire"
)

// maxBytes is Contentful's limit of an answer, uncompressed.
const maxBytes = 7340032

// Options say how an API is set up.
type Options struct {
	Token    string           // of its users
	Preview  bool             // drafts, and no Sync
	MaxBytes int              // of an answer; 0 = Contentful's 7 MB
	Now      func() time.Time // nil = time.Now
}

// API is the delivery or the preview API. It is an http.Handler.
type API struct {
	store *store.Store
	opts  Options
	mux   *http.ServeMux

	mu    sync.Mutex
	views map[viewKey]*view
	life  string // of tokens of Sync: those of another one are not good any more
}

// New returns the API of a store.
func New(s *store.Store, o Options) *API {
	if o.MaxBytes == 0 {
		o.MaxBytes = maxBytes
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	a := &API{store: s, opts: o, mux: http.NewServeMux(), views: map[viewKey]*view{}, life: rand.Text()}
	for _, r := range a.routes() {
		a.mux.HandleFunc(r.pattern(), a.serve(r))
	}
	return a
}

// ExpireSync makes all tokens of Sync given so far invalid, as Contentful may.
// Another API, of the same store or not, does not know them either: what there
// is may be something else by then.
func (a *API) ExpireSync() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.life = rand.Text()
}

// A route is a path below an environment and what answers it.
type route struct {
	method string // "" = GET, and HEAD
	path   string
	handle func(*request) (answer, error)
}

func (r route) pattern() string {
	method := r.method
	if method == "" {
		method = http.MethodGet
	}
	return method + " " + environmentPath + r.path
}

const environmentPath = "/spaces/{space}/environments/{environment}"

func (a *API) routes() []route {
	routes := []route{
		{"", "", space},
		{"", "/content_types", list(store.ContentType, query.Others)},
		{"", "/content_types/{id}", one(store.ContentType)},
		{"", "/locales", list(store.Locale, query.Others)},
		{"", "/tags", list(store.Tag, query.Others)},
		{"", "/tags/{id}", one(store.Tag)},
		{"", "/taxonomy/concepts", list(store.Concept, query.Others)},
		{"", "/taxonomy/concepts/{id}", one(store.Concept)},
		{"", "/taxonomy/concepts/{id}/ancestors", relatives(ancestors)},
		{"", "/taxonomy/concepts/{id}/descendants", relatives(descendants)},
		{"", "/taxonomy/concept-schemes", list(store.ConceptScheme, query.Others)},
		{"", "/taxonomy/concept-schemes/{id}", one(store.ConceptScheme)},
		{http.MethodPost, "/asset_keys", assetKey},
	}
	for _, r := range []route{
		{"", "/entries", list(store.Entry, query.Entries)},
		{"", "/entries/{id}", one(store.Entry)},
		{"", "/assets", list(store.Asset, query.Assets)},
		{"", "/assets/{id}", one(store.Asset)},
	} {
		if a.opts.Preview {
			r.handle = mapped(r.handle)
			routes = append(routes, route{"", "/timeline" + r.path, timeline(r.handle)})
		}
		routes = append(routes, r)
	}
	if !a.opts.Preview {
		routes = append(routes, route{"", "/sync", syncPage})
	}
	return routes
}

// implicit matches paths that leave out the environment, which is master.
var implicit = regexp.MustCompile(`^(/spaces/[^/]+)(/(?:entries|assets|content_types|locales|tags|taxonomy|sync|timeline|asset_keys)(?:/.*)?)?$`)

// ServeHTTP answers a request whose path starts with /spaces.
func (a *API) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	wire.Identify(w)
	a.header(w.Header())
	if r.Method == http.MethodOptions {
		w.WriteHeader(http.StatusNoContent)
		return
	}
	r = r.Clone(r.Context())
	r.URL.Path = explicit(r.URL.Path)
	r.URL.RawPath = explicit(r.URL.RawPath)
	if _, pattern := a.mux.Handler(r); pattern == "" {
		wire.Fail(w, wire.DeliveryType, wire.UnknownRoute())
		return
	}
	a.mux.ServeHTTP(w, r)
}

// explicit returns a path with its environment, and without a slash at its end.
func explicit(path string) string {
	if len(path) > 1 {
		path = strings.TrimSuffix(path, "/")
	}
	return implicit.ReplaceAllString(path, "$1/environments/master$2")
}

// serve returns what answers a route.
func (a *API) serve(route route) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		answer, err := a.answer(w, r, route)
		if err == nil && len(answer.body) > a.opts.MaxBytes {
			err = tooBig(a.opts.MaxBytes)
		}
		if err == nil {
			answer.write(w, r)
			return
		}
		failed, ok := errors.AsType[*wire.Error](err)
		if !ok {
			failed = wire.Errorf(http.StatusInternalServerError, "ServerError", "%v", err)
		}
		wire.Fail(w, wire.DeliveryType, failed)
	}
}

func tooBig(limit int) error {
	return wire.Errorf(http.StatusBadRequest, "BadRequest", "Response size too big. Maximum allowed response size: %dB.", limit)
}

// answer asks the route for one.
func (a *API) answer(w http.ResponseWriter, r *http.Request, route route) (answer, error) {
	if wire.Token(r) != a.opts.Token {
		return answer{}, wire.Unauthorized()
	}
	space, environment := r.PathValue("space"), r.PathValue("environment")
	h := w.Header()
	h.Set("Cf-Space-Id", space)
	h.Set("Cf-Environment-Id", environment)
	h.Set("X-Contentful-Route", environmentPath+route.path)
	scope, ok := a.store.Environment(space, environment)
	if !ok {
		return answer{}, wire.NotFound("Environment", environment, space, "")
	}
	return route.handle(&request{Request: r, api: a, view: a.view(scope), params: r.URL.Query()})
}
