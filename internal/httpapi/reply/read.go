package reply

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"net/url"

	"github.com/klauspost/compress/zstd"
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
	src := http.MaxBytesReader(c.Response(), req.Body, MaxBody)
	plain, err := decompressed(src, req.Header.Get(echo.HeaderContentEncoding))
	if err != nil {
		return nil, err
	}
	var body bytes.Buffer
	body.Grow(int(min(max(req.ContentLength, 0), maxTrusted)) + bytes.MinRead)
	if _, err := body.ReadFrom(io.LimitReader(plain, MaxBody+1)); err != nil {
		return nil, unreadable(err)
	}
	if body.Len() > MaxBody {
		return nil, tooLarge()
	}
	return body.Bytes(), nil
}

func unreadable(err error) error {
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok || errors.Is(err, zstd.ErrDecoderSizeExceeded) {
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
