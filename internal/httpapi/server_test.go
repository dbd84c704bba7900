package httpapi_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	js "github.com/segue-dev/segue/clients/js"
	"github.com/segue-dev/segue/internal/httpapi"
	"github.com/segue-dev/segue/internal/httpapi/admin"
	"github.com/segue-dev/segue/internal/httpapi/openapitest"
	"github.com/segue-dev/segue/internal/ingest"
	"github.com/segue-dev/segue/internal/resolve"
)

// product stands for both flows: it answers nothing, or does what a test wants
// at each resolve.
type product struct{ onResolve func() }

func (p product) Accept(context.Context, ingest.Batch) (ingest.Receipt, error) {
	return ingest.Receipt{}, nil
}

func (p product) Resolve(context.Context, resolve.Request) (*resolve.Answer, error) {
	if p.onResolve != nil {
		p.onResolve()
	}
	return &resolve.Answer{Visitor: "v"}, nil
}

func (p product) Baseline(string, string) (string, string, error) { return "", "k", nil }

func (p product) Current(string, string, string, string) bool { return false }

func (p product) Erase(context.Context, string) error { return nil }

func (p product) Site() *resolve.Site { return &resolve.Site{} }

func (p product) Page(string, string, string) (*resolve.KeyedPage, error) {
	return nil, errors.New("no page")
}

func (p product) Explain(context.Context, string, string, time.Time) ([]*resolve.Explained, error) {
	return nil, nil
}

// seen are the requests that an observer was told of.
type seen struct {
	mu    sync.Mutex
	lines []string
}

func (s *seen) Request(method, route string, status int, _ time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lines = append(s.lines, method+" "+route+" "+http.StatusText(status))
}

func public(p product, edit func(*httpapi.Options)) *httpapi.Server {
	opts := httpapi.Options{Log: slog.New(slog.DiscardHandler)}
	if edit != nil {
		edit(&opts)
	}
	return httpapi.NewPublic(p, p, opts)
}

func do(s *httpapi.Server, method, target, body string, header map[string]string) *httptest.ResponseRecorder {
	req := httptest.NewRequest(method, target, strings.NewReader(body))
	for k, v := range header {
		req.Header.Set(k, v)
	}
	res := httptest.NewRecorder()
	s.Handler().ServeHTTP(res, req)
	return res
}

func TestTheDescriptionHasExactlyOurRoutes(t *testing.T) {
	doc := openapitest.Load(t, httpapi.OpenAPI)
	var described []httpapi.Route
	for path, item := range doc.Paths.Map() {
		for method := range item.Operations() {
			described = append(described, httpapi.Route{Method: method, Path: path})
		}
	}
	require.ElementsMatch(t, described, public(product{}, nil).Routes())
}

func TestProbesAndProblemsAreDescribed(t *testing.T) {
	openapitest.CheckTypes(t, openapitest.Load(t, httpapi.OpenAPI), httpapi.WireTypes, nil)
}

func TestEveryRequestHasAnID(t *testing.T) {
	s := public(product{}, nil)
	require.Equal(t, "mine-1", do(s, "GET", "/livez", "", map[string]string{"X-Request-Id": "mine-1"}).Header().Get("X-Request-Id"))
	for _, bad := range []string{"", "a b", "x\ny", strings.Repeat("x", 101), `"`} {
		id := do(s, "GET", "/livez", "", map[string]string{"X-Request-Id": bad}).Header().Get("X-Request-Id")
		require.NotEqual(t, bad, id)
		require.NotEmpty(t, id)
	}
	res := do(s, "GET", "/nowhere", "", map[string]string{"X-Request-Id": "mine-2"})
	require.Contains(t, res.Body.String(), `"instance":"urn:segue:request:mine-2"`)
}

func TestWhatIsNotThere(t *testing.T) {
	s := public(product{}, nil)
	res := do(s, "GET", "/v1/nowhere", "", nil)
	require.Equal(t, 404, res.Code)
	require.Equal(t, "application/problem+json", res.Header().Get("Content-Type"))

	res = do(s, "DELETE", "/v1/resolve", "", nil)
	require.Equal(t, 405, res.Code)
	require.Equal(t, "application/problem+json", res.Header().Get("Content-Type"))
	require.Contains(t, res.Header().Get("Allow"), "POST")

	res = do(s, "OPTIONS", "/v1/resolve", "", nil)
	require.Equal(t, 204, res.Code)
	require.Contains(t, res.Header().Get("Allow"), "POST")

	res = do(s, "HEAD", "/livez", "", nil)
	require.Equal(t, 200, res.Code)
}

func TestPagesOfAnyOriginMayCall(t *testing.T) {
	s := public(product{}, nil)
	res := do(s, "OPTIONS", "/v1/batch", "", map[string]string{"Origin": "https://shop.example", "Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization,rsa-retry-attempt"})
	require.Equal(t, 204, res.Code)
	require.Equal(t, "*", res.Header().Get("Access-Control-Allow-Origin"))
	require.Contains(t, res.Header().Get("Access-Control-Allow-Methods"), "POST")
	require.Equal(t, "authorization,rsa-retry-attempt", res.Header().Get("Access-Control-Allow-Headers"))
	require.Contains(t, res.Header().Values("Vary"), "Access-Control-Request-Headers")
	require.Equal(t, "7200", res.Header().Get("Access-Control-Max-Age"))
	require.Empty(t, res.Header().Get("Access-Control-Allow-Credentials"))

	res = do(s, "POST", "/v1/resolve", "nonsense", map[string]string{"Origin": "https://shop.example"})
	require.Equal(t, "*", res.Header().Get("Access-Control-Allow-Origin"), "failures can be read as well")
	require.Contains(t, res.Header().Get("Access-Control-Expose-Headers"), "Retry-After")

	admin := httpapi.NewAdmin(http.NotFoundHandler(), admin.Parts{}, httpapi.Options{Log: slog.New(slog.DiscardHandler)})
	require.Empty(t, do(admin, "GET", "/livez", "", map[string]string{"Origin": "https://shop.example"}).Header().Get("Access-Control-Allow-Origin"))
}

func TestAPanicCostsOneRequest(t *testing.T) {
	var log bytes.Buffer
	s := public(product{onResolve: func() { panic("broken invariant") }}, func(o *httpapi.Options) {
		o.Log = slog.New(slog.NewTextHandler(&log, nil))
	})
	res := do(s, "POST", "/v1/resolve", `{"visitor": "v"}`, nil)
	require.Equal(t, 500, res.Code)
	require.NotContains(t, res.Body.String(), "invariant")
	require.Contains(t, log.String(), "broken invariant")
	require.Contains(t, log.String(), "server_test.go", "the log has the stack")
	require.Equal(t, 200, do(s, "GET", "/livez", "", nil).Code)
}

func TestTheObserverHearsOurNamesOnly(t *testing.T) {
	var s seen
	server := public(product{}, func(o *httpapi.Options) { o.Observer = &s })
	do(server, "POST", "/v1/resolve", `{"visitor": "v"}`, nil)
	do(server, "GET", "/v1/pages/secret/k", "", nil)
	do(server, "GET", "/secret", "", nil)
	do(server, "INVENTED", "/secret", "", nil)
	do(server, "PUT", "/v1/pages/secret/k", "", nil)
	require.Equal(t, []string{
		"POST /v1/resolve OK", "GET /v1/pages/:page/:key Internal Server Error", "GET none Not Found",
		"OTHER none Not Found", "PUT /v1/pages/:page/:key Method Not Allowed",
	}, s.lines)
}

func TestReadiness(t *testing.T) {
	var broken error
	s := public(product{}, func(o *httpapi.Options) {
		o.Parts = []httpapi.Part{{Name: "store", Check: func(context.Context) error { return broken }}}
	})
	res := do(s, "GET", "/readyz", "", nil)
	require.Equal(t, 200, res.Code)
	require.JSONEq(t, `{"status": "ok"}`, res.Body.String())
	require.Equal(t, "no-store", res.Header().Get("Cache-Control"))
	require.JSONEq(t, `{"status": "ok", "parts": {"store": "ok"}}`, do(s, "GET", "/readyz?verbose", "", nil).Body.String())

	broken = errors.New("no space left on /dev/sda1")
	res = do(s, "GET", "/readyz?verbose", "", nil)
	require.Equal(t, 503, res.Code)
	require.JSONEq(t, `{"status": "failing", "parts": {"store": "failing"}}`, res.Body.String())
	require.Equal(t, 200, do(s, "GET", "/livez", "", nil).Code, "a process that waits for its store is alive")

	broken = nil
	s.Leave()
	res = do(s, "GET", "/readyz", "", nil)
	require.Equal(t, 503, res.Code)
	require.JSONEq(t, `{"status": "leaving"}`, res.Body.String())
}

func TestShutdownWaitsForRequestsUnderWay(t *testing.T) {
	entered, release := make(chan struct{}), make(chan struct{})
	s := public(product{onResolve: func() { close(entered); <-release }}, nil)
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	served, answered, stopped := make(chan error, 1), make(chan int, 1), make(chan error, 1)
	go func() { served <- s.Serve(ln) }()
	go func() {
		res, err := http.Post("http://"+ln.Addr().String()+"/v1/resolve", "", strings.NewReader(`{"visitor": "v"}`))
		if err != nil {
			answered <- 0
			return
		}
		_, _ = io.Copy(io.Discard, res.Body)
		_ = res.Body.Close()
		answered <- res.StatusCode
	}()
	<-entered
	go func() { stopped <- s.Shutdown(t.Context()) }()
	require.NoError(t, <-served, "nothing new is taken")
	select {
	case err := <-stopped:
		require.NoError(t, err)
		t.Fatal("Shutdown returned while a request was under way")
	default:
	}
	close(release)
	require.Equal(t, 200, <-answered)
	require.NoError(t, <-stopped)
}

func TestShutdownGivesUpWhenItsTimeIsOver(t *testing.T) {
	entered := make(chan struct{})
	release := make(chan struct{})
	defer close(release)
	s := public(product{onResolve: func() { close(entered); <-release }}, nil)
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	go func() { _ = s.Serve(ln) }()
	go func() {
		if res, err := http.Post("http://"+ln.Addr().String()+"/v1/resolve", "", strings.NewReader(`{"visitor": "v"}`)); err == nil {
			_ = res.Body.Close()
		}
	}()
	<-entered
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.ErrorContains(t, s.Shutdown(ctx), "requests under way were cut off")
}

func TestTheDescriptionIsServed(t *testing.T) {
	res := do(public(product{}, nil), "GET", "/v1/openapi.yaml", "", nil)
	require.Equal(t, 200, res.Code)
	require.Equal(t, httpapi.OpenAPI, res.Body.Bytes())
}

func TestAdminServesMetrics(t *testing.T) {
	metrics := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "figures") })
	admin := httpapi.NewAdmin(metrics, admin.Parts{}, httpapi.Options{Log: slog.New(slog.DiscardHandler)})
	require.Equal(t, "figures", do(admin, "GET", "/metrics", "", nil).Body.String())
	require.Equal(t, 404, do(admin, "POST", "/v1/resolve", "{}", nil).Code)
	require.Equal(t, 404, do(public(product{}, nil), "GET", "/metrics", "", nil).Code)
}

func TestAccessLinesAreLoggedAtDebug(t *testing.T) {
	var log bytes.Buffer
	s := public(product{}, func(o *httpapi.Options) {
		o.Log = slog.New(slog.NewJSONHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	})
	do(s, "GET", "/v1/visitors/secret/explain", "", nil)
	var line map[string]any
	require.NoError(t, json.Unmarshal(log.Bytes(), &line))
	require.Equal(t, "/v1/visitors/:id/explain", line["route"])
	require.InDelta(t, 200, line["status"], 0)
	require.NotContains(t, log.String(), "secret", "visitors are not named in the log")
}

func TestTheClientIsServedUnderItsNameAndItsHash(t *testing.T) {
	s := public(product{}, nil)
	for name, f := range map[string]js.File{"/segue.js": js.Script(), "/segue.mjs": js.Module()} {
		res := do(s, "GET", name, "", nil)
		require.Equal(t, 200, res.Code)
		require.Equal(t, string(f.Plain), res.Body.String())
		require.Equal(t, "text/javascript; charset=utf-8", res.Header().Get("Content-Type"))
		require.Contains(t, res.Header().Get("Cache-Control"), "max-age=300")

		tag := res.Header().Get("ETag")
		require.Equal(t, 304, do(s, "GET", name, "", map[string]string{"If-None-Match": tag}).Code)
		zipped := do(s, "GET", name, "", map[string]string{"Accept-Encoding": "gzip, br"})
		require.Equal(t, "gzip", zipped.Header().Get("Content-Encoding"))
		require.Equal(t, f.Gzip, zipped.Body.Bytes())
		require.NotEqual(t, tag, zipped.Header().Get("ETag"))

		hashed := "/" + res.Header().Get("Content-Location")
		res = do(s, "GET", hashed, "", nil)
		require.Equal(t, string(f.Plain), res.Body.String())
		require.Contains(t, res.Header().Get("Cache-Control"), "immutable")
		require.Equal(t, http.StatusOK, do(s, "HEAD", hashed, "", nil).Code)
	}
	res := do(s, "GET", "/segue.0a1b2c.js", "", nil)
	require.Equal(t, string(js.Script().Plain), res.Body.String(), "a page of before or after an update")
	require.Equal(t, "no-store", res.Header().Get("Cache-Control"))
	require.Equal(t, 404, do(s, "GET", "/segue.css", "", nil).Code)
}
