package reply

import (
	"net/http"
	"strconv"
	"time"
)

// maxPrivate caps max-age: caches that keep longer are rare and clocks drift.
const maxPrivate = 24 * time.Hour

// Private lets the visitor's own cache, and no other, keep an answer for as many
// whole seconds as it holds: from at until validUntil, whose zero is for ever.
func Private(header http.Header, at, validUntil time.Time) {
	holds := maxPrivate
	if !validUntil.IsZero() {
		holds = min(holds, validUntil.Sub(at))
	}
	if holds < time.Second {
		NoStore(header)
		return
	}
	header.Set("Cache-Control", "private, max-age="+strconv.FormatInt(int64(holds/time.Second), 10))
}

// NoStore lets no cache keep an answer.
func NoStore(header http.Header) { header.Set("Cache-Control", "private, no-store") }
