package reply

import (
	"bufio"
	"bytes"
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"io"
	"net/http"
	"strings"
	"sync"

	"github.com/klauspost/compress/zstd"
	"github.com/labstack/echo/v4"
)

// decompressed returns what src holds under a Content-Encoding; how much of it is
// read is for the caller to bound.
func decompressed(src io.Reader, encoding string) (plain io.Reader, err error) {
	switch strings.ToLower(strings.TrimSpace(encoding)) {
	case "", "identity":
		return src, nil
	case "gzip", "x-gzip":
		plain, err = gzip.NewReader(src)
	case "deflate":
		plain, err = inflater(src)
	case "zstd":
		plain, err = unzstd(src)
	default:
		return nil, echo.NewHTTPError(http.StatusUnsupportedMediaType,
			"Content-Encoding: gzip, zstd and deflate are understood; send one of them, or the body as it is")
	}
	if err != nil {
		return nil, unreadable(err)
	}
	return plain, nil
}

// inflater reads deflate, which by HTTP is in the form of zlib, and of some
// clients without it.
func inflater(src io.Reader) (io.Reader, error) {
	const deflated, head = 8, 2 // zlib's method, and the bytes that tell it
	b := bufio.NewReader(src)
	start, err := b.Peek(head)
	if err != nil {
		return nil, err
	}
	if start[0]&0x0f == deflated && (int(start[0])<<8|int(start[1]))%31 == 0 {
		return zlib.NewReader(b)
	}
	return flate.NewReader(b), nil
}

// maxWindow is how many bytes a zstd frame may say that it refers back: what RFC
// 9659 has everybody support.
const maxWindow = 8 << 20

// zstdDecoder decodes whole bodies, as many at a time as there are processors.
// It takes no frame with a wider window than the memory that it may use, so a
// body takes a few times maxWindow before it is found to be over MaxBody.
var zstdDecoder = sync.OnceValue(func() *zstd.Decoder {
	d, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(0), zstd.WithDecoderLowmem(true),
		zstd.WithDecoderMaxMemory(maxWindow))
	if err != nil {
		panic(err) // the options are constants
	}
	return d
})

// unzstd decodes all of src at once: a decoder of streams would make room for
// the window that the sender claims.
func unzstd(src io.Reader) (io.Reader, error) {
	compressed, err := io.ReadAll(src)
	if err == nil && len(compressed) == 0 {
		err = io.ErrUnexpectedEOF
	}
	if err != nil {
		return nil, err
	}
	plain, err := zstdDecoder().DecodeAll(compressed, nil)
	return bytes.NewReader(plain), err
}
