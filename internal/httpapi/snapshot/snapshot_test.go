package snapshot_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/segue-dev/segue/internal/fault"
	"github.com/segue-dev/segue/internal/httpapi/caller"
	"github.com/segue-dev/segue/internal/httpapi/snapshot"
	"github.com/segue-dev/segue/internal/resolve"
)

var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

// Secrets of tests: not secret.
var (
	one = base64.StdEncoding.EncodeToString([]byte("one............................."))
	two = base64.StdEncoding.EncodeToString([]byte("two............................."))
)

func ring(t testing.TB, algorithm string, secrets ...string) *snapshot.Ring {
	t.Helper()
	r, err := snapshot.NewRing(algorithm, secrets)
	require.NoError(t, err)
	return r
}

func typical() snapshot.Snapshot {
	return snapshot.Snapshot{
		Visitor: caller.NewID(), Segments: []string{"high-intent"}, Page: "home", Key: "eBsPNw", Rules: snapshot.Rules("rdf5c2c01dfec"),
		Issued: noon, Expires: noon.Add(time.Hour),
	}
}

func TestWhatIsSignedIsRead(t *testing.T) {
	for _, algorithm := range []string{snapshot.EdDSA, snapshot.HS256} {
		r := ring(t, algorithm, one)
		rapid.Check(t, func(t *rapid.T) {
			s := snapshot.Snapshot{
				Visitor: rapid.StringMatching(`[A-Za-z0-9_-]{1,40}`).Draw(t, "visitor"), Key: rapid.StringMatching(`[A-Za-z0-9]{0,8}`).Draw(t, "key"),
				Segments: rapid.SliceOfN(rapid.StringMatching(`[a-z0-9-]{1,20}`), 0, 30).Draw(t, "segments"),
				Rules:    "r1", Issued: noon, Expires: noon.Add(time.Minute),
			}
			token, dropped, err := r.Sign(s)
			require.NoError(t, err)
			if dropped > 0 {
				require.True(t, len(token) <= 300 || dropped == len(s.Segments)-1)
			}
			got, err := r.Verify(token, noon)
			require.NoError(t, err)
			require.Equal(t, s.Segments, append(got.Segments, s.Segments[len(got.Segments):]...), "the best are kept, in order")
			require.Equal(t, len(s.Segments), len(got.Segments)+got.Dropped, "and the others counted")
			got.Segments, got.Dropped = s.Segments, 0
			require.Equal(t, s, got)
		})
	}
}

func TestATypicalSnapshotIsShort(t *testing.T) {
	for algorithm, most := range map[string]int{snapshot.EdDSA: 320, snapshot.HS256: 260} {
		token, dropped, err := ring(t, algorithm, one).Sign(typical())
		require.NoError(t, err)
		require.Zero(t, dropped)
		require.LessOrEqual(t, len(token), most, algorithm)
	}
	huge := typical()
	huge.Visitor = strings.Repeat("v", 200)
	token, dropped, err := ring(t, snapshot.EdDSA, one).Sign(huge)
	require.NoError(t, err, "a long id is the operator's own")
	require.Greater(t, len(token), 300)
	require.Zero(t, dropped, "the current micro-segment stays")
	huge.Page = strings.Repeat("p", 1000)
	_, _, err = ring(t, snapshot.EdDSA, one).Sign(huge)
	require.ErrorContains(t, err, "at most 1024 are fit for a cookie")
}

func TestKeysAreExchangedWithoutLoss(t *testing.T) {
	for _, algorithm := range []string{snapshot.EdDSA, snapshot.HS256} {
		before, announced := ring(t, algorithm, one), ring(t, algorithm, one, two)
		exchanged, after := ring(t, algorithm, two, one), ring(t, algorithm, two)
		sign := func(r *snapshot.Ring) string {
			token, _, err := r.Sign(typical())
			require.NoError(t, err)
			return token
		}
		for _, step := range [][2]*snapshot.Ring{{before, announced}, {announced, exchanged}, {exchanged, after}} {
			for _, signer := range step {
				for _, verifier := range step {
					_, err := verifier.Verify(sign(signer), noon)
					require.NoError(t, err, "both nodes of a cluster that is being changed")
				}
			}
		}
		_, err := after.Verify(sign(before), noon)
		require.Error(t, err, "what the old key signed ends with it")
	}
}

func TestWhatIsNotOursIsRefused(t *testing.T) {
	r := ring(t, snapshot.EdDSA, one)
	good, _, err := r.Sign(typical())
	require.NoError(t, err)
	_, err = r.Verify(good, noon.Add(time.Hour-time.Millisecond))
	require.NoError(t, err)
	_, err = r.Verify(good, noon.Add(time.Hour))
	require.ErrorContains(t, err, "expired")

	parts := strings.Split(good, ".")
	encode := base64.RawURLEncoding.EncodeToString
	var header map[string]string
	raw, err := base64.RawURLEncoding.DecodeString(parts[0])
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(raw, &header))
	public := publicKey(t, r)
	for name, token := range map[string]string{
		"empty":                         "",
		"no JWS":                        "a.b",
		"unsigned":                      encode([]byte(`{"alg":"none"}`)) + "." + parts[1] + ".",
		"unsigned, with our kid":        encode([]byte(`{"alg":"none","kid":"`+header["kid"]+`"}`)) + "." + parts[1] + ".",
		"another's claims":              parts[0] + "." + encode([]byte(`{"sub":"admin","seg":[],"vk":"","rv":"","iat":0,"exp":99999999999}`)) + "." + parts[2],
		"another's key":                 first(ring(t, snapshot.EdDSA, two).Sign(typical())),
		"without kid":                   encode([]byte(`{"alg":"EdDSA"}`)) + "." + parts[1] + "." + parts[2],
		"cut":                           good[:len(good)-2],
		"the public key as HMAC secret": first(ring(t, snapshot.HS256, public).Sign(typical())),
		"HS256 with the same secret":    first(ring(t, snapshot.HS256, one).Sign(typical())),
		"too long":                      good + strings.Repeat("A", 2000),
		"JSON":                          `{"payload":"` + parts[1] + `","protected":"` + parts[0] + `","signature":"` + parts[2] + `"}`,
	} {
		_, err := r.Verify(token, noon)
		require.Error(t, err, name)
	}
}

func first(token string, _ int, err error) string {
	if err != nil {
		panic(err)
	}
	return token
}

func publicKey(t *testing.T, r *snapshot.Ring) string {
	t.Helper()
	keys, err := r.JWKS()
	require.NoError(t, err)
	var set struct{ Keys []struct{ X string } }
	require.NoError(t, json.Unmarshal(keys, &set))
	return set.Keys[0].X
}

func FuzzVerify(f *testing.F) {
	r := ring(f, snapshot.EdDSA, one)
	good, _, err := r.Sign(typical())
	require.NoError(f, err)
	f.Add(good)
	f.Add(strings.Replace(good, ".", "..", 1))
	f.Add("eyJhbGciOiJub25lIn0.e30.")
	f.Fuzz(func(t *testing.T, token string) {
		s, err := r.Verify(token, noon)
		if err == nil && token != good {
			// Base64 has spare bits at its end: what was signed is the same.
			want, _ := r.Verify(good, noon)
			require.Equal(t, want, s)
		}
	})
}

func TestOnlyPublicKeysArePublished(t *testing.T) {
	keys, err := ring(t, snapshot.EdDSA, one, two).JWKS()
	require.NoError(t, err)
	var set struct{ Keys []map[string]string }
	require.NoError(t, json.Unmarshal(keys, &set))
	require.Len(t, set.Keys, 2)
	for _, k := range set.Keys {
		require.Equal(t, "OKP", k["kty"])
		require.Equal(t, "EdDSA", k["alg"])
		require.NotContains(t, k, "d")
	}
	keys, err = ring(t, snapshot.HS256, one).JWKS()
	require.NoError(t, err)
	require.JSONEq(t, `{"keys":[]}`, string(keys))
	keys, err = (*snapshot.Ring)(nil).JWKS()
	require.NoError(t, err)
	require.JSONEq(t, `{"keys":[]}`, string(keys))
}

func TestBadKeysAreRefused(t *testing.T) {
	for name, tc := range map[string]struct {
		algorithm string
		secrets   []string
		want      string
	}{
		"none":       {snapshot.EdDSA, nil, "there are 0"},
		"too many":   {snapshot.EdDSA, []string{one, two, one}, "there are 3"},
		"the same":   {snapshot.EdDSA, []string{one, one}, "key 2: the same as key 1"},
		"short":      {snapshot.EdDSA, []string{one, "c2hvcnQ="}, "key 2: not 32 bytes in base64: make one by `openssl rand -base64 32`"},
		"no base64":  {snapshot.HS256, []string{"secret phrase"}, "key 1: not 32 bytes"},
		"the method": {"RS256", []string{one}, `"RS256" is neither EdDSA nor HS256`},
	} {
		_, err := snapshot.NewRing(tc.algorithm, tc.secrets)
		require.ErrorContains(t, err, tc.want, name)
		for _, secret := range tc.secrets {
			require.NotContains(t, err.Error(), secret, "secrets are told to nobody")
		}
	}
	_, err := snapshot.NewRing(snapshot.HS256, []string{snapshot.NewSecret()})
	require.NoError(t, err)
}

// resolver answers what a test sets.
type resolver struct {
	got     *resolve.Answer
	err     error
	missing string // a page that is not there
	asked   resolve.Request
}

func (r *resolver) Resolve(_ context.Context, req resolve.Request) (*resolve.Answer, error) {
	r.asked = req
	if req.Page != "" && req.Page == r.missing {
		return nil, fault.New(fault.NotFound, "page: gone")
	}
	return r.got, r.err
}

func TestTheCookieHoldsNoLongerThanTheAnswer(t *testing.T) {
	for name, tc := range map[string]struct {
		validUntil time.Time
		want       int // Max-Age
	}{
		"for ever":         {time.Time{}, 3600},
		"longer than life": {noon.Add(2 * time.Hour), 3600},
		"shorter":          {noon.Add(90*time.Second + 500*time.Millisecond), 90},
		"too short":        {noon.Add(500 * time.Millisecond), 0},
	} {
		t.Run(name, func(t *testing.T) {
			callers := caller.New(caller.Options{})
			now := noon
			c := snapshot.NewCookies(snapshot.Options{Ring: ring(t, snapshot.EdDSA, one), Life: time.Hour, Callers: callers, Now: func() time.Time { return now }})
			req := httptest.NewRequest(http.MethodGet, "https://shop.example/", nil)
			req.Header.Set("Cookie", "segue_snap=old")
			header := http.Header{}
			got := &resolve.Answer{Visitor: "v", Segments: []string{"a"}, Key: "k", At: noon, ValidUntil: tc.validUntil}
			c.Set(header, req, got)
			cookie, err := http.ParseSetCookie(header.Get("Set-Cookie"))
			require.NoError(t, err)
			require.Equal(t, "segue_snap", cookie.Name)
			require.True(t, cookie.HttpOnly && cookie.Secure)
			if tc.want == 0 {
				require.Equal(t, -1, cookie.MaxAge, "what was there is out of date")
				return
			}
			require.Equal(t, tc.want, cookie.MaxAge)
			req.Header.Set("Cookie", "segue_snap="+cookie.Value)
			s, ok := c.Read(req, "v")
			require.True(t, ok)
			require.Equal(t, []string{"a"}, s.Segments)
			require.True(t, c.Current(req, got))
			_, ok = c.Read(req, "w")
			require.False(t, ok, "it is another's")
			now = noon.Add(time.Duration(tc.want) * time.Second)
			_, ok = c.Read(req, "v")
			require.False(t, ok)
		})
	}
}

func TestARefreshAsksForNowAndRecordsNothing(t *testing.T) {
	r := &resolver{got: &resolve.Answer{Visitor: "v", Key: "k", At: noon}}
	c := snapshot.NewCookies(snapshot.Options{Ring: ring(t, snapshot.HS256, one), Life: time.Hour, Callers: caller.New(caller.Options{})})
	req := httptest.NewRequest(http.MethodPost, "https://shop.example/", nil)
	header := http.Header{}
	c.Refresh(header, req, r, resolve.Request{AnonymousID: "v", Page: "home", At: noon, Navigation: "n", Explain: true})
	require.Equal(t, resolve.Request{AnonymousID: "v", Page: "home", Dry: true, Uncomposed: true, Memberships: true}, r.asked)
	require.NotEmpty(t, header.Get("Set-Cookie"))

	r.err = errors.New("down")
	header = http.Header{}
	c.Refresh(header, req, r, resolve.Request{AnonymousID: "v"})
	require.Empty(t, header.Get("Set-Cookie"), "there is nothing to forget")
	req.Header.Set("Cookie", "segue_snap=old")
	c.Refresh(header, req, r, resolve.Request{AnonymousID: "v"})
	require.Contains(t, header.Get("Set-Cookie"), "segue_snap=; Path=/; Max-Age=0")
}

func TestARefreshKeepsToThePageOfTheSnapshotBefore(t *testing.T) {
	r := &resolver{got: &resolve.Answer{Visitor: "v", Key: "k", PageID: "home", At: time.Now()}}
	c := snapshot.NewCookies(snapshot.Options{Ring: ring(t, snapshot.HS256, one), Life: time.Hour, Callers: caller.New(caller.Options{})})
	req := httptest.NewRequest(http.MethodPost, "https://shop.example/", nil)
	require.Empty(t, c.Page(req))
	res := httptest.NewRecorder()
	c.Set(res.Header(), req, r.got)
	req.AddCookie(res.Result().Cookies()[0])
	require.Equal(t, "home", c.Page(req))

	r.missing = "home"
	c.Refresh(res.Header(), req, r, resolve.Request{AnonymousID: "v", Page: c.Page(req)})
	require.Empty(t, r.asked.Page, "a page that is gone is not asked for again")
	require.Len(t, res.Header().Values("Set-Cookie"), 2)
}

func TestWhoKeepsASnapshot(t *testing.T) {
	c := snapshot.NewCookies(snapshot.Options{})
	known := caller.Caller{AnonymousID: "v", Source: "ntaid"}
	bot := known
	bot.Bot = true
	for name, tc := range map[string]struct {
		who        caller.Caller
		visitor    string
		site, mode string
		want       bool
	}{
		"a browser":                {known, "v", "same-origin", "cors", true},
		"an old browser":           {known, "v", "", "", true},
		"asked about another":      {known, "w", "same-origin", "cors", false},
		"a back end":               {caller.Caller{}, "v", "", "", false},
		"a bot":                    {bot, "v", "", "", false},
		"from another site":        {known, "v", "cross-site", "cors", false},
		"a link of another site":   {known, "v", "cross-site", "navigate", true},
		"another host of the site": {known, "v", "same-site", "cors", true},
	} {
		req := httptest.NewRequest(http.MethodGet, "/", nil)
		req.Header.Set("Sec-Fetch-Site", tc.site)
		req.Header.Set("Sec-Fetch-Mode", tc.mode)
		require.Equal(t, tc.want, c.For(req, &tc.who, tc.visitor), name)
	}
	require.False(t, (*snapshot.Cookies)(nil).For(httptest.NewRequest(http.MethodGet, "/", nil), &known, "v"))
}

func BenchmarkSnapshot(b *testing.B) {
	for _, algorithm := range []string{snapshot.EdDSA, snapshot.HS256} {
		r := ring(b, algorithm, one)
		s := typical()
		token := first(r.Sign(s))
		b.Run(algorithm+"/sign", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				first(r.Sign(s))
			}
		})
		b.Run(algorithm+"/verify", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := r.Verify(token, noon); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
