package webhooks_test

import (
	"bytes"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/segue-dev/segue/internal/fault"
	"github.com/segue-dev/segue/internal/httpapi"
	"github.com/segue-dev/segue/internal/httpapi/openapitest"
	"github.com/segue-dev/segue/internal/httpapi/webhooks"
)

// A receiver answers as a test wants, and keeps the last body.
type receiver struct {
	outcome string
	err     error
	body    []byte
}

func (r *receiver) Receive(_ *http.Request, body []byte) (string, error) {
	r.body = body
	return r.outcome, r.err
}

const path = "/webhooks/contentful"

// post sends a webhook; the answer must be as openapi.yaml describes it.
func post(t *testing.T, r webhooks.Receiver, body io.Reader) *httptest.ResponseRecorder {
	t.Helper()
	s := httpapi.NewPublic(nil, nil, httpapi.Options{Log: slog.New(slog.DiscardHandler), Webhooks: r})
	res := httptest.NewRecorder()
	s.Handler().ServeHTTP(res, httptest.NewRequest(http.MethodPost, path, body))
	openapitest.CheckAnswer(t, openapitest.Load(t, httpapi.OpenAPI), http.MethodPost, path, res.Code, res.Header().Get("Content-Type"), res.Body.Bytes())
	return res
}

func TestOutcomesAreAcknowledged(t *testing.T) {
	for _, outcome := range []string{"applied", "noted", "old", "ignored", "duplicate"} {
		r := &receiver{outcome: outcome}
		res := post(t, r, strings.NewReader(" {} "))
		require.Equal(t, 200, res.Code)
		require.JSONEq(t, `{"outcome":"`+outcome+`"}`, res.Body.String())
		require.Equal(t, " {} ", string(r.body), "the body is what was signed, to the byte")
	}
}

func TestRefusalsAreProblems(t *testing.T) {
	for kind, status := range map[fault.Kind]int{
		fault.Invalid: 400, fault.Unauthorized: 401, fault.Forbidden: 403, fault.Unavailable: 503,
	} {
		res := post(t, &receiver{err: fault.New(kind, "no")}, strings.NewReader("{}"))
		require.Equal(t, status, res.Code)
		require.Equal(t, "application/problem+json", res.Header().Get("Content-Type"))
	}
}

func TestWithoutALiveSpaceThereIsNothingToTell(t *testing.T) {
	res := post(t, nil, strings.NewReader("{}"))
	require.Equal(t, 404, res.Code)
	require.Contains(t, res.Body.String(), "contentful://SPACE/ENVIRONMENT")
}

func TestBodiesAreBounded(t *testing.T) {
	r := &receiver{outcome: "applied"}
	require.Equal(t, 200, post(t, r, bytes.NewReader(make([]byte, webhooks.MaxBody))).Code)
	require.Len(t, r.body, webhooks.MaxBody)
	require.Equal(t, 413, post(t, r, bytes.NewReader(make([]byte, webhooks.MaxBody+1))).Code)
}

func TestTheDescriptionHasOurTypes(t *testing.T) {
	openapitest.CheckTypes(t, openapitest.Load(t, httpapi.OpenAPI), webhooks.WireTypes, nil)
}
