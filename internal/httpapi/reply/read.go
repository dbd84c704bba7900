package reply

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/segue-dev/segue/internal/fault"
)

// MaxBody is the greatest body in bytes, before and after decompression.
const MaxBody = 1 << 20

// maxTrusted is how many bytes are made ready because a client says that it will
// send so many.
const maxTrusted = 64 << 10

// Body returns the body of a request, decompressed. Its Content-Type is
// ignored: analytics clients send JSON under any, to spare a preflight. The
// error is a fault.TooLarge beyond MaxBody, so that no request, however well it
// compresses, takes more memory than that.
func Body(c echo.Context) ([]byte, error) {
	req := c.Request()
	var src io.Reader = http.MaxBytesReader(c.Response(), req.Body, MaxBody)
	switch encoding := strings.ToLower(strings.TrimSpace(req.Header.Get(echo.HeaderContentEncoding))); encoding {
	case "", "identity":
	case "gzip", "x-gzip":
		unzip, err := gzip.NewReader(src)
		if err != nil {
			return nil, unreadable(err)
		}
		src = unzip
	default:
		return nil, echo.NewHTTPError(http.StatusUnsupportedMediaType,
			"Content-Encoding: only gzip is understood; send gzip, or the body as it is")
	}
	var body bytes.Buffer
	body.Grow(int(min(max(req.ContentLength, 0), maxTrusted)) + bytes.MinRead)
	if _, err := body.ReadFrom(io.LimitReader(src, MaxBody+1)); err != nil {
		return nil, unreadable(err)
	}
	if body.Len() > MaxBody {
		return nil, tooLarge()
	}
	return body.Bytes(), nil
}

func unreadable(err error) error {
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return tooLarge()
	}
	return fault.Wrap(fault.Invalid, err, "body: cannot be read to its end; send it again, whole and as its Content-Encoding says")
}

func tooLarge() error {
	return fault.New(fault.TooLarge, "body: more than %d bytes; send it in several requests", MaxBody)
}

// Param returns a parameter of the path, with its percent-encoding undone.
func Param(c echo.Context, name string) (string, error) {
	value := c.Param(name)
	if c.Request().URL.RawPath == "" { // the router saw the path decoded already
		return value, nil
	}
	plain, err := url.PathUnescape(value)
	if err != nil {
		return "", fault.Wrap(fault.Invalid, err, "path: %s is not percent-encoded properly", name)
	}
	return plain, nil
}
