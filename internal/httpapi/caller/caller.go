// Package caller finds out who calls: which visitor a browser's cookies name,
// whether a person is there to see the answer, and what they consented to.
//
// The rule it upholds: what a request says of itself is never trusted beyond
// what it names. A value that is not an id that a visitor can have is as if it
// were not there, and the next source is asked.
package caller

import (
	"cmp"
	"net/http"
	"slices"

	"github.com/segue-dev/segue/internal/signal"
)

// Own stands in Options.Cookies for the cookie that Segue sets itself.
const Own = "segue_id"

// DefaultCookies are those of the common analytics SDKs, which name the visitor
// as their signals do, before our own and those that say less.
var DefaultCookies = []string{
	"ajs_anonymous_id", "rl_anonymous_id", "__eventn_id", "ntaid", "ctfl-opt-aid", Own, "_ga", "ajs_user_id",
}

// Options are the settings of a Reader; the zero value is good.
type Options struct {
	Cookies  []string // that may name the visitor, the best first; nil = DefaultCookies
	Domain   string   // that our own cookie is for, with all its subdomains; "" = the one host that is asked
	GPC      []string // purposes that Sec-GPC denies
	DNT      []string // purposes that DNT denies
	Linker   Linker   // nil = strays are left alone
	Observer Observer // nil = none
	// Where tells where a request comes from, as attributes below "location.";
	// nil = that is not known.
	Where func(*http.Request) signal.Props
}

// An Observer is told of every request whose signals were not recorded, for
// metrics: why is "prefetch" or "bot".
type Observer interface {
	Unrecorded(why string)
}

// A Reader reads who calls. It is safe for concurrent use.
type Reader struct{ opts Options }

// New returns a Reader.
func New(opts Options) *Reader {
	if opts.Cookies == nil {
		opts.Cookies = DefaultCookies
	}
	return &Reader{opts}
}

// A Caller is what a request says of who sent it.
type Caller struct {
	AnonymousID string // "" = the cookies name none
	UserID      string
	Source      string   // the cookie that names the visitor; "" = none
	Strays      []string // our own ids of the same browser besides AnonymousID, see Settle
	Fresh       bool     // AnonymousID was made just now, see Welcome
	Prefetch    bool     // fetched before anybody asked to see it
	Bot         bool
}

// FromBrowser reports whether a browser itself sent a request, so that what its
// headers say is about the visitor and not about a back end.
func FromBrowser(req *http.Request) bool {
	return req.Header.Get("Sec-Fetch-Mode") != "" || req.Header.Get("Origin") != ""
}

// Welcome makes an id for a visitor whom no cookie names. The browser is told to
// keep it, unless it is a bot.
func (r *Reader) Welcome(header http.Header, req *http.Request, c *Caller) {
	c.AnonymousID, c.Source, c.Fresh = NewID(), Own, true
	if !c.Bot {
		r.Keep(header, req, c.AnonymousID)
	}
}

// UnrecordedHeader says in an answer why nothing of the request was recorded.
const UnrecordedHeader = "Segue-Unrecorded"

// Unrecorded tells the caller and the Observer that the signals of a request are
// not recorded.
func (r *Reader) Unrecorded(header http.Header, why string) {
	header.Set(UnrecordedHeader, why)
	if r.opts.Observer != nil {
		r.opts.Observer.Unrecorded(why)
	}
}

// Visitor returns the id that the cookies name; "" = none.
func (c *Caller) Visitor() string { return cmp.Or(c.AnonymousID, c.UserID) }

// Unseen says why no person sees the answer: "prefetch" or "bot"; "" if one
// may. Nothing of such a request is recorded.
func (c *Caller) Unseen() string {
	switch {
	case c.Prefetch:
		return "prefetch"
	case c.Bot:
		return "bot"
	default:
		return ""
	}
}

// Read reads who calls.
func (r *Reader) Read(req *http.Request) Caller {
	c := Caller{Prefetch: prefetches(req.Header), Bot: IsBot(req.UserAgent())}
	cookies := req.Cookies()
	for _, name := range r.opts.Cookies {
		id := r.id(req, cookies, name, &c)
		if id == "" {
			continue
		}
		c.Source = name
		if name == userCookie {
			c.UserID = id
		} else {
			c.AnonymousID = id
		}
		break
	}
	if c.AnonymousID != "" && c.Source != Own && slices.Contains(r.opts.Cookies, Own) {
		if id, others := r.own(req, cookies); id != "" {
			c.Strays = append(others, id)
		}
	}
	if c.UserID == "" && slices.Contains(r.opts.Cookies, userCookie) {
		c.UserID = decoded(cookies, userCookie)
	}
	return c
}

// id returns the id that the cookie of a name holds, "" if none.
func (r *Reader) id(req *http.Request, cookies []*http.Cookie, name string, c *Caller) string {
	if name != Own {
		return decoded(cookies, name)
	}
	var id string
	id, c.Strays = r.own(req, cookies)
	return id
}

// decoded returns the id in the first cookie of a name that holds one.
func decoded(cookies []*http.Cookie, name string) string {
	for _, cookie := range cookies {
		if cookie.Name == name {
			if id := Decode(name, cookie.Value); id != "" {
				return id
			}
		}
	}
	return ""
}
