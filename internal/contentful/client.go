package contentful

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/segue-dev/segue/internal/fault"
)

const (
	deliveryType   = "application/vnd.contentful.delivery.v1+json"
	managementType = "application/vnd.contentful.management.v1+json"

	// maxBody bounds an answer: the API's own limit is 7 MB.
	maxBody = 64 << 20
)

// A client sends requests to one API of one space.
type client struct {
	base        string // URL without trailing slash
	space       string
	environment string
	token       string
	access      string // the API that the token is for, in a word
	contentType string
	userAgent   string
	http        *http.Client
	retry       Retry
	pace        *pace // nil = as fast as one likes
	observer    Observer
}

func newClient(api, contentType, token string, o Options) (*client, error) {
	base, err := o.base(api)
	if err != nil {
		return nil, err
	}
	if o.Space == "" {
		return nil, fault.New(fault.Invalid, "the id of the space is missing")
	}
	if token == "" || strings.ContainsAny(token, " \r\n\t") {
		return nil, fault.New(fault.Invalid, "the access token is missing, or has blanks in it")
	}
	c := &client{
		base: base, space: o.Space, environment: cmp.Or(o.Environment, "master"), token: token, access: accesses[api],
		contentType: contentType, userAgent: cmp.Or(o.UserAgent, "app segue"), http: o.HTTP, retry: o.Retry, observer: o.Observer,
	}
	if c.http == nil {
		c.http = &http.Client{Timeout: defaultTimeout}
	}
	return c, nil
}

// inSpace returns a path within the space.
func (c *client) inSpace(path string) string {
	return "/spaces/" + url.PathEscape(c.space) + path
}

// inEnvironment returns a path within the environment.
func (c *client) inEnvironment(path string) string {
	return c.inSpace("/environments/" + url.PathEscape(c.environment) + path)
}

// A request is what one call asks for.
type request struct {
	method string
	path   string // after the base
	query  url.Values
	header http.Header
	body   []byte
}

// idempotent reports whether sending r twice is the same as once.
func (r *request) idempotent() bool {
	return r.method != http.MethodPost && r.method != http.MethodPatch
}

// get asks for path and decodes the answer into out.
func (c *client) get(ctx context.Context, path string, query url.Values, out any) error {
	return c.do(ctx, request{method: http.MethodGet, path: path, query: query}, out)
}

// do sends r, again if that may help, and decodes the answer into out unless it
// is nil. The error is an *Error if the API answered with one, and a
// fault.Unavailable if it could not be asked.
func (c *client) do(ctx context.Context, r request, out any) error {
	for n := 0; ; n++ {
		asked, err := c.once(ctx, r, out)
		if err == nil {
			return nil
		}
		if c.observer != nil {
			c.observer(Reason(err))
		}
		if ctx.Err() != nil {
			return c.unavailable(r, context.Cause(ctx))
		}
		if n+1 >= c.retry.attempts() || !again(r, err) {
			return err
		}
		wait, ok := c.retry.wait(n, asked)
		if !ok {
			return err
		}
		if c.retry.sleep(ctx, wait) != nil {
			return err
		}
	}
}

// again reports whether it may help to send r again after err.
func again(r request, err error) bool {
	if e, ok := errors.AsType[*Error](err); ok {
		limited := e.Status == http.StatusTooManyRequests
		return limited || e.Status >= http.StatusInternalServerError && r.idempotent()
	}
	return fault.KindOf(err) == fault.Unavailable && r.idempotent()
}

// once sends r once. It returns how long the API asks to wait, if it does.
func (c *client) once(ctx context.Context, r request, out any) (time.Duration, error) {
	if err := c.pace.wait(ctx); err != nil {
		return 0, c.unavailable(r, err)
	}
	req, err := c.newRequest(ctx, r)
	if err != nil {
		return 0, err
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return 0, c.unavailable(r, err)
	}
	defer resp.Body.Close()
	c.pace.learn(resp.Header)
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxBody))
	if err != nil {
		return 0, c.unavailable(r, err)
	}
	if resp.StatusCode >= http.StatusBadRequest {
		return reset(resp.Header), c.told(newError(r.method, r.path, resp, body))
	}
	if out == nil || len(body) == 0 {
		return 0, nil
	}
	if err := json.Unmarshal(body, out); err != nil {
		return 0, c.unavailable(r, fmt.Errorf("the answer is not what the API promises: %w", err))
	}
	return 0, nil
}

func (c *client) newRequest(ctx context.Context, r request) (*http.Request, error) {
	target := c.base + r.path
	if len(r.query) > 0 {
		target += "?" + r.query.Encode()
	}
	req, err := http.NewRequestWithContext(ctx, r.method, target, bytes.NewReader(r.body))
	if err != nil {
		return nil, fault.Wrap(fault.Invalid, err, "%s %s", r.method, r.path)
	}
	req.Header.Set("Authorization", "Bearer "+c.token)
	req.Header.Set("Content-Type", c.contentType)
	req.Header.Set("X-Contentful-User-Agent", c.userAgent+";")
	maps.Copy(req.Header, r.header)
	return req, nil
}

// reset returns how long a rate limit asks to wait.
func reset(h http.Header) time.Duration {
	seconds, err := strconv.ParseFloat(h.Get("X-Contentful-Ratelimit-Reset"), 64)
	if err != nil || seconds < 0 || seconds > 1e6 {
		return 0
	}
	return time.Duration(seconds * float64(time.Second))
}

// unavailable says that the API could not be asked. The URLs that the standard
// library puts into errors are left out: they may be long, and say nothing that
// the path does not.
func (c *client) unavailable(r request, err error) error {
	if u, ok := errors.AsType[*url.Error](err); ok {
		err = u.Err
	}
	return fault.Wrap(fault.Unavailable, err, "%s %s%s: Contentful cannot be asked", r.method, c.base, r.path)
}

// accesses name the tokens of the APIs.
var accesses = map[string]string{"cda": "delivery", "cpa": "preview", "cma": "management"}

// told adds to an answer which token was sent, and takes the token itself out of
// it, should it be there.
func (c *client) told(e *Error) *Error {
	e.access = c.access
	e.Message = strings.ReplaceAll(e.Message, c.token, "[token]")
	e.Details = json.RawMessage(strings.ReplaceAll(string(e.Details), c.token, "[token]"))
	return e
}
