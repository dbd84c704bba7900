package native_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
)

const googlebot = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"

func TestTheVisitorOfTheCookiesIsAnswered(t *testing.T) {
	for name, tc := range map[string]struct {
		method, target, body string
		anonymous, user      string
	}{
		"POST":                      {"POST", "/v1/resolve", `{}`, "a1", "u1"},
		"POST, said to be nobody":   {"POST", "/v1/resolve", `{"visitor": {}}`, "a1", "u1"},
		"POST, another is asked of": {"POST", "/v1/resolve", `{"visitor": "other"}`, "other", ""},
		"GET":                       {"GET", "/v1/resolve", "", "a1", "u1"},
		"GET, another is asked of":  {"GET", "/v1/resolve?user=other", "", "", "other"},
	} {
		r := &resolver{}
		res := r.do(t, tc.method, tc.target, tc.body, map[string]string{"Cookie": "ajs_anonymous_id=a1; ajs_user_id=u1"})
		require.Equal(t, 200, res.Code, name)
		require.Equal(t, tc.anonymous, r.asked.AnonymousID, name)
		require.Equal(t, tc.user, r.asked.UserID, name)
		require.Empty(t, res.Header().Get("Set-Cookie"), name)
		require.False(t, r.asked.Dry, name)
	}
}

func TestABrowserWithoutAnIDGetsOne(t *testing.T) {
	browser := map[string]string{"Sec-Fetch-Mode": "cors", "X-Forwarded-Proto": "https"}
	r := &resolver{}
	res := r.do(t, "GET", "/v1/resolve", "", browser)
	require.Equal(t, 200, res.Code)
	cookies := res.Result().Cookies()
	require.Len(t, cookies, 1)
	require.Equal(t, "__Host-segue_id", cookies[0].Name)
	require.Equal(t, r.asked.AnonymousID, cookies[0].Value)
	require.Equal(t, "private, no-store", res.Header().Get("Cache-Control"), "a cookie is set once")

	res = r.do(t, "POST", "/v1/resolve", `{"signals": [{"type": "page"}]}`, browser)
	cookies = res.Result().Cookies()
	require.Len(t, cookies, 2, "what is recorded under an id that may lose must be found again")
	require.Equal(t, "segue_new_"+cookies[0].Value, cookies[1].Name)
	require.Len(t, r.asked.Messages, 1)

	res = r.do(t, "POST", "/v1/resolve", `{}`, nil)
	require.Equal(t, http.StatusBadRequest, res.Code, "a back end must say whom it means")
	require.Empty(t, res.Header().Get("Set-Cookie"))
}

func TestWhatNobodySeesIsNotRecorded(t *testing.T) {
	const body = `{"visitor": "a1", "signals": [{"type": "page"}]}`
	for name, tc := range map[string]struct {
		body   string
		header map[string]string
		want   string
	}{
		"prefetch":          {body, map[string]string{"Sec-Purpose": "prefetch;prerender"}, "prefetch"},
		"a bot":             {body, map[string]string{"User-Agent": googlebot, "Origin": "https://shop.example"}, "bot"},
		"told by a backend": {`{"visitor": "a1", "signals": [{"type": "page"}], "context": {"userAgent": "` + googlebot + `"}}`, map[string]string{"User-Agent": "node"}, "bot"},
		"a person":          {body, map[string]string{"User-Agent": "Firefox", "Sec-Fetch-Mode": "cors"}, ""},
		"a backend":         {body, map[string]string{"User-Agent": "Shop/1 (+https://shop.example)"}, ""},
	} {
		r := &resolver{}
		res := r.do(t, "POST", "/v1/resolve", tc.body, tc.header)
		require.Equal(t, 200, res.Code, name)
		require.Equal(t, tc.want != "", r.asked.Dry, name)
		require.Len(t, r.asked.Messages, 1, "the answer reflects them all the same")
		if tc.want == "" {
			require.NotContains(t, res.Body.String(), "unrecorded", name)
		} else {
			require.Contains(t, res.Body.String(), `"unrecorded":"`+tc.want+`"`, name)
		}
	}

	r := &resolver{}
	res := r.do(t, "GET", "/v1/resolve", "", map[string]string{"User-Agent": googlebot})
	require.Equal(t, 200, res.Code)
	require.Empty(t, res.Header().Get("Set-Cookie"), "a bot is a new visitor each time")
}
