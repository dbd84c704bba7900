package segment

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// A moment is what a rule says at an instant: "true", "false" or "unknown", and
// until when, as offsets from t0; "" is not checked.
type moment struct{ at, truth, until string }

// A story is a rule, what a visitor did, and what the rule says of it.
type story struct {
	rule, signals string
	moments       []moment
}

func (s story) check(t *testing.T, opts Options) {
	t.Helper()
	set, rec := compileRule(t, s.rule, opts), record(t, s.signals)
	for _, m := range s.moments {
		x, err := set.Explain(rec, "x", nil, at(t, m.at))
		require.NoError(t, err)
		require.Equal(t, m.truth, x.Truth, "%s at %s", s.rule, m.at)
		res := set.Evaluate(rec, nil, at(t, m.at))
		require.Equal(t, m.truth == "true", len(res.Members) == 1)
		require.Equal(t, x.ValidUntil, res.ValidUntil)
		if m.until != "" {
			require.Equal(t, clock(at(t, m.until)), clock(res.ValidUntil), "%s at %s: valid until", s.rule, m.at)
		}
	}
}

func checkAll(t *testing.T, stories map[string]story) {
	t.Helper()
	for name, s := range stories {
		t.Run(name, func(t *testing.T) { s.check(t, Options{}) })
	}
}

func TestCount(t *testing.T) {
	checkAll(t, map[string]story{
		"enters with the signal and leaves exactly after its window": {
			"count: {of: Viewed, last: 1h}", "10m viewed", []moment{
				{"9m", "false", "forever"},
				{"10m", "true", "1h10m"},
				{"1h9m59s999ms", "true", "1h10m"},
				{"1h10m", "false", "forever"},
			},
		},
		"flips when the n-th most recent leaves": {
			"count: {of: Viewed, last: 1h, gte: 3}", "0s viewed\n10m viewed\n20m viewed\n30m viewed", []moment{
				{"30m", "true", "1h10m"},
				{"1h10m", "false", "forever"},
			},
		},
		"names are compared after normalising": {
			"count: {of: product_viewed, gte: 2}", "0s Product_Viewed\n1s PRODUCT__viewed\n2s other", []moment{{"2s", "true", "forever"}},
		},
		"none is fewer than one, without any signal": {
			"count: {of: Viewed, lt: 1}", "", []moment{{"0s", "true", "forever"}},
		},
		"none in a sliding window comes true by itself": {
			"count: {of: Viewed, last: 1h, eq: 0}", "0s viewed\n5m viewed", []moment{
				{"5m", "false", "1h5m"},
				{"1h5m", "true", "forever"},
			},
		},
		"two limits": {
			"count: {of: Viewed, last: 1h, gte: 1, lt: 3}", "0s viewed\n10m viewed\n20m viewed", []moment{
				{"0s", "true", "1h"},
				{"20m", "false", "1h"},
				{"1h", "true", "1h20m"},
				{"1h20m", "false", "forever"},
			},
		},
		"not equal": {
			"count: {of: Viewed, last: 1h, ne: 1}", "0s viewed\n10m viewed", []moment{
				{"10m", "true", "1h"},
				{"1h", "false", "1h10m"},
				{"1h10m", "true", "forever"},
			},
		},
		"between holds what is older than one bound and not older than the other": {
			"count: {of: Viewed, between: [1h, 2h]}", "0s viewed", []moment{
				{"59m59s999ms", "false", "1h"},
				{"1h", "true", "2h"},
				{"2h", "false", "forever"},
			},
		},
		"between with equal bounds holds nothing": {
			"count: {of: Viewed, between: [1h, 1h], eq: 0}", "0s viewed", []moment{
				{"59m", "true", "forever"},
				{"1h", "true", "forever"},
			},
		},
		"the property of a page falls back to its context, its name to the signal's": {
			"count: {of: page, where: {path: /pricing, name: Pricing}}",
			"0s page:Pricing context.page.path=/pricing",
			[]moment{{"0s", "true", "forever"}},
		},
		"properties. and traits. say nothing": {
			"count: {of: Viewed, where: {product_id: p1, plan: pro}}",
			"0s viewed product_id=p1 plan=pro",
			[]moment{{"0s", "true", "forever"}},
		},
		"page, page by name, screen, identify, component": {
			"all: [{count: {of: page, eq: 2}}, {count: {of: 'page:pricing', eq: 1}}, {count: {of: 'screen:a b', eq: 1}}, " +
				"{count: {of: identify, eq: 1}}, {count: {of: component, eq: 1}}, {count: {of: [page, 'page:pricing', screen], eq: 3}}]",
			"0s page:Pricing\n1s page\n2s screen:A_b\n3s identify\n4s component",
			[]moment{{"5s", "true", "forever"}},
		},
		"any activity counts groups, aliases and visible heartbeats, not hidden ones": {
			"count: {of: '*', eq: 4}",
			"0s group:g\n1s alias\n2s heartbeat\n3s heartbeat visible=false\n4s Heartbeat active=false",
			[]moment{{"5s", "true", "forever"}},
		},
		"a named heartbeat counts even if it is hidden": {
			"count: {of: ['*', heartbeat], eq: 2}", "0s heartbeat\n1s heartbeat visible=false", []moment{{"5s", "true", "forever"}},
		},
		"too late signals do not count": {
			"count: {of: Viewed}", "0s viewed late=", []moment{{"1s", "false", "forever"}},
		},
		"distinct": {
			"count: {of: Viewed, distinct: id_, last: 1h, gte: 2}",
			"0s viewed id_=a\n1m viewed id_=b\n2m viewed id_=a\n3m viewed",
			[]moment{
				{"0s", "false", "forever"},
				{"1m", "true", "1h"},
				{"2m", "true", "1h1m"},
				{"1h", "true", "1h1m"},
				{"1h1m", "false", "forever"},
			},
		},
		"distinct numbers are equal however they are spelled": {
			"count: {of: Viewed, distinct: n, eq: 2}", "0s viewed n=1\n1s viewed n=1.0\n2s viewed n=x", []moment{{"3s", "true", "forever"}},
		},
	})
}

func TestDistinctSaturates(t *testing.T) {
	set := compileRule(t, "count: {of: v, distinct: n, gt: 1000}", Options{})
	for n, saturated := range map[int]bool{maxDistinct: false, maxDistinct + 1: true, maxDistinct + 500: true} {
		res := set.Evaluate(distinctSignals(n), nil, Forever-1)
		require.Equal(t, saturated, res.Saturated, n)
		require.Equal(t, saturated, len(res.Members) == 1, n)
	}
}

func TestSessionWindows(t *testing.T) {
	const visits = "0s viewed\n29m59s999ms viewed\n1h viewed\n1h1m viewed device=d2"
	checkAll(t, map[string]story{
		"the current session lasts until the next begins, however long ago": {
			"count: {of: Viewed, session: current, eq: 2}", visits, []moment{
				{"29m59s999ms", "true", "forever"},
				{"59m", "true", "forever"},
				{"1h", "false", "forever"},
			},
		},
		"the current session is that of the latest activity": {
			"count: {of: Viewed, session: current, eq: 1}", visits, []moment{{"2h", "true", "forever"}},
		},
		"any session": {
			"count: {of: Viewed, session: any, eq: 2}", visits, []moment{{"0s", "false", ""}, {"3h", "true", "forever"}},
		},
		"some one session must satisfy it, not all together": {
			"count: {of: Viewed, session: any, gte: 3}", visits, []moment{{"3h", "false", "forever"}},
		},
		"any session without one": {
			"count: {of: Viewed, session: any, eq: 0}", "", []moment{{"0s", "false", "forever"}},
		},
		"the current session without one is empty": {
			"count: {of: Viewed, session: current, eq: 0}", "", []moment{{"0s", "true", "forever"}},
		},
		"a gap of exactly thirty minutes ends a session": {
			"session: {number: {eq: 2}}", "0s viewed\n30m viewed", []moment{{"29m", "false", ""}, {"30m", "true", "forever"}},
		},
		"hidden heartbeats neither bridge a gap nor begin a session": {
			"session: {number: {eq: 2}}", "0s viewed\n20m heartbeat visible=false\n40m viewed", []moment{{"30m", "false", ""}, {"40m", "true", "forever"}},
		},
		"visible heartbeats do": {
			"session: {number: {eq: 1}}", "0s viewed\n29m59s heartbeat\n59m58s viewed", []moment{{"1h", "true", "forever"}},
		},
		"a hidden heartbeat belongs to the session under way": {
			"count: {of: Heartbeat, session: current, eq: 1}", "0s viewed\n20m heartbeat visible=false\n45m heartbeat visible=false",
			[]moment{{"1h", "true", "forever"}},
		},
	})
}

func TestCalendarWindows(t *testing.T) {
	checkAll(t, map[string]story{ // t0 is a Wednesday at noon
		"today": {
			"count: {of: Viewed, today: true}", "-12h viewed", []moment{{"11h59m59s999ms", "true", "12h"}, {"12h", "false", "forever"}},
		},
		"the last days include today": {
			"count: {of: Viewed, lastDays: 2}", "0s viewed", []moment{{"1s", "true", "1d12h"}, {"1d12h", "false", "forever"}},
		},
		"the previous days do not": {
			"count: {of: Viewed, previousDays: 2}", "0s viewed", []moment{
				{"1s", "false", "12h"}, {"12h", "true", "2d12h"}, {"2d12h", "false", "forever"},
			},
		},
		"the current week, from Sunday": {
			"count: {of: Viewed, week: current}", "-3d12h viewed\n-3d12h1ms viewed", []moment{
				{"1s", "true", "3d12h"}, {"3d12h", "false", "forever"},
			},
		},
	})
}

func TestAggregates(t *testing.T) {
	const orders = "0s order total=10 plan=free\n10m order total=30 plan=pro\n20m order total=x"
	checkAll(t, map[string]story{
		"sum":           {"sum: {of: Order, property: total, last: 1h, gte: 40}", orders, []moment{{"20m", "true", "1h"}, {"1h", "false", "forever"}}},
		"avg":           {"avg: {of: Order, property: total, last: 1h, eq: 20}", orders, []moment{{"20m", "true", "1h"}, {"1h", "false", "forever"}}},
		"min":           {"min: {of: Order, property: total, last: 1h, gte: 30}", orders, []moment{{"20m", "false", "1h"}, {"1h", "true", "1h10m"}}},
		"max":           {"max: {of: Order, property: total, last: 1h, gte: 30}", orders, []moment{{"20m", "true", "1h10m"}}},
		"first as text": {"first: {of: Order, property: plan, eq: free}", orders, []moment{{"20m", "true", "forever"}}},
		"latest":        {"latest: {of: Order, property: plan, ne: free}", orders, []moment{{"0s", "false", ""}, {"20m", "true", "forever"}}},
		"a number is not text": {
			"latest: {of: Order, property: total, gte: 0}", orders, []moment{{"10m", "true", ""}, {"20m", "false", "forever"}},
		},
		"no value is false, whatever is asked": {
			"any: [{sum: {of: Order, property: nothing, lt: 5}}, {latest: {of: Order, property: nothing, ne: x}}]", orders,
			[]moment{{"20m", "false", "forever"}},
		},
		"any session": {"sum: {of: Order, property: total, session: any, eq: 30}", "0s order total=10\n1h order total=30", []moment{{"2h", "true", "forever"}}},
		"between": {
			"sum: {of: Order, property: total, between: [1h, 2h], eq: 30}", orders, []moment{
				{"20m", "false", "2h"}, {"2h", "true", "2h10m"}, {"2h10m", "false", "forever"},
			},
		},
	})
}

func TestRecency(t *testing.T) {
	checkAll(t, map[string]story{
		"at least, inclusive":                 {"recency: {of: Viewed, atLeast: 1h}", "0s viewed", []moment{{"59m59s999ms", "false", "1h"}, {"1h", "true", "forever"}}},
		"at most, inclusive":                  {"recency: {of: Viewed, atMost: 1h}", "0s viewed", []moment{{"1h", "true", "1h1ms"}, {"1h1ms", "false", "forever"}}},
		"without a signal at least is false":  {"recency: {of: Viewed, atLeast: 1h}", "", []moment{{"9h", "false", "forever"}}},
		"without a signal at most is false":   {"recency: {of: Viewed, atMost: 1h}", "", []moment{{"9h", "false", "forever"}}},
		"never":                               {"never: {of: Viewed}", "1h viewed", []moment{{"59m", "true", "forever"}, {"1h", "false", "forever"}}},
		"never with a predicate":              {"never: {of: Viewed, where: {a: 1}}", "0s viewed a=2\n1h viewed a=1", []moment{{"59m", "true", "forever"}, {"1h", "false", "forever"}}},
		"not is its own opposite, twice over": {"not: {not: {never: {of: Viewed}}}", "1h viewed", []moment{{"0s", "true", ""}, {"1h", "false", ""}}},
	})
}

func TestAbsence(t *testing.T) {
	const ab = "0s a\n25m a"
	checkAll(t, map[string]story{
		"since the last A, each restarts the clock": {
			"absence: {of: A, without: B, for: 30m}", ab, []moment{{"31m", "false", "55m"}, {"55m", "true", "forever"}},
		},
		"since the first A": {
			"absence: {of: A, without: B, for: 30m, since: first}", ab, []moment{{"29m59s999ms", "false", "30m"}, {"30m", "true", "forever"}},
		},
		"the first A after the latest B": {
			"absence: {of: A, without: B, for: 30m, since: first}", "0s a\n10m b\n20m a\n25m a", []moment{{"49m", "false", "50m"}, {"50m", "true", "forever"}},
		},
		"B ends it at once": {
			"absence: {of: A, without: B, for: 30m}", "0s a\n40m b", []moment{{"39m", "true", "forever"}, {"40m", "false", "forever"}},
		},
		"B in the same millisecond counts by its place in the order": {
			"absence: {of: A, without: B, for: 30m}", "0s b\n0s a", []moment{{"30m", "true", "forever"}},
		},
		"A in the window": {
			"absence: {of: A, without: B, for: 30m, last: 1h}", "0s a", []moment{{"30m", "true", "1h"}, {"1h", "false", "forever"}},
		},
		"since first, the clock moves on with the window": {
			"absence: {of: A, without: B, for: 30m, since: first, last: 1h}", "0s a\n45m a", []moment{
				{"30m", "true", "1h"}, {"1h", "false", "1h15m"}, {"1h15m", "true", "1h45m"},
			},
		},
		"without any A": {"absence: {of: A, without: B, for: 30m}", "0s b", []moment{{"1h", "false", "forever"}}},
		"A and B alike: no other follows": {
			"absence: {of: A, without: A, for: 30m, since: first}", ab, []moment{{"54m", "false", "55m"}, {"55m", "true", "forever"}},
		},
		"once: known as soon as more than D has passed, and for good": {
			"absence: {of: A, without: B, for: 30m, mode: once}", "0s a\n31m b", []moment{
				{"30m", "false", "30m1ms"}, {"30m1ms", "true", "forever"}, {"31m", "true", "forever"}, {"9d", "true", "forever"},
			},
		},
		"once: a B at exactly D is in time": {
			"absence: {of: A, without: B, for: 30m, mode: once}", "0s a\n30m b", []moment{{"29m", "false", "30m1ms"}, {"30m", "false", "forever"}},
		},
		"once: some A is enough": {
			"absence: {of: A, without: B, for: 30m, mode: once}", "0s a\n10m b\n1h a", []moment{{"1h30m1ms", "true", "forever"}},
		},
		"once: in the window": {
			"absence: {of: A, without: B, for: 30m, mode: once, last: 1h}", "0s a", []moment{{"31m", "true", "1h"}, {"1h", "false", "forever"}},
		},
	})
}

func TestSession(t *testing.T) {
	const visits = "0s page path=/home referrer=https://www.example.org/\n1m page path=/pricing\n2m clicked\n1d page path=/pricing"
	checkAll(t, map[string]story{
		"pages":                        {"session: {pages: {eq: 2}}", visits, []moment{{"2m", "true", "forever"}, {"1d", "false", "forever"}}},
		"duration":                     {"session: {duration: {gte: 2m}}", visits, []moment{{"1m59s", "false", ""}, {"2m", "true", "forever"}}},
		"entry":                        {"session: {entry: {path: /home}}", visits, []moment{{"2m", "true", ""}, {"1d", "false", ""}}},
		"referrer":                     {"session: {referrer: {contains: example.org}}", visits, []moment{{"2m", "true", ""}, {"1d", "false", ""}}},
		"returning":                    {"session: {returning: true}", visits, []moment{{"2m", "false", ""}, {"1d", "true", ""}}},
		"not returning":                {"session: {returning: false}", visits, []moment{{"2m", "true", ""}, {"1d", "false", ""}}},
		"returned, inclusive":          {"session: {returnedWithin: 1d}", "0s clicked\n1d clicked", []moment{{"0s", "false", ""}, {"1d", "true", "forever"}}},
		"returned too late":            {"session: {returnedWithin: 1d}", "0s clicked\n1d1ms clicked", []moment{{"2d", "false", "forever"}}},
		"returned on another device":   {"session: {returnedWithin: 1h}", "0s clicked\n1m clicked device=d2", []moment{{"1m", "true", "forever"}}},
		"all that is asked must hold":  {"session: {pages: {eq: 2}, number: {eq: 2}}", visits, []moment{{"2m", "false", ""}}},
		"no activity, number":          {"session: {number: {eq: 0}}", "", []moment{{"0s", "true", "forever"}}},
		"no activity, returning false": {"session: {returning: false}", "", []moment{{"0s", "true", "forever"}}},
		"no activity, the rest": {
			"any: [{session: {pages: {gte: 0}}}, {session: {duration: {gte: 0s}}}, {session: {entry: {path: {ne: x}}}}, {session: {returning: true}}]", "",
			[]moment{{"0s", "false", "forever"}},
		},
	})
}

func TestViews(t *testing.T) {
	const reading = "0s page:a path=/a\n15s heartbeat interval=15\n30s heartbeat interval=15 scroll=40\n45s heartbeat interval=15 visible=false\n" +
		"60s heartbeat interval=15\n70s scroll percent=80\n3m heartbeat interval=16"
	checkAll(t, map[string]story{
		"dwell adds up visible and active beats, each for at most one and a half intervals": {
			"dwell: {on: {path: /a}, eq: 69s}", reading, []moment{{"60s", "false", ""}, {"3m", "true", "forever"}},
		},
		"dwell grows with beats only": {
			"dwell: {on: {path: /a}, gte: 45s}", reading, []moment{{"59s", "false", "forever"}, {"60s", "true", "forever"}},
		},
		"dwell in a window of page views": {
			"dwell: {on: {path: /a}, last: 1h, gte: 30s}", reading, []moment{{"30s", "true", "1h"}, {"1h", "false", "forever"}},
		},
		"dwell without heartbeats is unknown": {
			"dwell: {on: {path: /a}, gte: 1s}", "0s page path=/a\n9m page path=/b", []moment{{"1h", "unknown", "forever"}},
		},
		"unknown stays unknown when it is denied": {
			"not: {dwell: {on: {path: /a}, gte: 1s}}", "0s page path=/a", []moment{{"1h", "unknown", "forever"}},
		},
		"dwell without the page view is false": {
			"dwell: {on: {path: /b}, gte: 1s}", reading, []moment{{"1h", "false", "forever"}},
		},
		"a beat belongs to the latest page view of its device": {
			"dwell: {on: {path: /a}, gte: 1s}", "0s page path=/a\n1s page path=/b device=d2\n15s heartbeat", []moment{{"1m", "true", "forever"}},
		},
		"a beat that names a view belongs to that": {
			"all: [{dwell: {on: {path: /a}, gte: 10s}}, {not: {dwell: {on: {path: /b}, gte: 1s}}}]",
			"0s page path=/a view=v1\n1s page path=/b\n2s heartbeat active=false\n15s heartbeat view=v1",
			[]moment{{"1m", "true", "forever"}},
		},
		"a view can be named by its message id, and one that is unknown gets nothing": {
			"dwell: {on: {path: /a}, eq: 10s}", "0s page path=/a id=m1\n10s heartbeat view=m1\n20s heartbeat view=other", []moment{{"1m", "true", "forever"}},
		},
		"the longest view counts, views are not added up": {
			"dwell: {on: {path: /a}, gte: 20s}", "0s page path=/a\n15s heartbeat\n20s page path=/a\n35s heartbeat", []moment{{"1m", "false", "forever"}},
		},
		"a beat vouches for thirty minutes at most": {
			"dwell: {on: {path: /a}, eq: 30m}", "0s page path=/a\n2h heartbeat interval=7200", []moment{{"2h", "true", "forever"}},
		},
		"scroll is the greatest depth": {
			"scroll: {on: {path: /a}, gte: 40}", reading, []moment{{"29s", "false", ""}, {"30s", "true", "forever"}},
		},
		"a later, lesser depth changes nothing": {
			"scroll: {on: {path: /a}, eq: 80}", reading + "\n4m scroll_depth depth=20", []moment{{"69s", "false", ""}, {"5m", "true", "forever"}},
		},
		"a page view that was not scrolled is at 0": {
			"scroll: {on: {path: /a}, lt: 25}", "0s page path=/a", []moment{{"1m", "true", "forever"}},
		},
		"no such page view is false": {
			"scroll: {on: {path: /a}, lt: 25}", "0s page path=/b", []moment{{"1m", "false", "forever"}},
		},
	})
}

func TestScore(t *testing.T) {
	checkAll(t, map[string]story{
		"halves every half-life, inclusive at the limit": {
			"score: {of: [{event: A, weight: 8}], halfLife: 1h, gte: 1}", "0s a", []moment{{"0s", "true", "3h1ms"}, {"3h", "true", "3h1ms"}, {"3h1ms", "false", "forever"}},
		},
		"less than": {
			"score: {of: [{event: A, weight: 8}], halfLife: 1h, lt: 1}", "0s a", []moment{{"3h", "false", "3h1ms"}, {"3h1ms", "true", "forever"}},
		},
		"adds up, each event by its weight": {
			"score: {of: [{event: A, weight: 1}, {event: B, weight: 3}], halfLife: 1h, gte: 3.5}", "0s a\n1h b", []moment{
				{"59m", "false", "forever"}, {"1h", "true", "1h1ms"},
			},
		},
		"nothing is 0":                    {"score: {of: [{event: A, weight: 1}], halfLife: 1h, lt: 1}", "", []moment{{"0s", "true", "forever"}}},
		"what fades never quite vanishes": {"score: {of: [{event: A, weight: 1}], halfLife: 1s, gt: 0}", "0s a", []moment{{"0s", "true", "forever"}, {"900d", "true", "forever"}}},
		"negative weights rise":           {"score: {of: [{event: A, weight: -4}], halfLife: 1h, gte: -1}", "0s a", []moment{{"0s", "false", "2h"}, {"2h", "true", "forever"}}},
	})
}
