package edge

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/segue-dev/segue/internal/httpapi/reply"
)

// maxSegments bounds the bytes of X-Segue-Segments, since proxies commonly set
// 4 KiB aside for all headers.
const maxSegments = 1 << 10

// write says in headers what was found out.
func (o *outcome) write(header http.Header) {
	header.Set("Vary", "Cookie, User-Agent, Referer, Accept-Language")
	set := func(name, value string) {
		if value != "" {
			header.Set(name, value)
		}
	}
	set("X-Segue-Key", o.key)
	set("X-Segue-Page", fit(o.page))
	set("X-Segue-Fallback", string(o.fallback))
	if o.got == nil {
		reply.NoStore(header)
		return
	}
	if len(o.got.Segments) > 0 {
		set("X-Segue-Segment", fit(o.got.Segments[0]))
	}
	list, dropped := segments(o.got.Segments)
	set("X-Segue-Segments", list)
	if dropped > 0 {
		set("X-Segue-Segments-Dropped", strconv.Itoa(dropped))
	}
	if !o.got.ValidUntil.IsZero() {
		set("X-Segue-Valid-Until", o.got.ValidUntil.UTC().Format(time.RFC3339))
	}
	reply.ServerTiming(header, o.got.Timing)
	if reply.Private(header, o.got.At, o.got.ValidUntil); header.Get("Set-Cookie") != "" {
		reply.NoStore(header)
	}
}

// segments joins keys, highest priority first, by commas, and says how many of
// the last did not fit.
func segments(keys []string) (list string, dropped int) {
	var b strings.Builder
	for i, key := range keys {
		key = fit(key)
		if b.Len()+len(key)+1 > maxSegments {
			return b.String(), len(keys) - i
		}
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(key)
	}
	return b.String(), 0
}

// fit percent-encodes what cannot stand in a header, or between commas. The keys
// of segments in files have nothing of the kind; audiences of the CMS may.
func fit(key string) string {
	for i := range len(key) {
		if c := key[i]; c <= ' ' || c >= 0x7f || c == ',' || c == '%' || c == '"' {
			return url.PathEscape(key)
		}
	}
	return key
}
