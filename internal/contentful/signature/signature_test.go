package signature_test

import (
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/segue-dev/segue/internal/contentful/signature"
)

var (
	secret  = strings.Repeat("0123456789abcdef", 4)
	another = strings.Repeat("fedcba9876543210", 4)
	at      = time.UnixMilli(1700000000000)
)

func headers(pairs ...string) http.Header {
	h := http.Header{}
	for i := 0; i < len(pairs); i += 2 {
		h.Set(pairs[i], pairs[i+1])
	}
	return h
}

// The vectors were made with Contentful's toolkit.
func TestVectorsOfTheToolkit(t *testing.T) {
	for name, tc := range map[string]struct {
		request        signature.Request
		context        signature.Context
		signed, is     string
		contextHeaders http.Header
	}{
		"a webhook": {
			request: signature.Request{
				Method: "POST", Path: "/hook", Body: []byte(`{"a":1}`),
				Header: headers("Content-Type", "application/vnd.contentful.management.v1+json", "X-Contentful-Topic", "ContentManagement.Entry.publish"),
			},
			signed: "content-type,x-contentful-signed-headers,x-contentful-timestamp,x-contentful-topic",
			is:     "04131e4826c72f851a3aa45c733b15f477b8a8d35259c8533d0630980b052fe6",
		},
		"a query": {
			request: signature.Request{Method: "GET", Path: "/hook?b=2&a=x y/é"},
			signed:  "x-contentful-signed-headers,x-contentful-timestamp",
			is:      "b2d916daa0390aa9b09cabdf6595f89d2f99f1cd239bb31d2b00fae554aaf748",
		},
		"a context": {
			request: signature.Request{Method: "POST", Path: "/é", Header: http.Header{" X-Foo ": {" bar "}}},
			context: signature.Context{Space: "sp1", Environment: "master", User: "u1", App: "a1"},
			signed:  "x-contentful-app-id,x-contentful-environment-id,x-contentful-signed-headers,x-contentful-space-id,x-contentful-timestamp,x-contentful-user-id,x-foo",
			is:      "e2de8557c98fe0a680fc4c35d5f6c86b50c494c94cf7cbc56e3f3f330968f55c",
		},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := signature.Sign(secret, tc.request, tc.context, at)
			require.NoError(t, err)
			require.Equal(t, tc.is, got.Get(signature.Header))
			require.Equal(t, tc.signed, got.Get(signature.SignedHeadersHeader))
			require.Equal(t, "1700000000000", got.Get(signature.TimestampHeader))
			require.Equal(t, tc.context.Space, got.Get("X-Contentful-Space-Id"))
			require.NoError(t, verify(t, with(tc.request, got), at, secret))
		})
	}
}

// with returns r with more headers.
func with(r signature.Request, more http.Header) signature.Request {
	header := r.Header.Clone()
	if header == nil {
		header = http.Header{}
	}
	maps.Copy(header, more)
	r.Header = header
	return r
}

func verify(t testing.TB, r signature.Request, now time.Time, secrets ...string) error {
	t.Helper()
	v, err := signature.NewVerifier(secrets, 0)
	require.NoError(t, err)
	return v.Verify(r, now)
}

func signed(t testing.TB, r signature.Request) signature.Request {
	t.Helper()
	h, err := signature.Sign(secret, r, signature.Context{}, at)
	require.NoError(t, err)
	return with(r, h)
}

func webhook(t testing.TB) signature.Request {
	return signed(t, signature.Request{
		Method: "POST", Path: "/webhooks/contentful?x=1", Body: []byte(`{"sys":{}}`),
		Header: headers("X-Contentful-Topic", "ContentManagement.Entry.publish", "Content-Type", "application/json"),
	})
}

func TestWhatWasTamperedWithIsRefused(t *testing.T) {
	set := func(name, value string) func(*signature.Request) {
		return func(r *signature.Request) { r.Header.Set(name, value) }
	}
	for name, tc := range map[string]struct {
		edit func(*signature.Request)
		want error
	}{
		"nothing":                     {func(*signature.Request) {}, nil},
		"a header that is not signed": {set("X-Forwarded-For", "10.0.0.1"), nil},
		"blanks around a header":      {set("Content-Type", "  application/json\t"), nil},
		"the body":                    {func(r *signature.Request) { r.Body = []byte(`{"sys":{ }}`) }, signature.ErrMismatch},
		"the method":                  {func(r *signature.Request) { r.Method = "PUT" }, signature.ErrMismatch},
		"the path":                    {func(r *signature.Request) { r.Path = "/webhooks/contentfu?x=1" }, signature.ErrMismatch},
		"the query":                   {func(r *signature.Request) { r.Path = "/webhooks/contentful?x=2" }, signature.ErrMismatch},
		"a signed header":             {set("X-Contentful-Topic", "ContentManagement.Entry.delete"), signature.ErrMismatch},
		"a signed header taken away":  {func(r *signature.Request) { r.Header.Del("X-Contentful-Topic") }, signature.ErrMismatch},
		"a header signed no more":     {set(signature.SignedHeadersHeader, "content-type,x-contentful-signed-headers,x-contentful-timestamp"), signature.ErrMismatch},
		"the instant":                 {set(signature.TimestampHeader, "1700000000001"), signature.ErrMismatch},
		"no instant":                  {func(r *signature.Request) { r.Header.Del(signature.TimestampHeader) }, signature.ErrUnsigned},
		"an instant and more":         {set(signature.TimestampHeader, "1700000000000x"), signature.ErrUnsigned},
		"no signature":                {func(r *signature.Request) { r.Header.Del(signature.Header) }, signature.ErrUnsigned},
		"a short signature":           {set(signature.Header, "04131e"), signature.ErrUnsigned},
		"a signature in capitals": {func(r *signature.Request) {
			r.Header.Set(signature.Header, strings.ToUpper(r.Header.Get(signature.Header)))
		}, signature.ErrMismatch},
		"no list of headers": {func(r *signature.Request) { r.Header.Del(signature.SignedHeadersHeader) }, signature.ErrUnsigned},
	} {
		t.Run(name, func(t *testing.T) {
			r := webhook(t)
			tc.edit(&r)
			require.Equal(t, tc.want, verify(t, r, at, secret))
		})
	}
}

func TestASignatureIsGoodForItsTime(t *testing.T) {
	r := webhook(t)
	for ahead, want := range map[time.Duration]error{
		0: nil, 29999 * time.Millisecond: nil, 30 * time.Second: signature.ErrExpired, time.Hour: signature.ErrExpired,
		-29999 * time.Millisecond: nil, -30 * time.Second: signature.ErrExpired,
	} {
		require.Equal(t, want, verify(t, r, at.Add(ahead), secret), ahead)
	}
}

func TestSecretsCanBeRotated(t *testing.T) {
	r := webhook(t)
	require.NoError(t, verify(t, r, at, another, secret))
	require.NoError(t, verify(t, r, at, secret, another))
	require.Equal(t, signature.ErrMismatch, verify(t, r, at, another))
	require.Equal(t, signature.ErrMismatch, verify(t, r, at), "without a secret nothing is good")
}

func TestBadSecretsAreNotToldInErrors(t *testing.T) {
	for _, bad := range []string{"", "tooshort", secret + "x", strings.Repeat("é", 32), strings.Repeat("!", 64)} {
		_, err := signature.NewVerifier([]string{secret, bad}, 0)
		require.ErrorContains(t, err, "secret 2: a signing secret has ")
		if bad != "" {
			require.NotContains(t, err.Error(), bad)
		}
	}
}

func TestAServerSeesWhatWasSigned(t *testing.T) {
	h, err := signature.Sign(secret, signature.Request{Method: "POST", Path: "/a%20b?x=%C3%A9", Header: headers("Host", "hook.test"), Body: []byte("é")}, signature.Context{}, at)
	require.NoError(t, err)
	req := httptest.NewRequest(http.MethodPost, "http://hook.test/a%20b?x=%C3%A9", strings.NewReader("é"))
	maps.Copy(req.Header, h)
	require.NoError(t, verify(t, signature.Received(req, []byte("é")), at, secret))
}

// Node sends and reads the characters of headers as bytes of Latin-1, and signs
// them as UTF-8.
func TestHeadersMayBeLatin1OnTheWire(t *testing.T) {
	r := signed(t, signature.Request{Method: "POST", Path: "/", Header: headers("X-Contentful-Webhook-Name", "Café")})
	r.Header.Set("X-Contentful-Webhook-Name", "Caf\xe9")
	require.NoError(t, verify(t, r, at, secret))
	r.Header.Set("X-Contentful-Webhook-Name", "Caf\xe8")
	require.Equal(t, signature.ErrMismatch, verify(t, r, at, secret))
}

func TestWhatIsSignedIsVerified(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := signature.Request{
			Method: rapid.SampledFrom([]string{"GET", "POST", "PUT", "DELETE"}).Draw(t, "method"),
			Path:   "/" + rapid.String().Draw(t, "path"),
			Header: http.Header{},
			Body:   rapid.SliceOf(rapid.Byte()).Draw(t, "body"),
		}
		for name, value := range rapid.MapOf(rapid.StringMatching(`[A-Za-z0-9-]{1,12}`), rapid.String()).Draw(t, "headers") {
			r.Header.Set(name, value)
		}
		h, err := signature.Sign(secret, r, signature.Context{}, at)
		if err != nil {
			t.Fatal(err)
		}
		v, err := signature.NewVerifier([]string{another, secret}, 0)
		if err != nil {
			t.Fatal(err)
		}
		if err := v.Verify(with(r, h), at); err != nil {
			t.Fatalf("%v for %+v", err, with(r, h))
		}
		other := with(r, h)
		other.Body = append([]byte{'x'}, other.Body...)
		if v.Verify(other, at) == nil {
			t.Fatal("another body has the same signature")
		}
	})
}

func FuzzNothingUnsignedIsVerified(f *testing.F) {
	good := webhook(f)
	f.Add(good.Path, good.Header.Get(signature.Header), good.Header.Get(signature.SignedHeadersHeader), good.Header.Get(signature.TimestampHeader), good.Body)
	f.Add("/", strings.Repeat("0", 64), ",", "1700000000000", []byte{})
	v, err := signature.NewVerifier([]string{another}, 0)
	require.NoError(f, err)
	f.Fuzz(func(t *testing.T, path, sig, names, timestamp string, body []byte) {
		r := signature.Request{Method: "POST", Path: path, Body: body, Header: headers(
			signature.Header, sig, signature.SignedHeadersHeader, names, signature.TimestampHeader, timestamp)}
		require.Error(t, v.Verify(r, at))
	})
}
