package host

import (
	"embed"
	"io/fs"
	"net/http"
)

// Path is where the page is.
const Path = "/_emulator/host"

//go:embed page
var files embed.FS

// Options say what the page stands on.
type Options struct {
	// Own and Apps are the management API: for what the page itself asks, and for
	// what apps ask through it. Only the latter is to go wrong on demand.
	Own, Apps http.Handler
	Token     string // of the management API
}

// New returns what serves the page and what it consists of, below [Path].
func New(o Options) http.Handler {
	page, err := fs.Sub(files, "page")
	if err != nil {
		panic(err) // not a valid path, which it is
	}
	mux := http.NewServeMux()
	mux.HandleFunc(Path, func(w http.ResponseWriter, r *http.Request) {
		http.ServeFileFS(w, r, page, "host.html")
	})
	mux.Handle(Path+"/", http.StripPrefix(Path, http.FileServerFS(page)))
	mux.Handle(Path+"/own/", http.StripPrefix(Path+"/own", authorized(o.Token, o.Own)))
	mux.Handle(Path+"/cma/", http.StripPrefix(Path+"/cma", authorized(o.Token, o.Apps)))
	return mux
}

// fromPage is the header by which the page says that it asks. Pages of other
// origins cannot send it: their browser would have to be allowed first.
const fromPage = "Segue-Host-Page"

// authorized adds the token to what the page asks, so that no token is in the
// page, where apps might come to see it.
func authorized(token string, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get(fromPage) == "" {
			http.Error(w, "this is for the host page alone; elsewhere use /cma with a token", http.StatusForbidden)
			return
		}
		r = r.Clone(r.Context())
		r.Header.Set("Authorization", "Bearer "+token)
		next.ServeHTTP(w, r)
	})
}
