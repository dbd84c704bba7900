package native

import (
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/segue-dev/segue/internal/permutation"
	"github.com/segue-dev/segue/internal/resolve"
)

// Caching says how shared caches may keep pages. The zero value lets them keep
// nothing for long.
type Caching struct {
	SharedAge            time.Duration // for how long they need not ask
	StaleWhileRevalidate time.Duration // for how much longer they may answer while they ask
	StaleIfError         time.Duration // and while nobody answers them
	TagHeaders           []string      // the headers that carry tags, of TagHeaders()
}

// cdnCacheControl is the header of RFC 9213 for content delivery networks
// alone.
const cdnCacheControl = "Cdn-Cache-Control"

// cacheControl lets browsers ask each time, since only shared caches are purged.
func (o Caching) cacheControl() string {
	return "public, max-age=0, s-maxage=" + seconds(o.SharedAge) + o.stale()
}

func (o Caching) cdnCacheControl() string {
	return "public, max-age=" + seconds(o.SharedAge) + o.stale()
}

func (o Caching) stale() string {
	return ", stale-while-revalidate=" + seconds(o.StaleWhileRevalidate) + ", stale-if-error=" + seconds(o.StaleIfError)
}

func seconds(d time.Duration) string { return itoa(int(d / time.Second)) }

func itoa(n int) string { return strconv.Itoa(n) }

// A tagHeader is how one kind of cache wants to be told tags, and its limits.
type tagHeader struct {
	separator string
	quoted    bool // each is a string of RFC 9651
	maxTags   int
	maxTag    int // bytes
}

// tagHeaders are those there are: of Fastly (and Varnish's xkey), of Cloudflare
// and CloudFront, of Akamai, of Netlify, and of RFC 9875, by which caches must
// take 32.
var tagHeaders = map[string]tagHeader{
	"Surrogate-Key":     {" ", false, math.MaxInt, 1024},
	"Cache-Tag":         {",", false, 50, 256},
	"Edge-Cache-Tag":    {",", false, math.MaxInt, 128},
	"Netlify-Cache-Tag": {",", false, 500, 1024},
	"Cache-Groups":      {", ", true, 32, 128},
}

// TagHeaders returns the names of the headers that can carry tags, in order.
func TagHeaders() []string { return slices.Sorted(maps.Keys(tagHeaders)) }

func (h tagHeader) join(tags []string) string {
	if h.quoted {
		return `"` + strings.Join(tags, `"`+h.separator+`"`) + `"`
	}
	return strings.Join(tags, h.separator)
}

// maxTagBytes bounds the bytes of all tag headers of an answer, names included,
// so that with the others they stay within the 4 KiB that proxies commonly set
// aside for the headers of an answer.
const maxTagBytes = 3 << 10

// tagsOf returns what the page may be purged by: permutation.TagAll, its permutation, the
// page, and each entry and asset that it shows, or permutation.TagMany if those do not fit
// into the headers.
func (o Caching) tagsOf(p *resolve.KeyedPage) []string {
	few := []string{permutation.TagAll, p.Of.Tag(), permutation.TagOfPage(p.Of.Page)}
	tags := slices.Clone(few)
	for _, id := range p.Entities {
		tags = append(tags, permutation.TagOfEntity(id))
	}
	if o.fit(tags) {
		return tags
	}
	return append(few, permutation.TagMany)
}

// fit reports whether tags are within the limits of all headers that carry them.
func (o Caching) fit(tags []string) bool {
	total := 0
	for _, name := range o.TagHeaders {
		h := tagHeaders[name]
		if len(tags) > h.maxTags {
			return false
		}
		total += len(name) + len(": \r\n") + len(h.join(tags))
	}
	return total <= maxTagBytes
}
