package signature

import (
	"net/http"
	"strings"
	"unicode"
)

// canonicalPath returns a path as it is signed: JavaScript's encodeURI of the
// path and of the query, which is escaped before. What follows a second
// question mark falls away.
func canonicalPath(path string) string {
	parts := strings.Split(path, "?")
	canonical := escaped(parts[0], inURI)
	if len(parts) > 1 && parts[1] != "" {
		canonical += "?" + escaped(escaped(parts[1], inComponent), inURI)
	}
	return canonical
}

const upperHex = "0123456789ABCDEF"

// escaped returns s with each byte percent-encoded that keep refuses.
func escaped(s string, keep func(byte) bool) string {
	var b strings.Builder
	for _, c := range []byte(s) {
		if keep(c) {
			b.WriteByte(c)
		} else {
			b.Write([]byte{'%', upperHex[c>>4], upperHex[c&15]})
		}
	}
	return b.String()
}

// inComponent reports what querystring.escape and encodeURIComponent leave.
func inComponent(c byte) bool { return isAlphanumeric(c) || strings.IndexByte("-_.!~*'()", c) >= 0 }

// inURI reports what encodeURI leaves.
func inURI(c byte) bool { return inComponent(c) || strings.IndexByte(";/?:@&=+$,#", c) >= 0 }

func isAlphanumeric(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
}

// normalized returns headers by lower-case name, their values read and trimmed
// as JavaScript trims. Several values of one are joined as Node joins them.
func normalized(h http.Header, read func(string) string) map[string]string {
	headers := make(map[string]string, len(h)+2)
	for name, values := range h {
		value := read(strings.Join(values, ", "))
		headers[strings.ToLower(strings.TrimSpace(name))] = strings.TrimFunc(value, isSpace)
	}
	return headers
}

// isSpace reports what JavaScript's trim takes away.
func isSpace(r rune) bool {
	switch r {
	case '\t', '\n', '\v', '\f', '\r', '\u2028', '\u2029', '\ufeff':
		return true
	}
	return unicode.Is(unicode.Zs, r)
}

// readings returns how the bytes of headers may be meant: as they are, and
// where any is not ASCII also as Latin-1, in which Node writes and reads them.
func readings(h http.Header) []func(string) string {
	for _, values := range h {
		for _, value := range values {
			if strings.ContainsFunc(value, func(r rune) bool { return r > unicode.MaxASCII }) {
				return []func(string) string{asIs, fromLatin1}
			}
		}
	}
	return []func(string) string{asIs}
}

func asIs(s string) string { return s }

func fromLatin1(s string) string {
	runes := make([]rune, len(s))
	for i, c := range []byte(s) {
		runes[i] = rune(c)
	}
	return string(runes)
}

// httpHeader returns headers in the form of net/http.
func httpHeader(headers map[string]string) http.Header {
	h := make(http.Header, len(headers)+3)
	for name, value := range headers {
		h.Set(name, value)
	}
	return h
}
