package cloudevents_test

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/labstack/echo/v4"
	"github.com/stretchr/testify/require"

	"github.com/segue-dev/segue/internal/httpapi/cloudevents"
	"github.com/segue-dev/segue/internal/httpapi/intake"
	"github.com/segue-dev/segue/internal/httpapi/reply"
	"github.com/segue-dev/segue/internal/ingest"
	"github.com/segue-dev/segue/internal/signal"
)

// ingester takes every good message, and remembers all.
type ingester struct{ got []signal.Message }

func (i *ingester) Accept(_ context.Context, b ingest.Batch) (r ingest.Receipt, _ error) {
	i.got = append(i.got, b.Messages...)
	for n, m := range b.Messages {
		if err := m.Check(); err != nil {
			r.Rejected = append(r.Rejected, ingest.Rejection{Index: n, Code: signal.Malformed, Reason: err.Error()})
		} else {
			r.Accepted++
		}
	}
	return r, nil
}

func (i *ingester) ask(method, body string, header map[string]string) *httptest.ResponseRecorder {
	e := echo.New()
	e.HTTPErrorHandler = reply.Fail(slog.New(slog.DiscardHandler))
	cloudevents.Mount(e, intake.New(i, intake.Options{}))
	req := httptest.NewRequest(method, "/v1/cloudevents", io.MultiReader(strings.NewReader(body))) // chunked: no length
	for k, v := range header {
		req.Header.Set(k, v)
	}
	res := httptest.NewRecorder()
	e.ServeHTTP(res, req)
	return res
}

const (
	structured = "application/cloudevents+json; charset=UTF-8"
	batch      = "application/cloudevents-batch+json"
	added      = `{"specversion": "1.0", "id": "7", "source": "/shop", "type": "Product Added", "subject": "ana \"é\"", "time": "2026-11-20T15:58:20Z", "data": {"product_id": "p1"}}`
)

func TestAllModesSayTheSame(t *testing.T) {
	var structuredIn, binaryIn, batchIn, base64In ingester
	require.Equal(t, 200, structuredIn.ask("POST", added, map[string]string{"Content-Type": structured}).Code)
	require.Equal(t, 200, batchIn.ask("POST", "["+added+"]", map[string]string{"Content-Type": batch}).Code)
	require.Equal(t, 200, base64In.ask("POST", strings.Replace(added, `"data": {"product_id": "p1"}`, `"data_base64": "eyJwcm9kdWN0X2lkIjogInAxIn0="`, 1), map[string]string{"Content-Type": structured}).Code)
	res := binaryIn.ask("POST", `{"product_id": "p1"}`, map[string]string{
		"Content-Type": "application/json", "ce-specversion": "1.0", "ce-id": "7", "ce-source": "/shop",
		"ce-type": "Product%20Added", "ce-subject": "ana %22%C3%A9%22", "ce-time": "2026-11-20T15:58:20Z",
	})
	require.Equal(t, 200, res.Code, res.Body)
	require.JSONEq(t, `{"success": true, "accepted": 1}`, res.Body.String())
	want := structuredIn.got[0]
	require.Equal(t, "track", want.Type)
	require.Equal(t, "Product Added", want.Event)
	require.Equal(t, `ana "é"`, want.AnonymousID)
	require.Equal(t, time.Date(2026, 11, 20, 15, 58, 20, 0, time.UTC), want.Timestamp)
	require.Equal(t, signal.Props{{Key: "product_id", Value: signal.TextOf("p1")}}, want.Props)
	require.JSONEq(t, added, string(want.Raw))
	for _, in := range []*ingester{&binaryIn, &batchIn, &base64In} {
		got := in.got[0]
		got.Raw = want.Raw
		require.Equal(t, want, got)
	}
}

func TestSourceAndIDMakeTheMessageID(t *testing.T) {
	id := func(source, id string) string {
		var in ingester
		in.ask("POST", `{"specversion": "1.0", "id": "`+id+`", "source": "`+source+`", "type": "t", "subject": "v"}`, map[string]string{"Content-Type": structured})
		return in.got[0].MessageID
	}
	require.Equal(t, id("a", "1"), id("a", "1"))
	require.NotEqual(t, id("a", "1"), id("a", "2"))
	require.NotEqual(t, id("a", "b1"), id("ab", "1"))
	require.LessOrEqual(t, len(id(strings.Repeat("a", 500), "1")), signal.MaxMessageID)
}

func TestSegmentShapedDataIsAMessage(t *testing.T) {
	var in ingester
	for _, event := range []string{
		`"type": "com.example.signal", "subject": "not me", "data": {"type": "page", "name": "Home", "anonymousId": "v", "messageId": "mine"}`,
		`"type": "page", "subject": "v", "data": {"name": "Home"}`,
	} {
		in.got = nil
		res := in.ask("POST", `{"specversion": "1.0", "id": "1", "source": "s", `+event+`}`, map[string]string{"Content-Type": structured})
		require.Equal(t, 200, res.Code, res.Body)
		require.Equal(t, "page Home v", in.got[0].Type+" "+in.got[0].Name+" "+in.got[0].AnonymousID)
		require.NotEqual(t, "mine", in.got[0].MessageID)
	}
}

func TestBadEventsAreNamed(t *testing.T) {
	good := map[string]string{"Content-Type": structured}
	for name, tc := range map[string]struct {
		body   string
		header map[string]string
		status int
		want   string
	}{
		"no mode":          {added, map[string]string{"Content-Type": "application/json"}, 415, "Content-Type: send"},
		"XML":              {"<e/>", map[string]string{"Content-Type": "application/cloudevents+xml", "ce-specversion": "1.0"}, 415, "Content-Type: send"},
		"no JSON":          {"{", good, 400, "body: not a JSON object"},
		"no batch":         {added, map[string]string{"Content-Type": batch}, 400, "body: not a JSON array"},
		"old":              {strings.Replace(added, "1.0", "0.3", 1), good, 400, "specversion: "},
		"no id":            {strings.Replace(added, `"id": "7",`, "", 1), good, 400, "id: missing"},
		"no subject":       {strings.Replace(added, "subject", "object", 1), good, 400, "subject: missing"},
		"a bad time":       {strings.Replace(added, "2026-11-20T15:58:20Z", "now", 1), good, 400, "time: "},
		"bad data, binary": {"{", map[string]string{"Content-Type": "application/json", "ce-specversion": "1.0"}, 400, "body: not valid JSON"},
	} {
		t.Run(name, func(t *testing.T) {
			res := (&ingester{}).ask("POST", tc.body, tc.header)
			require.Equal(t, tc.status, res.Code, res.Body)
			require.Contains(t, res.Body.String(), `"detail":"`+tc.want)
		})
	}
	var in ingester
	res := in.ask("POST", `[7, `+added+`, {}]`, map[string]string{"Content-Type": batch})
	require.Equal(t, 200, res.Code)
	require.Contains(t, res.Body.String(), `"accepted":1,"rejected":[{"index":0,`)
	require.Equal(t, "7", string(in.got[0].Raw))
}

func TestWebhooksShakeHands(t *testing.T) {
	res := (&ingester{}).ask(http.MethodOptions, "", map[string]string{"WebHook-Request-Origin": "events.example"})
	require.Equal(t, 204, res.Code)
	require.Equal(t, "events.example", res.Header().Get("WebHook-Allowed-Origin"))
	require.Equal(t, "*", res.Header().Get("WebHook-Allowed-Rate"))
	require.Contains(t, res.Header().Get("Allow"), "POST")
}

func FuzzEvents(f *testing.F) {
	f.Add(added, structured, "")
	f.Add("["+added+"]", batch, "")
	f.Add(`{"a": 1}`, "application/json", `"%22"`)
	f.Fuzz(func(t *testing.T, body, contentType, subject string) {
		res := (&ingester{}).ask("POST", body, map[string]string{
			"Content-Type": contentType, "ce-specversion": "1.0", "ce-id": "1", "ce-source": "s", "ce-type": "t", "ce-subject": subject,
		})
		require.Contains(t, []int{200, 400, 413, 415}, res.Code)
	})
}
