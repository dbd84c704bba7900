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
	header.Add("Vary", "Cookie, User-Agent, Referer, Accept-Language, Sec-GPC, DNT")
	set := func(name, value string) {
		if value != "" {
			header.Set(name, value)
		}
	}
	set("X-Segue-Key", o.key)
	set("X-Segue-Page", fit(o.page))
	set("X-Segue-Locale", fit(o.locale))
	set("X-Segue-Fallback", string(o.fallback))
	switch {
	case o.got != nil:
		setSegments(set, o.got.Segments, 0)
		setInstant(set, o.got.ValidUntil)
		reply.ServerTiming(header, o.got.Timing)
		if reply.Private(header, o.got.At, o.got.ValidUntil); header.Get("Set-Cookie") == "" {
			return
		}
	case o.known != nil:
		set("X-Segue-Snapshot", "used")
		setSegments(set, o.known.Segments, o.known.Dropped)
		setInstant(set, o.known.Expires)
	}
	reply.NoStore(header)
}

func setInstant(set func(name, value string), validUntil time.Time) {
	if !validUntil.IsZero() {
		set("X-Segue-Valid-Until", validUntil.UTC().Format(time.RFC3339))
	}
}

// setSegments tells the segments of keys, of which some may have been dropped
// before.
func setSegments(set func(name, value string), keys []string, before int) {
	if len(keys) > 0 {
		set("X-Segue-Segment", fit(keys[0]))
	}
	list, dropped := segments(keys)
	set("X-Segue-Segments", list)
	if dropped += before; dropped > 0 {
		set("X-Segue-Segments-Dropped", strconv.Itoa(dropped))
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
