package reply

import "strings"

// Matches reports whether an If-None-Match header names tag, a strong one with
// its quotes. Proxies that compress mark a tag as weak, or add -gzip and the
// like within the quotes.
func Matches(header, tag string) bool {
	plain := strings.TrimSuffix(tag, `"`)
	for candidate := range strings.SplitSeq(header, ",") {
		candidate = strings.TrimPrefix(strings.TrimSpace(candidate), "W/")
		rest, ok := strings.CutPrefix(candidate, plain)
		if candidate == "*" || ok && (rest == `"` || strings.HasPrefix(rest, "-")) {
			return true
		}
	}
	return false
}
