package app_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/segue-dev/segue/config"
	"github.com/segue-dev/segue/internal/app"
	"github.com/segue-dev/segue/internal/contentful/emulator/delivery"
	"github.com/segue-dev/segue/internal/contentful/emulator/store"
)

// A cms is a stand-in for the space of the storefront.
type cms struct {
	t        *testing.T
	store    *store.Store
	cda, cpa *httptest.Server
	down     atomic.Bool
}

func newCMS(t *testing.T) *cms {
	t.Helper()
	file, err := os.Open("../../examples/storefront/space.json")
	require.NoError(t, err)
	defer file.Close()
	s, err := store.Load(file, store.Options{})
	require.NoError(t, err)
	c := &cms{t: t, store: s}
	c.cda = c.serve(delivery.New(s, delivery.Options{Token: "delivery"}))
	c.cpa = c.serve(delivery.New(s, delivery.Options{Token: "preview", Preview: true}))
	return c
}

func (c *cms) serve(api http.Handler) *httptest.Server {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if c.down.Load() {
			http.Error(w, "no", http.StatusServiceUnavailable)
			return
		}
		api.ServeHTTP(w, r)
	}))
	c.t.Cleanup(server.Close)
	return server
}

// edit changes a field of an entry, and returns the entry as the webhook of its
// publishing has it, if it is published.
func (c *cms) edit(id, field, value string, publish bool) []byte {
	c.t.Helper()
	scope, ok := c.store.Environment("sp1", "master")
	require.True(c.t, ok)
	require.NoError(c.t, scope.Update(func(tx *store.Tx) error {
		e, ok := tx.Get(store.Entry, id)
		require.True(c.t, ok, id)
		raw, err := json.Marshal(e.Body)
		require.NoError(c.t, err)
		var body store.Object
		require.NoError(c.t, store.Decode(raw, &body))
		body["fields"].(map[string]any)[field] = map[string]any{"en-US": value}
		e = tx.Save(e, body)
		if publish {
			tx.Publish(e)
		}
		return nil
	}))
	e, _ := scope.Get(store.Entry, id)
	raw, err := json.Marshal(scope.Delivered(e))
	require.NoError(c.t, err)
	return raw
}

// config returns the configuration of the storefront with the space live.
func (c *cms) config(sets ...string) config.Config {
	return exampleConfig(c.t, "storefront", append([]string{
		"content=contentful://sp1/master", "contentful.deliveryToken=delivery", "contentful.deliveryURL=" + c.cda.URL,
		"contentful.previewToken=preview", "contentful.previewKey=0123456789abcdef", "contentful.previewURL=" + c.cpa.URL,
		"contentful.poll=1s", "contentful.previewPoll=1s", "contentful.cache=" + c.t.TempDir(),
	}, sets...)...)
}

// waitFor waits until ok, as long as anything that is promised may take.
func waitFor(t *testing.T, what string, ok func() bool) {
	t.Helper()
	require.Eventually(t, ok, 10*time.Second, 10*time.Millisecond, what)
}

// page returns the home page of a visitor as text.
func (r *running) page(method string, header ...string) (int, string) {
	r.t.Helper()
	req, err := http.NewRequestWithContext(r.t.Context(), http.MethodPost, r.public+"/v1/resolve",
		strings.NewReader(`{"visitor": "v", "page": "page:home"`+method+`}`))
	require.NoError(r.t, err)
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	res, err := http.DefaultClient.Do(req)
	require.NoError(r.t, err)
	defer res.Body.Close()
	var body bytes.Buffer
	_, err = body.ReadFrom(res.Body)
	require.NoError(r.t, err)
	return res.StatusCode, body.String()
}

func (r *running) shows(text string) func() bool {
	return func() bool {
		_, body := r.page("")
		return strings.Contains(body, text)
	}
}

func TestALiveSpaceIsServedAndFollowed(t *testing.T) {
	c := newCMS(t)
	r := run(t, c.config())
	waitFor(t, "the space is read", r.shows(`"id":"home-hero"`))
	_, fromFile := run(t, exampleConfig(t, "storefront")).page("")
	_, live := r.page("")
	var want, got map[string]any
	require.NoError(t, json.Unmarshal([]byte(fromFile), &want))
	require.NoError(t, json.Unmarshal([]byte(live), &got))
	require.Equal(t, want["slots"], got["slots"])

	c.edit("home-hero", "headline", "Edited without a webhook", true)
	waitFor(t, "within the interval of polling", r.shows("Edited without a webhook"))

	c.down.Store(true)
	body := c.edit("home-hero", "headline", "Edited with a webhook", true)
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, r.public+"/webhooks/contentful", bytes.NewReader(body))
	require.NoError(t, err)
	req.Header.Set("X-Contentful-Topic", "ContentManagement.Entry.publish")
	start := time.Now()
	res, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	require.NoError(t, res.Body.Close())
	require.Equal(t, http.StatusOK, res.StatusCode)
	waitFor(t, "at once, and though Contentful is down", r.shows("Edited with a webhook"))
	t.Logf("webhook to page: %v", time.Since(start).Round(time.Millisecond))

	_, ready := r.get("/readyz?verbose")
	require.Equal(t, "ok", ready["parts"].(map[string]any)["contentful"])
	require.Regexp(t, `^ok: revision c\w+, \d+ entries, \d+ assets, as of \d+s ago`, ready["parts"].(map[string]any)["content"])
	waitFor(t, "old content is said to be", func() bool {
		_, ready := r.get("/readyz?verbose")
		parts := ready["parts"].(map[string]any)
		return ready["status"] == "degraded" && parts["contentful"] == "failing" && strings.Contains(parts["content"].(string), "last error: ServerError")
	})
	_, metrics := r.call("GET", r.admin+"/metrics", "")
	require.Contains(t, metrics["text"], `segue_mirror_syncs_total{kind="initial",mirror="published",outcome="ok"} 1`)
	require.Contains(t, metrics["text"], `segue_mirror_api_errors_total{error="ServerError",mirror="published"}`)
}

func TestPreviewsShowWhatEditorsSee(t *testing.T) {
	c := newCMS(t)
	r := run(t, c.config())
	waitFor(t, "the space is read", r.shows(`"id":"home-hero"`))
	c.edit("home-hero", "headline", "Only a draft", false)
	key := []string{"Authorization", "Bearer 0123456789abcdef"}
	waitFor(t, "the draft is previewed", func() bool {
		_, body := r.page(`, "preview": true`, key...)
		return strings.Contains(body, "Only a draft")
	})
	_, body := r.page("")
	require.NotContains(t, body, "Only a draft", "and not published")
	status, _ := r.page(`, "preview": true`)
	require.Equal(t, http.StatusUnauthorized, status)
	status, body = r.page(`, "preview": true, "signals": [{"type": "track", "event": "X"}]`, key...)
	require.Equal(t, http.StatusBadRequest, status)
	require.Contains(t, body, "a preview stores nothing")
}

func TestAStartWithoutContentfulSaysSo(t *testing.T) {
	c := newCMS(t)
	c.down.Store(true)
	r := run(t, c.config())
	status, body := r.page("")
	require.Equal(t, http.StatusServiceUnavailable, status)
	require.Contains(t, body, "the content of space sp1")
	status, answer := r.get("/v1/resolve?visitor=v")
	require.Equal(t, http.StatusOK, status, "decisions need no content")
	require.NotNil(t, answer["segments"])
	waitFor(t, "it is not ready", func() bool {
		status, answer := r.get("/readyz?verbose")
		return status == http.StatusServiceUnavailable && strings.HasPrefix(answer["parts"].(map[string]any)["content"].(string), "failing: none yet; last error: ServerError")
	})
	c.down.Store(false)
	waitFor(t, "it serves when Contentful comes", r.shows(`"id":"home-hero"`))
	status, _ = r.get("/readyz")
	require.Equal(t, http.StatusOK, status)
}

func TestCommandsLookAtALiveSpace(t *testing.T) {
	c := newCMS(t)
	cfg := c.config()
	_, _, err := app.Load(cfg)
	require.NoError(t, err)

	r := run(t, cfg)
	waitFor(t, "the space is read", r.shows(`"id":"home-hero"`))
	require.NoError(t, r.end())
	c.down.Store(true)
	site, findings, err := app.Load(cfg)
	require.NoError(t, err, "the copy on disk will do")
	require.True(t, site.Content.Publishable("home-hero", ""))
	require.Contains(t, findings[0].Message, "Contentful does not answer (ServerError): this is the copy on disk, as of")

	cfg.Contentful.Cache = t.TempDir()
	_, _, err = app.Load(cfg)
	require.ErrorContains(t, err, "the content of space sp1 has never been read")
}
