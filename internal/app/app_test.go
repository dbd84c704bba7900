package app_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/segue-dev/segue/config"
	"github.com/segue-dev/segue/internal/app"
	"github.com/segue-dev/segue/internal/httpapi"
	"github.com/segue-dev/segue/internal/httpapi/openapitest"
)

// exampleConfig returns the configuration of an example, its visitors in
// memory.
func exampleConfig(t *testing.T, example string, sets ...string) config.Config {
	t.Helper()
	cfg, err := config.Load(filepath.Join("..", "..", "examples", example, "segue.yaml"), nil, append([]string{"store=memory:"}, sets...))
	require.NoError(t, err)
	return cfg
}

// A running is an app under test.
type running struct {
	t             *testing.T
	public, admin string // base addresses
	stop          context.CancelFunc
	done          chan error
	log           *safeBuffer
}

// safeBuffer is a buffer that a server writes and a test reads.
type safeBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *safeBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *safeBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

func listen(t *testing.T) net.Listener {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	return ln
}

func run(t *testing.T, cfg config.Config) *running {
	t.Helper()
	lns := app.Listeners{Public: listen(t), Admin: listen(t)}
	ctx, stop := context.WithCancel(context.Background())
	r := &running{
		t: t, public: "http://" + lns.Public.Addr().String(), admin: "http://" + lns.Admin.Addr().String(),
		stop: stop, done: make(chan error, 1), log: &safeBuffer{},
	}
	go func() {
		r.done <- app.Run(ctx, cfg, lns, slog.New(slog.NewTextHandler(r.log, &slog.HandlerOptions{Level: slog.LevelDebug})))
	}()
	t.Cleanup(func() { _ = r.end() })
	return r
}

// end stops the app and returns what Run returned.
func (r *running) end() error {
	r.stop()
	err := <-r.done
	r.done <- err
	return err
}

// call returns the status and the decoded answer, which must be as openapi.yaml
// describes it.
func (r *running) call(method, url, body string) (int, map[string]any) {
	r.t.Helper()
	req, err := http.NewRequestWithContext(r.t.Context(), method, url, strings.NewReader(body))
	require.NoError(r.t, err)
	res, err := http.DefaultClient.Do(req)
	require.NoError(r.t, err)
	defer func() { require.NoError(r.t, res.Body.Close()) }()
	raw, err := io.ReadAll(res.Body)
	require.NoError(r.t, err)
	if path, ok := strings.CutPrefix(url, r.public); ok {
		path, _, _ = strings.Cut(path, "?")
		openapitest.CheckAnswer(r.t, openapitest.Load(r.t, httpapi.OpenAPI), method, path, res.StatusCode, res.Header.Get("Content-Type"), raw)
	}
	var answer map[string]any
	if strings.Contains(res.Header.Get("Content-Type"), "json") {
		require.NoError(r.t, json.Unmarshal(raw, &answer), string(raw))
	} else {
		answer = map[string]any{"text": string(raw)}
	}
	return res.StatusCode, answer
}

func (r *running) post(path, body string) (int, map[string]any) {
	r.t.Helper()
	return r.call("POST", r.public+path, body)
}

func (r *running) get(path string) (int, map[string]any) {
	r.t.Helper()
	return r.call("GET", r.public+path, "")
}

func TestTheSignalsOfARequestDecideItsAnswer(t *testing.T) {
	r := run(t, exampleConfig(t, "storefront"))
	status, before := r.post("/v1/resolve", `{"visitor": "v1", "page": "page:home"}`)
	require.Equal(t, 200, status)
	require.Nil(t, before["segment"], "an unknown visitor is a fresh one")

	status, after := r.post("/v1/resolve", `{"visitor": "v1", "page": "page:home", "signals": [
		{"type": "track", "event": "Product Added", "properties": {"product_id": "p1"}},
		{"type": "track", "event": "Cart Viewed"},
		{"type": "track", "event": "Checkout Started"}]}`)
	require.Equal(t, 200, status)
	require.Equal(t, "high-intent", after["segment"])
	require.NotEqual(t, before["key"], after["key"])
	require.NotNil(t, after["validUntil"])
	hero := after["slots"].(map[string]any)["home-hero"].(map[string]any)
	require.Equal(t, "segment", hero["reason"])

	status, public := r.get("/v1/pages/page:home/" + after["key"].(string))
	require.Equal(t, 200, status)
	require.Equal(t, after["page"].(map[string]any)["sys"], public["sys"])
	require.Contains(t, string(encoded(t, public)), hero["entry"], "the page of the key shows the variants")
}

func encoded(t *testing.T, v any) []byte {
	t.Helper()
	raw, err := json.Marshal(v)
	require.NoError(t, err)
	return raw
}

func TestBadInputHasAClearAnswerAndNothingIsLost(t *testing.T) {
	r := run(t, exampleConfig(t, "storefront"))
	for name, tc := range map[string]struct {
		path, body string
		status     int
		field, has string
	}{
		"malformed JSON":        {"/v1/batch", `{"batch": [{]}`, 400, "error", "body: not valid JSON at byte"},
		"malformed resolve":     {"/v1/resolve", `{"visitor"`, 400, "detail", "body: the JSON is cut short"},
		"oversize batch":        {"/v1/batch", strings.Repeat(" ", 2<<20), 400, "error", "more than 1048576 bytes"},
		"oversize resolve":      {"/v1/resolve", strings.Repeat(" ", 2<<20), 413, "detail", "more than 1048576 bytes"},
		"unknown page":          {"/v1/resolve", `{"visitor": "v", "page": "page:hom"}`, 404, "detail", "hom"},
		"unknown locale":        {"/v1/resolve", `{"visitor": "v", "page": "page:home", "locale": "xx"}`, 404, "detail", `locale "xx": not a locale`},
		"unknown request field": {"/v1/resolve", `{"visitor": "v", "pages": "x"}`, 400, "detail", `unknown field "pages"`},
	} {
		t.Run(name, func(t *testing.T) {
			status, answer := r.post(tc.path, tc.body)
			require.Equal(t, tc.status, status, answer)
			require.Contains(t, answer[tc.field], tc.has)
		})
	}

	status, answer := r.post("/v1/batch", `{"batch": [
		{"type": "track", "anonymousId": "v", "event": "Product Added", "messageId": "m1"},
		{"type": "track", "anonymousId": "v", "messageId": "m2"},
		{"type": "page", "anonymousId": "v", "messageId": "m3"}]}`)
	require.Equal(t, 200, status)
	require.InDelta(t, 2, answer["accepted"], 0)
	rejected := answer["rejected"].([]any)[0].(map[string]any)
	require.Equal(t, "m2", rejected["messageId"])
	require.Equal(t, "event", rejected["field"])

	status, answer = r.post("/v1/track", `{"anonymousId": "v"}`)
	require.Equal(t, 200, status)
	require.Contains(t, answer["rejected"].([]any)[0].(map[string]any)["reason"], "event: missing")

	_, metrics := r.call("GET", r.admin+"/metrics", "")
	require.Contains(t, metrics["text"], `segue_signals_rejected_total{reason="no-event"} 2`)
	require.Contains(t, metrics["text"], "segue_signals_accepted_total 2")
}

func TestAnOutdatedKeyGivesTheBaselinePage(t *testing.T) {
	r := run(t, exampleConfig(t, "storefront"))
	_, fresh := r.get("/v1/resolve?visitor=nobody&page=page:home")
	for _, key := range []string{"zzzzzz", "A", "-"} {
		res, err := http.Get(r.public + "/v1/pages/page:home/" + key)
		require.NoError(t, err)
		require.NoError(t, res.Body.Close())
		require.Equal(t, 200, res.StatusCode)
		require.Equal(t, "no-store", res.Header.Get("Cache-Control"))
		require.Equal(t, fresh["key"], res.Header.Get("Segue-Key"))
	}
	status, _ := r.get("/v1/pages/page:nowhere/" + fresh["key"].(string))
	require.Equal(t, 404, status)
}

func TestWhyOverHTTP(t *testing.T) {
	r := run(t, exampleConfig(t, "storefront"))
	status, answer := r.get("/v1/visitors/nobody/explain?segment=high-intent")
	require.Equal(t, 200, status)
	one := answer["segments"].([]any)[0].(map[string]any)
	require.Equal(t, "high-intent", one["segment"])
	require.Equal(t, false, one["member"])
	require.NotEmpty(t, one["proof"])
	status, _ = r.get("/v1/visitors/nobody/explain?segment=hgh-intent")
	require.Equal(t, 404, status)
}

func TestTheStoreOutlivesTheProcess(t *testing.T) {
	cfg := exampleConfig(t, "storefront", "store=pebble:"+t.TempDir())
	first := run(t, cfg)
	_, answer := first.post("/v1/track", `{"anonymousId": "v", "event": "Product Added", "messageId": "m1"}`)
	require.InDelta(t, 1, answer["accepted"], 0)
	require.NoError(t, first.end())

	second := run(t, cfg)
	_, answer = second.post("/v1/batch", `{"batch": [{"type": "track", "anonymousId": "v", "event": "Product Added", "messageId": "m1"}]}`)
	require.InDelta(t, 0, answer["accepted"], 0)
	require.InDelta(t, 1, answer["duplicates"], 0, "what was acknowledged is there, once")
}

func TestReadinessAndTheEnd(t *testing.T) {
	r := run(t, exampleConfig(t, "storefront"))
	status, answer := r.get("/readyz?verbose")
	require.Equal(t, 200, status)
	require.Equal(t, map[string]any{"status": "ok", "parts": map[string]any{"store": "ok", "files": "ok"}}, answer)
	require.NoError(t, r.end())
	require.Contains(t, r.log.String(), "development mode")
	require.Contains(t, r.log.String(), "stopping")
	_, err := net.DialTimeout("tcp", strings.TrimPrefix(r.public, "http://"), time.Second)
	require.Error(t, err, "nothing is taken any more")
}

func TestWhatCannotBeServedIsSaidAtOnce(t *testing.T) {
	dir := t.TempDir()
	cyclic := "segment: a\nname: A\nsoWhat: x\nwhen: {segment: b}\n---\nsegment: b\nname: B\nsoWhat: x\nwhen: {segment: a}\n"
	bad := "segment: a\nname: A\nsoWhat: x\nwhen: {count: {of: X, last: 5 minutes}}\n"
	stranger := "id: e\nsegment: nobody\ncomponents: [{baseline: x, variants: [y]}]\n"
	for name, src := range map[string]string{"cyclic.yaml": cyclic, "bad.yaml": bad, "stranger.yaml": stranger, "cut.json": `{"entries": [`} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(src), 0o600))
	}
	for name, tc := range map[string]struct{ set, want string }{
		"cyclic segments":   {"segments=" + dir + "/cyclic.yaml", "cyclic.yaml:"},
		"a bad duration":    {"segments=" + dir + "/bad.yaml", "bad.yaml:4:29: "},
		"a truncated file":  {"content=export:" + dir + "/cut.json", "cut.json"},
		"no such content":   {"content=export:" + dir + "/none.json", "none.json"},
		"no such directory": {"segments=" + dir + "/none", "does not exist"},
	} {
		t.Run(name, func(t *testing.T) {
			r := run(t, exampleConfig(t, "storefront", tc.set))
			err := <-r.done
			r.done <- err
			require.ErrorContains(t, err, tc.want)
			_, dialErr := net.DialTimeout("tcp", strings.TrimPrefix(r.public, "http://"), time.Second)
			require.Error(t, dialErr, "the listeners are closed")
		})
	}

	_, findings, err := app.Load(exampleConfig(t, "storefront", "experiences="+dir+"/stranger.yaml"))
	require.NoError(t, err)
	require.Len(t, findings, 1)
	require.Contains(t, findings[0].Message, `experience e: there is no active segment "nobody"; there are`)
	r := run(t, exampleConfig(t, "storefront", "experiences="+dir+"/stranger.yaml"))
	require.Eventually(t, func() bool { return strings.Contains(r.log.String(), "baseline x is not in the content") }, 5*time.Second, time.Millisecond)
}

func TestExperiencesOfFilesStandBesideThoseOfTheContent(t *testing.T) {
	dir := t.TempDir()
	src := "id: footer-for-all\ncomponents: [{baseline: site-footer, variants: [hidden]}]\n"
	require.NoError(t, os.WriteFile(filepath.Join(dir, "e.yaml"), []byte(src), 0o600))
	site, findings, err := app.Load(exampleConfig(t, "storefront", "experiences="+dir))
	require.NoError(t, err)
	require.Empty(t, findings)
	without, _, err := app.Load(exampleConfig(t, "storefront"))
	require.NoError(t, err)
	require.Len(t, site.Experiences.All(), len(without.Experiences.All())+1)
	require.Contains(t, site.Experiences.Slots(), "site-footer")
}

func TestWithoutContentDecisionsAreServed(t *testing.T) {
	r := run(t, exampleConfig(t, "storefront", "content="))
	status, answer := r.post("/v1/resolve", `{"visitor": "v", "signals": [{"type": "track", "event": "Product Added"}]}`)
	require.Equal(t, 200, status)
	require.Empty(t, answer["slots"])
	status, _ = r.post("/v1/resolve", `{"visitor": "v", "page": "page:home"}`)
	require.Equal(t, 404, status)
}

func TestAnUploadedListCountsAtOnce(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "vip.yaml"), []byte("segment: vip\nname: VIP\nsoWhat: x\nwhen: { list: vip }\n"), 0o600))
	r := run(t, exampleConfig(t, "storefront", "segments="+dir, "experiences="))
	segments := func() any {
		code, answer := r.call("POST", r.public+"/v1/resolve", `{"visitor": {"anonymousId": "a1", "userId": "u1"}}`)
		require.Equal(t, 200, code)
		return answer["segments"]
	}
	require.Empty(t, segments())
	require.Contains(t, r.log.String(), `there is no list \"vip\"`)
	code, answer := r.call("PUT", r.admin+"/admin/v1/lists/vip", "a1\n")
	require.Equal(t, 200, code, answer)
	require.Equal(t, []any{"vip"}, segments())
	code, _ = r.call("DELETE", r.admin+"/admin/v1/lists/vip", "")
	require.Equal(t, 204, code)
	require.Empty(t, segments())
}

func TestAnAuditOverHTTP(t *testing.T) {
	r := run(t, exampleConfig(t, "storefront"))
	code, answer := r.call("GET", r.admin+"/admin/v1/audit", "")
	require.Equal(t, 200, code, answer)
	require.Contains(t, answer["summary"], "No visitor yet")
	for range 2 {
		code, _ = r.call("POST", r.public+"/v1/track", `{"anonymousId": "a1", "messageId": "m1", "event": "Product Added"}`)
		require.Equal(t, 200, code)
	}
	code, answer = r.call("GET", r.admin+"/admin/v1/audit?goal=Order+Completed", "")
	require.Equal(t, 200, code, answer)
	require.InDelta(t, 1, answer["visitors"], 0)
	found := map[string]string{}
	for _, c := range answer["checks"].([]any) {
		c := c.(map[string]any)
		found[c["id"].(string)] = c["found"].(string)
	}
	require.Contains(t, found["duplicates"], "1 of 2 deliveries had come before", "a running server has counted")
	require.Contains(t, found["unknown-events"], "events that rules use and nobody sends: ")

	code, answer = r.call("GET", r.admin+"/admin/v1/drift", "")
	require.Equal(t, 200, code, answer)
	require.Contains(t, answer["summary"], "Too little history")
}

func TestJourneysOverHTTP(t *testing.T) {
	r := run(t, exampleConfig(t, "storefront"))
	for _, event := range []string{"Product Viewed", "Product Added"} {
		code, _ := r.call("POST", r.public+"/v1/track", `{"anonymousId": "a1", "event": "`+event+`"}`)
		require.Equal(t, 200, code)
	}
	code, answer := r.call("POST", r.admin+"/admin/v1/journeys", `{"goal": "Order Completed", "support": "1"}`)
	require.Equal(t, 200, code, answer)
	require.InDelta(t, 1, answer["visitors"], 0)
	found := answer["patterns"].(map[string]any)["found"].([]any)
	require.NotEmpty(t, found)
	require.Contains(t, found[0].(map[string]any)["draft"], "- never: {of: Order Completed}")
}

func TestABacktestOverHTTP(t *testing.T) {
	r := run(t, exampleConfig(t, "storefront"))
	code, _ := r.call("POST", r.public+"/v1/track", `{"anonymousId": "a1", "event": "Product Added"}`)
	require.Equal(t, 200, code)
	code, answer := r.call("POST", r.admin+"/admin/v1/backtest",
		`{"rule": {"segment": "added", "name": "Added", "soWhat": "x", "when": {"count": {"of": "Product Added", "last": "1h"}}}, "against": "high-intent"}`)
	require.Equal(t, 200, code, answer)
	added := answer["segments"].([]any)[0].(map[string]any)
	require.InDelta(t, 1, added["entries"], 0)
	require.Len(t, added["overlaps"], 1)
	code, answer = r.call("POST", r.admin+"/admin/v1/backtest", `{"rule": {"segment": "x", "name": "X", "soWhat": "x", "when": {"segment": "nobody"}}}`)
	require.Equal(t, 400, code)
	require.Contains(t, answer["detail"], `there is no segment "nobody"`)
}
