package ofrep_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/stretchr/testify/require"

	"github.com/segue-dev/segue/internal/content"
	"github.com/segue-dev/segue/internal/experience"
	"github.com/segue-dev/segue/internal/feed"
	"github.com/segue-dev/segue/internal/httpapi"
	"github.com/segue-dev/segue/internal/httpapi/ofrep"
	"github.com/segue-dev/segue/internal/httpapi/openapitest"
	"github.com/segue-dev/segue/internal/ingest"
	"github.com/segue-dev/segue/internal/resolve"
	"github.com/segue-dev/segue/internal/segment"
	"github.com/segue-dev/segue/internal/segment/syntax"
	"github.com/segue-dev/segue/internal/signal"
	"github.com/segue-dev/segue/internal/store/pebblestore"
	"github.com/segue-dev/segue/internal/visitor"
)

const rules = `
segment: cart
name: Has something in the cart
soWhat: Shows the cart first
priority: 30
when: { count: { of: Product Added, last: 1h } }
---
segment: mobile
name: On a phone
soWhat: Shorter texts
priority: 20
when: { context: { device: mobile } }
---
segment: idea
name: Only an idea yet
soWhat: Nothing
status: draft
when: { count: { of: page } }
`

// newSite is a home page with a hero, which the cart replaces, a note, which an
// experiment hides, and a strip with a holdout of everybody; and variables of
// all types.
func newSite(t testing.TB) *resolve.Site {
	t.Helper()
	one := func(index int) []experience.Range { return []experience.Range{{Index: index, Start: 0, End: 1}} }
	replace := func(baseline string, v experience.Variant) []experience.Component {
		return []experience.Component{{Baseline: baseline, Variants: []experience.Variant{v}}}
	}
	values := func(key string, values ...string) experience.Variable {
		v := experience.Variable{Key: key}
		for _, raw := range values {
			v.Values = append(v.Values, json.RawMessage(raw))
		}
		return v
	}
	return siteOf(t, rules, []experience.Experience{
		{ID: "carts", Name: "Cart first", Audience: "cart", Traffic: 1, Distribution: one(1), Components: replace("hero", experience.Variant{Entry: "hero-cart"}), Variables: []experience.Variable{
			values("button", `"Buy"`, `"Pay"`), values("compact", `false`, `true`), values("columns", `3`, `4`), values("ratio", `0.5`, `1.5`),
			values("theme", `{"dark":false}`, `{"dark":true}`), values("steps", `["a"]`, `["a","b"]`), values("none", `null`, `1`),
		}},
		{ID: "notes", Kind: experience.Experiment, Traffic: 1, Distribution: one(1), Components: replace("note", experience.Variant{Hidden: true})},
		{ID: "strips", Audience: "cart", Traffic: 1, Distribution: one(0), Components: replace("strip", experience.Variant{Entry: "strip-sale"})},
	})
}

func siteOf(t testing.TB, rules string, experiences []experience.Experience) *resolve.Site {
	t.Helper()
	var b content.Builder
	require.NoError(t, b.AddLocale(content.Locale{Code: "en-US", Default: true}))
	require.NoError(t, b.AddType(content.Type{ID: "page", Fields: []content.Field{{ID: "slug"}, {ID: "sections"}}}))
	require.NoError(t, b.AddType(content.Type{ID: "block"}))
	add := func(id, typ string, fields map[string]string) {
		item := content.Item{ID: id, Type: typ, Fields: map[string]map[string]json.RawMessage{}}
		for name, raw := range fields {
			item.Fields[name] = map[string]json.RawMessage{"en-US": json.RawMessage(raw)}
		}
		require.NoError(t, b.AddEntry(item))
	}
	add("home", "page", map[string]string{"slug": `"home"`, "sections": `[{"sys":{"type":"Link","linkType":"Entry","id":"hero"}}]`})
	for _, id := range []string{"hero", "hero-cart", "note", "strip", "strip-sale"} {
		add(id, "block", nil)
	}
	snapshot, err := b.Build()
	require.NoError(t, err)
	defs, err := syntax.Parse("rules.yaml", []byte(rules))
	require.NoError(t, err)
	set, err := segment.Compile(defs, segment.Options{})
	require.NoError(t, err)
	catalog, err := experience.NewCatalog(experiences, nil)
	require.NoError(t, err)
	return resolve.NewSite(snapshot, set, catalog)
}

// described returns openapi.yaml, read once.
var described = func() func(t testing.TB) *openapi3.T {
	var once sync.Once
	var doc *openapi3.T
	return func(t testing.TB) *openapi3.T {
		once.Do(func() { doc = openapitest.Load(t, httpapi.OpenAPI) })
		return doc
	}
}()

// A rig is a whole server over a store of its own.
type rig struct {
	*resolve.Resolver
	t       testing.TB
	store   visitor.Store
	ingest  *ingest.Ingester
	feed    *feed.Feed
	handler http.Handler
	server  *httpapi.Server
	failing error // what every resolve fails with
}

func newRig(t testing.TB, edit func(*ofrep.Options)) *rig {
	t.Helper()
	store, err := pebblestore.OpenMemory(pebblestore.Options{})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, store.Close()) })
	r := &rig{t: t, store: store, feed: new(feed.Feed)}
	r.ingest = ingest.New(store, ingest.Options{Changed: r.feed.VisitorChanged})
	r.Resolver = resolve.New(store, r.ingest, newSite(t), resolve.Options{})
	opts := httpapi.Options{Log: discard, Flags: ofrep.Options{Feed: r.feed, Streams: 100, ChannelKey: []byte("0123456789abcdef")}}
	if edit != nil {
		edit(&opts.Flags)
	}
	r.server = httpapi.NewPublic(r.ingest, r, opts)
	r.handler = r.server.Handler()
	return r
}

// Resolve fails if the test wants it to.
func (r *rig) Resolve(ctx context.Context, req resolve.Request) (*resolve.Answer, error) {
	if r.failing != nil {
		return nil, r.failing
	}
	return r.Resolver.Resolve(ctx, req)
}

// track takes in that a visitor did something now.
func (r *rig) track(visitor, event string) {
	r.t.Helper()
	receipt, err := r.ingest.Accept(context.Background(), ingest.Batch{Messages: []signal.Message{
		{Type: "track", Event: event, AnonymousID: visitor, MessageID: event + time.Now().String(), Timestamp: time.Now()},
	}})
	require.NoError(r.t, err)
	require.Equal(r.t, 1, receipt.Accepted)
}

// post evaluates; the answer must be as openapi.yaml describes it.
func (r *rig) post(path, body string, header ...string) *httptest.ResponseRecorder {
	r.t.Helper()
	req := httptest.NewRequest(http.MethodPost, "/ofrep/v1/evaluate/flags"+path, strings.NewReader(body))
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	return r.do(req)
}

func (r *rig) do(req *http.Request) *httptest.ResponseRecorder {
	r.t.Helper()
	res := httptest.NewRecorder()
	r.handler.ServeHTTP(res, req)
	if t, ok := r.t.(*testing.T); ok {
		openapitest.CheckAnswer(t, described(t), req.Method, req.URL.EscapedPath(), res.Code, res.Header().Get("Content-Type"), res.Body.Bytes())
	}
	return res
}

// all evaluates all flags of a context and returns them by key.
func (r *rig) all(context string) map[string]flag {
	r.t.Helper()
	res := r.post("", `{"context":`+context+`}`)
	require.Equal(r.t, 200, res.Code, res.Body)
	flags := map[string]flag{}
	for _, f := range decode[bulk](r.t, res.Body).Flags {
		flags[f.Key] = f
	}
	return flags
}

// one evaluates one flag of a context.
func (r *rig) one(key, context string) flag {
	r.t.Helper()
	res := r.post("/"+key, `{"context":`+context+`}`)
	require.Equal(r.t, 200, res.Code, res.Body)
	return decode[flag](r.t, res.Body)
}

type flag struct {
	Key      string
	Value    any
	Variant  string
	Reason   string
	Metadata map[string]any
}

type bulk struct {
	Flags        []flag
	Metadata     map[string]any
	EventStreams []struct {
		Type     string
		URL      string
		Endpoint *struct{ RequestURI string }
	}
}

type failure struct{ Key, ErrorCode, ErrorDetails string }

func decode[T any](t testing.TB, src io.Reader) (v T) {
	t.Helper()
	require.NoError(t, json.NewDecoder(src).Decode(&v))
	return v
}
