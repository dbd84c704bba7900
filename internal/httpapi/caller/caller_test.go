package caller_test

import (
	"crypto/tls"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/segue-dev/segue/internal/httpapi/caller"
)

func request(header map[string]string) *http.Request {
	req := httptest.NewRequest(http.MethodGet, "https://shop.example/", nil)
	for k, v := range header {
		req.Header.Set(k, v)
	}
	return req
}

func TestTheFirstCookieThatHoldsAnIDNamesTheVisitor(t *testing.T) {
	own := caller.NewID()
	for name, tc := range map[string]struct {
		cookies []string // configured; nil = the default
		sent    string
		want    caller.Caller
	}{
		"none":                         {nil, "theme=dark", caller.Caller{}},
		"one":                          {nil, "ntaid=a; theme=dark", caller.Caller{AnonymousID: "a", Source: "ntaid"}},
		"the best":                     {nil, "ntaid=a; ajs_anonymous_id=b", caller.Caller{AnonymousID: "b", Source: "ajs_anonymous_id"}},
		"in another order":             {[]string{"ntaid", "ajs_anonymous_id"}, "ntaid=a; ajs_anonymous_id=b", caller.Caller{AnonymousID: "a", Source: "ntaid"}},
		"one that holds none":          {nil, "ajs_anonymous_id=%0a; ntaid=a", caller.Caller{AnonymousID: "a", Source: "ntaid"}},
		"not configured":               {[]string{"mine"}, "ntaid=a", caller.Caller{}},
		"own":                          {nil, "__Host-segue_id=" + own, caller.Caller{AnonymousID: own, Source: "segue_id"}},
		"own, without its prefix":      {nil, "segue_id=" + own, caller.Caller{}},
		"own, not of our making":       {nil, "__Host-segue_id=admin", caller.Caller{}},
		"a user besides":               {nil, "ajs_anonymous_id=b; ajs_user_id=u", caller.Caller{AnonymousID: "b", UserID: "u", Source: "ajs_anonymous_id"}},
		"a user alone":                 {nil, "ajs_user_id=%22u%22", caller.Caller{UserID: "u", Source: "ajs_user_id"}},
		"a user who is not configured": {[]string{"ntaid"}, "ntaid=a; ajs_user_id=u", caller.Caller{AnonymousID: "a", Source: "ntaid"}},
		"the same name twice":          {nil, "ntaid=%0a; ntaid=a", caller.Caller{AnonymousID: "a", Source: "ntaid"}},
	} {
		got := caller.New(caller.Options{Cookies: tc.cookies}).Read(request(map[string]string{"Cookie": tc.sent}))
		require.Equal(t, tc.want, got, name)
	}
}

func TestOwnCookieIsAsStrictAsTheBrowserAllows(t *testing.T) {
	for name, tc := range map[string]struct {
		domain, host, proto string
		tls                 bool
		want                string // of the Set-Cookie, after the value
	}{
		"over TLS":               {host: "shop.example", tls: true, want: "__Host-segue_id=%; Path=/; Max-Age=34560000; HttpOnly; Secure; SameSite=Lax"},
		"behind a proxy":         {host: "127.0.0.1:8080", proto: "https", want: "__Host-segue_id=%; Path=/; Max-Age=34560000; HttpOnly; Secure; SameSite=Lax"},
		"nobody says":            {host: "shop.example", want: "__Host-segue_id=%; Path=/; Max-Age=34560000; HttpOnly; Secure; SameSite=Lax"},
		"for all of a domain":    {domain: "example.com", host: "www.example.com", tls: true, want: "segue_id=%; Path=/; Domain=example.com; Max-Age=34560000; HttpOnly; Secure; SameSite=Lax"},
		"in development":         {host: "localhost:8080", want: "segue_id=%; Path=/; Max-Age=34560000; HttpOnly; SameSite=Lax"},
		"in development, IPv6":   {host: "[::1]:8080", want: "segue_id=%; Path=/; Max-Age=34560000; HttpOnly; SameSite=Lax"},
		"plain, says the proxy":  {host: "shop.example", proto: "http", want: "segue_id=%; Path=/; Max-Age=34560000; HttpOnly; SameSite=Lax"},
		"a proxy's several hops": {host: "shop.example", proto: "HTTPS", want: "__Host-segue_id=%; Path=/; Max-Age=34560000; HttpOnly; Secure; SameSite=Lax"},
	} {
		t.Run(name, func(t *testing.T) {
			r := caller.New(caller.Options{Domain: tc.domain})
			req := httptest.NewRequest(http.MethodGet, "/", nil)
			req.Host = tc.host
			if tc.tls {
				req.TLS = &tls.ConnectionState{}
			}
			if tc.proto != "" {
				req.Header.Set("X-Forwarded-Proto", tc.proto)
			}
			header := http.Header{}
			id := caller.NewID()
			r.Keep(header, req, id)
			require.Equal(t, strings.Replace(tc.want, "%", id, 1), header.Get("Set-Cookie"))
			cookie, err := http.ParseSetCookie(header.Get("Set-Cookie"))
			require.NoError(t, err)
			require.LessOrEqual(t, time.Duration(cookie.MaxAge)*time.Second, 400*24*time.Hour, "Chrome keeps no cookie longer")
			req.AddCookie(cookie)
			require.Equal(t, id, r.Read(req).AnonymousID, "what was set is read again")
		})
	}
}

func TestIDsMadeAtOnceAreOneVisitor(t *testing.T) {
	r := caller.New(caller.Options{})
	rapid.Check(t, func(t *rapid.T) {
		ids := make([]string, rapid.IntRange(1, 8).Draw(t, "parallel"))
		for i := range ids {
			ids[i] = caller.NewID()
		}
		sent := request(nil)
		kept := rapid.SampledFrom(ids).Draw(t, "kept")
		cookies := []*http.Cookie{{Name: "__Host-segue_id", Value: kept}}
		for _, id := range ids {
			cookies = append(cookies, &http.Cookie{Name: "segue_new_" + id, Value: "1"})
		}
		for _, c := range rapid.Permutation(cookies).Draw(t, "order") {
			sent.AddCookie(c)
		}
		got := r.Read(sent)
		slices.Sort(ids)
		if got.AnonymousID != ids[0] || !slices.Equal(got.Strays, ids[1:]) {
			t.Fatalf("%v: %q, strays %q", ids, got.AnonymousID, got.Strays)
		}
	})
}

func TestNobodySeesAPrefetch(t *testing.T) {
	for name, tc := range map[string]struct {
		header, value string
		want          bool
	}{
		"Chrome":              {"Sec-Purpose", "prefetch", true},
		"Chrome, prerender":   {"Sec-Purpose", "prefetch;prerender", true},
		"with an IP proxy":    {"Sec-Purpose", "prefetch;anonymous-client-ip", true},
		"old Chrome":          {"Purpose", "prefetch", true},
		"Firefox":             {"X-Moz", "prefetch", true},
		"Safari's top sites":  {"X-Purpose", "preview", true},
		"in capitals":         {"Purpose", "Prefetch", true},
		"something else":      {"Sec-Purpose", "speculation", false},
		"another header says": {"X-Intent", "prefetch", false},
	} {
		got := caller.New(caller.Options{}).Read(request(map[string]string{tc.header: tc.value}))
		require.Equal(t, tc.want, got.Prefetch, name)
		require.Equal(t, tc.want, got.Unseen() == "prefetch", name)
	}
}

func TestBotsAreKnownByWhatTheyCallThemselves(t *testing.T) {
	for agent, want := range map[string]bool{
		"Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)":                                                                            true,
		"Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm) Chrome/136.0.0.0 Safari/537.36":        true,
		"Mozilla/5.0 (compatible; YandexBot/3.0; +http://yandex.com/bots)":                                                                                    true,
		"Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko); compatible; GPTBot/1.1; +https://openai.com/gptbot":                                              true,
		"Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; ClaudeBot/1.0; +claudebot@anthropic.com)":                                             true,
		"facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)":                                                                           true,
		"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/124.0.0.0 Safari/537.36":                                       false,
		"Mozilla/5.0 (Linux; Android 11; moto g power (2022)) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/119.0.0.0 Mobile Safari/537.36 Chrome-Lighthouse": true,
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36":                                     false,
		"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Safari/605.1.15":                               false,
		"Mozilla/5.0 (X11; Linux x86_64; rv:127.0) Gecko/20100101 Firefox/127.0":                                                                              false,
		"Mozilla/5.0 (Linux; Android 9; CUBOT_X19) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/79.0.3945.116 Mobile Safari/537.36":                          false,
		"Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1":             false,
		"":                                     false,
		strings.Repeat("Mozilla/5.0 ", 10_000): false,
	} {
		require.Equal(t, want, caller.IsBot(agent), agent)
	}
}

func FuzzRead(f *testing.F) {
	f.Add("ajs_anonymous_id=a; segue_new_AAAAAAAAAAAAAAAAAAAAAA=1", "prefetch", "Googlebot")
	f.Fuzz(func(t *testing.T, cookies, purpose, agent string) {
		got := caller.New(caller.Options{}).Read(request(map[string]string{"Cookie": cookies, "Sec-Purpose": purpose, "User-Agent": agent}))
		require.Equal(t, got.Source != "", got.Visitor() != "")
	})
}
