package httpapi

import (
	"net/http"

	"github.com/labstack/echo/v4"
)

// gpcSupport says that Global Privacy Control is heeded, and since when its
// meaning here has not changed.
const gpcSupport = `{"gpc":true,"lastUpdate":"2026-11-25"}`

// keyCaching lets anybody keep the keys for some minutes: a key is published for
// longer than that before it signs.
const keyCaching = "public, max-age=300, stale-if-error=86400"

// mountWellKnown serves what stands where everybody looks for it.
func (s *Server) mountWellKnown(keys []byte) {
	if keys == nil {
		keys = []byte(`{"keys":[]}`)
	}
	s.get("/.well-known/jwks.json", func(c echo.Context) error {
		c.Response().Header().Set(echo.HeaderCacheControl, keyCaching)
		return c.Blob(http.StatusOK, "application/jwk-set+json", keys)
	})
	s.get("/.well-known/gpc.json", func(c echo.Context) error {
		c.Response().Header().Set(echo.HeaderCacheControl, "public, max-age=86400")
		return c.JSONBlob(http.StatusOK, []byte(gpcSupport))
	})
}
