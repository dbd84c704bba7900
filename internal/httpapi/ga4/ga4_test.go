package ga4_test

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/labstack/echo/v4"
	"github.com/stretchr/testify/require"

	"github.com/segue-dev/segue/internal/httpapi/ga4"
	"github.com/segue-dev/segue/internal/httpapi/intake"
	"github.com/segue-dev/segue/internal/httpapi/reply"
	"github.com/segue-dev/segue/internal/ingest"
	"github.com/segue-dev/segue/internal/signal"
	"github.com/segue-dev/segue/internal/store/pebblestore"
	"github.com/segue-dev/segue/internal/visitor"
)

// A site takes signals in, and remembers what was rejected.
type site struct {
	*echo.Echo
	store    visitor.Store
	ingester *ingest.Ingester
	batches  []ingest.Batch
	receipts []ingest.Receipt
}

func newSite(t testing.TB) *site {
	store, err := pebblestore.OpenMemory(pebblestore.Options{})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, store.Close()) })
	s := &site{Echo: echo.New(), store: store, ingester: ingest.New(store, ingest.Options{})}
	s.HTTPErrorHandler = reply.Fail(slog.New(slog.DiscardHandler))
	ga4.Mount(s.Echo, intake.New(s, intake.Options{}))
	return s
}

// Accept implements intake.Ingester.
func (s *site) Accept(ctx context.Context, b ingest.Batch) (ingest.Receipt, error) {
	r, err := s.ingester.Accept(ctx, b)
	s.batches, s.receipts = append(s.batches, b), append(s.receipts, r)
	return r, err
}

func (s *site) post(t testing.TB, path, body string) *httptest.ResponseRecorder {
	t.Helper()
	res := httptest.NewRecorder()
	s.ServeHTTP(res, httptest.NewRequest(http.MethodPost, path, strings.NewReader(body)))
	return res
}

const collect = "/mp/collect?measurement_id=G-1&api_secret=wk"

func (s *site) signals(t testing.TB, visitor string) []signal.Signal {
	t.Helper()
	record, err := s.store.Get(t.Context(), visitor)
	require.NoError(t, err)
	return record.Signals
}

func get(t testing.TB, s signal.Signal, key string) string {
	t.Helper()
	v, ok := s.Props.Get(key)
	require.True(t, ok, "%s is not among %v", key, s.Props)
	return v.String()
}

func TestAPurchase(t *testing.T) {
	s := newSite(t)
	at := time.Now().Add(-time.Minute).UTC().Truncate(time.Millisecond)
	body := `{"client_id": "123.456", "timestamp_micros": "` + strconv.FormatInt(at.UnixMicro(), 10) + `",
		"user_properties": {"plan": {"value": "pro"}}, "consent": {"ad_personalization": "DENIED", "ad_user_data": "GRANTED"},
		"events": [
			{"name": "page_view", "params": {"page_location": "https://shop.example/kettles", "page_title": "Kettles", "session_id": 7}},
			{"name": "purchase", "params": {"transaction_id": "T1", "currency": "USD", "value": 89, "items": [{"item_id": "p1", "item_name": "Kettle", "price": 89}]}}
		]}`
	res := s.post(t, collect, body)
	require.Equal(t, 204, res.Code, res.Body)
	require.Equal(t, "wk", s.batches[0].WriteKey)

	got := s.signals(t, "123.456")
	require.Len(t, got, 3)
	require.Equal(t, signal.Identify, got[0].Type)
	require.Equal(t, "pro", get(t, got[0], "plan"))
	require.Equal(t, signal.Page, got[1].Type)
	require.Equal(t, "https://shop.example/kettles", get(t, got[1], "url"))
	require.Equal(t, "false", get(t, got[1], "context.consent.categoryPreferences.ad_personalization"))
	require.Equal(t, "true", get(t, got[1], "context.consent.categoryPreferences.ad_user_data"))
	require.Equal(t, "purchase", got[2].Name)
	require.Equal(t, signal.NormalizeEvent("Order Completed"), signal.NormalizeEvent(got[2].Name))
	require.Equal(t, "p1", get(t, got[2], "products.product_id"))
	require.Equal(t, at.UnixMilli(), got[2].At)

	require.Equal(t, 204, s.post(t, collect, body).Code)
	require.Equal(t, 3, s.receipts[1].Duplicates, "sent again")
}

func TestNothingIsLostSilently(t *testing.T) {
	many := strings.Repeat(`{"name": "Step"},`, 26)
	for name, tc := range map[string]struct {
		body               string
		accepted, rejected int
	}{
		"not JSON":           {`client_id=1`, 0, 1},
		"no events":          {`{"client_id": "a"}`, 0, 1},
		"nobody":             {`{"events": [{"name": "a"}, {"name": "b"}]}`, 0, 2},
		"a number as id":     {`{"client_id": 12, "events": [{"name": "a"}]}`, 1, 0},
		"the user alone":     {`{"user_id": "u", "events": [{"name": "a"}]}`, 1, 0},
		"one without a name": {`{"client_id": "a", "events": [{"params": {}}, {"name": "b"}, 7]}`, 1, 2},
		"too many":           {`{"client_id": "a", "events": [` + many[:len(many)-1] + `]}`, 25, 1},
		"two that are equal": {`{"client_id": "a", "timestamp_micros": 1700000000000000, "events": [{"name": "a"}, {"name": "a"}]}`, 2, 0},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t)
			require.Equal(t, 204, s.post(t, collect, tc.body).Code)
			require.Equal(t, tc.accepted, s.receipts[0].Accepted)
			require.Len(t, s.receipts[0].Rejected, tc.rejected)

			res := s.post(t, "/debug"+collect, tc.body)
			require.Equal(t, 200, res.Code)
			require.Equal(t, tc.rejected, strings.Count(res.Body.String(), `"description"`), res.Body)
			require.Len(t, s.receipts, 1, "nothing is stored")
		})
	}
}

func FuzzCollect(f *testing.F) {
	for _, seed := range []string{``, `{}`, `[]`, `{"client_id": 1, "events": [{"name": "page_view", "params": null}]}`, `{"user_properties": {"a": {"value": {}}}, "client_id": "a"}`, `{"timestamp_micros": "x"}`} {
		f.Add(seed)
	}
	s := newSite(f)
	f.Fuzz(func(t *testing.T, body string) {
		require.Equal(t, 204, s.post(t, collect, body).Code)
	})
}
