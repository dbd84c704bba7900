package reply_test

import (
	"bytes"
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"
	"github.com/labstack/echo/v4"
	"github.com/stretchr/testify/require"

	"github.com/segue-dev/segue/internal/fault"
	"github.com/segue-dev/segue/internal/httpapi/reply"
)

// serve answers req with h, and returns what was logged.
func serve(t *testing.T, h echo.HandlerFunc, req *http.Request) (*httptest.ResponseRecorder, string) {
	t.Helper()
	var log bytes.Buffer
	e := echo.New()
	e.HTTPErrorHandler = reply.Fail(slog.New(slog.NewTextHandler(&log, nil)))
	e.Any("/*", h)
	e.Any("/at/:id/end", h)
	res := httptest.NewRecorder()
	e.ServeHTTP(res, req)
	return res, log.String()
}

func TestAnErrorsKindIsItsStatus(t *testing.T) {
	cause := errors.New("disk sda1 is full")
	for name, tc := range map[string]struct {
		err          error
		status       int
		code, detail string
		retry        string
		logged       bool
	}{
		"invalid":      {fault.New(fault.Invalid, "at: no instant"), 400, "invalid", "at: no instant", "", false},
		"wrapped":      {fmt.Errorf("while: %w", fault.New(fault.NotFound, "no page x")), 404, "not-found", "no page x", "", false},
		"unauthorized": {fault.New(fault.Unauthorized, "no key"), 401, "unauthorized", "no key", "", false},
		"forbidden":    {fault.New(fault.Forbidden, "bad key"), 403, "forbidden", "bad key", "", false},
		"too large":    {fault.New(fault.TooLarge, "send less"), 413, "too-large", "send less", "", false},
		"overloaded":   {fault.New(fault.Overloaded, "busy"), 429, "overloaded", "busy", "2", false},
		"unavailable":  {fault.Wrap(fault.Unavailable, cause, "the store is down"), 503, "unavailable", "the store is down", "2", true},
		"ours":         {fault.Wrap(fault.Internal, cause, "secret"), 500, "internal", "The mistake is ours; the log has its cause.", "", true},
		"unknown":      {cause, 500, "internal", "The mistake is ours; the log has its cause.", "", true},
		"of echo":      {fmt.Errorf("deep: %w", echo.NewHTTPError(415, "only gzip")), 415, "http", "only gzip", "", false},
		"joined fault": {errors.Join(fault.New(fault.Invalid, "first"), fault.New(fault.Invalid, "second")), 400, "invalid", "first", "", false},
	} {
		t.Run(name, func(t *testing.T) {
			res, log := serve(t, func(echo.Context) error { return tc.err }, httptest.NewRequest(http.MethodGet, "/", nil))
			require.Equal(t, tc.status, res.Code)
			require.Equal(t, "application/problem+json", res.Header().Get("Content-Type"))
			require.Equal(t, "no-store", res.Header().Get("Cache-Control"))
			require.Equal(t, tc.retry, res.Header().Get("Retry-After"))
			var p reply.Problem
			require.NoError(t, json.Unmarshal(res.Body.Bytes(), &p))
			require.Equal(t, http.StatusText(tc.status), p.Title)
			require.Equal(t, tc.status, p.Status)
			require.Equal(t, tc.code, p.Code)
			require.Equal(t, tc.detail, p.Detail)
			require.NotContains(t, res.Body.String(), "sda1", "a cause is for the log only")
			require.Equal(t, tc.logged, strings.Contains(log, "request failed"), log)
		})
	}
}

func TestACallerWhoHungUpIsNoMistakeOfOurs(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	req := httptest.NewRequest(http.MethodGet, "/", nil).WithContext(ctx)
	res, log := serve(t, func(c echo.Context) error { return c.Request().Context().Err() }, req)
	require.Equal(t, 499, res.Code)
	require.Empty(t, log)
}

func TestADialectGivesFailuresItsOwnForm(t *testing.T) {
	form := reply.Form(func(p reply.Problem) any { return map[string]string{"error": p.Detail} })
	h := form(func(echo.Context) error { return fault.New(fault.Invalid, "bad") })
	res, _ := serve(t, h, httptest.NewRequest(http.MethodPost, "/", nil))
	require.Equal(t, 400, res.Code)
	require.Equal(t, "application/json", res.Header().Get("Content-Type"))
	require.JSONEq(t, `{"error": "bad"}`, res.Body.String())
}

func zipped(t *testing.T, src []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, err := w.Write(src)
	require.NoError(t, err)
	require.NoError(t, w.Close())
	return b.Bytes()
}

func zstandard(t *testing.T, src []byte, opts ...zstd.EOption) []byte {
	t.Helper()
	var b bytes.Buffer
	w, err := zstd.NewWriter(&b, opts...)
	require.NoError(t, err)
	_, err = w.Write(src)
	require.NoError(t, err)
	require.NoError(t, w.Close())
	return b.Bytes()
}

func deflated(t *testing.T, src []byte, open func(io.Writer) (io.WriteCloser, error)) []byte {
	t.Helper()
	var b bytes.Buffer
	w, err := open(&b)
	require.NoError(t, err)
	_, err = w.Write(src)
	require.NoError(t, err)
	require.NoError(t, w.Close())
	return b.Bytes()
}

func inZlib(w io.Writer) (io.WriteCloser, error) { return zlib.NewWriter(w), nil }

func bare(w io.Writer) (io.WriteCloser, error) { return flate.NewWriter(w, flate.BestSpeed) }

func TestBody(t *testing.T) {
	full := bytes.Repeat([]byte("x"), reply.MaxBody)
	over := append(bytes.Clone(full), 'x')
	for name, tc := range map[string]struct {
		body     []byte
		encoding string
		status   int // 200: the body came through
		size     int
	}{
		"plain":              {[]byte("hello"), "", 200, 5},
		"identity":           {[]byte("hello"), "identity", 200, 5},
		"gzip":               {zipped(t, []byte("hello")), "gzip", 200, 5},
		"gzip in capitals":   {zipped(t, []byte("hello")), "GZIP", 200, 5},
		"none":               {nil, "", 200, 0},
		"at the bound":       {full, "", 200, reply.MaxBody},
		"over the bound":     {over, "", 413, 0},
		"gzip at the bound":  {zipped(t, full), "gzip", 200, reply.MaxBody},
		"gzip over it":       {zipped(t, over), "gzip", 413, 0},
		"a bomb":             {zipped(t, make([]byte, 8<<20)), "gzip", 413, 0},
		"not gzip":           {[]byte("hello"), "gzip", 400, 0},
		"gzip cut off":       {zipped(t, full)[:500], "gzip", 400, 0},
		"zstd":               {zstandard(t, []byte("hello")), "zstd", 200, 5},
		"zstd at the bound":  {zstandard(t, full), "zstd", 200, reply.MaxBody},
		"zstd over it":       {zstandard(t, over), "zstd", 413, 0},
		"a bomb of zstd":     {zstandard(t, make([]byte, 64<<20), zstd.WithWindowSize(1<<20)), "zstd", 413, 0},
		"a window too wide":  {zstandard(t, make([]byte, 64<<20), zstd.WithWindowSize(16<<20)), "zstd", 400, 0},
		"empty, called zstd": {nil, "zstd", 400, 0},
		"zstd cut off":       {zstandard(t, full)[:20], "zstd", 400, 0},
		"not zstd":           {[]byte("hello"), "zstd", 400, 0},
		"deflate":            {deflated(t, []byte("hello"), inZlib), "deflate", 200, 5},
		"deflate, bare":      {deflated(t, []byte("hello"), bare), "deflate", 200, 5},
		"a bomb of deflate":  {deflated(t, make([]byte, 64<<20), inZlib), "deflate", 413, 0},
		"not deflate":        {[]byte("hello"), "deflate", 400, 0},
		"unknown encoding":   {[]byte("hello"), "br", 415, 0},
		"several encodings":  {[]byte("hello"), "gzip, gzip", 415, 0},
		"empty, called gzip": {nil, "gzip", 400, 0},
	} {
		t.Run(name, func(t *testing.T) {
			req := httptest.NewRequest(http.MethodPost, "/", bytes.NewReader(tc.body))
			req.Header.Set("Content-Encoding", tc.encoding)
			res, _ := serve(t, func(c echo.Context) error {
				body, err := reply.Body(c)
				if err != nil {
					return err
				}
				return c.String(200, fmt.Sprint(len(body)))
			}, req)
			require.Equal(t, tc.status, res.Code, res.Body)
			if tc.status == 200 {
				require.Equal(t, fmt.Sprint(tc.size), res.Body.String())
			}
		})
	}
}

func TestParamsAreDecodedOnce(t *testing.T) {
	for path, want := range map[string]string{
		"/at/plain/end":      "plain",
		"/at/page:home/end":  "page:home",
		"/at/page%3A%2F/end": "page:/",
		"/at/a%20b/end":      "a b",
		"/at/a%2520b/end":    "a%20b",
		"/at/50%25%2F/end":   "50%/",
	} {
		res, _ := serve(t, func(c echo.Context) error {
			id, err := reply.Param(c, "id")
			if err != nil {
				return err
			}
			return c.String(200, id)
		}, httptest.NewRequest(http.MethodGet, path, nil))
		body, err := io.ReadAll(res.Body)
		require.NoError(t, err)
		require.Equal(t, want, string(body), path)
	}
}
