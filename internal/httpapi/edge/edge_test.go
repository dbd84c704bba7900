package edge_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/labstack/echo/v4"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/segue-dev/segue/internal/fault"
	"github.com/segue-dev/segue/internal/httpapi/caller"
	"github.com/segue-dev/segue/internal/httpapi/edge"
	"github.com/segue-dev/segue/internal/httpapi/snapshot"
	"github.com/segue-dev/segue/internal/resolve"
	"github.com/segue-dev/segue/internal/signal"
)

var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

// resolver answers what a test sets, and remembers what it was asked.
type resolver struct {
	answer  func(context.Context, resolve.Request) (*resolve.Answer, error) // nil = a good one
	missing error                                                           // of pages
	mu      sync.Mutex
	asked   []resolve.Request
}

func (r *resolver) Resolve(ctx context.Context, req resolve.Request) (*resolve.Answer, error) {
	r.mu.Lock()
	r.asked = append(r.asked, req)
	r.mu.Unlock()
	if r.answer != nil {
		return r.answer(ctx, req)
	}
	return &resolve.Answer{Visitor: req.AnonymousID, Segments: []string{"high-intent", "returning"}, Key: "own-key", At: noon, ValidUntil: noon.Add(time.Minute)}, nil
}

func (r *resolver) Baseline(page, _ string) (entry, key string, err error) {
	switch {
	case page == "":
		return "", "base", nil
	case r.missing != nil:
		return "", "", r.missing
	default:
		return "id-of-" + page, "base-of-" + page, nil
	}
}

func (r *resolver) Current(page, _, key, rules string) bool {
	return page == "" && strings.HasPrefix(key, "own") && rules == "r1"
}

// counts are the fallbacks that an observer was told of.
type counts struct {
	mu  sync.Mutex
	all []string
}

func (c *counts) Edge(fallback string, _ bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.all = append(c.all, fallback)
}

func serve(r *resolver, opts edge.Options) *echo.Echo {
	e := echo.New()
	edge.Mount(e, r, opts)
	return e
}

func ask(e *echo.Echo, method, target string, header map[string]string) *httptest.ResponseRecorder {
	req := httptest.NewRequest(method, target, nil)
	for k, v := range header {
		req.Header.Set(k, v)
	}
	res := httptest.NewRecorder()
	e.ServeHTTP(res, req)
	return res
}

func rules(t testing.TB, texts ...string) (all []edge.Rule) {
	t.Helper()
	for _, text := range texts {
		rule, err := edge.ParseRule(text)
		require.NoError(t, err)
		all = append(all, rule)
	}
	return all
}

func TestAKnownVisitorsKey(t *testing.T) {
	r, seen := &resolver{}, &counts{}
	e := serve(r, edge.Options{Observer: seen, Pages: rules(t, "/ page:home")})
	res := ask(e, "GET", "/v1/edge", map[string]string{
		"Cookie": "ajs_anonymous_id=a1", "X-Original-URI": "/?utm_source=mail", "User-Agent": "Firefox",
		"Accept-Language": "de-DE,de;q=0.9", "Referer": "https://search.example/",
	})
	require.Equal(t, 204, res.Code)
	require.Empty(t, res.Body.String())
	h := res.Header()
	require.Equal(t, "own-key", h.Get("X-Segue-Key"))
	require.Equal(t, "id-of-page:home", h.Get("X-Segue-Page"))
	require.Equal(t, "high-intent", h.Get("X-Segue-Segment"))
	require.Equal(t, "high-intent,returning", h.Get("X-Segue-Segments"))
	require.Equal(t, "2026-11-23T12:01:00Z", h.Get("X-Segue-Valid-Until"))
	require.Equal(t, "private, max-age=60", h.Get("Cache-Control"))
	require.Contains(t, h.Get("Vary"), "Cookie")
	require.Contains(t, h.Get("Server-Timing"), "store;dur=")
	require.Empty(t, h.Get("X-Segue-Fallback"))
	require.Empty(t, h.Get("Set-Cookie"), "who has an id needs no other")
	require.Equal(t, []string{""}, seen.all)

	require.Len(t, r.asked, 1)
	asked := r.asked[0]
	require.Equal(t, "a1", asked.AnonymousID)
	require.Equal(t, "id-of-page:home", asked.Page)
	require.Equal(t, "Firefox", asked.UserAgent)
	require.True(t, asked.Dry, "nothing is recorded")
	require.True(t, asked.Uncomposed)
	for key, want := range map[string]string{
		"page.path": "/", "page.search": "?utm_source=mail", "language": "de-DE", "referrer": "https://search.example/",
	} {
		got, ok := asked.Context.Get(key)
		require.True(t, ok, key)
		require.Equal(t, want, got.String())
	}
}

func TestANewVisitorGetsAnID(t *testing.T) {
	r := &resolver{}
	e := serve(r, edge.Options{})
	res := ask(e, "GET", "https://shop.example/v1/edge", nil)
	cookie, err := http.ParseSetCookie(res.Header().Get("Set-Cookie"))
	require.NoError(t, err)
	require.Equal(t, "__Host-segue_id", cookie.Name)
	require.Equal(t, r.asked[0].AnonymousID, cookie.Value, "and is answered as the one they are from now on")
	require.Equal(t, "private, no-store", res.Header().Get("Cache-Control"), "nobody else may get the cookie")

	res = ask(e, "GET", "https://shop.example/v1/edge", map[string]string{"Cookie": cookie.Name + "=" + cookie.Value})
	require.Empty(t, res.Header().Get("Set-Cookie"))
	require.Equal(t, cookie.Value, r.asked[1].AnonymousID)
}

func TestNobodyKnowsABot(t *testing.T) {
	r := &resolver{}
	e := serve(r, edge.Options{})
	bot := map[string]string{"User-Agent": "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"}
	res := ask(e, "GET", "/v1/edge", bot)
	require.Equal(t, "base", res.Header().Get("X-Segue-Key"))
	require.Equal(t, "bot", res.Header().Get("X-Segue-Fallback"))
	require.Empty(t, res.Header().Get("Set-Cookie"))
	require.Empty(t, r.asked)

	bot["Cookie"] = "ajs_anonymous_id=a1"
	require.Equal(t, "own-key", ask(e, "GET", "/v1/edge", bot).Header().Get("X-Segue-Key"), "unless it brings a visitor")
}

func TestThePageIsTold(t *testing.T) {
	pages := []string{"/ page:home", "/about about-us", "/de/blog/* article de-DE", "/blog/* article", "/* page"}
	for name, tc := range map[string]struct {
		target string
		header map[string]string
		page   string // as Baseline was asked; "" = the whole content
		locale string
	}{
		"nginx":                 {"/v1/edge", map[string]string{"X-Original-URI": "/blog/owls?x=1"}, "article:owls", ""},
		"Traefik and Caddy":     {"/v1/edge", map[string]string{"X-Forwarded-Uri": "/blog/owls"}, "article:owls", ""},
		"ingress-nginx":         {"/v1/edge", map[string]string{"X-Original-URL": "https://shop.example/blog/owls"}, "article:owls", ""},
		"Envoy":                 {"/v1/edge/blog/owls?page=2", nil, "article:owls", ""},
		"Envoy, root":           {"/v1/edge/", nil, "page:home", ""},
		"a locale":              {"/v1/edge", map[string]string{"X-Original-URI": "/de/blog/owls/"}, "article:owls", "de-DE"},
		"another locale":        {"/v1/edge?locale=de-AT", map[string]string{"X-Original-URI": "/de/blog/owls"}, "article:owls", "de-AT"},
		"a deep slug":           {"/v1/edge", map[string]string{"X-Original-URI": "/a/b"}, "page:a/b", ""},
		"an entry":              {"/v1/edge", map[string]string{"X-Original-URI": "/about/"}, "about-us", ""},
		"encoded":               {"/v1/edge", map[string]string{"X-Original-URI": "/blog/%C3%A9t%C3%A9"}, "article:été", ""},
		"named":                 {"/v1/edge?page=page:x", map[string]string{"X-Original-URI": "/blog/owls"}, "page:x", ""},
		"not told":              {"/v1/edge", nil, "", ""},
		"nonsense":              {"/v1/edge", map[string]string{"X-Original-URI": "%zz"}, "", ""},
		"nonsense, then a path": {"/v1/edge", map[string]string{"X-Original-URI": "%zz", "X-Forwarded-Uri": "/"}, "page:home", ""},
	} {
		t.Run(name, func(t *testing.T) {
			r := &resolver{}
			res := ask(serve(r, edge.Options{Pages: rules(t, pages...)}), "GET", tc.target, tc.header)
			require.Equal(t, 204, res.Code)
			want := ""
			if tc.page != "" {
				want = "id-of-" + tc.page
			}
			require.Equal(t, want, r.asked[0].Page)
			require.Equal(t, tc.locale, r.asked[0].Locale)
		})
	}
}

func TestRulesThatMeanNothingAreRefused(t *testing.T) {
	for text, want := range map[string]string{
		"":                   "is no rule",
		"/":                  "is no rule",
		"blog page":          "is no rule",
		"/ a b c":            "is no rule",
		"/*/x page":          "* can only stand at the end",
		"/blog/* article:ow": "name the content type alone",
	} {
		_, err := edge.ParseRule(text)
		require.ErrorContains(t, err, want, text)
	}
}

func TestAnUnknownPage(t *testing.T) {
	r := &resolver{missing: fault.New(fault.NotFound, "no such page")}
	e := serve(r, edge.Options{Pages: rules(t, "/* page")})
	res := ask(e, "GET", "/v1/edge?page=nope", map[string]string{"Cookie": "ntaid=a"})
	require.Equal(t, "unknown-page", res.Header().Get("X-Segue-Fallback"), "a mistake in the proxy's settings is told")
	require.Equal(t, "own-key", res.Header().Get("X-Segue-Key"), "the key of the whole content is right for any page")

	res = ask(e, "GET", "/v1/edge", map[string]string{"Cookie": "ntaid=a", "X-Original-URI": "/favicon.ico"})
	require.Empty(t, res.Header().Get("X-Segue-Fallback"), "not every path is a page")
	require.Empty(t, res.Header().Get("X-Segue-Page"))
	require.Empty(t, res.Header().Get("X-Segue-Locale"))
}

func TestALocaleThatIsAskedForIsTold(t *testing.T) {
	e := serve(&resolver{}, edge.Options{Pages: rules(t, "/de/* page de-DE", "/* page")})
	for path, locale := range map[string]string{"/de/kettles": "de-DE", "/kettles": ""} {
		require.Equal(t, locale, ask(e, "GET", "/v1/edge", map[string]string{"Cookie": "ntaid=a", "X-Original-URI": path}).Header().Get("X-Segue-Locale"))
	}
}

// withSnapshots returns a route whose visitors keep snapshots, signed now at noon.
func withSnapshots(t *testing.T, r *resolver, pages ...string) (*echo.Echo, *snapshot.Ring) {
	t.Helper()
	ring, err := snapshot.NewRing(snapshot.HS256, []string{snapshot.NewSecret()})
	require.NoError(t, err)
	callers := caller.New(caller.Options{})
	now := func() time.Time { return noon }
	return serve(r, edge.Options{
		Callers: callers, Pages: rules(t, pages...),
		Snapshots: snapshot.NewCookies(snapshot.Options{Ring: ring, Life: time.Hour, Callers: callers, Now: now}),
	}), ring
}

func TestAKnownVisitorKeepsASnapshot(t *testing.T) {
	r := &resolver{answer: func(_ context.Context, req resolve.Request) (*resolve.Answer, error) {
		return &resolve.Answer{
			Visitor: req.AnonymousID, Segments: []string{"high-intent"}, Key: "own-key", At: noon, ValidUntil: noon.Add(time.Minute),
			PageID: req.Page, Revision: resolve.Revision{Rules: "r1"},
		}, nil
	}}
	e, ring := withSnapshots(t, r, "/ page:home")
	header := map[string]string{"Cookie": "ntaid=a1", "X-Original-URI": "/"}
	res := ask(e, "GET", "https://shop.example/v1/edge", header)
	require.Len(t, res.Result().Cookies(), 1)
	cookie := res.Result().Cookies()[0]
	require.Equal(t, "segue_snap", cookie.Name)
	require.Equal(t, 60, cookie.MaxAge, "no longer than the answer holds")
	s, err := ring.Verify(cookie.Value, noon)
	require.NoError(t, err)
	require.Equal(t, snapshot.Snapshot{
		Visitor: "a1", Segments: []string{"high-intent"}, Page: "id-of-page:home", Key: "own-key", Rules: "r1",
		Issued: noon, Expires: noon.Add(time.Minute),
	}, s)

	header["Cookie"] += "; segue_snap=" + cookie.Value
	res = ask(e, "GET", "https://shop.example/v1/edge", header)
	require.Empty(t, res.Header().Get("Set-Cookie"), "what the browser has is as good")
	require.Equal(t, "private, max-age=60", res.Header().Get("Cache-Control"))

	header["Cookie"] = "segue_snap=" + cookie.Value
	res = ask(e, "GET", "https://shop.example/v1/edge", header)
	require.Len(t, res.Result().Cookies(), 1, "some proxies hand on one cookie only")
	require.Equal(t, "__Host-segue_id", res.Result().Cookies()[0].Name)
}

func TestASnapshotStandsInForTheStore(t *testing.T) {
	sign := func(ring *snapshot.Ring, edit func(*snapshot.Snapshot)) string {
		s := snapshot.Snapshot{Visitor: "a1", Segments: []string{"high-intent"}, Dropped: 2, Key: "own-key", Rules: "r1", Issued: noon.Add(-time.Minute), Expires: noon.Add(time.Minute)}
		edit(&s)
		token, _, err := ring.Sign(s)
		require.NoError(t, err)
		return token
	}
	for name, tc := range map[string]struct {
		edit func(*snapshot.Snapshot)
		used bool
		key  string
	}{
		"good":            {func(*snapshot.Snapshot) {}, true, "own-key"},
		"of another page": {func(s *snapshot.Snapshot) { s.Page = "other" }, false, "base"},
		"expired":         {func(s *snapshot.Snapshot) { s.Expires = noon }, false, "base"},
		"another's":       {func(s *snapshot.Snapshot) { s.Visitor = "b1" }, false, "base"},
		"of old rules":    {func(s *snapshot.Snapshot) { s.Rules = "r0" }, false, "base"},
		"an old key":      {func(s *snapshot.Snapshot) { s.Key = "old" }, false, "base"},
	} {
		t.Run(name, func(t *testing.T) {
			e, ring := withSnapshots(t, &resolver{answer: failures[edge.Unavailable]})
			h := ask(e, "GET", "/v1/edge", map[string]string{"Cookie": "ntaid=a1; segue_snap=" + sign(ring, tc.edit)}).Header()
			require.Equal(t, "unavailable", h.Get("X-Segue-Fallback"))
			require.Equal(t, tc.key, h.Get("X-Segue-Key"))
			require.Equal(t, tc.used, h.Get("X-Segue-Snapshot") == "used")
			require.Equal(t, "private, no-store", h.Get("Cache-Control"))
			if tc.used {
				require.Equal(t, "high-intent", h.Get("X-Segue-Segment"))
				require.Equal(t, "2", h.Get("X-Segue-Segments-Dropped"))
				require.Equal(t, "2026-11-23T12:01:00Z", h.Get("X-Segue-Valid-Until"))
			}
		})
	}
}

// What may go wrong with the store, and the fallback that it is.
var failures = map[edge.Fallback]func(context.Context, resolve.Request) (*resolve.Answer, error){
	"": nil,
	edge.Unavailable: func(context.Context, resolve.Request) (*resolve.Answer, error) {
		return nil, fault.New(fault.Unavailable, "the store is down")
	},
	edge.Failed: func(context.Context, resolve.Request) (*resolve.Answer, error) { panic("broken invariant") },
	edge.Timeout: func(ctx context.Context, _ resolve.Request) (*resolve.Answer, error) {
		time.Sleep(time.Hour) // it does not heed ctx
		return nil, ctx.Err()
	},
	edge.Overloaded: func(context.Context, resolve.Request) (*resolve.Answer, error) {
		return nil, fault.New(fault.Overloaded, "busy")
	},
}

// Whatever is asked, and whatever fails, the answer is 204 in time, with a key,
// and says what failed.
func TestTheAnswerIsAlwaysGood(t *testing.T) {
	names := []edge.Fallback{"", edge.Unavailable, edge.Failed, edge.Timeout, edge.Overloaded}
	rapid.Check(t, func(rt *rapid.T) {
		why := rapid.SampledFrom(names).Draw(rt, "failure")
		target := rapid.SampledFrom([]string{"/v1/edge", "/v1/edge/", "/v1/edge/a/b?c=d", "/v1/edge?page=%00", "/v1/edge?locale=xx&page=", "/v1/edge?%zz"}).Draw(rt, "target")
		method := rapid.SampledFrom([]string{"GET", "HEAD", "POST", "DELETE", "OPTIONS", "INVENTED"}).Draw(rt, "method")
		header := map[string]string{"Cookie": "ntaid=a"}
		for _, name := range []string{"Cookie", "X-Original-URI", "X-Forwarded-Uri", "Accept-Language", "Referer", "User-Agent", "Sec-Purpose"} {
			if rapid.Bool().Draw(rt, "with "+name) {
				header[name] = rapid.String().Draw(rt, name)
			}
		}
		synctest.Test(t, func(t *testing.T) {
			seen := &counts{}
			e := serve(&resolver{answer: failures[why]}, edge.Options{Budget: 50 * time.Millisecond, Observer: seen, Pages: rules(t, "/* page")})
			start := time.Now()
			res := ask(e, method, target, header)
			if res.Code != 204 || res.Header().Get("X-Segue-Key") == "" {
				rt.Fatalf("%d %v", res.Code, res.Header())
			}
			if took := time.Since(start); took > 50*time.Millisecond {
				rt.Fatalf("took %s", took)
			}
			got := edge.Fallback(res.Header().Get("X-Segue-Fallback"))
			if got != why && got != edge.Bot {
				rt.Fatalf("%q, not %q", got, why)
			}
			if len(seen.all) != 1 || seen.all[0] != string(got) {
				rt.Fatalf("counted %q", seen.all)
			}
			time.Sleep(2 * time.Hour) // what was left behind ends
		})
	})
}

func TestAFallbackIsLoggedButNotEachTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		e := serve(&resolver{answer: failures[edge.Unavailable]}, edge.Options{Log: slog.New(slog.NewTextHandler(&log, nil))})
		for range 100 {
			ask(e, "GET", "/v1/edge", map[string]string{"Cookie": "ntaid=secret"})
		}
		require.Equal(t, 1, strings.Count(log.String(), "reason=unavailable"), log.String())
		require.NotContains(t, log.String(), "secret")
		time.Sleep(time.Second)
		ask(e, "GET", "/v1/edge", nil)
		require.Equal(t, 2, strings.Count(log.String(), "reason=unavailable"))
	})
}

// A store that hangs for good costs a bounded number of goroutines, and the
// answers beyond it come at once.
func TestAHangingStoreIsNotPiledUpOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		r := &resolver{answer: func(context.Context, resolve.Request) (*resolve.Answer, error) {
			<-release
			return nil, errors.New("too late")
		}}
		e := serve(r, edge.Options{Budget: time.Millisecond})
		var last *httptest.ResponseRecorder
		for range 2000 {
			last = ask(e, "GET", "/v1/edge", map[string]string{"Cookie": "ntaid=a"})
		}
		require.Equal(t, "overloaded", last.Header().Get("X-Segue-Fallback"))
		synctest.Wait()
		r.mu.Lock()
		require.Len(t, r.asked, 1024)
		r.mu.Unlock()
		close(release)
		synctest.Wait()
		r.answer = nil
		require.Equal(t, "own-key", ask(e, "GET", "/v1/edge", map[string]string{"Cookie": "ntaid=a"}).Header().Get("X-Segue-Key"), "it recovers")
	})
}

func TestManySegmentsAreCutAndSaid(t *testing.T) {
	var keys []string
	for range 100 {
		keys = append(keys, strings.Repeat("s", 30))
	}
	keys[1] = "of editors, named\nfreely"
	r := &resolver{answer: func(context.Context, resolve.Request) (*resolve.Answer, error) {
		return &resolve.Answer{Segments: keys, Key: "k", At: noon}, nil
	}}
	h := ask(serve(r, edge.Options{}), "GET", "/v1/edge", map[string]string{"Cookie": "ntaid=a"}).Header()
	list := strings.Split(h.Get("X-Segue-Segments"), ",")
	require.LessOrEqual(t, len(h.Get("X-Segue-Segments")), 1<<10)
	require.Equal(t, "of%20editors%2C%20named%0Afreely", list[1])
	require.Len(t, list, 33)
	require.Equal(t, "67", h.Get("X-Segue-Segments-Dropped"))
	require.Empty(t, h.Get("X-Segue-Valid-Until"))
	require.Equal(t, "private, max-age=86400", h.Get("Cache-Control"))
}

func TestOtherRoutesAreLeftAlone(t *testing.T) {
	e := serve(&resolver{}, edge.Options{})
	e.POST("/v1/edges", func(c echo.Context) error { return c.NoContent(200) })
	require.Equal(t, 200, ask(e, "POST", "/v1/edges", nil).Code)
	require.Equal(t, 405, ask(e, "GET", "/v1/edges", nil).Code)
}

// BenchmarkEdge measures all but the resolver and the network.
func BenchmarkEdge(b *testing.B) {
	e := serve(&resolver{answer: func(context.Context, resolve.Request) (*resolve.Answer, error) {
		return &resolve.Answer{Segments: []string{"high-intent"}, Key: "k", At: noon, ValidUntil: noon.Add(time.Hour)}, nil
	}}, edge.Options{Callers: caller.New(caller.Options{}), Pages: rules(b, "/* page")})
	for name, cookie := range map[string]string{"known": "ajs_anonymous_id=a1; theme=dark", "new": "theme=dark"} {
		b.Run(name, func(b *testing.B) {
			req := httptest.NewRequest(http.MethodGet, "/v1/edge", nil)
			req.Header.Set("Cookie", cookie)
			req.Header.Set("X-Original-URI", "/blog/owls?x=1")
			req.Header.Set("User-Agent", "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36")
			b.ReportAllocs()
			for b.Loop() {
				e.ServeHTTP(httptest.NewRecorder(), req)
			}
		})
	}
}

func TestRulesKnowWhereTheVisitorIs(t *testing.T) {
	where := func(r *http.Request) signal.Props {
		return signal.Props{{Key: "location.countryCode", Value: signal.TextOf(r.Header.Get("CF-IPCountry"))}}
	}
	r := &resolver{}
	e := serve(r, edge.Options{Callers: caller.New(caller.Options{Where: where})})
	ask(e, "GET", "/v1/edge", map[string]string{"Cookie": "ntaid=ana", "CF-IPCountry": "DE", "Accept-Language": "de"})
	country, ok := r.asked[0].Context.Get("location.countryCode")
	require.True(t, ok)
	require.Equal(t, "DE", country.String())
	language, _ := r.asked[0].Context.Get("language")
	require.Equal(t, "de", language.String())
}
