package contentful_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/segue-dev/segue/internal/contentful"
	"github.com/segue-dev/segue/internal/fault"
)

const token = "secret-token"

// A script answers one request after the other; the last answer is repeated.
type script struct {
	answers  []http.HandlerFunc
	mu       sync.Mutex // a connection that broke may still be at work
	requests []*http.Request
	bodies   []string
}

func (s *script) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	s.mu.Lock()
	s.requests, s.bodies = append(s.requests, r), append(s.bodies, string(body))
	answer := s.answers[min(len(s.requests), len(s.answers))-1]
	s.mu.Unlock()
	answer(w, r)
}

// asked returns path and query of each request.
func (s *script) asked() (urls []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, r := range s.requests {
		urls = append(urls, r.URL.String())
	}
	return urls
}

func answer(status int, body string, header ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		for i := 0; i < len(header); i += 2 {
			w.Header().Set(header[i], header[i+1])
		}
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

func failure(status int, id, message string, header ...string) http.HandlerFunc {
	return answer(status, fmt.Sprintf(`{"sys": {"type": "Error", "id": %q}, "message": %q, "requestId": "r1"}`, id, message), header...)
}

func breakOff(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }

// serve answers with a script, and returns options for it and the waits between
// attempts.
func serve(t *testing.T, answers ...http.HandlerFunc) (*script, contentful.Options, *[]time.Duration) {
	t.Helper()
	s := &script{answers: answers}
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	waits := new([]time.Duration)
	return s, contentful.Options{
		Space: "sp1", BaseURL: server.URL + "/cda",
		Retry: contentful.Retry{Sleep: func(_ context.Context, d time.Duration) error {
			*waits = append(*waits, d)
			return nil
		}},
	}, waits
}

func delivery(t *testing.T, answers ...http.HandlerFunc) (*contentful.CDA, *script, *[]time.Duration) {
	t.Helper()
	s, o, waits := serve(t, answers...)
	cda, err := contentful.NewCDA(token, o)
	require.NoError(t, err)
	return cda, s, waits
}

func management(t *testing.T, answers ...http.HandlerFunc) (*contentful.CMA, *script, *[]time.Duration) {
	t.Helper()
	s, o, waits := serve(t, answers...)
	cma, err := contentful.NewCMA(token, o)
	require.NoError(t, err)
	return cma, s, waits
}

func page(total int, ids ...string) string {
	items := make([]string, len(ids))
	for i, id := range ids {
		items[i] = fmt.Sprintf(`{"sys": {"id": %q, "type": "Entry"}, "unheard": "of"}`, id)
	}
	return fmt.Sprintf(`{"sys": {"type": "Array"}, "total": %d, "skip": 0, "limit": 2, "items": [%s], "pages": {}}`, total, strings.Join(items, ","))
}

func TestItemsAreKeptAsTheyCame(t *testing.T) {
	cda, s, _ := delivery(t, answer(200, page(1, "a")))
	got, err := cda.Entries.List(t.Context(), url.Values{"content_type": {"page"}})
	require.NoError(t, err)
	require.Equal(t, "a", got.Items[0].Sys.ID)
	require.JSONEq(t, `{"sys": {"id": "a", "type": "Entry"}, "unheard": "of"}`, string(got.Items[0].Raw))
	require.Equal(t, []string{"/cda/spaces/sp1/environments/master/entries?content_type=page"}, s.asked())
	require.Equal(t, "Bearer "+token, s.requests[0].Header.Get("Authorization"))

	again, err := json.Marshal(got.Items[0])
	require.NoError(t, err)
	require.JSONEq(t, string(got.Items[0].Raw), string(again))
}

func TestWhatMayHelpIsTriedAgain(t *testing.T) {
	ok := answer(200, page(0))
	limited := failure(429, "RateLimitExceeded", "slow down", "X-Contentful-RateLimit-Reset", "2")
	for name, tc := range map[string]struct {
		answers []http.HandlerFunc
		waits   int
		err     error // nil = it helps
	}{
		"a rate limit":               {[]http.HandlerFunc{limited, limited, ok}, 2, nil},
		"an error of the server":     {[]http.HandlerFunc{failure(503, "ServerError", ""), ok}, 1, nil},
		"an error of a proxy":        {[]http.HandlerFunc{answer(502, "<html>"), ok}, 1, nil},
		"a broken connection":        {[]http.HandlerFunc{breakOff, ok}, 1, nil},
		"an answer cut off":          {[]http.HandlerFunc{answer(200, `{"items": [`), ok}, 1, nil},
		"a server that is down":      {[]http.HandlerFunc{failure(500, "ServerError", "")}, 5, contentful.ServerError},
		"a request nobody can mend":  {[]http.HandlerFunc{failure(400, "InvalidQuery", "no")}, 0, contentful.InvalidQuery},
		"a token nobody knows":       {[]http.HandlerFunc{failure(401, "AccessTokenInvalid", "no")}, 0, contentful.AccessTokenInvalid},
		"a limit for the whole hour": {[]http.HandlerFunc{failure(429, "RateLimitExceeded", "", "X-Contentful-RateLimit-Reset", "3000")}, 0, contentful.RateLimitExceeded},
	} {
		t.Run(name, func(t *testing.T) {
			cda, _, waits := delivery(t, tc.answers...)
			_, err := cda.Entries.List(t.Context(), nil)
			require.ErrorIs(t, err, tc.err)
			require.Len(t, *waits, tc.waits)
		})
	}
}

func TestWaitsFollowTheRateLimitAndGrowWithoutOne(t *testing.T) {
	cda, _, waits := delivery(t, failure(429, "RateLimitExceeded", "", "X-Contentful-RateLimit-Reset", "2"), failure(500, "ServerError", ""))
	_, err := cda.Entries.List(t.Context(), nil)
	require.ErrorIs(t, err, contentful.ServerError)
	require.GreaterOrEqual(t, (*waits)[0], 2*time.Second)
	require.Less(t, (*waits)[0], 3100*time.Millisecond)
	for n, wait := range (*waits)[1:] {
		base := 250 * time.Millisecond << (n + 1)
		require.GreaterOrEqual(t, wait, base)
		require.LessOrEqual(t, wait, 2*base)
	}
}

func TestWritesWithAVersionAreRepeated(t *testing.T) {
	cma, s, _ := management(t, breakOff, answer(200, `{"sys": {"id": "w"}}`))
	_, err := cma.Webhooks.Upsert(t.Context(), "w", "", 3, map[string]any{"name": "n"})
	require.NoError(t, err)
	require.Equal(t, "3", s.requests[1].Header.Get("X-Contentful-Version"))
	require.JSONEq(t, `{"name": "n"}`, s.bodies[1])
}

func TestATokenIsInNoError(t *testing.T) {
	echo := func(w http.ResponseWriter, r *http.Request) {
		answer(401, fmt.Sprintf(`{"sys": {"id": "AccessTokenInvalid"}, "message": "what is %s?", "details": {"got": %[1]q}}`, r.Header.Get("Authorization")))(w, r)
	}
	cda, _, _ := delivery(t, echo)
	_, err := cda.Entries.Get(t.Context(), "a")
	require.ErrorContains(t, err, "what is Bearer [token]?")
	require.NotContains(t, err.Error(), token)

	o := contentful.Options{Space: "sp1", BaseURL: "http://127.0.0.1:1", Retry: contentful.Retry{Attempts: 1}}
	cda, err = contentful.NewCDA(token, o)
	require.NoError(t, err)
	_, err = cda.Entries.List(t.Context(), nil)
	require.Equal(t, fault.Unavailable, fault.KindOf(err))
	require.NotContains(t, err.Error(), token)
}

func TestErrorsSayWhatWasAskedAndWhy(t *testing.T) {
	cda, _, _ := delivery(t, answer(404, `{"sys": {"type": "Error", "id": "NotFound"}, "message": "gone", "requestId": "r7", "details": {"id": "a"}}`))
	_, err := cda.Assets.Get(t.Context(), "a b")
	require.EqualError(t, err, `GET /spaces/sp1/environments/master/assets/a%20b: 404 NotFound: gone {"id": "a"} (request r7)`)
	require.ErrorIs(t, err, contentful.NotFound)
	require.NotErrorIs(t, err, contentful.BadRequest)
}

func TestErrorsSayWhatToLookAt(t *testing.T) {
	for name, tc := range map[string]struct{ answer, advice string }{
		"a token nobody knows": {`{"sys": {"id": "AccessTokenInvalid"}}`, "is the delivery token right, of this space, and not revoked?"},
		"no environment":       {`{"sys": {"id": "NotFound"}, "details": {"type": "Environment", "id": "x"}}`, "are space and environment right, and may the delivery token read them?"},
		"no space":             {`{"sys": {"id": "NotFound"}, "details": {"sys": {"type": "Space"}}}`, "are space and environment right, and may the delivery token read them?"},
	} {
		cda, _, _ := delivery(t, answer(404, tc.answer))
		_, err := cda.Entries.List(t.Context(), nil)
		require.ErrorContains(t, err, tc.advice, name)
	}
}

func TestAListIsReadToItsEnd(t *testing.T) {
	big := failure(400, "BadRequest", "Response size too big. Maximum allowed response size: 7340032B.")
	cda, s, _ := delivery(t, big, answer(200, page(3, "a", "b")), answer(200, page(3, "c")))
	var ids []string
	for item, err := range cda.Entries.All(t.Context(), url.Values{"order": {"sys.id"}, "limit": {"4"}}) {
		require.NoError(t, err)
		ids = append(ids, item.Sys.ID)
	}
	require.Equal(t, []string{"a", "b", "c"}, ids)
	const path = "/cda/spaces/sp1/environments/master/entries?"
	require.Equal(t, []string{path + "limit=4&order=sys.id&skip=0", path + "limit=2&order=sys.id&skip=0", path + "limit=2&order=sys.id&skip=2"}, s.asked())
}

func TestAListByCursorFollowsItsPages(t *testing.T) {
	more := answer(200, `{"items": [{"sys": {"id": "a"}}], "pages": {"next": "/spaces/sp1/taxonomy?cursor=true&pageNext=abc%3D"}}`)
	cda, s, _ := delivery(t, more, answer(200, page(0, "b")))
	var ids []string
	for item, err := range cda.Concepts.Cursor(t.Context(), nil) {
		require.NoError(t, err)
		ids = append(ids, item.Sys.ID)
	}
	require.Equal(t, []string{"a", "b"}, ids)
	require.Equal(t, "abc=", s.requests[1].URL.Query().Get("pageNext"))
}

func TestAPageThatIsTooBigAloneIsAnError(t *testing.T) {
	cda, s, _ := delivery(t, failure(400, "BadRequest", "Response size too big. Maximum allowed response size: 7340032B."))
	var last error
	for _, err := range cda.Entries.All(t.Context(), nil) {
		last = err
	}
	require.True(t, contentful.TooBig(last))
	require.Len(t, s.requests, 10, "from 1,000 down to 1")
}

func TestSyncGoesFromTokenToToken(t *testing.T) {
	cda, s, _ := delivery(t,
		answer(200, `{"items": [{"sys": {"id": "a", "type": "Entry"}}], "nextPageUrl": "http://cdn/spaces/sp1/sync?sync_token=p-2_"}`),
		answer(200, `{"items": [{"sys": {"id": "b", "type": "DeletedEntry"}}], "nextSyncUrl": "http://cdn/spaces/sp1/sync?sync_token=s1"}`),
		answer(200, `{"items": []}`),
	)
	first, err := cda.Sync.Initial(t.Context(), 20)
	require.NoError(t, err)
	require.True(t, first.More)
	require.Equal(t, "p-2_", first.Token)
	second, err := cda.Sync.Next(t.Context(), first.Token)
	require.NoError(t, err)
	require.False(t, second.More)
	require.Equal(t, "DeletedEntry", second.Items[0].Sys.Type)
	_, err = cda.Sync.Next(t.Context(), second.Token)
	require.ErrorContains(t, err, "neither nextPageUrl nor nextSyncUrl")
	const path = "/cda/spaces/sp1/environments/master/sync?"
	require.Equal(t, []string{path + "initial=true&limit=20", path + "sync_token=p-2_", path + "sync_token=s1"}, s.asked())
}

func TestOptionsThatCannotWorkAreRefused(t *testing.T) {
	for name, tc := range map[string]struct {
		token string
		o     contentful.Options
		err   string
	}{
		"no space":         {token, contentful.Options{}, "id of the space is missing"},
		"no token":         {"", contentful.Options{Space: "s"}, "access token is missing"},
		"a token in lines": {"a\n", contentful.Options{Space: "s"}, "blanks"},
		"a host alone":     {token, contentful.Options{Space: "s", BaseURL: "cdn.contentful.com"}, "is not the URL of an API"},
		"a query":          {token, contentful.Options{Space: "s", BaseURL: "https://h/?a=b"}, "neither a user nor a query"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := contentful.NewCDA(tc.token, tc.o)
			require.ErrorContains(t, err, tc.err)
			require.Equal(t, fault.Invalid, fault.KindOf(err))
		})
	}
}

// A recorder notes where requests would have gone.
type recorder []string

func (r *recorder) RoundTrip(req *http.Request) (*http.Response, error) {
	*r = append(*r, req.URL.String())
	return &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(`{}`)), Request: req}, nil
}

func TestHostsFollowTheAPIAndTheRegion(t *testing.T) {
	seen := &recorder{}
	o := contentful.Options{Space: "s", Environment: "staging", HTTP: &http.Client{Transport: seen}}
	eu := o
	eu.Region = "eu"
	cda, err := contentful.NewCDA(token, o)
	require.NoError(t, err)
	cpa, err := contentful.NewCPA(token, eu)
	require.NoError(t, err)
	cma, err := contentful.NewCMA(token, eu)
	require.NoError(t, err)
	for _, entries := range []contentful.Resource{cda.Entries, cpa.Entries, cma.Entries.Resource} {
		_, err := entries.List(t.Context(), nil)
		require.NoError(t, err)
	}
	require.Equal(t, recorder{
		"https://cdn.contentful.com/spaces/s/environments/staging/entries",
		"https://preview.eu.contentful.com/spaces/s/environments/staging/entries",
		"https://api.eu.contentful.com/spaces/s/environments/staging/entries",
	}, *seen)
}

func TestAnEndedContextEndsTheAttempts(t *testing.T) {
	_, o, _ := serve(t, failure(500, "ServerError", "down"))
	o.Retry.Sleep = nil
	cda, err := contentful.NewCDA(token, o)
	require.NoError(t, err)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	_, err = cda.Entries.List(ctx, nil)
	require.ErrorIs(t, err, contentful.ServerError, "it says what was wrong, not that time ran out")
}
