package native

import (
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/segue-dev/segue/internal/httpapi/reply"
	"github.com/segue-dev/segue/internal/resolve"
)

// How shared caches keep a page: for five minutes, and for a day more when we
// cannot be asked. Browsers ask each time, since only shared caches are purged.
const pageCaching = "public, max-age=0, s-maxage=300, stale-while-revalidate=86400, stale-if-error=86400"

// maxTags bounds the bytes of Surrogate-Key, so that all headers together stay
// within the 4 KiB that proxies commonly set aside.
const maxTags = 3 << 10

// manyTag stands for the entities of a page that has too many to name: who
// purges by entity purges this tag as well.
const manyTag = "e-many"

// page answers with the page that a key describes, the same for every visitor.
// An outdated key gives the baseline page, which nobody may keep, and the key
// that is right now in the header Segue-Key.
func (a *api) page(c echo.Context) error {
	ref, err := reply.Param(c, "page")
	if err != nil {
		return err
	}
	key, err := reply.Param(c, "key")
	if err != nil {
		return err
	}
	got, err := a.resolver.Page(ref, key, c.QueryParam("locale"))
	if err != nil {
		return err
	}
	header := c.Response().Header()
	header.Set("Segue-Key", got.Key)
	if got.Outdated {
		header.Set(echo.HeaderCacheControl, "no-store")
		return sized(c, got.JSON)
	}
	tag := `"` + got.Hash() + `"`
	header.Set(echo.HeaderCacheControl, pageCaching)
	header.Set("ETag", tag)
	header.Set("Surrogate-Key", surrogateKeys(got))
	if reply.Matches(c.Request().Header.Get("If-None-Match"), tag) {
		return c.NoContent(http.StatusNotModified)
	}
	return sized(c, got.JSON)
}

// surrogateKeys returns the tags that the page is purged by, space-separated:
// e- and the id of each entity it shows, or manyTag.
func surrogateKeys(p *resolve.KeyedPage) string {
	var b strings.Builder
	for _, id := range p.Entities {
		if b.Len() > 0 {
			b.WriteByte(' ')
		}
		b.WriteString("e-")
		b.WriteString(id)
		if b.Len() > maxTags {
			return manyTag
		}
	}
	return b.String()
}
