package caller

import (
	"crypto/rand"
	"encoding/base64"
	"net"
	"net/http"
	"slices"
	"strings"
	"time"
)

const (
	// idBytes is the size of our own ids. They are all that protects what is
	// known of a visitor, so they must not be guessed.
	idBytes = 16
	// idLife is how long our own cookie is kept: as long as Chrome keeps any.
	idLife = 400 * 24 * time.Hour
	// markerLife is how long an id that was just made is marked as new.
	markerLife = 10 * time.Minute
	// maxMarkers bounds the marks that are looked at in one request.
	maxMarkers = 16

	hostPrefix   = "__Host-"
	markerPrefix = "segue_new_"
)

// own returns the id that our own cookies name. Of several that were made for
// one browser at the same time it is the least, whichever the browser kept last;
// the others are strays.
func (r *Reader) own(req *http.Request, cookies []*http.Cookie) (id string, strays []string) {
	name := r.ownName(req)
	var ids []string
	for _, cookie := range cookies {
		if rest, ok := strings.CutPrefix(cookie.Name, markerPrefix); ok && len(ids) < maxMarkers && isOwn(rest) {
			ids = append(ids, rest)
		} else if cookie.Name == name && isOwn(cookie.Value) {
			ids = append(ids, cookie.Value)
		}
	}
	if len(ids) == 0 {
		return "", nil
	}
	slices.Sort(ids)
	ids = slices.Compact(ids)
	return ids[0], append([]string(nil), ids[1:]...)
}

// isOwn reports whether id has the form of those that we make.
func isOwn(id string) bool {
	raw, err := base64.RawURLEncoding.Strict().DecodeString(id)
	return err == nil && len(raw) == idBytes
}

// NewID makes an id for a new visitor.
func NewID() string {
	raw := make([]byte, idBytes)
	_, _ = rand.Read(raw) // never fails
	return base64.RawURLEncoding.EncodeToString(raw)
}

// Keep makes the browser keep id as its own. It replaces what was kept before.
func (r *Reader) Keep(header http.Header, req *http.Request, id string) {
	r.SetCookie(header, req, r.ownName(req), id, idLife)
}

// Mark makes the browser keep for a while that id was made just now. Marks do
// not replace one another: when several requests of a new visitor are answered
// at once, each makes an id and the browser keeps the last, but the next request
// shows all of them.
func (r *Reader) Mark(header http.Header, req *http.Request, id string) {
	r.SetCookie(header, req, markerPrefix+id, "1", markerLife)
}

// SetCookie makes the browser keep a cookie as strictly as ours are kept: out of
// reach of scripts and of other sites, and over TLS where there is TLS. A life of
// 0 ends it.
func (r *Reader) SetCookie(header http.Header, req *http.Request, name, value string, life time.Duration) {
	cookie := http.Cookie{
		Name: name, Value: value, Path: "/", Domain: r.opts.Domain,
		MaxAge: int(life / time.Second), HttpOnly: true, Secure: secure(req), SameSite: http.SameSiteLaxMode,
	}
	if life <= 0 {
		cookie.MaxAge = -1 // written as Max-Age=0
	}
	header.Add("Set-Cookie", cookie.String())
}

// ownName returns the name of our own cookie. Browsers take a name with the
// prefix only from the host itself, over TLS, so that no other host of the
// domain can set it.
func (r *Reader) ownName(req *http.Request) string {
	if r.opts.Domain != "" || !secure(req) {
		return Own
	}
	return hostPrefix + Own
}

// secure reports whether the browser reached us, or the proxy before us, over
// TLS. Where nobody says, only this machine itself is taken to be asked in the
// open.
func secure(req *http.Request) bool {
	switch proto := req.Header.Get("X-Forwarded-Proto"); {
	case req.TLS != nil, strings.EqualFold(proto, "https"):
		return true
	case proto != "":
		return false
	default:
		return !loopback(req.Host)
	}
}

func loopback(host string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	ip := net.ParseIP(strings.Trim(host, "[]"))
	return host == "localhost" || strings.HasSuffix(host, ".localhost") || ip != nil && ip.IsLoopback()
}
