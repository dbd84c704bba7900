package purge

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// A client asks one address, and only that: redirects are failures.
type client struct {
	kind string
	base *url.URL
	http *http.Client
}

// maxAnswer is how much of an answer is read, in bytes.
const maxAnswer = 64 << 10

// newClient returns the client of an address, which must be a URL without user
// and query.
func newClient(kind, address string) (client, error) {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" || u.User != nil {
		return client{}, fmt.Errorf("%s: it must be a URL without a user, such as http://127.0.0.1:6081", kind)
	}
	return client{kind: kind, base: u, http: &http.Client{
		Timeout:       patience,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}, nil
}

// Name implements Target. Paths and queries are left out: they may be secrets.
func (c *client) Name() string { return c.kind + " " + c.base.Host }

// request returns a request for an address below the base, "" for that itself.
func (c *client) request(ctx context.Context, method, below, body string) (*http.Request, error) {
	address := c.base.String()
	if below != "" {
		address = strings.TrimSuffix(address, "/") + below
	}
	r, err := http.NewRequestWithContext(ctx, method, address, strings.NewReader(body))
	if err != nil {
		return nil, errors.New("the request cannot be made")
	}
	r.Header.Set("User-Agent", "segue")
	return r, nil
}

// do sends a request and returns the start of the answer. A status other than
// 2xx and those accepted is an error. No error has the address, a header or a
// body in it.
func (c *client) do(r *http.Request, accepted ...int) ([]byte, error) {
	res, err := c.http.Do(r)
	if err != nil {
		if u, ok := errors.AsType[*url.Error](err); ok {
			err = u.Err
		}
		return nil, err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer))
	if err != nil {
		return nil, err
	}
	if res.StatusCode/100 == 2 || slices.Contains(accepted, res.StatusCode) {
		return body, nil
	}
	return nil, fmt.Errorf("answered %s%s", res.Status, hint(res.StatusCode))
}

// hint says what to look at when a cache refuses.
func hint(status int) string {
	switch status {
	case http.StatusUnauthorized, http.StatusForbidden:
		return ": may this address, or this token, purge?"
	case http.StatusMethodNotAllowed:
		return ": its configuration does not let this address purge"
	case http.StatusMovedPermanently, http.StatusFound, http.StatusTemporaryRedirect, http.StatusPermanentRedirect:
		return ": redirects are not followed; configure where it leads"
	default:
		return ""
	}
}

// tagsOf returns the tags of drops.
func tagsOf(drops []Drop) []string {
	tags := make([]string, len(drops))
	for i, d := range drops {
		tags[i] = d.Tag()
	}
	return tags
}
