package native

import (
	"cmp"
	"crypto/sha256"
	"crypto/subtle"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/segue-dev/segue/internal/fault"
)

// allow returns nil for a request that may ask for a preview.
func (p Previews) allow(c echo.Context) error {
	if p.Key == "" {
		return fault.New(fault.Invalid, "preview: not configured: %s; or leave it out",
			cmp.Or(p.Missing, "content must be contentful://SPACE/ENVIRONMENT"))
	}
	sent, ok := strings.CutPrefix(c.Request().Header.Get(echo.HeaderAuthorization), "Bearer ")
	if !ok {
		return fault.New(fault.Unauthorized, "preview: send the key of contentful.previewKey as Authorization: Bearer KEY")
	}
	got, want := sha256.Sum256([]byte(strings.TrimSpace(sent))), sha256.Sum256([]byte(p.Key))
	if subtle.ConstantTimeCompare(got[:], want[:]) != 1 {
		return fault.New(fault.Forbidden, "preview: the key is not that of contentful.previewKey")
	}
	return nil
}
