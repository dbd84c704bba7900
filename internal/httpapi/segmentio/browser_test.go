package segmentio_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/segue-dev/segue/internal/signal"
)

func (i *ingester) get(t *testing.T, path string, header map[string]string) *httptest.ResponseRecorder {
	t.Helper()
	res := i.ask(t, http.MethodGet, request{path: path, header: header})
	require.Equal(t, 200, res.Code, res.Body)
	require.Equal(t, "no-store", res.Header().Get("Cache-Control"))
	return res
}

func TestSegmentSettingsSendTheBrowserBackHere(t *testing.T) {
	for name, tc := range map[string]struct {
		header         map[string]string
		host, protocol string
	}{
		"directly":             {nil, "example.com", "http"},
		"through proxies":      {map[string]string{"X-Forwarded-Host": "shop.example, inner", "X-Forwarded-Proto": "https, http", "X-Forwarded-Prefix": "/_p/"}, "shop.example/_p", "https"},
		"as RFC 7239 has it":   {map[string]string{"Forwarded": `for=192.0.2.1;Host="shop.example:8443";proto=HTTPS, for=x;host=inner`}, "shop.example:8443", "https"},
		"an address of IPv6":   {map[string]string{"X-Forwarded-Host": "[2001:db8::1]:8080"}, "[2001:db8::1]:8080", "http"},
		"what is no address":   {map[string]string{"X-Forwarded-Host": "evil.example/x", "X-Forwarded-Proto": "javascript", "X-Forwarded-Prefix": "//evil"}, "example.com", "http"},
		"Forwarded with other": {map[string]string{"Forwarded": "for=192.0.2.1", "X-Forwarded-Host": "shop.example"}, "shop.example", "http"},
	} {
		t.Run(name, func(t *testing.T) {
			res := (&ingester{}).get(t, "/v1/projects/wk%2F1/settings", tc.header)
			var got struct {
				Integrations struct {
					Segment struct{ APIKey, APIHost, Protocol string } `json:"Segment.io"`
				}
				Plan struct {
					Track map[string]struct{ Enabled bool }
				}
				AnalyticsNextEnabled bool
				Metrics              struct{ SampleRate *int }
			}
			require.NoError(t, json.Unmarshal(res.Body.Bytes(), &got))
			require.Equal(t, "wk/1", got.Integrations.Segment.APIKey)
			require.Equal(t, tc.host+"/v1", got.Integrations.Segment.APIHost)
			require.Equal(t, tc.protocol, got.Integrations.Segment.Protocol)
			require.True(t, got.Plan.Track["__default"].Enabled)
			require.True(t, got.AnalyticsNextEnabled)
			require.Zero(t, *got.Metrics.SampleRate)
		})
	}
}

func TestRudderSourceConfigSendsAllToUs(t *testing.T) {
	for _, path := range []string{"/sourceConfig/?p=npm&v=3&writeKey=wk", "/sourceConfig?writeKey=wk"} {
		res := (&ingester{}).get(t, path, nil)
		require.JSONEq(t, `{
			"source": {
				"id": "segue", "name": "Segue", "writeKey": "wk", "enabled": true, "workspaceId": "segue",
				"updatedAt": "1970-01-01T00:00:00.000Z",
				"config": {"statsCollection": {"errors": {"enabled": false}, "metrics": {"enabled": false}}},
				"connections": [], "destinations": [], "dataplanes": {}},
			"updatedAt": "1970-01-01T00:00:00.000Z"}`, res.Body.String())
	}
}

func TestAPixelIsAMessage(t *testing.T) {
	in := &ingester{}
	res := in.get(t, "/pixel/v1/track?writeKey=wk&anonymousId=v&event=Mail+Opened&properties.campaign=spring&properties.items.id=7"+
		"&context.page.path=%2Fnews&messageId=m1", map[string]string{"User-Agent": "Mail/1"})
	require.Equal(t, "image/gif", res.Header().Get("Content-Type"))
	require.Equal(t, "image/gif", http.DetectContentType(res.Body.Bytes()))
	require.Equal(t, "wk", in.got[0].WriteKey)
	got := in.got[0].Messages[0]
	require.NoError(t, got.Check())
	require.Equal(t, "track Mail Opened v m1 Mail/1", strings.Join([]string{got.Type, got.Event, got.AnonymousID, got.MessageID, got.UserAgent}, " "))
	require.Equal(t, signal.Props{
		{Key: "campaign", Value: signal.TextOf("spring")},
		{Key: "context.page.path", Value: signal.TextOf("/news")},
		{Key: "items.id", Value: signal.TextOf("7")},
	}, got.Props)

	in.get(t, "/pixel/v1/page?anonymousId=v&properties.path=/", nil)
	require.Equal(t, "page", in.got[1].Messages[0].Type)
}

func TestAPixelComesEvenIfItsMessageIsBad(t *testing.T) {
	for _, query := range []string{"", "anonymousId=v&a=1&a.b=2", "event=E&anonymousId=" + strings.Repeat("v", signal.MaxMessage), "..=1&.=2&properties=x"} {
		in := &ingester{}
		in.get(t, "/pixel/v1/track?"+query, nil)
		require.Error(t, in.got[0].Messages[0].Check())
	}
}

func TestTheAnonymousIDOfTheRequestStandsIn(t *testing.T) {
	in := &ingester{}
	header := map[string]string{"AnonymousId": "djE="} // v1
	require.Equal(t, 200, in.post(t, request{"/v1/track", `{"userId": "u", "event": "e"}`, header}).Code)
	require.Equal(t, 200, in.post(t, request{"/v1/batch", `{"batch": [{"type": "page"}, {"type": "page", "anonymousId": "v2"}]}`, header}).Code)
	header["AnonymousId"] = "no base64!"
	require.Equal(t, 200, in.post(t, request{"/v1/page", `{"userId": "u"}`, header}).Code)
	var ids []string
	for _, b := range in.got {
		for _, m := range b.Messages {
			ids = append(ids, m.AnonymousID)
		}
	}
	require.Equal(t, []string{"v1", "v1", "v2", ""}, ids)
}
