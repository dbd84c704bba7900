package contentful

import (
	"cmp"
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/segue-dev/segue/internal/fault"
)

// Options say which space a client works on, and how.
type Options struct {
	Space       string
	Environment string // or an alias; "" = master
	// BaseURL replaces https://cdn.contentful.com and its like, for a proxy or a
	// stand-in; it may have a path. "" = the host of the API and Region.
	BaseURL string
	Region  string // of data residency: "" or "eu"
	HTTP    *http.Client
	Retry   Retry
	// Observer is told of each attempt that failed; nil = nobody is.
	Observer Observer
	// UserAgent is sent as X-Contentful-User-Agent, e.g. "app segue/1.2".
	UserAgent string
}

// An Observer is told the Reason why an attempt failed.
type Observer func(reason string)

// A Retry bounds how often and how long a request is tried again.
type Retry struct {
	Attempts int           // in all; 0 = 6
	MaxWait  time.Duration // before one attempt, and the most a rate limit is waited for; 0 = 30 s
	// Sleep waits, or returns the error of ctx if that ends first; nil = real
	// time.
	Sleep func(ctx context.Context, d time.Duration) error
}

// defaultTimeout bounds one attempt, body included.
const defaultTimeout = 30 * time.Second

// hosts are those of the APIs, without and with a region.
var hosts = map[string][2]string{
	"cda": {"cdn.contentful.com", "cdn.%s.contentful.com"},
	"cpa": {"preview.contentful.com", "preview.%s.contentful.com"},
	"cma": {"api.contentful.com", "api.%s.contentful.com"},
}

// base returns the URL that paths of an API are appended to.
func (o Options) base(api string) (string, error) {
	base := o.BaseURL
	switch {
	case base == "" && o.Region == "":
		base = "https://" + hosts[api][0]
	case base == "":
		base = "https://" + fmt.Sprintf(hosts[api][1], url.PathEscape(o.Region))
	}
	u, err := url.Parse(base)
	if err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") {
		return "", fault.New(fault.Invalid, "%q is not the URL of an API, such as https://cdn.contentful.com", base)
	}
	if u.User != nil || u.RawQuery != "" {
		return "", fault.New(fault.Invalid, "the URL of an API must have neither a user nor a query")
	}
	return strings.TrimSuffix(base, "/"), nil
}

// attempts returns how often a request is sent at most.
func (r Retry) attempts() int { return cmp.Or(r.Attempts, 6) }

// maxWait returns the longest wait before one attempt.
func (r Retry) maxWait() time.Duration { return cmp.Or(r.MaxWait, 30*time.Second) }

// sleep waits.
func (r Retry) sleep(ctx context.Context, d time.Duration) error {
	if r.Sleep != nil {
		return r.Sleep(ctx, d)
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-timer.C:
		return nil
	}
}

// wait returns how long to wait before attempt n+1: what the API asks for, else
// twice as long each time, with up to as much again so that many clients do not
// come back at once. It is false if that is longer than one should wait.
func (r Retry) wait(n int, asked time.Duration) (time.Duration, bool) {
	if asked > r.maxWait() {
		return 0, false
	}
	base := asked
	if base <= 0 {
		base = min(250*time.Millisecond<<min(n, 10), r.maxWait()/2)
	}
	spread := min(base, time.Second)
	return base + rand.N(spread+1), true //nolint:gosec // jitter is no secret
}
