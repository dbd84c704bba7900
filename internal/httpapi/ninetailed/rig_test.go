package ninetailed_test

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/segue-dev/segue/internal/content"
	"github.com/segue-dev/segue/internal/experience"
	"github.com/segue-dev/segue/internal/httpapi"
	"github.com/segue-dev/segue/internal/httpapi/geo"
	"github.com/segue-dev/segue/internal/httpapi/ninetailed"
	"github.com/segue-dev/segue/internal/ingest"
	"github.com/segue-dev/segue/internal/resolve"
	"github.com/segue-dev/segue/internal/segment"
	"github.com/segue-dev/segue/internal/segment/syntax"
	"github.com/segue-dev/segue/internal/store/pebblestore"
	"github.com/segue-dev/segue/internal/visitor"
)

const rules = `
segment: buyers
name: Has something in the cart
soWhat: Shows the cart first
priority: 30
when: { count: { of: Product Added, last: 1h } }
---
segment: europe
name: From Europe
soWhat: Shows prices in euros
when: { context: { continent: EU } }
---
segment: back
name: Came back
soWhat: Greets
when: { session: { returning: true } }
`

// start is a Monday noon.
var start = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

// A rig is the public API over a site of its own, with a clock to set.
type rig struct {
	*httpapi.Server
	store    visitor.Store
	resolver *resolve.Resolver
	now      time.Time
	ids      int // that were given to new visitors
}

func newRig(t testing.TB, edit func(*ninetailed.Options)) *rig {
	t.Helper()
	store, err := pebblestore.OpenMemory(pebblestore.Options{})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, store.Close()) })
	r := &rig{store: store, now: start}
	clock := func() time.Time { return r.now }
	in := ingest.New(store, ingest.Options{Now: clock})
	r.resolver = resolve.New(store, in, newSite(t), resolve.Options{Now: clock})
	locator, err := geo.Open(geo.Options{})
	require.NoError(t, err)
	opts := ninetailed.Options{Prefixes: []string{"/experience", "/deep/insights"}, Locator: locator, NewID: func() string {
		r.ids++
		return fmt.Sprintf("new-%d", r.ids)
	}}
	if edit != nil {
		edit(&opts)
	}
	r.Server = httpapi.NewPublic(in, r.resolver, httpapi.Options{Log: slog.New(slog.DiscardHandler), Personalization: opts})
	return r
}

// newSite has an experience of each kind.
func newSite(t testing.TB) *resolve.Site {
	t.Helper()
	var b content.Builder
	require.NoError(t, b.AddLocale(content.Locale{Code: "en-US", Default: true}))
	snapshot, err := b.Build()
	require.NoError(t, err)
	defs, err := syntax.Parse("rules.yaml", []byte(rules))
	require.NoError(t, err)
	set, err := segment.Compile(defs, segment.Options{})
	require.NoError(t, err)
	always := func(index int) []experience.Range { return []experience.Range{{Index: index, Start: 0, End: 1}} }
	values := func(all ...string) (raw []json.RawMessage) {
		for _, v := range all {
			raw = append(raw, json.RawMessage(v))
		}
		return raw
	}
	catalog, err := experience.NewCatalog([]experience.Experience{
		{ID: "Cart", Audience: "buyers", Sticky: true, Traffic: 1, Distribution: always(1), Components: []experience.Component{
			{Baseline: "hero", Variants: []experience.Variant{{Entry: "hero-cart"}}},
			{Baseline: "banner", Variants: []experience.Variant{{Hidden: true}}},
		}},
		{ID: "allHoldout", Traffic: 1, Distribution: always(0), Components: []experience.Component{
			{Baseline: "hero", Variants: []experience.Variant{{Entry: "hero-all"}}}, {Baseline: "ghost", Hidden: true, Variants: []experience.Variant{{Entry: "shown"}}},
		}},
		{ID: "Beyond", Kind: experience.Experiment, Traffic: 1, Distribution: always(2), Components: []experience.Component{
			{Baseline: "note", Variants: []experience.Variant{{Entry: "note-1"}}}, {Baseline: "foot", Variants: []experience.Variant{{Entry: "foot-1"}, {Entry: "foot-2"}}},
		}},
		{ID: "euros", Audience: "europe", Traffic: 1, Distribution: always(1), Components: []experience.Component{{Baseline: "price", Variants: []experience.Variant{{Entry: "price-euro"}}}}},
		{ID: "back", Audience: "back", Traffic: 1, Distribution: always(1), Components: []experience.Component{{Baseline: "greeting", Variants: []experience.Variant{{Entry: "welcome-back"}}}}},
		{ID: "nobody", Traffic: 0, Distribution: always(1)},
		{ID: "flags", Traffic: 1, Distribution: always(1), Variables: []experience.Variable{
			{Key: "bool", Values: values(`false`, `true`)},
			{Key: "list", Values: values(`[]`, `[1,"a"]`)},
			{Key: "none", Values: values(`1`, `null`)},
			{Key: "number", Values: values(`0`, `4.5`)},
			{Key: "object", Values: values(`{}`, `{"value":{"a":null}}`)},
			{Key: "text", Values: values(`""`, `"hi"`)},
		}},
	}, nil)
	require.NoError(t, err)
	return resolve.NewSite(snapshot, set, catalog)
}

const env = "/v2/organizations/org1/environments/main"

func (r *rig) do(method, target, body string, header map[string]string) *httptest.ResponseRecorder {
	req := httptest.NewRequest(method, target, strings.NewReader(body))
	for k, v := range header {
		req.Header.Set(k, v)
	}
	res := httptest.NewRecorder()
	r.Handler().ServeHTTP(res, req)
	return res
}

// data is what the answers have in common that the tests look at.
type data struct {
	Data struct {
		Profile struct {
			ID        string         `json:"id"`
			Audiences []string       `json:"audiences"`
			Traits    map[string]any `json:"traits"`
			Location  map[string]any `json:"location"`
			Session   struct {
				ID                   string         `json:"id"`
				IsReturningVisitor   bool           `json:"isReturningVisitor"`
				LandingPage          map[string]any `json:"landingPage"`
				Count                int            `json:"count"`
				ActiveSessionLength  float64        `json:"activeSessionLength"`
				AverageSessionLength float64        `json:"averageSessionLength"`
			} `json:"session"`
		} `json:"profile"`
		Experiences []struct {
			ExperienceID string            `json:"experienceId"`
			VariantIndex int               `json:"variantIndex"`
			Variants     map[string]string `json:"variants"`
			Sticky       *bool             `json:"sticky"`
			Reason       string            `json:"reason"`
		} `json:"experiences"`
		Profiles []struct {
			ID string `json:"id"`
		} `json:"profiles"`
		Accepted int `json:"accepted"`
		Segue    struct {
			Rejected []map[string]string `json:"rejected"`
		} `json:"segue"`
	} `json:"data"`
	Message string `json:"message"`
	Error   *struct {
		Code string `json:"code"`
	} `json:"error"`
}

// ask does a request that must succeed and reads the answer.
func (r *rig) ask(t testing.TB, method, target, body string) data {
	t.Helper()
	res := r.do(method, env+target, body, nil)
	require.Equal(t, 200, res.Code, "%s", res.Body)
	return read(t, res)
}

func read(t testing.TB, res *httptest.ResponseRecorder) (d data) {
	t.Helper()
	require.NoError(t, json.Unmarshal(res.Body.Bytes(), &d), "%s", res.Body)
	return d
}

// event is one of a type at an offset from start, with more members as JSON.
func event(typ, id string, at time.Duration, more string) string {
	instant := start.Add(at).Format("2006-01-02T15:04:05.000Z")
	return fmt.Sprintf(`{"type":%q,"messageId":%q,"originalTimestamp":%q,"timestamp":%q,"sentAt":%q%s}`, typ, id, instant, instant, instant, more)
}

func events(all ...string) string { return `{"events":[` + strings.Join(all, ",") + `],"options":{}}` }

func (r *rig) record(t testing.TB, id string) *visitor.Record {
	t.Helper()
	rec, err := r.store.Get(t.Context(), id)
	require.NoError(t, err)
	return rec
}
