package ninetailed_test

import (
	"fmt"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/segue-dev/segue/internal/httpapi/ninetailed"
	"github.com/segue-dev/segue/internal/signal"
)

func TestEventsAreTakenInTheOrderInWhichTheyHappened(t *testing.T) {
	order := func(r *rig, id string) (ids []string) {
		for _, s := range r.record(t, id).Signals {
			ids = append(ids, s.ID)
		}
		return ids
	}
	track := func(id string, at time.Duration) string { return event("track", id, at, `,"event":"Step"`) }
	for name, tc := range map[string]struct{ sent, want []string }{
		"newest first":                 {[]string{track("c", 0), track("b", -time.Second), track("a", -2*time.Second)}, []string{"a", "b", "c"}},
		"newest first, of one instant": {[]string{track("c", 0), track("b", 0), track("a", -time.Second)}, []string{"a", "b", "c"}},
		"in order":                     {[]string{track("a", -time.Second), track("b", 0), track("c", 0)}, []string{"a", "b", "c"}},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, nil)
			r.ask(t, "POST", "/profiles/v", events(tc.sent...))
			require.Equal(t, tc.want, order(r, "v"))
		})
	}
}

func TestAnEventThatHasWaitedKeepsItsTime(t *testing.T) {
	r := newRig(t, nil)
	waited := event("component", "old", -10*time.Minute, `,"componentId":"hero-cart","experienceId":"Cart","variantIndex":1`)
	r.ask(t, "POST", "/profiles/v", events(event("page", "new", 0, `,"properties":{"path":"/","url":"https://a/"}`), waited))
	sigs := r.record(t, "v").Signals
	require.Equal(t, start.Add(-10*time.Minute).UnixMilli(), sigs[0].At)
	require.Equal(t, start.UnixMilli(), sigs[1].At)
}

func TestARepeatedEventCountsOnce(t *testing.T) {
	r := newRig(t, nil)
	body := events(event("track", "m", 0, `,"event":"Product Added"`))
	first := r.ask(t, "POST", "/profiles/v", body)
	require.Equal(t, first, r.ask(t, "POST", "/profiles/v", body))
	require.Len(t, r.record(t, "v").Signals, 1)
}

func TestAPageIsToldInBothPlacesOrNone(t *testing.T) {
	const (
		emptyPage  = `"page":{"path":"","query":{},"referrer":"","search":"","url":""}`
		filledPage = `"page":{"path":"/a","query":{"q":"1"},"referrer":"","search":"?q=1","url":"https://s/a?q=1"}`
		emptyProps = `,"properties":{"path":"","query":{},"referrer":"","search":"","url":"","title":"","plan":"x"}`
	)
	landing := map[string]any{"path": "/a", "query": map[string]any{"q": "1"}, "referrer": "", "search": "?q=1", "url": "https://s/a?q=1"}
	for name, more := range map[string]string{
		"servers' SDK":             `,"context":{` + filledPage + `}` + emptyProps,
		"the context left out":     `,"properties":{"path":"/a","query":{"q":"1"},"referrer":"","search":"?q=1","url":"https://s/a?q=1","plan":"x"}`,
		"the context left empty":   `,"context":{` + emptyPage + `},"properties":{"path":"/a","query":{"q":"1"},"referrer":"","search":"?q=1","url":"https://s/a?q=1","plan":"x"}`,
		"both":                     `,"context":{` + filledPage + `},"properties":{"path":"/a","query":{"q":"1"},"referrer":"","search":"?q=1","url":"https://s/a?q=1","plan":"x"}`,
		"the properties left out ": `,"context":{` + filledPage + `},"properties":{"plan":"x"}`,
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, nil)
			got := r.ask(t, "POST", "/profiles/v", events(event("page", "m", 0, more)))
			require.Equal(t, landing, got.Data.Profile.Session.LandingPage)
			props := r.record(t, "v").Signals[0].Props
			for key, want := range map[string]string{"path": "/a", "context.page.path": "/a", "query.q": "1", "context.page.query.q": "1", "plan": "x"} {
				require.Len(t, props.All(key), 1, key)
				v, _ := props.Get(key)
				require.Equal(t, signal.TextOf(want), signal.TextOf(v.String()), key)
			}
		})
	}
	t.Run("an empty page says nothing of a referrer", func(t *testing.T) {
		r := newRig(t, nil)
		r.ask(t, "POST", "/profiles/v", events(event("identify", "m", 0, `,"userId":"","traits":{"a":1},"context":{`+emptyPage+`}`)))
		require.Equal(t, signal.Props{{Key: "a", Value: signal.NumberOf(1)}}, r.record(t, "v").Signals[0].Props)
	})
}

func TestTheLocationThatAnEventStatesWins(t *testing.T) {
	r := newRig(t, nil)
	located := `{"events":[%s],"options":{"features":["location"]}}`
	stated := event("page", "m1", 0, `,"context":{"location":{"country":"Nippon","countryCode":"jp","city":"Kyoto","coordinates":{"latitude":"35","longitude":135.8}}}`)
	for _, tc := range []struct {
		name, body string
		want       map[string]any
	}{
		{"not asked for", events(event("page", "m0", 0, "")), map[string]any{}},
		{"stated", fmt.Sprintf(located, stated), map[string]any{
			"country": "Nippon", "countryCode": "JP", "city": "Kyoto", "coordinates": map[string]any{"latitude": 35.0, "longitude": 135.8},
		}},
		{"of the request", fmt.Sprintf(located, event("page", "m2", 0, "")), map[string]any{"country": "France", "countryCode": "FR", "continent": "EU"}},
		{"no country's", events(event("page", "m3", 0, `,"context":{"location":{"countryCode":"unknown","city":"X"}}`)), map[string]any{"city": "X"}},
	} {
		res := r.do("POST", env+"/profiles/v", tc.body, map[string]string{"CF-IPCountry": "FR"})
		require.Equal(t, 200, res.Code)
		require.Equal(t, tc.want, read(t, res).Data.Profile.Location, tc.name)
	}
}

func TestAPreflightStoresNothing(t *testing.T) {
	r := newRig(t, nil)
	seen := events(event("component", "m", 0, `,"componentId":"hero-cart","experienceId":"Cart","variantIndex":1`))
	dry := r.ask(t, "POST", "/profiles/v?type=preflight", seen)
	require.Equal(t, "sticky", dry.Data.Experiences[2].Reason)
	require.Empty(t, r.record(t, "v").Signals)
	require.Equal(t, 404, r.do("GET", env+"/profiles/v", "", nil).Code)
	created := r.ask(t, "POST", "/profiles?type=preflight", seen)
	require.Empty(t, r.record(t, created.Data.Profile.ID).Signals)
	batch := r.ask(t, "POST", "/events?type=preflight", events(event("page", "m", 0, `,"anonymousId":"w"`)))
	require.Equal(t, "w", batch.Data.Profiles[0].ID)
	require.Empty(t, r.record(t, "w").Signals)
	require.Equal(t, r.ask(t, "POST", "/profiles/v", seen), dry, "and is what would be")
}

func TestWhatNobodySeesIsAnsweredAndNotStored(t *testing.T) {
	r := newRig(t, nil)
	page := func(agent string) string {
		return events(event("page", "m", 0, fmt.Sprintf(`,"context":{"userAgent":%q}`, agent)))
	}
	for name, tc := range map[string]struct {
		agent  string
		header map[string]string
		stored int
	}{
		"a crawler":     {"Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)", nil, 0},
		"a prefetch":    {"Mozilla/5.0", map[string]string{"Sec-Purpose": "prefetch;prerender"}, 0},
		"a server":      {"Mozilla/5.0", map[string]string{"User-Agent": "curl-bot/1.0"}, 1},
		"a page's view": {"Mozilla/5.0", nil, 1},
	} {
		t.Run(name, func(t *testing.T) {
			res := r.do("POST", env+"/profiles/"+url.PathEscape(name), page(tc.agent), tc.header)
			require.Equal(t, 200, res.Code)
			require.NotEmpty(t, read(t, res).Data.Experiences)
			require.Len(t, r.record(t, name).Signals, tc.stored)
		})
	}
}

func TestConcurrentRequestsOfOneProfileAllCount(t *testing.T) {
	r := newRig(t, nil)
	var wg sync.WaitGroup
	codes := make([]int, 100)
	for i := range codes {
		wg.Go(func() {
			codes[i] = r.do("POST", env+"/profiles/v", events(event("track", fmt.Sprint("m", i), 0, `,"event":"Step"`)), nil).Code
		})
	}
	wg.Wait()
	for _, code := range codes {
		require.Equal(t, 200, code)
	}
	require.Len(t, r.record(t, "v").Signals, len(codes))
}

func TestTheRoutesAreServedBelowThePrefixesToo(t *testing.T) {
	r := newRig(t, func(o *ninetailed.Options) { o.Organizations = []string{"org1"} })
	body := events(event("page", "m", 0, ""))
	for target, want := range map[string]int{
		"/experience" + env + "/profiles":                                     200,
		"/deep/insights/v1/organizations/org1/environments/any/events":        400,
		"/experience" + env + "/profiles/p%201":                               200,
		"/experience/v1/resolve":                                              404,
		"/experiences" + env + "/profiles":                                    404,
		"/experience/experience" + env + "/profiles":                          404,
		"/experience" + strings.ReplaceAll(env, "org1", "org2") + "/profiles": 404,
		strings.ReplaceAll(env, "org1", "org2") + "/profiles":                 404,
		"/experience" + env + "/profiles/p%202/%C3%A4":                        200,
	} {
		require.Equal(t, want, r.do("POST", target, body, nil).Code, target)
	}
	require.Len(t, r.record(t, "p 1").Signals, 1)
	require.Len(t, r.record(t, "p 2/ä").Signals, 1, "the SDKs leave slashes in ids as they are")
}

func TestBrowsersMaySendWhatTheSDKsSend(t *testing.T) {
	r := newRig(t, nil)
	res := r.do("OPTIONS", "/experience"+env+"/profiles/v", "", map[string]string{
		"Origin": "https://shop.example", "Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "content-type,x-force-ip",
	})
	require.Equal(t, 204, res.Code)
	require.Equal(t, "*", res.Header().Get("Access-Control-Allow-Origin"))
	for _, method := range []string{"GET", "POST", "DELETE"} {
		require.Contains(t, res.Header().Get("Access-Control-Allow-Methods"), method)
	}
	for _, header := range []string{"content-type", "x-force-ip"} {
		require.Contains(t, res.Header().Get("Access-Control-Allow-Headers"), header)
	}
}

func TestTooMuchIsRefused(t *testing.T) {
	r := newRig(t, nil)
	many := make([]string, 1001)
	for i := range many {
		many[i] = event("track", fmt.Sprint(i), 0, `,"anonymousId":"v","event":"Step"`)
	}
	for name, tc := range map[string]struct {
		res  *httptest.ResponseRecorder
		want int
		code string
	}{
		"events":      {r.do("POST", env+"/events", events(many...), nil), 413, "ERR_INVALID_DATA"},
		"bytes":       {r.do("POST", env+"/profiles", strings.Repeat(" ", 2<<20), nil), 413, "ERR_INVALID_DATA"},
		"encoding":    {r.do("POST", env+"/profiles", "{}", map[string]string{"Content-Encoding": "br"}), 415, "ERR_INVALID_DATA"},
		"id":          {r.do("GET", env+"/profiles/"+strings.Repeat("x", 201), "", nil), 413, "ERR_INVALID_DATA"},
		"nameless":    {r.do("POST", env+"/events", events(event("page", "m", 0, "")), nil), 400, "ERR_INVALID_DATA"},
		"all bad":     {r.do("POST", env+"/events", events(event("track", "m", 0, `,"anonymousId":"v"`)), nil), 400, "ERR_INVALID_DATA"},
		"not a batch": {r.do("POST", env+"/import/events", "[]", nil), 400, "ERR_INVALID_DATA"},
	} {
		require.Equal(t, tc.want, tc.res.Code, "%s: %s", name, tc.res.Body)
		got := read(t, tc.res)
		require.NotNil(t, got.Error, name)
		require.Equal(t, tc.code, got.Error.Code, name)
	}
	require.Empty(t, r.record(t, "v").Signals)
}

func TestOneBadEventIsNamedAndTheOthersAreTaken(t *testing.T) {
	r := newRig(t, nil)
	got := r.ask(t, "POST", "/profiles/v", events(event("track", "good", 0, `,"event":"Step"`), event("track", "bad", 0, ""), `"nonsense"`))
	require.Len(t, r.record(t, "v").Signals, 1)
	require.Len(t, got.Data.Segue.Rejected, 2)
}

func TestAnImportIsDurableHoweverOldItIs(t *testing.T) {
	r := newRig(t, nil)
	old := event("track", "m", -2000*time.Hour, `,"anonymousId":"v","event":"Order Completed"`)
	for range 2 {
		require.Equal(t, 1, r.ask(t, "POST", "/import/events", events(old)).Data.Accepted)
	}
	sigs := r.record(t, "v").Signals
	require.Len(t, sigs, 1)
	require.Zero(t, sigs[0].Flags&signal.TooLate)
}

func TestTraitsAreNestedAsTheyCame(t *testing.T) {
	r := newRig(t, nil)
	got := r.ask(t, "POST", "/profiles/v", events(event("identify", "m", 0, `,"userId":"","traits":{"a":{"b":1,"c":{"d":"x"}},"e":true,"f":null}`)))
	require.Equal(t, map[string]any{"a": map[string]any{"b": 1.0, "c": map[string]any{"d": "x"}}, "e": true}, got.Data.Profile.Traits)
	r.now = start.Add(time.Minute)
	got = r.ask(t, "POST", "/profiles/v", events(event("identify", "m2", time.Minute, `,"userId":"","traits":{"a":5}`)))
	require.Equal(t, map[string]any{"b": 1.0, "c": map[string]any{"d": "x"}}, got.Data.Profile.Traits["a"], "an object is not lost to a value")
}

func TestSessionsAreCountedAndMeasured(t *testing.T) {
	r := newRig(t, nil)
	at := func(id string, offset time.Duration, path string) string {
		return event("page", id, offset, fmt.Sprintf(`,"context":{"page":{"path":%q,"url":"https://s%s"}}`, path, path))
	}
	r.now = start.Add(-3 * time.Hour)
	r.ask(t, "POST", "/profiles/v", events(at("a", -3*time.Hour-10*time.Second, "/1"), at("b", -3*time.Hour, "/2")))
	r.now = start
	got := r.ask(t, "POST", "/profiles/v", events(at("c", -30*time.Second, "/3"), at("d", 0, "/4"))).Data.Profile.Session
	require.Equal(t, 2, got.Count)
	require.True(t, got.IsReturningVisitor)
	require.Equal(t, "/3", got.LandingPage["path"])
	require.InDelta(t, 30, got.ActiveSessionLength, 0)
	require.InDelta(t, 20, got.AverageSessionLength, 1e-9)
	require.NotEqual(t, "", got.ID)
}

func TestErasingLeavesOthersAlone(t *testing.T) {
	r := newRig(t, nil)
	for _, id := range []string{"v", "w"} {
		r.ask(t, "POST", "/profiles/"+id, events(event("page", "m", 0, "")))
	}
	r.ask(t, "DELETE", "/profiles/v", "")
	require.Empty(t, r.record(t, "v").Signals)
	require.Len(t, r.record(t, "w").Signals, 1)
	r.ask(t, "DELETE", "/profiles/v", "")
}
