package httpapi

import (
	"bytes"
	"net/http"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	js "github.com/segue-dev/segue/clients/js"
)

// How the client for browsers is kept: for minutes under its plain name, so that
// an update arrives, and for good under the name with its hash.
const (
	scriptCaching    = "public, max-age=300, stale-while-revalidate=86400, stale-if-error=86400"
	immutableCaching = "public, max-age=31536000, immutable"
)

// mountScripts serves the client as /segue.js and /segue.mjs, and under a name
// with the hash of its content between, which Content-Location tells, relative
// since Segue may be mounted below a path.
func (s *Server) mountScripts() {
	files := []js.File{js.Script(), js.Module()}
	for _, f := range files {
		s.get("/"+f.Name, func(c echo.Context) error { return sendScript(c, f, scriptCaching) })
	}
	s.get("/segue.:file", func(c echo.Context) error {
		name := c.Param("file")
		for _, f := range files {
			_, extension, _ := strings.Cut(f.Name, ".")
			if name == f.Hash+"."+extension {
				return sendScript(c, f, immutableCaching)
			}
			if strings.HasSuffix(name, "."+extension) { // of a version before, or of the next
				return sendScript(c, f, "no-store")
			}
		}
		return echo.ErrNotFound
	})
}

// sendScript answers with a file, compressed for who takes that.
func sendScript(c echo.Context, f js.File, caching string) error {
	header := c.Response().Header()
	header.Set(echo.HeaderContentType, "text/javascript; charset=utf-8")
	header.Set(echo.HeaderCacheControl, caching)
	header.Set(echo.HeaderVary, echo.HeaderAcceptEncoding)
	header.Set("Content-Location", strings.Replace(f.Name, ".", "."+f.Hash+".", 1))
	header.Set("Cross-Origin-Resource-Policy", "cross-origin")
	header.Set(echo.HeaderXContentTypeOptions, "nosniff")
	body, tag := f.Plain, f.Hash
	if accepts := c.Request().Header.Get(echo.HeaderAcceptEncoding); strings.Contains(accepts, "gzip") && !strings.Contains(accepts, "gzip;q=0") {
		header.Set(echo.HeaderContentEncoding, "gzip")
		body, tag = f.Gzip, f.Hash+"-gzip"
	}
	header.Set("ETag", `"`+tag+`"`)
	http.ServeContent(c.Response(), c.Request(), f.Name, time.Time{}, bytes.NewReader(body))
	return nil
}
