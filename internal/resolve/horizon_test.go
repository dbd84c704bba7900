package resolve_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/segue-dev/segue/internal/decision"
	"github.com/segue-dev/segue/internal/experience"
	"github.com/segue-dev/segue/internal/ingest"
	"github.com/segue-dev/segue/internal/resolve"
	"github.com/segue-dev/segue/internal/segment"
	"github.com/segue-dev/segue/internal/signal"
	"github.com/segue-dev/segue/internal/store/pebblestore"
)

// conditions change with time in all the ways there are.
var conditions = strings.Split(strings.TrimSpace(`
{ count: { of: a, last: 1h } }
{ count: { of: a, last: 3h, gte: 2 } }
{ not: { count: { of: b, last: 2h } } }
{ count: { of: a, between: [1h, 2h] } }
{ count: { of: b, today: true } }
{ count: { of: a, previousDays: 2 } }
{ recency: { of: a, atLeast: 2h } }
{ recency: { of: b, atMost: 4h } }
{ sequence: { steps: [{ of: a }, { of: b, within: 1h }], completed: { last: 4h } } }
{ absence: { of: a, without: b, for: 1h } }
{ absence: { of: a, without: b, for: 1h, mode: once, last: 6h } }
{ score: { of: [{ event: a, weight: 2 }, { event: b, weight: -1 }], halfLife: 1h, gt: 1 } }
{ context: { hour: { gte: 18 } } }
{ context: { hour: [2, 3], weekday: sun } }
{ all: [{ count: { of: a } }, { context: { weekday: [sat, sun] } }] }
{ count: { of: "*" } }
{ never: { of: b } }
{ session: { pages: { lt: 1 } } }
`), "\n")

// An answer holds until the first instant at which what is shown differs, and
// not a millisecond longer, whichever memberships change in between.
func TestAnswersHoldExactlyUntilSomethingShownDiffers(t *testing.T) {
	newYork, err := time.LoadLocation("America/New_York")
	require.NoError(t, err)
	start := time.Date(2026, time.March, 7, 20, 0, 0, 0, newYork) // clocks are put forward this night
	differing, lasting := 0, 0
	rapid.Check(t, func(rt *rapid.T) {
		r := &rig{now: start}
		clock := func() time.Time { return r.now }
		store, err := pebblestore.OpenMemory(pebblestore.Options{})
		require.NoError(rt, err)
		defer func() { require.NoError(rt, store.Close()) }()
		in := ingest.New(store, ingest.Options{Now: clock})
		r.Resolver = resolve.New(store, in, genSite(t, rt, newYork), resolve.Options{Now: clock})
		var moments []time.Time
		for i := range rapid.IntRange(0, 6).Draw(rt, "signals") {
			r.now = r.now.Add(time.Duration(rapid.IntRange(0, 9).Draw(rt, "pause")) * 20 * time.Minute)
			moments = append(moments, r.now)
			name := rapid.SampledFrom([]string{"a", "b", "page"}).Draw(rt, "event")
			r.ask(t, resolve.Request{Messages: []signal.Message{r.event(fmt.Sprint(i), name, 0)}})
		}
		r.now = r.now.Add(time.Duration(rapid.IntRange(0, 9).Draw(rt, "then")) * 20 * time.Minute)
		first := r.ask(t, resolve.Request{})
		shows := func(at time.Time) bool { // what is shown now
			d := r.ask(t, resolve.Request{At: at}).Decision
			return first.Decision.Same(&d) && first.Decision.SameVariables(&d)
		}
		for _, at := range momentsAfter(moments, r.now, newYork) {
			if !first.ValidUntil.IsZero() && !at.Before(first.ValidUntil) {
				break
			}
			require.True(rt, shows(at), "differs at %s, valid until %s", at, first.ValidUntil)
		}
		if first.ValidUntil.IsZero() {
			lasting++
			return
		}
		differing++
		require.True(rt, shows(first.ValidUntil.Add(-time.Millisecond)))
		require.False(rt, shows(first.ValidUntil), "the same at %s", first.ValidUntil)
	})
	require.NotZero(t, differing)
	require.NotZero(t, lasting)
}

// genSite has a few segments, which show one of two heroes, set a variable, or
// change nothing.
func genSite(t *testing.T, rt *rapid.T, zone *time.Location) *resolve.Site {
	var rules []string
	var all []experience.Experience
	for i := range rapid.IntRange(1, 5).Draw(rt, "segments") {
		key := fmt.Sprintf("s%d", i)
		rules = append(rules, fmt.Sprintf("segment: %s\nname: %s\nsoWhat: x\npriority: %d\nwhen: %s\n", key, key,
			rapid.IntRange(0, 3).Draw(rt, "priority"), rapid.SampledFrom(conditions).Draw(rt, "when")))
		e := experience.Experience{ID: key, Audience: key, Traffic: 1, Distribution: []experience.Range{{Index: 1, Start: 0, End: 1}}}
		switch rapid.IntRange(0, 3).Draw(rt, "shows") {
		case 0:
			e.Components = []experience.Component{{Baseline: "hero", Variants: []experience.Variant{{Entry: "hero-cart"}}}}
		case 1:
			e.Components = []experience.Component{{Baseline: "hero", Variants: []experience.Variant{{Entry: "hero-new"}}}}
		case 2:
			e.Variables = []experience.Variable{{Key: "theme", Values: []json.RawMessage{[]byte(`"light"`), []byte(`"dark"`)}}}
		default:
			continue
		}
		all = append(all, e)
	}
	return siteOf(t, "Welcome", strings.Join(rules, "---\n"), segment.Options{Zone: zone}, all)
}

// momentsAfter are those at which something may change, and those just before,
// in order: times from signals on, and full hours of ten days.
func momentsAfter(signals []time.Time, now time.Time, zone *time.Location) []time.Time {
	var all []time.Time
	add := func(at time.Time) { all = append(all, at.Add(-time.Millisecond), at, at.Add(time.Millisecond)) }
	for _, at := range signals {
		for n := range 7 {
			add(at.Add(time.Duration(n) * time.Hour))
		}
	}
	hour := now.In(zone).Truncate(time.Hour)
	for n := range 10 * 24 {
		all = append(all, hour.Add(time.Duration(n)*time.Hour))
	}
	all = slices.DeleteFunc(all, func(at time.Time) bool { return at.Before(now) })
	slices.SortFunc(all, time.Time.Compare)
	return all
}

// A segment that comes and goes for ever changes nothing as long as one of
// greater priority has the hero.
func TestAnAnswerThatNothingChangesHoldsForEver(t *testing.T) {
	show := func(key, entry string) experience.Experience {
		return experience.Experience{
			ID: key, Audience: key, Traffic: 1, Distribution: []experience.Range{{Index: 1, Start: 0, End: 1}},
			Components: []experience.Component{{Baseline: "hero", Variants: []experience.Variant{{Entry: entry}}}},
		}
	}
	rules := `
segment: known
name: Known
soWhat: Their own
priority: 1
when: { count: { of: page } }
---
segment: even
name: In even hours
soWhat: Something else
when: { context: { hour: [0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22] } }
`
	r := newRig(t)
	r.Publish(siteOf(t, "Welcome", rules, segment.Options{}, []experience.Experience{show("known", "hero-cart"), show("even", "hero-new")}))
	require.Equal(t, start.Add(time.Hour), r.ask(t, resolve.Request{}).ValidUntil)
	a := r.ask(t, resolve.Request{Messages: []signal.Message{r.event("1", "page", 0)}})
	require.Equal(t, decision.BySegment, a.Decision.Slots[0].Reason)
	require.Zero(t, a.ValidUntil)
}
