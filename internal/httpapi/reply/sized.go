package reply

import (
	"net/http"
	"strconv"
	"sync"

	"github.com/labstack/echo/v4"
)

// buffers hold the memory of answers that have been sent.
var buffers = sync.Pool{New: func() any { return new([]byte) }}

// maxBuffer is the size in bytes from which on memory is not kept.
const maxBuffer = 64 << 10

// WithBuffer calls f with memory to append an answer to, which is used again when
// f has returned what became of it.
func WithBuffer(f func(b []byte) ([]byte, error)) error {
	buffer := buffers.Get().(*[]byte)
	b, err := f((*buffer)[:0])
	if cap(b) <= maxBuffer {
		*buffer = b
		buffers.Put(buffer)
	}
	return err
}

// Sized answers with JSON of a stated length, so that none of it can go missing
// unnoticed.
func Sized(c echo.Context, body []byte) error {
	c.Response().Header().Set(echo.HeaderContentLength, strconv.Itoa(len(body)))
	return c.JSONBlob(http.StatusOK, body)
}
