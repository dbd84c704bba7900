package segmentio_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/labstack/echo/v4"
	"github.com/stretchr/testify/require"

	"github.com/segue-dev/segue/internal/fault"
	"github.com/segue-dev/segue/internal/httpapi"
	"github.com/segue-dev/segue/internal/httpapi/intake"
	"github.com/segue-dev/segue/internal/httpapi/openapitest"
	"github.com/segue-dev/segue/internal/httpapi/reply"
	"github.com/segue-dev/segue/internal/httpapi/segmentio"
	"github.com/segue-dev/segue/internal/ingest"
	"github.com/segue-dev/segue/internal/signal"
)

// ingester takes every good message, and remembers what it was given.
type ingester struct {
	got []ingest.Batch
	err error
	ids map[string]bool
}

func (i *ingester) Accept(_ context.Context, b ingest.Batch) (ingest.Receipt, error) {
	i.got = append(i.got, b)
	var r ingest.Receipt
	for n, m := range b.Messages {
		switch err := m.Check(); {
		case err != nil:
			rejection := ingest.Rejection{Index: n, MessageID: m.MessageID, Reason: err.Error()}
			if d, ok := errors.AsType[*signal.Defect](err); ok {
				rejection.Field, rejection.Code = d.Field, d.Code
			}
			r.Rejected = append(r.Rejected, rejection)
		case i.ids[m.MessageID]:
			r.Duplicates++
		default:
			r.Accepted++
			i.ids[m.MessageID] = m.MessageID != ""
		}
	}
	return r, i.err
}

type request struct {
	path, body string
	header     map[string]string
}

func (i *ingester) post(t *testing.T, r request) *httptest.ResponseRecorder {
	t.Helper()
	return i.ask(t, http.MethodPost, r)
}

func (i *ingester) ask(t *testing.T, method string, r request) *httptest.ResponseRecorder {
	t.Helper()
	if i.ids == nil {
		i.ids = map[string]bool{}
	}
	e := echo.New()
	e.HTTPErrorHandler = reply.Fail(slog.New(slog.DiscardHandler))
	segmentio.Mount(e, intake.New(i, intake.Options{}))
	req := httptest.NewRequest(method, r.path, strings.NewReader(r.body))
	for k, v := range r.header {
		req.Header.Set(k, v)
	}
	res := httptest.NewRecorder()
	e.ServeHTTP(res, req)
	return res
}

func TestTheRouteNamesTheType(t *testing.T) {
	for path, want := range map[string]string{
		"track": "track", "identify": "identify", "page": "page", "screen": "screen", "group": "group", "alias": "alias",
		"t": "track", "i": "identify", "p": "page", "s": "screen", "g": "group", "a": "alias",
	} {
		in := &ingester{}
		res := in.post(t, request{path: "/v1/" + path, body: `{"anonymousId": "v", "event": "E", "type": "screen"}`})
		require.Equal(t, 200, res.Code, res.Body)
		require.JSONEq(t, `{"success": true, "accepted": 1}`, res.Body.String())
		require.Equal(t, want, in.got[0].Messages[0].Type, path)
		require.False(t, in.got[0].Historical)
	}
}

func TestOneBadMessageDoesNotCostItsBatch(t *testing.T) {
	in := &ingester{}
	res := in.post(t, request{path: "/v1/batch", body: `{"sentAt": "2026-11-23T10:00:00Z", "batch": [
		{"type": "page", "anonymousId": "v", "messageId": "m0"},
		{"type": "track", "anonymousId": "v", "messageId": "m1"},
		{"type": "page", "anonymousId": "v", "messageId": "m0"},
		"nonsense",
		{"type": "page", "anonymousId": "v", "messageId": "m4"}]}`})
	require.Equal(t, 200, res.Code)
	require.JSONEq(t, `{"success": true, "accepted": 2, "duplicates": 1, "rejected": [
		{"index": 1, "messageId": "m1", "code": "no-event", "field": "event", "reason": "event: missing; a track names what happened, such as \"Product Viewed\""},
		{"index": 3, "code": "malformed", "reason": "message is not a JSON object; send {…}"}]}`, res.Body.String())
	require.Equal(t, time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC), in.got[0].SentAt.UTC())
}

func TestABadMessageAloneIsNamedInTheAnswer(t *testing.T) {
	for name, tc := range map[string]struct{ path, body, code string }{
		"no event":   {"/v1/track", `{"anonymousId": "v"}`, "no-event"},
		"no visitor": {"/v1/page", `{}`, "no-visitor"},
		"oversize":   {"/v1/page", `{"anonymousId": "` + strings.Repeat("v", signal.MaxMessage) + `"}`, "too-big"},
	} {
		t.Run(name, func(t *testing.T) {
			in := &ingester{}
			res := in.post(t, request{path: tc.path, body: tc.body})
			require.Equal(t, 200, res.Code, res.Body)
			require.Contains(t, res.Body.String(), `{"success":true,"accepted":0,"rejected":[{"index":0,"code":"`+tc.code+`"`)
			require.Equal(t, tc.body, string(in.got[0].Messages[0].Raw), "kept as it was sent")
		})
	}
}

func TestTheSourceOfABatchIsHandedOn(t *testing.T) {
	jitsu := map[string]string{"X-Write-Key": "wk:secret"}
	basic := map[string]string{"Authorization": "Basic d2s6"} // wk:
	for name, r := range map[string]request{
		"Segment, server":      {"/v1/batch", `{"batch": [], "writeKey": "wk"}`, nil},
		"Segment, browser":     {"/v1/t", `{"anonymousId": "v", "event": "e", "writeKey": "wk"}`, nil},
		"RudderStack, server":  {"/v1/batch", `{"batch": []}`, basic},
		"RudderStack, browser": {"/v1/page", `{"anonymousId": "v"}`, basic},
		"RudderStack, beacon":  {"/beacon/v1/batch?writeKey=wk", `{"batch": []}`, nil},
		"Jitsu, browser":       {"/api/s/:type", `{"anonymousId": "v", "writeKey": "***"}`, jitsu},
		"Jitsu, server":        {"/api/s/s2s/:type", `{"anonymousId": "v", "writeKey": "***"}`, jitsu},
	} {
		t.Run(name, func(t *testing.T) {
			in := &ingester{}
			route, _, _ := strings.Cut(r.path, "?")
			r.path = strings.Replace(r.path, ":type", "page", 1)
			res := in.post(t, r)
			require.Equal(t, 200, res.Code, res.Body)
			require.Equal(t, "wk", in.got[0].WriteKey)
			require.Equal(t, route, in.got[0].Source)
		})
	}
}

func TestJitsuNamesTheTypeInThePath(t *testing.T) {
	in := &ingester{}
	for _, path := range []string{"/api/s/", "/api/s/s2s/"} {
		for _, typ := range []string{"track", "identify", "page", "screen", "group", "alias"} {
			res := in.post(t, request{path: path + typ, body: `{"anonymousId": "v", "event": "e"}`})
			require.Equal(t, 200, res.Code, res.Body)
			require.Equal(t, typ, in.got[len(in.got)-1].Messages[0].Type)
		}
		require.Equal(t, 404, in.post(t, request{path: path + "nonsense", body: `{}`}).Code)
	}
}

func TestOnlyAnImportIsHistorical(t *testing.T) {
	for path, want := range map[string]bool{"/v1/batch": false, "/v1/b": false, "/v1/import": true} {
		in := &ingester{}
		require.Equal(t, 200, in.post(t, request{path: path, body: `{"batch": []}`}).Code)
		require.Equal(t, want, in.got[0].Historical, path)
	}
}

func TestFailuresAreInTheFormOfTheProtocol(t *testing.T) {
	for name, tc := range map[string]struct {
		request request
		err     error
		status  int
		want    string
	}{
		"malformed JSON":   {request{path: "/v1/batch", body: `{"batch": [`}, nil, 400, "body: not valid JSON at byte"},
		"not an object":    {request{path: "/v1/track", body: `[]`}, nil, 400, "body: not a JSON object"},
		"nothing":          {request{path: "/v1/track"}, nil, 400, "body: not valid JSON"},
		"no batch":         {request{path: "/v1/batch", body: `{"type": "page"}`}, nil, 400, "batch: missing"},
		"oversize":         {request{path: "/v1/batch", body: strings.Repeat(" ", reply.MaxBody+1)}, nil, 400, "body: more than 1048576 bytes"},
		"oversize metrics": {request{path: "/v1/m", body: strings.Repeat(" ", reply.MaxBody+1)}, nil, 400, "body: more than"},
		"store down":       {request{path: "/v1/batch", body: `{"batch": []}`}, fault.New(fault.Unavailable, "the store cannot take changes"), 503, "the store cannot take changes"},
		"our mistake":      {request{path: "/v1/batch", body: `{"batch": []}`}, errors.New("secret"), 500, "The mistake is ours"},
	} {
		t.Run(name, func(t *testing.T) {
			in := &ingester{err: tc.err}
			res := in.post(t, tc.request)
			require.Equal(t, tc.status, res.Code)
			require.Contains(t, res.Body.String(), `{"success":false,"error":"`+tc.want)
			if tc.status == 503 {
				require.NotEmpty(t, res.Header().Get("Retry-After"))
			}
		})
	}
}

func TestContentTypeIsIgnoredAndGzipHonoured(t *testing.T) {
	var zipped bytes.Buffer
	w := gzip.NewWriter(&zipped)
	_, err := w.Write([]byte(`{"batch": [{"type": "page", "anonymousId": "v"}]}`))
	require.NoError(t, err)
	require.NoError(t, w.Close())
	for _, contentType := range []string{"application/x-www-form-urlencoded", "text/plain", ""} {
		in := &ingester{}
		res := in.post(t, request{"/v1/batch", zipped.String(), map[string]string{"Content-Type": contentType, "Content-Encoding": "gzip"}})
		require.Equal(t, 200, res.Code, res.Body)
		require.JSONEq(t, `{"success": true, "accepted": 1}`, res.Body.String())
	}
}

func TestClientMetricsAreThrownAway(t *testing.T) {
	in := &ingester{}
	res := in.post(t, request{path: "/v1/m", body: `{"series": [}`})
	require.Equal(t, 200, res.Code)
	require.Empty(t, in.got)
}

func TestWireTypesAreThoseOfTheDescription(t *testing.T) {
	openapitest.CheckTypes(t, openapitest.Load(t, httpapi.OpenAPI), segmentio.WireTypes, nil)
}
