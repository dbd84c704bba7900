package snapshot

import (
	"context"
	"net/http"
	"slices"
	"time"

	"github.com/segue-dev/segue/internal/fault"
	"github.com/segue-dev/segue/internal/httpapi/caller"
	"github.com/segue-dev/segue/internal/resolve"
)

// Cookie is the name of the cookie that holds the snapshot.
const Cookie = "segue_snap"

// A Resolver answers for visitors; resolve.Resolver is one.
type Resolver interface {
	Resolve(ctx context.Context, req resolve.Request) (*resolve.Answer, error)
}

// Options are the settings of Cookies.
type Options struct {
	Ring     *Ring
	Life     time.Duration // at most
	Callers  *caller.Reader
	Observer Observer         // nil = none
	Now      func() time.Time // nil = time.Now
}

// An Observer is told of every cookie set, for metrics: its bytes and how many
// segments did not fit, or bytes 0 if it could not be made.
type Observer interface {
	Snapshot(bytes, dropped int)
}

// Cookies keep the snapshot in the visitor's browser. A nil *Cookies keeps none.
type Cookies struct{ opts Options }

// NewCookies returns Cookies.
func NewCookies(opts Options) *Cookies {
	if opts.Now == nil {
		opts.Now = time.Now
	}
	return &Cookies{opts}
}

// For reports whether an answer to a request about a visitor is for the browser
// of that visitor, so that it may keep a snapshot.
func (c *Cookies) For(req *http.Request, who *caller.Caller, visitor string) bool {
	if c == nil || who.Source == "" || who.Bot || visitor != who.Visitor() {
		return false
	}
	return req.Header.Get("Sec-Fetch-Site") != "cross-site" || req.Header.Get("Sec-Fetch-Mode") == "navigate"
}

// Current reports whether the snapshot that a request brings says what got says,
// and will for half of its life at least, so that it need not be set again.
func (c *Cookies) Current(req *http.Request, got *resolve.Answer) bool {
	cookie, err := req.Cookie(Cookie)
	if err != nil {
		return false
	}
	have, ok := c.opts.Ring.peek(cookie.Value)
	if !ok || have.Visitor != got.Visitor {
		return false
	}
	want := Cut(got, c.opts.Life)
	return have.Key == want.Key && have.Page == want.Page && have.Rules == want.Rules &&
		slices.Equal(have.Segments, want.Segments[:min(len(have.Segments), len(want.Segments))]) &&
		len(have.Segments)+have.Dropped == len(want.Segments) &&
		!have.Expires.After(want.Expires) && have.Expires.Sub(want.Issued) >= want.Life()/2
}

// Refresh asks r for what is known of a visitor now, and lets the browser keep
// it. If that cannot be told, the browser is to forget what it had.
func (c *Cookies) Refresh(header http.Header, req *http.Request, r Resolver, about resolve.Request) {
	about.Messages, about.Dry, about.Uncomposed, about.Memberships = nil, true, true, true
	about.Explain, about.Record, about.Navigation, about.At = false, false, "", time.Time{}
	got, err := r.Resolve(req.Context(), about)
	if about.Page != "" && fault.KindOf(err) == fault.NotFound { // it was, until lately
		about.Page = ""
		got, err = r.Resolve(req.Context(), about)
	}
	if err != nil {
		c.forget(header, req)
		return
	}
	c.Set(header, req, got)
}

// Set lets the browser keep a snapshot of an answer that holds for its segments
// too, see resolve.Request.Memberships.
func (c *Cookies) Set(header http.Header, req *http.Request, got *resolve.Answer) {
	s := Cut(got, c.opts.Life)
	token, dropped, err := c.opts.Ring.Sign(s)
	if err != nil || s.Life() < time.Second {
		c.forget(header, req)
		return
	}
	if c.opts.Observer != nil {
		c.opts.Observer.Snapshot(len(token), dropped)
	}
	c.opts.Callers.SetCookie(header, req, Cookie, token, s.Life())
}

func (c *Cookies) forget(header http.Header, req *http.Request) {
	if c.opts.Observer != nil {
		c.opts.Observer.Snapshot(0, 0)
	}
	if _, err := req.Cookie(Cookie); err == nil {
		c.opts.Callers.SetCookie(header, req, Cookie, "", 0)
	}
}

// Page returns the entry id of the page that the browser's snapshot has a key
// for; "" = none.
func (c *Cookies) Page(req *http.Request) string {
	cookie, err := req.Cookie(Cookie)
	if err != nil {
		return ""
	}
	have, _ := c.opts.Ring.peek(cookie.Value)
	return have.Page
}

// Read returns the snapshot of a visitor that a request brings, if it is good.
func (c *Cookies) Read(req *http.Request, visitor string) (Snapshot, bool) {
	if c == nil {
		return Snapshot{}, false
	}
	for _, cookie := range req.CookiesNamed(Cookie) {
		if s, err := c.opts.Ring.Verify(cookie.Value, c.opts.Now()); err == nil && s.Visitor == visitor {
			return s, true
		}
	}
	return Snapshot{}, false
}
