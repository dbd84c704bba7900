package caller

import (
	"net/http"
	"slices"
	"strings"

	"github.com/segue-dev/segue/internal/signal"
)

// Context returns what browsers say of themselves in headers, as attributes of a
// request: the referrer and the first language. The user agent is not among
// them, for it is read elsewhere.
func Context(header http.Header) signal.Props {
	var props signal.Props
	add := func(key, value string) {
		if value != "" {
			props = append(props, signal.Prop{Key: key, Value: signal.TextOf(value)})
		}
	}
	add("language", firstLanguage(header.Get("Accept-Language")))
	add("referrer", header.Get("Referer"))
	return props
}

// Locate adds to the attributes of a request where it comes from, unless they say
// so themselves.
func (r *Reader) Locate(req *http.Request, props signal.Props) signal.Props {
	if r.opts.Where == nil || slices.ContainsFunc(props, func(p signal.Prop) bool { return strings.HasPrefix(p.Key, "location.") }) {
		return props
	}
	props = append(props, r.opts.Where(req)...)
	props.Sort()
	return props
}

// firstLanguage returns the first language of an Accept-Language header, which
// browsers put first.
func firstLanguage(header string) string {
	first, _, _ := strings.Cut(header, ",")
	first, _, _ = strings.Cut(first, ";")
	if first = strings.TrimSpace(first); first == "*" {
		return ""
	}
	return first
}
