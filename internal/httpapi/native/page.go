package native

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/segue-dev/segue/internal/httpapi/reply"
	"github.com/segue-dev/segue/internal/resolve"
)

// page answers with the page that a key describes, the same for every visitor.
// An outdated key gives the baseline page, which nobody may keep, and the key
// that is right now in the header Segue-Key. Neither may shared caches keep a
// page that has more permutations than they should.
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
	kept := got.Kept(func() any { return a.Caching.headersOf(got) }).(*pageHeaders)
	header := c.Response().Header()
	header["Segue-Key"] = kept.key
	switch {
	case got.Outdated:
		header.Set(echo.HeaderCacheControl, "no-store")
		header.Set(cdnCacheControl, "no-store")
		return reply.Sized(c, got.JSON)
	case !got.Shared:
		header.Set(echo.HeaderCacheControl, "private, no-store")
		header.Set(cdnCacheControl, "no-store")
		return reply.Sized(c, got.JSON)
	}
	for _, h := range kept.public {
		header[h.name] = h.value
	}
	// Whoever has the page has its tags, which follow from what it shows.
	if asked := c.Request().Header.Get("If-None-Match"); asked != "" && reply.Matches(asked, kept.tag) {
		return c.NoContent(http.StatusNotModified)
	}
	for _, h := range kept.tags {
		header[h.name] = h.value
	}
	header[echo.HeaderContentLength] = kept.length
	return c.JSONBlob(http.StatusOK, got.JSON)
}

// pageHeaders are what is sent with a page each time, made once.
type pageHeaders struct {
	key, length []string
	tag         string        // the ETag, in quotes
	public      []headerValue // of an answer that shared caches may keep
	tags        []headerValue // of one that they do not have yet
}

type headerValue struct {
	name  string
	value []string
}

func (o Caching) headersOf(p *resolve.KeyedPage) *pageHeaders {
	h := &pageHeaders{key: []string{p.Of.Key}, length: []string{itoa(len(p.JSON))}, tag: `"` + p.Hash() + `"`}
	add := func(name, value string) { h.public = append(h.public, headerValue{name, []string{value}}) }
	add(echo.HeaderCacheControl, o.cacheControl())
	add(cdnCacheControl, o.cdnCacheControl())
	add("Etag", h.tag)
	tags := o.tagsOf(p)
	for _, name := range o.TagHeaders {
		h.tags = append(h.tags, headerValue{name, []string{tagHeaders[name].join(tags)}})
	}
	return h
}
