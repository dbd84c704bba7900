package delivery

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"strings"
	"sync"

	"github.com/segue-dev/segue/internal/contentful/emulator/wire"
)

// An answer is a body of JSON.
type answer struct {
	status int // 0 = 200
	body   []byte
}

// marshaled answers with a value.
func marshaled(v any) (answer, error) {
	body, err := json.Marshal(v)
	return answer{body: body}, err
}

var allowHeaders = strings.Join([]string{
	"Accept", "Accept-Language", "Authorization", "Cache-Control", "Content-Length", "Content-Range", "Content-Type", "DNT", "Destination",
	"Expires", "If-Match", "If-Modified-Since", "If-None-Match", "Keep-Alive", "Last-Modified", "Origin", "Pragma", "Range", "User-Agent",
	"X-Http-Method-Override", "X-Mx-ReqToken", "X-Requested-With", "X-Contentful-Version", "X-Contentful-Content-Type",
	"X-Contentful-Organization", "X-Contentful-Skip-Transformation", "X-Contentful-User-Agent", "X-Contentful-Enable-Alpha-Feature",
	"X-Contentful-Resource-Resolution", "X-Contentful-Locale-Based-Publishing",
}, ",")

// header sets what all answers have.
func (a *API) header(h http.Header) {
	name, limit := "cda", "55"
	if a.opts.Preview {
		name, limit = "cpa", "14"
	}
	for name, value := range map[string]string{
		"Access-Control-Allow-Origin":         "*",
		"Access-Control-Allow-Headers":        allowHeaders,
		"Access-Control-Allow-Methods":        "GET,HEAD,OPTIONS",
		"Access-Control-Expose-Headers":       "Etag",
		"Access-Control-Max-Age":              "86400",
		"Contentful-Api":                      name,
		"X-Contentful-Region":                 "us-east-1",
		"X-Contentful-Ratelimit-Second-Limit": limit,
	} {
		if h.Get(name) == "" {
			h.Set(name, value)
		}
	}
}

// write sends the answer, compressed if the client takes that, or nothing but
// its tag if the client has it already.
func (a answer) write(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	sum := sha256.Sum256(a.body)
	tag := `"` + hex.EncodeToString(sum[:16]) + `"`
	compress := strings.Contains(r.Header.Get("Accept-Encoding"), "gzip")
	h.Set("Etag", tag)
	h.Set("Vary", "Accept-Encoding")
	if compress {
		h.Set("Etag", "W/"+tag)
	}
	if a.status == 0 && has(r.Header.Get("If-None-Match"), tag) {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	h.Set("Content-Type", wire.DeliveryType)
	body := a.body
	if compress {
		h.Set("Content-Encoding", "gzip")
		body = zipped(body)
	}
	if a.status != 0 {
		w.WriteHeader(a.status)
	}
	_, _ = w.Write(body) // the client is gone if this fails
}

// has reports whether the tags of If-None-Match have one, weak or strong.
func has(tags, tag string) bool {
	for t := range strings.SplitSeq(tags, ",") {
		if t = strings.TrimSpace(t); t == "*" || strings.TrimPrefix(t, "W/") == tag {
			return true
		}
	}
	return false
}

var zippers = sync.Pool{New: func() any {
	z, _ := gzip.NewWriterLevel(nil, gzip.BestSpeed) // the level is one
	return z
}}

func zipped(body []byte) []byte {
	var b bytes.Buffer
	z := zippers.Get().(*gzip.Writer)
	defer zippers.Put(z)
	z.Reset(&b)
	_, _ = z.Write(body) // a buffer takes everything
	_ = z.Close()
	return b.Bytes()
}
