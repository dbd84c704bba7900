package caller

import (
	"context"
	"net/http"
	"strings"

	"github.com/segue-dev/segue/internal/visitor"
)

// A Linker makes two anonymous ids those of one visitor, however often it is
// told; ingest.Ingester is one.
type Linker interface {
	Link(ctx context.Context, one, other string) (visitor.Verdict, error)
}

// Settle makes the strays of a caller ids of the same visitor: those that were
// made at once by requests answered in parallel, see Mark, and the one that was
// our own before the site's analytics had an id. What was recorded under any of
// them is then the visitor's. Only when that is done the browser is told to
// forget them; until then every request shows them again.
func (r *Reader) Settle(header http.Header, req *http.Request, c *Caller) {
	if r.opts.Linker == nil {
		return
	}
	for _, stray := range c.Strays {
		if _, err := r.opts.Linker.Link(req.Context(), c.AnonymousID, stray); err != nil {
			return // the next request tries again
		}
	}
	for _, cookie := range req.Cookies() {
		if strings.HasPrefix(cookie.Name, markerPrefix) {
			r.SetCookie(header, req, cookie.Name, "", 0)
		}
	}
	switch {
	case len(c.Strays) == 0:
	case c.Source == Own:
		r.Keep(header, req, c.AnonymousID)
	default:
		r.SetCookie(header, req, r.ownName(req), "", 0)
	}
}
