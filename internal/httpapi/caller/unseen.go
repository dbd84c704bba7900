package caller

import (
	"net/http"
	"strings"

	"github.com/mileusna/useragent"
)

// prefetchHeaders are those in which browsers say, or said, that nobody has
// asked to see the answer yet.
var prefetchHeaders = []string{"Sec-Purpose", "Purpose", "X-Purpose", "X-Moz"}

// prefetches reports whether a request only prepares for what may be asked
// later: prefetch, prefetch;prerender, prerender, or preview of Safari's top
// sites.
func prefetches(header http.Header) bool {
	for _, name := range prefetchHeaders {
		value := header.Get(name)
		if value == "" {
			continue
		}
		kind, _, _ := strings.Cut(strings.ToLower(value), ";")
		switch strings.TrimSpace(kind) {
		case "prefetch", "prerender", "preview":
			return true
		}
	}
	return false
}

// crawlers are marks of automatic clients in user agents, in lower case, besides
// those that the user agent library knows.
var crawlers = []string{"crawler", "spider", "slurp", "lighthouse", "phantomjs", "pagespeed"}

// maxUserAgent is how many bytes of a user agent are looked at.
const maxUserAgent = 1 << 10

// IsBot reports whether a user agent says that it is an automatic client, such
// as the crawler of a search engine. One that hides it is taken for a person,
// and so is a headless browser, which sites test themselves with.
func IsBot(userAgent string) bool {
	if userAgent == "" {
		return false
	}
	userAgent = userAgent[:min(len(userAgent), maxUserAgent)]
	if ua := useragent.Parse(userAgent); ua.Bot && ua.Name != useragent.HeadlessChrome {
		return true
	}
	lower := strings.ToLower(userAgent)
	for _, mark := range crawlers {
		if strings.Contains(lower, mark) {
			return true
		}
	}
	return false
}
