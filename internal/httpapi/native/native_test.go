package native_test

import (
	"context"
	"encoding/json"
	"flag"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/labstack/echo/v4"
	"github.com/stretchr/testify/require"

	"github.com/segue-dev/segue/internal/decision"
	"github.com/segue-dev/segue/internal/experience"
	"github.com/segue-dev/segue/internal/fault"
	"github.com/segue-dev/segue/internal/httpapi"
	"github.com/segue-dev/segue/internal/httpapi/native"
	"github.com/segue-dev/segue/internal/httpapi/openapitest"
	"github.com/segue-dev/segue/internal/httpapi/reply"
	"github.com/segue-dev/segue/internal/ingest"
	"github.com/segue-dev/segue/internal/resolve"
	"github.com/segue-dev/segue/internal/segment"
	"github.com/segue-dev/segue/internal/segment/syntax"
	"github.com/segue-dev/segue/internal/segment/whatif"
	"github.com/segue-dev/segue/internal/signal"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// noon is the instant of all answers.
var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

// resolver answers what a test sets, and remembers what it was asked.
type resolver struct {
	asked     resolve.Request
	answer    *resolve.Answer
	page      *resolve.KeyedPage
	explained []*resolve.Explained
	err       error
	caching   native.Caching

	pageAsked    [3]string
	explainAsked string
	at           time.Time
}

func (r *resolver) Resolve(_ context.Context, req resolve.Request) (*resolve.Answer, error) {
	r.asked = req
	if r.answer == nil {
		r.answer = &resolve.Answer{Visitor: "v", At: noon}
	}
	return r.answer, r.err
}

func (r *resolver) Page(page, key, locale string) (*resolve.KeyedPage, error) {
	r.pageAsked = [3]string{page, key, locale}
	return r.page, r.err
}

func (r *resolver) Explain(_ context.Context, visitor, key string, at time.Time) ([]*resolve.Explained, error) {
	r.explainAsked, r.at = visitor+"/"+key, at
	return r.explained, r.err
}

func (r *resolver) do(t *testing.T, method, target, body string, header map[string]string) *httptest.ResponseRecorder {
	t.Helper()
	e := echo.New()
	e.HTTPErrorHandler = reply.Fail(slog.New(slog.DiscardHandler))
	native.Mount(e, r, native.Options{Previews: native.Previews{Key: previewKey}, Caching: r.caching})
	req := httptest.NewRequest(method, target, strings.NewReader(body))
	for k, v := range header {
		req.Header.Set(k, v)
	}
	res := httptest.NewRecorder()
	e.ServeHTTP(res, req)
	return res
}

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	var pretty strings.Builder
	e := json.NewEncoder(&pretty)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	require.NoError(t, e.Encode(json.RawMessage(got)))
	if *update {
		require.NoError(t, os.MkdirAll("testdata", 0o755))
		require.NoError(t, os.WriteFile(path, []byte(pretty.String()), 0o600))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, string(want), pretty.String())
}

func TestWireTypesAreThoseOfTheDescription(t *testing.T) {
	openapitest.CheckTypes(t, openapitest.Load(t, httpapi.OpenAPI), native.WireTypes, native.Spliced)
}

func TestARequestIsUnderstood(t *testing.T) {
	r := &resolver{}
	res := r.do(t, "POST", "/v1/resolve", `{
		"visitor": {"anonymousId": "a1", "userId": "u1"},
		"signals": [{"type": "track", "event": "Product Added"}, {"type": "page", "anonymousId": "other"}],
		"context": {"device": "mobile", "page": {"path": "/"}, "userAgent": "Browser/1"},
		"page": "page:home", "locale": "de-DE", "at": "2026-11-23T14:05:00.5+01:00", "preview": false, "explain": true}`, nil)
	require.Equal(t, 200, res.Code, res.Body)
	require.Equal(t, "a1", r.asked.AnonymousID)
	require.Equal(t, "u1", r.asked.UserID)
	require.Equal(t, "page:home", r.asked.Page)
	require.Equal(t, "de-DE", r.asked.Locale)
	require.Equal(t, "Browser/1", r.asked.UserAgent)
	require.True(t, r.asked.Explain)
	require.True(t, r.asked.At.Equal(time.Date(2026, 11, 23, 13, 5, 0, 5e8, time.UTC)))
	path, ok := r.asked.Context.Get("page.path")
	require.True(t, ok)
	require.Equal(t, "/", path.String())
	require.Len(t, r.asked.Messages, 2)
	require.Equal(t, "other", r.asked.Messages[1].AnonymousID)
}

func TestAVisitorMayBeText(t *testing.T) {
	r := &resolver{}
	require.Equal(t, 200, r.do(t, "POST", "/v1/resolve", `{"visitor": "a1", "at": null, "context": null}`, nil).Code)
	require.Equal(t, resolve.Request{AnonymousID: "a1"}, r.asked)
}

func TestOnlyABrowsersUserAgentIsTheVisitors(t *testing.T) {
	for name, tc := range map[string]struct {
		header map[string]string
		want   string
	}{
		"a back end's":  {map[string]string{"User-Agent": "node"}, ""},
		"a browser's":   {map[string]string{"User-Agent": "Firefox", "Sec-Fetch-Mode": "cors"}, "Firefox"},
		"of any origin": {map[string]string{"User-Agent": "Firefox", "Origin": "https://shop.example"}, "Firefox"},
	} {
		r := &resolver{}
		r.do(t, "POST", "/v1/resolve", `{"visitor": "a1"}`, tc.header)
		require.Equal(t, tc.want, r.asked.UserAgent, name)
	}
}

func TestBadRequestsNameTheMistake(t *testing.T) {
	for name, tc := range map[string]struct{ method, target, body, want string }{
		"malformed JSON":       {"POST", "/v1/resolve", `{"visitor": `, "body: the JSON is cut short"},
		"nothing":              {"POST", "/v1/resolve", ``, "body: not"},
		"two objects":          {"POST", "/v1/resolve", `{"visitor": "a"}{}`, "body: not a resolve request"},
		"no visitor":           {"POST", "/v1/resolve", `{}`, `visitor: missing; send "visitor": {"anonymousId": "…"}`},
		"empty visitor":        {"POST", "/v1/resolve", `{"visitor": ""}`, "visitor: missing"},
		"unknown field":        {"POST", "/v1/resolve", `{"visitor": "a", "pge": "home"}`, `body: unknown field "pge"; known are visitor`},
		"unknown inner field":  {"POST", "/v1/resolve", `{"visitor": {"id": "a"}}`, `body: unknown field "id"`},
		"wrong type":           {"POST", "/v1/resolve", `{"visitor": "a", "page": 5}`, "page: a JSON number cannot stand here"},
		"no instant":           {"POST", "/v1/resolve", `{"visitor": "a", "at": "yesterday"}`, "at: no instant; write it as"},
		"a signal that is not": {"POST", "/v1/resolve", `{"visitor": "a", "signals": [{"type": "page"}, 3]}`, "signals[1]: not a signal"},
		"context of no kind":   {"POST", "/v1/resolve", `{"visitor": "a", "context": [1]}`, "not a JSON object"},
		"GET without visitor":  {"GET", "/v1/resolve?page=x", ``, "visitor: missing; add ?visitor="},
		"unknown parameter":    {"GET", "/v1/resolve?visitor=a&pge=x", ``, `query: unknown parameter "pge"`},
		"no instant in query":  {"GET", "/v1/resolve?visitor=a&at=now", ``, `at: "now" is no instant`},
		"no flag":              {"GET", "/v1/resolve?visitor=a&explain=maybe", ``, `explain: "maybe" is neither`},
		"no preview flag":      {"GET", "/v1/resolve?visitor=a&preview=maybe", ``, `preview: "maybe" is neither`},
		"explain at no time":   {"GET", "/v1/visitors/a/explain?at=x", ``, `at: "x" is no instant`},
	} {
		t.Run(name, func(t *testing.T) {
			res := (&resolver{}).do(t, tc.method, tc.target, tc.body, nil)
			require.Equal(t, 400, res.Code)
			var p reply.Problem
			require.NoError(t, json.Unmarshal(res.Body.Bytes(), &p))
			require.Equal(t, "invalid", p.Code)
			require.Contains(t, p.Detail, tc.want)
		})
	}
}

func TestAQueryIsUnderstood(t *testing.T) {
	r := &resolver{}
	res := r.do(t, "GET", "/v1/resolve?visitor=a1&user=u1&page=page%3Ahome&locale=de&at=2026-11-23T12:00:00Z&explain&context.country=DE&context.language=fr", "",
		map[string]string{"User-Agent": "Firefox", "Referer": "https://shop.example/", "Accept-Language": "de-DE,de;q=0.9"})
	require.Equal(t, 200, res.Code, res.Body)
	require.Equal(t, resolve.Request{
		AnonymousID: "a1", UserID: "u1", Page: "page:home", Locale: "de", At: noon, Explain: true, UserAgent: "Firefox",
		Context: signal.Props{
			{Key: "country", Value: signal.TextOf("DE")},
			{Key: "language", Value: signal.TextOf("fr")}, // what is asked goes before what the browser says
			{Key: "referrer", Value: signal.TextOf("https://shop.example/")},
		},
	}, r.asked)
	require.Equal(t, "Cookie, User-Agent, Referer, Accept-Language, Sec-GPC, DNT", res.Header().Get("Vary"))
}

const previewKey = "0123456789abcdef"

func TestAPreviewNeedsItsKey(t *testing.T) {
	for name, tc := range map[string]struct {
		header string
		status int
		want   string
	}{
		"no key":           {"", 401, "preview: send the key of contentful.previewKey as Authorization: Bearer KEY"},
		"another scheme":   {"Basic " + previewKey, 401, "preview: send the key"},
		"the wrong key":    {"Bearer 0123456789abcdeX", 403, "preview: the key is not that of contentful.previewKey"},
		"part of the key":  {"Bearer 0123456789abcde", 403, "preview: the key is not"},
		"nothing as a key": {"Bearer ", 403, "preview: the key is not"},
		"the key":          {"Bearer " + previewKey, 200, ""},
	} {
		for _, target := range []string{"GET /v1/resolve?visitor=a&preview=1", "POST /v1/resolve"} {
			r := &resolver{}
			method, target, _ := strings.Cut(target, " ")
			res := r.do(t, method, target, `{"visitor": "a", "preview": true}`, map[string]string{"Authorization": tc.header})
			require.Equal(t, tc.status, res.Code, name)
			require.Equal(t, tc.status == 200, r.asked.Preview, name)
			if tc.status == 200 {
				require.Equal(t, "private, no-store", res.Header().Get("Cache-Control"))
				continue
			}
			var p reply.Problem
			require.NoError(t, json.Unmarshal(res.Body.Bytes(), &p))
			require.Contains(t, p.Detail, tc.want, name)
			require.NotContains(t, p.Detail, previewKey)
		}
	}
}

func TestPreviewsThatAreNotConfiguredSayWhatToSet(t *testing.T) {
	e := echo.New()
	e.HTTPErrorHandler = reply.Fail(slog.New(slog.DiscardHandler))
	native.Mount(e, &resolver{}, native.Options{Previews: native.Previews{Missing: "set contentful.previewKey"}})
	res := httptest.NewRecorder()
	req := httptest.NewRequest(http.MethodGet, "/v1/resolve?visitor=a&preview=1", nil)
	req.Header.Set("Authorization", "Bearer ")
	e.ServeHTTP(res, req)
	require.Equal(t, 400, res.Code)
	require.Contains(t, res.Body.String(), "preview: not configured: set contentful.previewKey; or leave it out")
}

func TestHeadIsAnsweredLikeGet(t *testing.T) {
	require.Equal(t, 200, (&resolver{}).do(t, "HEAD", "/v1/resolve?visitor=a1", "", nil).Code)
}

func fullAnswer() *resolve.Answer {
	exp := &experience.Experience{ID: "exp-1"}
	return &resolve.Answer{
		Visitor: "a1", Segments: []string{"high-intent", "returning"},
		Decision: decision.Decision{
			Slots: []decision.Slot{
				{Baseline: "hero", Variant: 1, Entry: "hero-buyer", Experience: "exp-1", Segment: "high-intent", Reason: decision.BySegment},
				{Baseline: "news", Variant: 2, Hidden: true, Experience: "exp-1", Segment: "high-intent", Reason: decision.BySegment},
				{Baseline: "foot", Entry: "foot", Reason: decision.Default},
			},
			Experiences: []decision.Assignment{{Experience: exp, Variant: 1, Segment: "high-intent", Reason: decision.BySegment}},
			Variables:   []decision.Variable{{Key: "headline", Value: json.RawMessage(`"Hi"`), Experience: "exp-1", Variant: 1}},
		},
		Key: "k7Q2m9", At: noon, ValidUntil: noon.Add(90*time.Second + 5e8), Truncated: true,
		Page:       []byte(`{"sys":{"id":"home"},"fields":{"title":"<Home> & more"}}`),
		Unresolved: []string{"gone"}, MergeTags: map[string]string{"traits.firstname": "Ana"},
		Revision: resolve.Revision{Rules: "r1", Content: "c1"},
		Receipt:  ingest.Receipt{Rejected: []ingest.Rejection{{Index: 0, MessageID: "m", Code: signal.NoEvent, Field: "event", Reason: "event: missing"}}},
		Explain:  explanations(),
	}
}

// explained is a member who may leave and somebody who may enter.
func explained() []*resolve.Explained {
	in, out := explanations()[0], explanations()[0]
	out.Segment, out.Member, out.Truth = "returning", false, "false"
	signals := []syntax.ExampleSignal{
		{At: time.Second, Event: syntax.Event{Kind: syntax.PageEvent, Name: "Home"}, Props: []syntax.ExampleProp{{Key: "path", Value: "/"}, {Key: "n", Value: 2.0}}},
		{At: time.Minute, Event: syntax.Event{Name: "A"}},
	}
	way := whatif.Way{Signals: signals, After: time.Hour}
	unmet := &segment.Proof{Text: "latest: …", Plain: "the latest", Truth: "false", Found: "secret", Private: true, Wanted: "x"}
	return []*resolve.Explained{
		{Explanation: in, At: noon.UnixMilli(), Outlook: &whatif.Outlook{
			Change: &whatif.Way{After: time.Hour}, Flips: []int64{noon.Add(time.Hour).UnixMilli(), noon.Add(2 * time.Hour).UnixMilli()},
		}},
		{Explanation: out, At: noon.UnixMilli(), Outlook: &whatif.Outlook{
			Change: &way, Nearest: &whatif.Unmet{Proof: unmet, Needed: true, Way: way}, Stuck: []*segment.Proof{unmet},
		}},
	}
}

func explanations() []*segment.Explanation {
	return []*segment.Explanation{{
		Segment: "high-intent", Version: "v1", Member: true, Truth: "true", ValidUntil: noon.Add(time.Hour).UnixMilli(), Truncated: true,
		Proof: &segment.Proof{
			Text: "all: […]", Plain: "all of", Truth: "true", Until: segment.Forever,
			Of: []*segment.Proof{{
				Text: "count: {of: A}", Plain: "at least 1 A", Truth: "true", Found: "2", Wanted: ">= 1", Reason: "why", Until: noon.UnixMilli(),
				Signals: []segment.Cited{{ID: "m1", Event: "A", At: noon.UnixMilli()}},
			}},
		},
	}}
}

func TestAnAnswerOnTheWire(t *testing.T) {
	res := (&resolver{answer: fullAnswer()}).do(t, "POST", "/v1/resolve", `{"visitor": "a1"}`, nil)
	require.Equal(t, "application/json", res.Header().Get("Content-Type"))
	require.Regexp(t, `^store;dur=\d+\.\d{3}, evaluate;dur=\d+\.\d{3}, decide;dur=\d+\.\d{3}, compose;dur=\d+\.\d{3}$`, res.Header().Get("Server-Timing"))
	require.Contains(t, res.Body.String(), `"page":{"sys":{"id":"home"},"fields":{"title":"<Home> & more"}}`, "the page has the bytes it was composed of")
	golden(t, "answer.json", res.Body.Bytes())
}

func TestTheLeastAnswerOnTheWire(t *testing.T) {
	res := (&resolver{answer: &resolve.Answer{Visitor: "a1", At: noon}}).do(t, "POST", "/v1/resolve", `{"visitor": "a1"}`, nil)
	golden(t, "least.json", res.Body.Bytes())
}

func TestHowLongAnAnswerMayBeKept(t *testing.T) {
	for name, tc := range map[string]struct {
		until time.Time
		body  string
		want  string
	}{
		"until the next signal": {time.Time{}, `{"visitor": "a"}`, "private, max-age=86400"},
		"for some seconds":      {noon.Add(90*time.Second + 999e6), `{"visitor": "a"}`, "private, max-age=90"},
		"for long":              {noon.Add(1000 * time.Hour), `{"visitor": "a"}`, "private, max-age=86400"},
		"for less than one":     {noon.Add(999 * time.Millisecond), `{"visitor": "a"}`, "private, no-store"},
		"of a page view":        {noon.Add(time.Hour), `{"visitor": "a", "navigation": "n1"}`, "private, no-store"},
		"of another instant":    {time.Time{}, `{"visitor": "a", "at": "2026-11-01T00:00:00Z"}`, "private, no-store"},
	} {
		r := &resolver{answer: &resolve.Answer{At: noon, ValidUntil: tc.until}}
		require.Equal(t, tc.want, r.do(t, "POST", "/v1/resolve", tc.body, nil).Header().Get("Cache-Control"), name)
	}
}

func TestAnErrorIsNeverKept(t *testing.T) {
	r := &resolver{err: fault.New(fault.NotFound, "page: no page is called x")}
	res := r.do(t, "POST", "/v1/resolve", `{"visitor": "a", "page": "x"}`, nil)
	require.Equal(t, 404, res.Code)
	require.Equal(t, "no-store", res.Header().Get("Cache-Control"))
	require.Contains(t, res.Body.String(), "page: no page is called x")
}

func TestExplanationsOnTheWire(t *testing.T) {
	r := &resolver{explained: explained()}
	res := r.do(t, "GET", "/v1/visitors/a%2F1/explain?segment=high-intent&at=2026-11-23T12:00:00Z", "", nil)
	require.Equal(t, 200, res.Code, res.Body)
	require.Equal(t, "a/1/high-intent", r.explainAsked)
	require.Equal(t, noon, r.at)
	require.Equal(t, "private, no-store", res.Header().Get("Cache-Control"))
	golden(t, "explain.json", res.Body.Bytes())

	res = r.do(t, "GET", "/v1/visitors/a/explain?redact=true", "", nil)
	require.NotContains(t, res.Body.String(), "secret")
	require.Contains(t, res.Body.String(), segment.Redacted)
	require.Equal(t, 400, r.do(t, "GET", "/v1/visitors/a/explain?redact=perhaps", "", nil).Code)

	res = (&resolver{}).do(t, "GET", "/v1/visitors/a/explain", "", nil)
	require.JSONEq(t, `{"visitor": "a", "segments": []}`, res.Body.String())
}

func BenchmarkResolve(b *testing.B) {
	r := &resolver{answer: fullAnswer()}
	e := echo.New()
	native.Mount(e, r, native.Options{Previews: native.Previews{Key: previewKey}, Caching: r.caching})
	b.ReportAllocs()
	for b.Loop() {
		req := httptest.NewRequest(http.MethodPost, "/v1/resolve", strings.NewReader(`{"visitor": {"anonymousId": "a1"}, "page": "home"}`))
		e.ServeHTTP(httptest.NewRecorder(), req)
	}
}

func FuzzResolveRequest(f *testing.F) {
	f.Add(`{"visitor": {"anonymousId": "a"}, "signals": [{"type": "page"}], "context": {"a": {"b": [1]}}}`)
	f.Add(`{"visitor": "a", "at": "2026-11-23T12:00:00Z"}`)
	f.Fuzz(func(t *testing.T, body string) {
		r := &resolver{}
		res := r.do(t, "POST", "/v1/resolve", body, nil)
		require.Contains(t, []int{200, 400, 413}, res.Code, res.Body)
	})
}
