package httpapi_test

import (
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/segue-dev/segue/config"
	"github.com/segue-dev/segue/internal/app"
	"github.com/segue-dev/segue/internal/httpapi"
	"github.com/segue-dev/segue/internal/httpapi/caller"
	"github.com/segue-dev/segue/internal/httpapi/snapshot"
	"github.com/segue-dev/segue/internal/ingest"
	"github.com/segue-dev/segue/internal/resolve"
	"github.com/segue-dev/segue/internal/store/pebblestore"
)

// A site is the public API over a store in memory, with a browser to call it.
type site struct {
	store   *pebblestore.Store
	ring    *snapshot.Ring
	browser *http.Client
	url     *url.URL
}

// newSite serves what wrap makes of the handler; nil leaves it as it is.
func newSite(t *testing.T, wrap func(http.Handler) http.Handler) *site {
	t.Helper()
	store, err := pebblestore.OpenMemory(pebblestore.Options{})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, store.Close()) })
	served, _, err := app.Load(config.Config{})
	require.NoError(t, err)
	in := ingest.New(store, ingest.Options{})
	ring, err := snapshot.NewRing(snapshot.EdDSA, []string{snapshot.NewSecret()})
	require.NoError(t, err)
	callers := caller.New(caller.Options{Linker: in})
	public := httpapi.NewPublic(in, resolve.New(store, in, served, resolve.Options{}), httpapi.Options{
		Log: slog.New(slog.DiscardHandler), Callers: callers,
		Snapshots: snapshot.NewCookies(snapshot.Options{Ring: ring, Life: time.Hour, Callers: callers}),
	})
	handler := public.Handler()
	if wrap != nil {
		handler = wrap(handler)
	}
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	jar, err := cookiejar.New(nil)
	require.NoError(t, err)
	at, err := url.Parse(server.URL)
	require.NoError(t, err)
	return &site{store, ring, &http.Client{Jar: jar}, at}
}

// call calls as a browser does.
func (s *site) call(method, path, body string, header map[string]string) (answered, error) {
	req, err := http.NewRequest(method, s.url.String()+path, strings.NewReader(body))
	if err != nil {
		return answered{}, err
	}
	req.Header.Set("Sec-Fetch-Mode", "cors")
	req.Header.Set("User-Agent", "Mozilla/5.0 (X11; Linux x86_64; rv:127.0) Gecko/20100101 Firefox/127.0")
	for k, v := range header {
		req.Header.Set(k, v)
	}
	res, err := s.browser.Do(req)
	if err != nil {
		return answered{}, err
	}
	_, _ = io.Copy(io.Discard, res.Body)
	return answered{res.StatusCode, res.Header}, res.Body.Close()
}

// answered is what is of interest of an answer.
type answered struct {
	StatusCode int
	Header     http.Header
}

// cookies are those the browser keeps, by name.
func (s *site) cookies() map[string]string {
	all := map[string]string{}
	for _, c := range s.browser.Jar.Cookies(s.url) {
		all[c.Name] = c.Value
	}
	return all
}

func (s *site) signals(t *testing.T, id string) int {
	t.Helper()
	rec, err := s.store.Get(t.Context(), id)
	require.NoError(t, err)
	return len(rec.Signals)
}

// All first requests of a browser are under way before the first is answered, so
// none of them shows a cookie and each gets an id of its own. In the end all they
// brought is one visitor's.
func TestParallelFirstRequestsAreOneVisitor(t *testing.T) {
	const parallel = 16
	var first sync.WaitGroup
	first.Add(parallel)
	s := newSite(t, func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Header.Get("First") != "" {
				first.Done()
				first.Wait()
			}
			next.ServeHTTP(w, r)
		})
	})
	var all sync.WaitGroup
	for i := range parallel {
		all.Go(func() {
			body := fmt.Sprintf(`{"event": "Step", "messageId": "m%d"}`, i)
			res, err := s.call("POST", "/v1/t", body, map[string]string{"First": "1"})
			if err != nil || res.StatusCode != http.StatusOK {
				t.Errorf("%v %v", res, err)
			}
		})
	}
	all.Wait()
	before := s.cookies()
	require.Len(t, before, parallel+2, "an id, a snapshot, and a mark of each id that was made")

	res, err := s.call("POST", "/v1/resolve", `{"signals": [{"type": "page", "messageId": "next"}]}`, nil)
	require.NoError(t, err)
	require.Equal(t, 200, res.StatusCode)
	after := s.cookies()
	id := after["segue_id"]
	for name := range before {
		if made, ok := strings.CutPrefix(name, "segue_new_"); ok {
			require.LessOrEqual(t, id, made, "the least of them stays, whoever looks")
		}
	}
	require.Equal(t, parallel+1, s.signals(t, id), "none is lost")
	require.Len(t, after, 2, "the marks are gone")

	snap, err := s.ring.Verify(after["segue_snap"], time.Now())
	require.NoError(t, err)
	require.Equal(t, id, snap.Visitor)
	_, err = s.call("POST", "/v1/t", `{"event": "Step", "messageId": "last"}`, nil)
	require.NoError(t, err)
	require.Equal(t, id, s.cookies()["segue_id"], "and so it stays")
	require.Equal(t, parallel+2, s.signals(t, id))
}

func TestAnalyticsThatComeLaterTakeOver(t *testing.T) {
	s := newSite(t, nil)
	_, err := s.call("POST", "/v1/t", `{"event": "Step", "messageId": "m1"}`, nil)
	require.NoError(t, err)
	require.NotEmpty(t, s.cookies()["segue_id"])
	s.browser.Jar.SetCookies(s.url, []*http.Cookie{{Name: "ajs_anonymous_id", Value: "a1", Path: "/"}})
	_, err = s.call("POST", "/v1/t", `{"event": "Step", "messageId": "m2", "anonymousId": "a1"}`, nil)
	require.NoError(t, err)
	require.Equal(t, 2, s.signals(t, "a1"), "what was before is theirs")
	require.NotContains(t, s.cookies(), "segue_id", "there is one id from now on")
}

func TestIngestTakesNothingThatNobodySees(t *testing.T) {
	s := newSite(t, nil)
	s.browser.Jar.SetCookies(s.url, []*http.Cookie{{Name: "ajs_anonymous_id", Value: "a1", Path: "/"}})
	const message = `{"event": "Step", "anonymousId": "a1"}`
	for want, header := range map[string]map[string]string{
		"prefetch": {"Sec-Purpose": "prefetch;prerender"},
		"bot":      {"User-Agent": "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"},
	} {
		for _, path := range []string{"/v1/t", "/v1/batch"} {
			body := message
			if path == "/v1/batch" {
				body = `{"batch": [{"type": "track", ` + message[1:] + `]}`
			}
			res, err := s.call("POST", path, body, header)
			require.NoError(t, err)
			require.Equal(t, 200, res.StatusCode)
			require.Equal(t, want, res.Header.Get("Segue-Unrecorded"))
		}
		res, err := s.call("GET", "/pixel/v1/track?event=Step&anonymousId=a1", "", header)
		require.NoError(t, err)
		require.Equal(t, 200, res.StatusCode)
		require.Equal(t, want, res.Header.Get("Segue-Unrecorded"))
	}
	require.Zero(t, s.signals(t, "a1"))
	res, err := s.call("POST", "/v1/t", message, nil)
	require.NoError(t, err)
	require.Empty(t, res.Header.Get("Segue-Unrecorded"))
	require.Equal(t, 1, s.signals(t, "a1"))
}

func TestABackEndGetsNoCookies(t *testing.T) {
	s := newSite(t, nil)
	for path, body := range map[string]string{
		"/v1/track":   `{"event": "Step", "anonymousId": "a1"}`,
		"/v1/resolve": `{"visitor": "a1", "signals": [{"type": "page"}]}`,
	} {
		res, err := http.Post(s.url.String()+path, "application/json", strings.NewReader(body))
		require.NoError(t, err)
		require.Equal(t, 200, res.StatusCode)
		require.NoError(t, res.Body.Close())
		require.Empty(t, res.Header.Get("Set-Cookie"))
	}
	require.Equal(t, 2, s.signals(t, "a1"))
}
