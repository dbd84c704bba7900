// Package signature signs and verifies requests as Contentful does: webhooks of
// a space with a signing secret, app events, app actions, and requests that an
// app's front end had signed.
//
// The rule it upholds: what it signs, Contentful's own toolkit verifies, and
// what the toolkit signs, it verifies, quirks included: the query is escaped
// twice, and what follows a second question mark is not covered. It is stricter
// than the toolkit in two things: an instant may not lie ahead of the clock by
// more than the time to live, so that a request can be replayed for a bounded
// time only; and a timestamp is a number and nothing else.
package signature

import (
	"cmp"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/segue-dev/segue/internal/fault"
)

// The headers of a signed request.
const (
	Header              = "X-Contentful-Signature"
	SignedHeadersHeader = "X-Contentful-Signed-Headers"
	TimestampHeader     = "X-Contentful-Timestamp"
)

// The same, as they are signed.
var (
	signatureName     = strings.ToLower(Header)
	signedHeadersName = strings.ToLower(SignedHeadersHeader)
	timestampName     = strings.ToLower(TimestampHeader)
)

// SecretLength is how many characters a secret has: letters, digits and +/=_-.
const SecretLength = 64

// DefaultTTL is how long a signature is good unless one says otherwise.
const DefaultTTL = 30 * time.Second

// The reasons to refuse a request.
var (
	ErrUnsigned = errors.New("the request is not signed, or not as Contentful signs")
	ErrExpired  = errors.New("the signature is not of this moment: it has expired, or one of the clocks is wrong")
	ErrMismatch = errors.New("the signature is not that of the request under any secret")
)

// A Request is what a signature covers.
type Request struct {
	Method string
	Path   string // with the query, as the request line has it; begins with a slash
	Header http.Header
	Body   []byte
}

// Received returns a request as a server got it; body is all of its body.
func Received(r *http.Request, body []byte) Request {
	header := r.Header
	if r.Host != "" { // the server takes it out of the headers
		header = maps.Clone(header)
		header.Set("Host", r.Host)
	}
	path := r.RequestURI
	if !strings.HasPrefix(path, "/") { // it was made by hand, or names a host
		path = r.URL.RequestURI()
	}
	return Request{Method: r.Method, Path: path, Header: header, Body: body}
}

// A Context says on whose behalf an app's request is made. What is "" is not
// told.
type Context struct{ CRN, Space, Environment, User, App string }

// headers returns the headers that tell c.
func (c Context) headers() map[string]string {
	all := map[string]string{
		"x-contentful-crn":            c.CRN,
		"x-contentful-space-id":       c.Space,
		"x-contentful-environment-id": c.Environment,
		"x-contentful-user-id":        c.User,
		"x-contentful-app-id":         c.App,
	}
	maps.DeleteFunc(all, func(_, value string) bool { return value == "" })
	return all
}

// CheckSecret returns a fault.Invalid error unless Contentful takes secret for
// one. The error does not tell the secret.
func CheckSecret(secret string) error {
	if len(secret) != SecretLength {
		return fault.New(fault.Invalid, "a signing secret has %d characters, not %d", SecretLength, len(secret))
	}
	for _, c := range []byte(secret) {
		if !isAlphanumeric(c) && !strings.ContainsRune("+/=_-", rune(c)) {
			return fault.New(fault.Invalid, "a signing secret has letters, digits and +/=_- only")
		}
	}
	return nil
}

// Sign returns the headers that make r a signed request: those of the signature
// and of c. It covers all headers that r has. The error is a fault.Invalid for
// a bad secret or a path that does not begin with a slash.
func Sign(secret string, r Request, c Context, at time.Time) (http.Header, error) {
	if err := CheckSecret(secret); err != nil {
		return nil, err
	}
	if !strings.HasPrefix(r.Path, "/") {
		return nil, fault.New(fault.Invalid, "the path %q does not begin with a slash", r.Path)
	}
	covered := normalized(r.Header, asIs)
	delete(covered, signatureName)
	told := normalized(httpHeader(c.headers()), asIs)
	maps.Copy(covered, told)
	signature := sign(secret, r, covered, strconv.FormatInt(at.UnixMilli(), 10))
	signed := httpHeader(told)
	signed.Set(Header, signature)
	signed.Set(SignedHeadersHeader, covered[signedHeadersName])
	signed.Set(TimestampHeader, covered[timestampName])
	return signed, nil
}

// A Verifier tells signed requests from others.
type Verifier struct {
	secrets []string
	ttl     time.Duration
}

// NewVerifier returns a verifier that takes a signature under any of secrets, so
// that they can be rotated. A signature is good for ttl before and after its
// instant; 0 = DefaultTTL. The error is a fault.Invalid for bad secrets.
func NewVerifier(secrets []string, ttl time.Duration) (*Verifier, error) {
	for i, secret := range secrets {
		if err := CheckSecret(secret); err != nil {
			return nil, fmt.Errorf("secret %d: %w", i+1, err)
		}
	}
	return &Verifier{slices.Clone(secrets), cmp.Or(ttl, DefaultTTL)}, nil
}

// TTL returns how long before and after its instant a signature is good.
func (v *Verifier) TTL() time.Duration { return v.ttl }

// Verify returns nil if r is signed under one of the secrets, and else one of
// the reasons above. It takes the same time whatever the signature is.
func (v *Verifier) Verify(r Request, now time.Time) error {
	claimed := normalized(r.Header, asIs)
	signature, timestamp := claimed[signatureName], claimed[timestampName]
	names := strings.Split(claimed[signedHeadersName], ",")
	millis, err := strconv.ParseInt(timestamp, 10, 64)
	if err != nil || len(signature) != hex.EncodedLen(sha256.Size) || len(names) < 2 || !strings.HasPrefix(r.Path, "/") {
		return ErrUnsigned
	}
	if now.Sub(time.UnixMilli(millis)).Abs() >= v.ttl {
		return ErrExpired
	}
	good := false
	for _, secret := range v.secrets {
		for _, read := range readings(r.Header) {
			covered := picked(normalized(r.Header, read), names)
			good = hmac.Equal([]byte(sign(secret, r, covered, timestamp)), []byte(signature)) || good
		}
	}
	if !good {
		return ErrMismatch
	}
	return nil
}

// picked returns the headers with the given names.
func picked(headers map[string]string, names []string) map[string]string {
	maps.DeleteFunc(headers, func(name, _ string) bool { return !slices.Contains(names, name) })
	return headers
}

// sign returns the signature of r with the headers covered, to which it adds
// those that are covered always.
func sign(secret string, r Request, covered map[string]string, timestamp string) string {
	covered[timestampName], covered[signedHeadersName] = timestamp, ""
	names := slices.Sorted(maps.Keys(covered))
	covered[signedHeadersName] = strings.Join(names, ",")
	mac := hmac.New(sha256.New, []byte(secret))
	fmt.Fprintf(mac, "%s\n%s\n", r.Method, canonicalPath(r.Path))
	for i, name := range names {
		if i > 0 {
			mac.Write([]byte{';'})
		}
		fmt.Fprintf(mac, "%s:%s", name, covered[name])
	}
	mac.Write([]byte{'\n'})
	mac.Write(r.Body)
	return hex.EncodeToString(mac.Sum(nil))
}
