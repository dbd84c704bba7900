package ofrep_test

import (
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/segue-dev/segue/internal/experience"
	"github.com/segue-dev/segue/internal/fault"
	"github.com/segue-dev/segue/internal/httpapi/ofrep"
)

var discard = slog.New(slog.DiscardHandler)

const (
	ana = `{"targetingKey":"ana"}`
	bea = `{"targetingKey":"bea"}`
)

func TestWhatAVisitorGetsIsFlags(t *testing.T) {
	r := newRig(t, nil)
	r.track("ana", "Product Added")
	version := r.Site().Segments.Version(0)

	in := flag{"segment.cart", true, "in", "TARGETING_MATCH", map[string]any{"ruleVersion": version}}
	out := flag{"segment.cart", false, "out", "STATIC", map[string]any{"ruleVersion": version}}
	hero := map[string]any{"variant": "hero-cart", "entryId": "hero-cart", "contentType": "block", "experience": "carts", "segments": []any{"cart"}}
	plain := map[string]any{"variant": "baseline", "entryId": "hero", "contentType": "block", "segments": []any{}}
	carts := map[string]any{"why": "segment", "experience": "carts", "index": 1.0, "experiment": false, "holdout": false, "ruleVersion": version}
	set := map[string]any{"why": "segment", "experience": "carts", "index": 1.0, "experiment": false, "holdout": false}
	strips := map[string]any{"why": "holdout", "experience": "strips", "index": 0.0, "experiment": false, "holdout": true, "ruleVersion": version}
	strip := map[string]any{"variant": "baseline", "entryId": "strip", "contentType": "block", "experience": "strips", "segments": []any{"cart"}}
	notes := map[string]any{"why": "everyone", "experience": "notes", "index": 1.0, "experiment": true, "holdout": false}
	byDefault := map[string]any{"why": "default"}
	key, _ := r.all(ana)["personalization.key"].Value.(string)
	require.NotEmpty(t, key)

	for _, want := range []struct {
		context string
		flag
	}{
		{ana, in},
		{bea, out},
		{ana, flag{"slot.hero", hero, "hero-cart", "TARGETING_MATCH", carts}},
		{ana, flag{"variant.hero", "hero-cart", "hero-cart", "TARGETING_MATCH", carts}},
		{bea, flag{"slot.hero", plain, "baseline", "DEFAULT", byDefault}},
		{bea, flag{"variant.hero", "baseline", "baseline", "DEFAULT", byDefault}},
		{ana, flag{"slot.strip", strip, "baseline", "SPLIT", strips}},
		{ana, flag{"variant.strip", "baseline", "baseline", "SPLIT", strips}},
		{bea, flag{"slot.note", map[string]any{"variant": "hidden", "experience": "notes", "segments": []any{}}, "hidden", "SPLIT", notes}},
		{bea, flag{"variant.note", "hidden", "hidden", "SPLIT", notes}},
		{ana, flag{"variable.button", "Pay", "variant-1", "TARGETING_MATCH", set}},
		{ana, flag{"variable.compact", true, "variant-1", "TARGETING_MATCH", set}},
		{ana, flag{"variable.columns", 4.0, "variant-1", "TARGETING_MATCH", set}},
		{ana, flag{"variable.ratio", 1.5, "variant-1", "TARGETING_MATCH", set}},
		{ana, flag{"variable.theme", map[string]any{"dark": true}, "variant-1", "TARGETING_MATCH", set}},
		{ana, flag{"variable.steps", map[string]any{"items": []any{"a", "b"}}, "variant-1", "TARGETING_MATCH", set}},
		{bea, flag{"variable.button", "Buy", "baseline", "DEFAULT", nil}},
		{bea, flag{"variable.none", map[string]any{}, "baseline", "DEFAULT", nil}},
		{ana, flag{"personalization.key", key, key, "TARGETING_MATCH", nil}},
		{ana, flag{"personalization.segment", "cart", "cart", "TARGETING_MATCH", nil}},
		{bea, flag{"personalization.segment", "", "", "DEFAULT", nil}},
	} {
		require.Equal(t, want.flag, r.one(want.Key, want.context))
		require.Equal(t, want.flag, r.all(want.context)[want.Key], "among all")
	}
	require.NotContains(t, r.all(ana), "segment.idea", "drafts are nobody's")
}

func TestOneByOneIsAllAtOnce(t *testing.T) {
	r := newRig(t, nil)
	r.track("ana", "Product Added")
	for _, context := range []string{ana, bea, `{"targetingKey":"ana","page":"home"}`, `{"targetingKey":"bea","device":"mobile"}`} {
		all := r.all(context)
		require.GreaterOrEqual(t, len(all), 13)
		for key, f := range all {
			require.Equal(t, f, r.one(key, context))
		}
	}
}

func TestAPageLeavesItsSlotsOnly(t *testing.T) {
	r := newRig(t, nil)
	for _, page := range []string{"home", "page:home"} {
		home := `{"targetingKey":"ana","page":"` + page + `"}`
		all := r.all(home)
		require.Contains(t, all, "slot.hero")
		require.NotContains(t, all, "slot.strip")
		require.Equal(t, 404, r.post("/slot.strip", `{"context":`+home+`}`).Code)
	}
	require.Contains(t, r.all(`{"targetingKey":"ana","page":{"path":"/"}}`), "slot.strip", "a page as analytics clients have it is an attribute")
}

func TestTheContextIsForRulesToSee(t *testing.T) {
	r := newRig(t, nil)
	const phone = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.0 Mobile/15E148 Safari/604.1"
	for context, want := range map[string]bool{
		`{"targetingKey":"ana"}`:                                        false,
		`{"targetingKey":"ana","device":"mobile"}`:                      true,
		`{"targetingKey":"ana","device":{"type":"mobile"}}`:             true,
		`{"targetingKey":"ana","userAgent":"` + phone + `"}`:            true,
		`{"targetingKey":7,"device":"mobile","locale":"xx","nul":null}`: true, // no locale of the content
	} {
		require.Equal(t, want, r.one("segment.mobile", context).Value, context)
	}
	body := `{"context":{"targetingKey":"ana"}}`
	fromBrowser := r.post("/segment.mobile", body, "Origin", "https://shop.example", "User-Agent", phone)
	require.Equal(t, true, decode[flag](t, fromBrowser.Body).Value, "a browser's user agent is the visitor's")
	fromServer := r.post("/segment.mobile", body, "User-Agent", phone)
	require.Equal(t, false, decode[flag](t, fromServer.Body).Value, "and a back end's is not")
}

func TestEvaluatingLeavesNothingBehind(t *testing.T) {
	r := newRig(t, nil)
	r.all(`{"targetingKey":"ana","country":"DE","traits":{"plan":"pro"},"userId":"u1"}`)
	r.one("slot.hero", `{"targetingKey":"ana","country":"DE"}`)
	for _, id := range []string{"ana", "u1"} {
		record, err := r.store.Get(t.Context(), id)
		require.NoError(t, err)
		require.Empty(t, record.Signals)
		require.Zero(t, record.Summary.LastSeen)
		require.Empty(t, record.Summary.Exposures)
	}
}

func TestKeysMayBeEncoded(t *testing.T) {
	r := newRig(t, nil)
	r.Publish(siteOf(t, rules, []experience.Experience{{
		ID: "x", Traffic: 1, Distribution: []experience.Range{{Index: 0, Start: 0, End: 1}},
		Variables: []experience.Variable{{Key: "a/b ü", Values: []json.RawMessage{json.RawMessage(`1`)}}},
	}}))
	for _, key := range []string{"segment.cart", "segment%2Ecart", "%73egment.c%61rt", "variable.a%2Fb%20%C3%BC"} {
		require.Equal(t, 200, r.post("/"+key, `{"context":`+ana+`}`).Code, key)
	}
}

func TestFailuresAreInTheFormOfTheProtocol(t *testing.T) {
	r := newRig(t, nil)
	long := `{"context":{"targetingKey":"ana","x":"` + strings.Repeat("x", 2<<20) + `"}}`
	for name, tc := range map[string]struct {
		body   string
		header []string
		code   string
	}{
		"no JSON":            {`{"context":`, nil, "PARSE_ERROR"},
		"nothing":            {``, nil, "PARSE_ERROR"},
		"a list":             {`[]`, nil, "PARSE_ERROR"},
		"too large":          {long, nil, "PARSE_ERROR"},
		"encoded strangely":  {`{}`, []string{"Content-Encoding", "br"}, "PARSE_ERROR"},
		"not really gzip":    {`{}`, []string{"Content-Encoding", "gzip"}, "PARSE_ERROR"},
		"no context":         {`{}`, nil, "TARGETING_KEY_MISSING"},
		"null context":       {`{"context":null}`, nil, "TARGETING_KEY_MISSING"},
		"no targetingKey":    {`{"context":{"country":"DE"}}`, nil, "TARGETING_KEY_MISSING"},
		"null targetingKey":  {`{"context":{"targetingKey":null}}`, nil, "TARGETING_KEY_MISSING"},
		"empty targetingKey": {`{"context":{"targetingKey":""}}`, nil, "TARGETING_KEY_MISSING"},
		"context is text":    {`{"context":"ana"}`, nil, "INVALID_CONTEXT"},
		"context too deep":   {`{"context":{"targetingKey":"ana","x":` + strings.Repeat(`{"x":`, 40) + `1` + strings.Repeat(`}`, 40) + `}}`, nil, "INVALID_CONTEXT"},
		"endless id":         {`{"context":{"targetingKey":"` + strings.Repeat("x", 1000) + `"}}`, nil, "INVALID_CONTEXT"},
		"unknown page":       {`{"context":{"targetingKey":"ana","page":"nowhere"}}`, nil, "INVALID_CONTEXT"},
	} {
		t.Run(name, func(t *testing.T) {
			r.t = t
			one, all := r.post("/segment.cart", tc.body, tc.header...), r.post("", tc.body, tc.header...)
			require.Equal(t, []int{400, 400}, []int{one.Code, all.Code}, one.Body)
			require.Equal(t, "application/json", one.Header().Get("Content-Type"))
			got := decode[failure](t, one.Body)
			require.Equal(t, "segment.cart", got.Key)
			require.Equal(t, tc.code, got.ErrorCode)
			require.NotEmpty(t, got.ErrorDetails)
			got = decode[failure](t, all.Body)
			require.Equal(t, failure{"", tc.code, got.ErrorDetails}, got)
		})
	}
}

func TestWhatIsNoFlagIsNotFound(t *testing.T) {
	r := newRig(t, nil)
	for _, key := range []string{"segment.nobody", "segment.idea", "slot.hero-cart", "variant.", "variable.color", "segment", "cart", "personalization.keys"} {
		res := r.post("/"+key, `{"context":`+ana+`}`)
		require.Equal(t, 404, res.Code, key)
		got := decode[failure](t, res.Body)
		require.Equal(t, failure{key, "FLAG_NOT_FOUND", got.ErrorDetails}, got)
	}
}

func TestTroubleOfOursIsToldToComeBack(t *testing.T) {
	r := newRig(t, nil)
	for kind, status := range map[fault.Kind]int{fault.Unavailable: 503, fault.Overloaded: 429, fault.Internal: 500} {
		r.failing = fault.New(kind, "not now")
		for _, path := range []string{"", "/segment.cart"} {
			res := r.post(path, `{"context":`+ana+`}`)
			require.Equal(t, status, res.Code)
			require.Equal(t, "GENERAL", decode[failure](t, res.Body).ErrorCode)
			if status != 500 {
				require.Regexp(t, `^[1-9][0-9]*$`, res.Header().Get("Retry-After"))
			}
		}
	}
}

func TestTheTagIsOfTheVisitorsResult(t *testing.T) {
	r := newRig(t, nil)
	ask := func(context, tag string) *httptest.ResponseRecorder {
		return r.post("", `{"context":`+context+`}`, "If-None-Match", tag)
	}
	first := ask(ana, "")
	tag := first.Header().Get("ETag")
	require.Regexp(t, `^"[0-9a-f]{16}"$`, tag)
	require.Equal(t, tag, ask(ana, "").Header().Get("ETag"))
	for _, form := range []string{tag, "W/" + tag, strings.TrimSuffix(tag, `"`) + `-gzip"`, `"other", ` + tag, "*"} {
		res := ask(ana, form)
		require.Equal(t, 304, res.Code, form)
		require.Empty(t, res.Body.String())
		require.Equal(t, tag, res.Header().Get("ETag"))
	}
	require.Equal(t, 200, ask(ana, `"0123456789abcdef"`).Code)

	// On a change of context providers send the tag of the context before.
	require.Equal(t, 200, ask(bea, tag).Code)
	require.Equal(t, 200, ask(`{"targetingKey":"ana","device":"mobile"}`, tag).Code)

	r.track("ana", "Theme Toggled")
	require.Equal(t, 304, ask(ana, tag).Code, "nothing she gets has changed")
	r.track("ana", "Product Added")
	changed := ask(ana, tag)
	require.Equal(t, 200, changed.Code)
	r.Publish(newSite(t))
	require.Equal(t, 304, ask(ana, changed.Header().Get("ETag")).Code, "the same was published again")
	r.Publish(siteOf(t, strings.ReplaceAll(rules, "last: 1h", "last: 2h"), nil))
	require.Equal(t, 200, ask(ana, changed.Header().Get("ETag")).Code)
}

func TestAnAnswerSaysWhatItWasMadeFrom(t *testing.T) {
	r := newRig(t, nil)
	revision := r.Site().Revision()
	got := decode[bulk](t, r.post("", `{"context":`+ana+`}`).Body)
	require.Equal(t, map[string]any{"ruleVersion": revision.Rules, "contentVersion": revision.Content}, got.Metadata)
}

func TestPagesOfOtherOriginsMayEvaluate(t *testing.T) {
	r := newRig(t, nil)
	res := r.post("", `{"context":`+ana+`}`, "Origin", "https://shop.example", "Authorization", "Bearer pk_1")
	require.Equal(t, "*", res.Header().Get("Access-Control-Allow-Origin"))
	for _, name := range []string{"ETag", "Retry-After"} {
		require.Contains(t, res.Header().Get("Access-Control-Expose-Headers"), name)
	}
	for _, path := range []string{"", "/segment.cart"} {
		req := httptest.NewRequest(http.MethodOptions, "/ofrep/v1/evaluate/flags"+path, nil)
		req.Header.Set("Access-Control-Request-Method", "POST")
		req.Header.Set("Access-Control-Request-Headers", "authorization,content-type,if-none-match,x-api-key")
		res := httptest.NewRecorder()
		r.handler.ServeHTTP(res, req)
		require.Equal(t, 204, res.Code)
		for _, name := range []string{"authorization", "content-type", "if-none-match", "x-api-key"} {
			require.Contains(t, res.Header().Get("Access-Control-Allow-Headers"), name)
		}
		require.NotEmpty(t, res.Header().Get("Access-Control-Max-Age"))
	}
}

func TestTheManifestListsAllFlags(t *testing.T) {
	r := newRig(t, nil)
	res := r.do(httptest.NewRequest(http.MethodGet, "/openfeature/v0/manifest", nil))
	require.Equal(t, 200, res.Code)
	require.Equal(t, "read", res.Header().Get("X-Manifest-Capabilities"))
	type entry struct {
		Key, Name, Type, Description string
		DefaultValue                 any
	}
	got := decode[struct{ Flags []entry }](t, res.Body)
	byKey := map[string]entry{}
	for _, f := range got.Flags {
		byKey[f.Key] = f
	}
	require.Equal(t, entry{"segment.cart", "Has something in the cart", "boolean", "Shows the cart first", false}, byKey["segment.cart"])
	require.Equal(t, "string", byKey["variant.hero"].Type)
	require.Contains(t, byKey["slot.hero"].Description, "Cart first (cart)")
	require.Equal(t, map[string]any{"variant": "baseline", "entryId": "hero", "segments": []any{}}, byKey["slot.hero"].DefaultValue)
	require.Equal(t, []any{"integer", 3.0}, []any{byKey["variable.columns"].Type, byKey["variable.columns"].DefaultValue})
	require.Equal(t, []any{"object", map[string]any{"items": []any{"a"}}}, []any{byKey["variable.steps"].Type, byKey["variable.steps"].DefaultValue})
	all := r.all(bea)
	delete(all, "variable.ratio") // manifests have no type for it
	for key, f := range all {
		require.Contains(t, byKey, key)
		if byKey[key].Type != "object" && key != "personalization.key" && key != "variant.note" {
			require.Equal(t, byKey[key].DefaultValue, f.Value, "%s of who is in nothing", key)
		}
		delete(byKey, key)
	}
	require.Empty(t, byKey)
}

func TestStreamsAreOfferedWhereTheyAreReached(t *testing.T) {
	offered := func(edit func(*ofrep.Options)) bulk {
		return decode[bulk](t, newRig(t, edit).post("", `{"context":`+ana+`}`).Body)
	}
	streams := offered(nil).EventStreams
	require.Len(t, streams, 1)
	require.Equal(t, "sse", streams[0].Type)
	require.Regexp(t, `^/ofrep/v1/events\?channel=[\w-]+&etag=[0-9a-f]{16}$`, streams[0].Endpoint.RequestURI)
	require.NotContains(t, streams[0].Endpoint.RequestURI, "ana")

	elsewhere := offered(func(o *ofrep.Options) { o.EventsURL = "https://a.example/segue/ofrep/v1/events" }).EventStreams
	require.Nil(t, elsewhere[0].Endpoint)
	require.Regexp(t, `^https://a\.example/segue/ofrep/v1/events\?channel=`, elsewhere[0].URL)

	require.Empty(t, offered(func(o *ofrep.Options) { o.Streams = 0 }).EventStreams)
	long := newRig(t, nil).post("", `{"context":{"targetingKey":"ana","x":"`+strings.Repeat("x", 3000)+`"}}`)
	require.Empty(t, decode[bulk](t, long.Body).EventStreams, "addresses have bounds")
}
