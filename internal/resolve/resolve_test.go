package resolve_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/segue-dev/segue/internal/content"
	"github.com/segue-dev/segue/internal/decision"
	"github.com/segue-dev/segue/internal/experience"
	"github.com/segue-dev/segue/internal/fault"
	"github.com/segue-dev/segue/internal/ingest"
	"github.com/segue-dev/segue/internal/resolve"
	"github.com/segue-dev/segue/internal/segment"
	"github.com/segue-dev/segue/internal/segment/syntax"
	"github.com/segue-dev/segue/internal/signal"
	"github.com/segue-dev/segue/internal/store/pebblestore"
	"github.com/segue-dev/segue/internal/visitor"
)

// rules are the segments of the site under test. Cart and fan lead to the same
// choice of hero, so a change from one to the other changes no slot.
const rules = `
segment: cart
name: Has something in the cart
soWhat: Shows the cart first
priority: 30
when: { count: { of: Product Added, last: 1h } }
---
segment: fan
name: Looked twice
soWhat: Shows what is new
priority: 20
when: { count: { of: page, last: 2h, gte: 2 } }
---
segment: dark
name: Likes it dark
soWhat: A dark theme
when: { count: { of: Theme Toggled, last: 10m } }
---
segment: evening
name: In the evening
soWhat: Nothing yet
when: { any: [{ context: { hour: { gte: 18 } } }, { context: { mood: sleepy } }] }
`

// start is a Monday noon.
var start = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

// A rig is a resolver over a site of its own, with a clock to set.
type rig struct {
	*resolve.Resolver
	store visitor.Store
	now   time.Time
}

func newRig(t *testing.T) *rig {
	t.Helper()
	store, err := pebblestore.OpenMemory(pebblestore.Options{})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, store.Close()) })
	r := &rig{store: store, now: start}
	clock := func() time.Time { return r.now }
	r.Resolver = resolve.New(store, ingest.New(store, ingest.Options{Now: clock}), newSite(t, "Welcome"), resolve.Options{Now: clock})
	return r
}

// newSite is a home page whose hero the segments replace.
func newSite(t testing.TB, headline string) *resolve.Site {
	t.Helper()
	always := []experience.Range{{Index: 1, Start: 0, End: 1}}
	return siteOf(t, headline, rules, segment.Options{}, []experience.Experience{
		{ID: "carts", Audience: "cart", Traffic: 1, Distribution: always, Components: []experience.Component{{Baseline: "hero", Variants: []experience.Variant{{Entry: "hero-cart"}}}}},
		{ID: "fans", Audience: "fan", Traffic: 1, Distribution: always, Components: []experience.Component{{Baseline: "hero", Variants: []experience.Variant{{Entry: "hero-new"}}}}},
		{ID: "theme", Audience: "dark", Sticky: true, Traffic: 1, Distribution: always, Variables: []experience.Variable{{Key: "theme", Values: []json.RawMessage{[]byte(`"light"`), []byte(`"dark"`)}}}},
	})
}

// siteOf is a home page with a hero and a note that greets by name.
func siteOf(t testing.TB, headline, rules string, opts segment.Options, experiences []experience.Experience) *resolve.Site {
	t.Helper()
	b := content.Builder{Vocabulary: content.Vocabulary{
		InternalPrefix: "nt_", MergeTag: "nt_mergetag", MergeTagID: "nt_mergetag_id", MergeTagFallback: "nt_fallback",
	}}
	require.NoError(t, b.AddLocale(content.Locale{Code: "en-US", Default: true}))
	for typ, fields := range map[string][]string{
		"page": {"slug", "sections"}, "hero": {"headline"}, "note": {"text"}, "nt_mergetag": {"nt_mergetag_id", "nt_fallback"},
	} {
		def := content.Type{ID: typ}
		for _, f := range fields {
			def.Fields = append(def.Fields, content.Field{ID: f})
		}
		require.NoError(t, b.AddType(def))
	}
	entry := func(id, typ string, fields map[string]any) {
		item := content.Item{ID: id, Type: typ, Fields: map[string]map[string]json.RawMessage{}}
		for name, value := range fields {
			raw, err := json.Marshal(value)
			require.NoError(t, err)
			item.Fields[name] = map[string]json.RawMessage{"en-US": raw}
		}
		require.NoError(t, b.AddEntry(item))
	}
	entry("home", "page", map[string]any{"slug": "home", "sections": []any{link("hero"), link("note")}})
	entry("hero", "hero", map[string]any{"headline": headline})
	entry("hero-cart", "hero", map[string]any{"headline": "Your cart waits"})
	entry("hero-new", "hero", map[string]any{"headline": "New this week"})
	entry("first-name", "nt_mergetag", map[string]any{"nt_mergetag_id": "traits_firstName", "nt_fallback": "friend"})
	entry("note", "note", map[string]any{"text": map[string]any{"nodeType": "document", "data": map[string]any{}, "content": []any{
		map[string]any{"nodeType": "embedded-entry-inline", "data": map[string]any{"target": link("first-name")}, "content": []any{}},
	}}})
	snapshot, err := b.Build()
	require.NoError(t, err)

	defs, err := syntax.Parse("rules.yaml", []byte(rules))
	require.NoError(t, err)
	set, err := segment.Compile(defs, opts)
	require.NoError(t, err)
	catalog, err := experience.NewCatalog(experiences, nil)
	require.NoError(t, err)
	return resolve.NewSite(snapshot, set, catalog)
}

func link(id string) map[string]any {
	return map[string]any{"sys": map[string]any{"type": "Link", "linkType": "Entry", "id": id}}
}

// event is a signal of ana that happened at now plus ahead.
func (r *rig) event(id, name string, ahead time.Duration) signal.Message {
	m := signal.Message{Type: "track", Event: name, MessageID: id, Timestamp: r.now.Add(ahead)}
	switch name {
	case "page":
		m.Type, m.Event = "page", ""
	case "seen": // the theme
		m.Type, m.Event = "component", ""
		m.Props = signal.Props{{Key: "experienceId", Value: signal.TextOf("theme")}, {Key: "variantIndex", Value: signal.NumberOf(1)}}
	}
	return m
}

func (r *rig) ask(t *testing.T, req resolve.Request) *resolve.Answer {
	t.Helper()
	req.AnonymousID = "ana"
	a, err := r.Resolve(t.Context(), req)
	require.NoError(t, err)
	return a
}

func TestTheAnswerReflectsTheSignalsOfItsRequest(t *testing.T) {
	r := newRig(t)
	before := r.ask(t, resolve.Request{Page: "page:home"})
	require.Empty(t, before.Segments)
	require.Contains(t, string(before.Page), "Welcome")

	after := r.ask(t, resolve.Request{Page: "page:home", Messages: []signal.Message{r.event("m1", "Product Added", 0)}})
	require.Equal(t, []string{"cart"}, after.Segments)
	require.Equal(t, decision.Slot{
		Baseline: "hero", Variant: 1, Entry: "hero-cart", Experience: "carts", Segment: "cart", Reason: decision.BySegment,
	}, after.Decision.Slots[0])
	require.Contains(t, string(after.Page), "Your cart waits")
	require.NotContains(t, string(after.Page), "Welcome")
	require.NotEqual(t, before.Key, after.Key)
}

func TestASignalOfAClockSlightlyAheadIsReflectedAtOnce(t *testing.T) {
	r := newRig(t)
	ahead := 1900 * time.Millisecond
	a := r.ask(t, resolve.Request{Messages: []signal.Message{r.event("m1", "Product Added", ahead)}})
	require.Equal(t, []string{"cart"}, a.Segments)
	require.Equal(t, start.Add(ahead), a.At)
	require.Equal(t, []string{"cart"}, r.ask(t, resolve.Request{}).Segments, "and by the next request")
	require.Empty(t, r.ask(t, resolve.Request{At: start}).Segments, "but not at an instant that was asked for")
}

func TestAnAnswerHoldsUntilASlotDiffers(t *testing.T) {
	r := newRig(t)
	a := r.ask(t, resolve.Request{Messages: []signal.Message{
		r.event("m1", "page", -100*time.Minute), r.event("m2", "page", -90*time.Minute), r.event("m3", "Product Added", 0),
	}})
	require.Equal(t, []string{"cart", "fan"}, a.Segments)
	// In 20 minutes ana is no fan any more, which changes nothing she sees.
	require.Equal(t, start.Add(time.Hour), a.ValidUntil)

	just := r.ask(t, resolve.Request{At: a.ValidUntil.Add(-time.Millisecond)})
	require.True(t, just.Decision.Same(&a.Decision))
	then := r.ask(t, resolve.Request{At: a.ValidUntil})
	require.False(t, then.Decision.Same(&a.Decision))
	require.True(t, then.ValidUntil.IsZero(), "the hour changes a segment, but no slot")
}

func TestAnAnswerMayHoldUntilASegmentDiffers(t *testing.T) {
	r := newRig(t)
	r.ask(t, resolve.Request{Messages: []signal.Message{
		r.event("m1", "page", -100*time.Minute), r.event("m2", "page", -90*time.Minute), r.event("m3", "Product Added", 0),
	}})
	a := r.ask(t, resolve.Request{Memberships: true})
	require.Equal(t, start.Add(20*time.Minute), a.ValidUntil, "fan ends, which changes no slot")
	require.Equal(t, start.Add(time.Hour), r.ask(t, resolve.Request{}).ValidUntil)
	require.Equal(t, a.ValidUntil, r.ask(t, resolve.Request{Memberships: true}).ValidUntil)
	r.now = a.ValidUntil
	require.Equal(t, []string{"cart"}, r.ask(t, resolve.Request{Memberships: true}).Segments)
}

func TestThePageOfAnAnswerNeedNotBeComposed(t *testing.T) {
	r := newRig(t)
	whole, bare := r.ask(t, resolve.Request{Page: "home"}), r.ask(t, resolve.Request{Page: "home", Uncomposed: true})
	require.NotNil(t, whole.Page)
	require.Nil(t, bare.Page)
	require.Equal(t, whole.Decision.Slots, bare.Decision.Slots)
	require.Equal(t, whole.Key, bare.Key)
	require.Same(t, r.Site(), bare.Site)
}

func TestAPageByKeyIsThePageOfTheAnswer(t *testing.T) {
	r := newRig(t)
	a := r.ask(t, resolve.Request{Page: "page:home", Messages: []signal.Message{r.event("m1", "Product Added", 0)}})
	byKey, err := r.Page("page:home", a.Key, "")
	require.NoError(t, err)
	require.False(t, byKey.Outdated)
	require.Equal(t, string(a.Page), string(byKey.Fill(func(string) (string, bool) { return "", false })))
}

func TestAKeyOfOtherContentGivesTheBaselinePage(t *testing.T) {
	r := newRig(t)
	for _, key := range []string{"", "nonsense", "AAAAA", "ключ"} {
		page, err := r.Page("home", key, "en-US")
		require.NoError(t, err, key)
		require.True(t, page.Outdated, key)
		require.Contains(t, string(page.JSON), "Welcome", key)
		again, err := r.Page("home", page.Of.Key, "")
		require.NoError(t, err)
		require.False(t, again.Outdated, "the key it offers instead is good")
	}
}

func TestMergeTagsAreFilledForTheVisitorOnly(t *testing.T) {
	r := newRig(t)
	require.Contains(t, string(r.ask(t, resolve.Request{Page: "home"}).Page), "friend")

	named := signal.Message{Type: "identify", MessageID: "i1", Timestamp: r.now, Props: signal.Props{{Key: "firstName", Value: signal.TextOf(`Ana "A"`)}}}
	a := r.ask(t, resolve.Request{Page: "home", Messages: []signal.Message{named}})
	require.True(t, json.Valid(a.Page))
	require.Contains(t, string(a.Page), `Ana \"A\"`)
	require.Equal(t, map[string]string{"traits_firstName": `Ana "A"`}, a.MergeTags)

	public, err := r.Page("home", a.Key, "")
	require.NoError(t, err)
	require.NotContains(t, string(public.JSON), "Ana")
}

func TestMergeTagsInTextAreFilledForTheVisitorOnly(t *testing.T) {
	r := newRig(t)
	r.Publish(newSite(t, "Welcome, {{traits.firstName | friend}}"))
	require.Contains(t, string(r.ask(t, resolve.Request{Page: "home"}).Page), `"Welcome, friend"`)
	named := signal.Message{Type: "identify", MessageID: "i1", Timestamp: r.now, Props: signal.Props{{Key: "firstName", Value: signal.TextOf(`Ana "A"`)}}}
	a := r.ask(t, resolve.Request{Page: "home", Messages: []signal.Message{named}})
	require.Contains(t, string(a.Page), `"Welcome, Ana \"A\""`)
	require.Equal(t, `Ana "A"`, a.MergeTags["traits.firstName"])
	public, err := r.Page("home", a.Key, "")
	require.NoError(t, err)
	require.Contains(t, string(public.JSON), `"Welcome, {{traits.firstName | friend}}"`)
}

func TestABadRequestStoresNothing(t *testing.T) {
	r := newRig(t)
	for name, tc := range map[string]struct {
		req  resolve.Request
		kind fault.Kind
	}{
		"no visitor":     {resolve.Request{}, fault.Invalid},
		"unknown page":   {resolve.Request{AnonymousID: "ana", Page: "page:nowhere"}, fault.NotFound},
		"unknown locale": {resolve.Request{AnonymousID: "ana", Page: "home", Locale: "tlh"}, fault.NotFound},
		"long visitor":   {resolve.Request{AnonymousID: fmt.Sprintf("%0300d", 1)}, fault.TooLarge},
	} {
		t.Run(name, func(t *testing.T) {
			tc.req.Messages = []signal.Message{r.event("m1", "Product Added", 0)}
			_, err := r.Resolve(t.Context(), tc.req)
			require.Equal(t, tc.kind, fault.KindOf(err), "%v", err)
			rec, err := r.store.Get(t.Context(), "ana")
			require.NoError(t, err)
			require.Empty(t, rec.Signals)
		})
	}
}

func TestABadSignalSpoilsNeitherTheAnswerNorTheOthers(t *testing.T) {
	r := newRig(t)
	a := r.ask(t, resolve.Request{Messages: []signal.Message{
		{Type: "track", MessageID: "bad"}, r.event("m1", "Product Added", 0),
	}})
	require.Equal(t, []string{"cart"}, a.Segments)
	require.Equal(t, 1, a.Receipt.Accepted)
	require.Len(t, a.Receipt.Rejected, 1)
	require.Equal(t, "event", a.Receipt.Rejected[0].Field)
}

func TestPublishTakesEffectAtOnce(t *testing.T) {
	r := newRig(t)
	old := r.ask(t, resolve.Request{Page: "home"})
	r.Publish(newSite(t, "Welcome back"))
	now := r.ask(t, resolve.Request{Page: "home"})
	require.Contains(t, string(now.Page), "Welcome back")
	require.NotEqual(t, old.Revision.Content, now.Revision.Content)
	require.Equal(t, old.Revision.Rules, now.Revision.Rules)
}

func TestExplainCoversEverySegmentOrTheOneAskedFor(t *testing.T) {
	r := newRig(t)
	r.ask(t, resolve.Request{Messages: []signal.Message{r.event("m1", "Product Added", 0)}})
	all, err := r.Explain(t.Context(), "ana", "", time.Time{})
	require.NoError(t, err)
	require.Len(t, all, 4)
	require.Equal(t, "cart", all[0].Segment)
	require.True(t, all[0].Member)
	require.Equal(t, start.Add(time.Hour).UnixMilli(), all[0].ValidUntil)
	one, err := r.Explain(t.Context(), "ana", "fan", time.Time{})
	require.NoError(t, err)
	require.Len(t, one, 1)
	require.False(t, one[0].Member)
	_, err = r.Explain(t.Context(), "ana", "nobody", time.Time{})
	require.Equal(t, fault.NotFound, fault.KindOf(err))
}

func TestASignalWithoutAnAnonymousIDIsTheRequestsVisitors(t *testing.T) {
	r := newRig(t)
	a := r.ask(t, resolve.Request{Messages: []signal.Message{
		{Type: "track", Event: "Product Added", UserID: "u1", MessageID: "m1", Timestamp: r.now},
	}})
	require.Equal(t, []string{"cart"}, a.Segments)
}

func TestAnAnswerHoldsNoLongerThanItsVariables(t *testing.T) {
	r := newRig(t)
	a := r.ask(t, resolve.Request{Messages: []signal.Message{r.event("m1", "Theme Toggled", 0)}})
	require.Equal(t, "theme", a.Decision.Variables[0].Key)
	require.Equal(t, start.Add(10*time.Minute), a.ValidUntil)
}

func TestAnAnswerForThePastKnowsNothingOfWhatCameLater(t *testing.T) {
	r := newRig(t)
	added := r.ask(t, resolve.Request{Messages: []signal.Message{r.event("m1", "Product Added", 0)}})
	r.now = start.Add(30 * time.Minute)
	r.ask(t, resolve.Request{Messages: []signal.Message{r.event("m2", "Product Added", 0)}})
	past := r.ask(t, resolve.Request{At: start})
	require.Equal(t, added.ValidUntil, past.ValidUntil)
}

func TestCallsOfOnePageViewAreAnsweredForOneInstant(t *testing.T) {
	r := newRig(t)
	ask := func(visitor, navigation, event string) *resolve.Answer {
		req := resolve.Request{AnonymousID: visitor, Navigation: navigation}
		if event != "" {
			req.Messages = []signal.Message{{Type: "track", Event: event, MessageID: visitor + r.now.String()}}
		}
		a, err := r.Resolve(t.Context(), req)
		require.NoError(t, err)
		return a
	}
	first := ask("v", "n1", "Theme Toggled")
	require.Equal(t, []string{"dark"}, first.Segments, "the first call's own signals count")
	r.now = r.now.Add(9 * time.Minute)
	second := ask("v", "n1", "Product Added")
	require.Equal(t, first.Segments, second.Segments, "what came later does not")
	require.Equal(t, start, second.At)
	r.now = r.now.Add(2 * time.Minute)
	require.Equal(t, first.Segments, ask("v", "n1", "").Segments, "nor does the time")
	require.Equal(t, []string{"cart"}, ask("v", "n2", "").Segments)
	require.Equal(t, []string{"cart"}, ask("v", "", "").Segments)
	require.Empty(t, ask("w", "n1", "").Segments)
	require.Equal(t, r.now, ask("w", "n1", "").At, "another visitor's page view is another")
	_, err := r.Resolve(t.Context(), resolve.Request{AnonymousID: "v", Navigation: strings.Repeat("x", 201)})
	require.Equal(t, fault.Invalid, fault.KindOf(err))
}

// What a visitor saw of a sticky experience stays theirs, as of the instant they
// saw it.
func TestASeenVariantOfAStickyExperienceStays(t *testing.T) {
	r := newRig(t)
	toggled := r.ask(t, resolve.Request{Messages: []signal.Message{r.event("m1", "Theme Toggled", 0)}})
	require.Equal(t, start.Add(10*time.Minute), toggled.ValidUntil)
	r.now = start.Add(time.Minute)
	kept := r.ask(t, resolve.Request{Messages: []signal.Message{r.event("m2", "seen", 0)}})
	require.Equal(t, decision.Sticky, kept.Decision.Experiences[0].Reason)
	require.True(t, kept.ValidUntil.IsZero(), "time does not take it away")

	r.now = start.Add(time.Hour)
	later := r.ask(t, resolve.Request{})
	require.Empty(t, later.Segments)
	require.Equal(t, kept.Decision.Variables, later.Decision.Variables)
	require.Equal(t, decision.Sticky, r.ask(t, resolve.Request{}).Decision.Experiences[0].Reason, "from memory too")
	before := r.ask(t, resolve.Request{At: start.Add(30 * time.Second)})
	require.Equal(t, decision.BySegment, before.Decision.Experiences[0].Reason, "before it was seen it was the segment's")
}
