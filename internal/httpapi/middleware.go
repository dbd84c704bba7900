package httpapi

import (
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"regexp"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/labstack/echo/v4"
)

// observe gives the request its id, answers its error if it has one, and tells
// log and observer what came of it.
func (s *Server) observe(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		start := time.Now()
		id := requestID(c.Request().Header.Get(echo.HeaderXRequestID))
		c.Response().Header().Set(echo.HeaderXRequestID, id)
		if err := protect(next, c); err != nil {
			c.Error(err)
		}
		took, status := time.Since(start), c.Response().Status
		if s.observer != nil {
			s.observer.Request(knownMethod(c.Request().Method), s.route(c), status, took)
		}
		ctx := c.Request().Context()
		if s.log.Enabled(ctx, slog.LevelDebug) {
			s.log.DebugContext(ctx, "request", "method", c.Request().Method, "route", s.route(c),
				"status", status, "bytes", c.Response().Size, "took", took, "request", id)
		}
		return nil
	}
}

// protect turns a panic of next into an error that holds the stack.
// http.ErrAbortHandler is left to the server, which it is meant for.
func protect(next echo.HandlerFunc, c echo.Context) (err error) {
	defer func() {
		switch r := recover(); r {
		case nil:
		case http.ErrAbortHandler:
			panic(r)
		default:
			err = fmt.Errorf("panic: %v\n%s", r, debug.Stack())
		}
	}()
	return next(c)
}

// route returns the template that the request matched, or "none": an unmatched
// path is the client's own text and must not label a metric.
func (s *Server) route(c echo.Context) string {
	if s.routes[c.Path()] {
		return c.Path()
	}
	return "none"
}

func knownMethod(method string) string {
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions:
		return method
	default:
		return "OTHER"
	}
}

var saneID = regexp.MustCompile(`^[A-Za-z0-9._:/+=-]{1,100}$`)

// requestID returns the client's id for its request if it is fit for a log
// line, else a new one.
func requestID(given string) string {
	if given != "" && saneID.MatchString(given) {
		return given
	}
	return strconv.FormatUint(rand.Uint64(), 36) + strconv.FormatUint(rand.Uint64(), 36) // not a secret
}

// What browsers may read of an answer, and how long they keep a preflight, in
// seconds: Chrome for two hours at most.
const (
	corsResponseHeaders = "ETag, Retry-After, Segue-Key, Server-Timing, X-Request-Id"
	corsMaxAge          = "7200"
)

// cors lets pages of any origin call, without credentials: nothing here goes by
// cookies. One answer fits all origins, so caches need not vary by it. They may
// send any header: analytics clients have their own, such as RudderStack's
// Rsa-Retry-Attempt, and one that is not allowed would cost them the event.
func (s *Server) cors(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		if !s.anyOrigin {
			return next(c)
		}
		request, header := c.Request().Header, c.Response().Header()
		s.allowOrigin(request.Get(echo.HeaderOrigin), header)
		if c.Request().Method == http.MethodOptions && request.Get(echo.HeaderAccessControlRequestMethod) != "" {
			if allow, ok := c.Get(echo.ContextKeyHeaderAllow).(string); ok {
				header.Set(echo.HeaderAccessControlAllowMethods, allow)
			}
			header.Add(echo.HeaderVary, echo.HeaderAccessControlRequestHeaders)
			header.Set(echo.HeaderAccessControlAllowHeaders, request.Get(echo.HeaderAccessControlRequestHeaders))
			header.Set(echo.HeaderAccessControlMaxAge, corsMaxAge)
		} else {
			header.Set(echo.HeaderAccessControlExposeHeaders, corsResponseHeaders)
		}
		return next(c)
	}
}

// allowOrigin lets pages of an origin read the answer: with the visitor's cookies
// those that are configured, without them all.
func (s *Server) allowOrigin(origin string, header http.Header) {
	if len(s.origins) == 0 {
		header.Set(echo.HeaderAccessControlAllowOrigin, "*")
		return
	}
	header.Add(echo.HeaderVary, echo.HeaderOrigin)
	if !slices.Contains(s.origins, origin) {
		header.Set(echo.HeaderAccessControlAllowOrigin, "*")
		return
	}
	header.Set(echo.HeaderAccessControlAllowOrigin, origin)
	header.Set(echo.HeaderAccessControlAllowCredentials, "true")
}

// template returns an echo path in the form of OpenAPI: :id becomes {id}.
func template(path string) string {
	parts := strings.Split(path, "/")
	for i, part := range parts {
		if before, name, ok := strings.Cut(part, ":"); ok {
			parts[i] = before + "{" + name + "}"
		}
	}
	return strings.Join(parts, "/")
}
