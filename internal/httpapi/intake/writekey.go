package intake

import (
	"encoding/base64"
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"
)

const (
	headerWriteKey = "X-Write-Key" // Jitsu's: KEY or KEY:SECRET
	masked         = "***"         // what Jitsu writes in place of a key in bodies
)

// WriteKey returns the write key that a request shows, "" if it shows none: of
// Authorization: Basic, of X-Write-Key, that in the body, of Authorization:
// Bearer, or that in the query, whichever comes first. A secret behind a colon
// is left out.
func WriteKey(r *http.Request, inBody string) string {
	authorization := r.Header.Get(echo.HeaderAuthorization)
	if inBody == masked {
		inBody = ""
	}
	for _, key := range [...]string{
		basic(authorization),
		r.Header.Get(headerWriteKey),
		inBody,
		after("Bearer ", authorization),
		r.URL.Query().Get("writeKey"),
	} {
		key, _, _ = strings.Cut(key, ":")
		if key = strings.TrimSpace(key); key != "" {
			return key
		}
	}
	return ""
}

// basic returns what Authorization: Basic holds, with or without padding; ""
// for anything else.
func basic(authorization string) string {
	coded := strings.TrimRight(after("Basic ", authorization), "=")
	plain, err := base64.RawStdEncoding.DecodeString(coded)
	if err != nil {
		return ""
	}
	return string(plain)
}

// after returns what follows a scheme, whose case does not matter.
func after(scheme, authorization string) string {
	if len(authorization) < len(scheme) || !strings.EqualFold(authorization[:len(scheme)], scheme) {
		return ""
	}
	return strings.TrimSpace(authorization[len(scheme):])
}
