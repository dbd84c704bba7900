package segment

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/segue-dev/segue/internal/segment/syntax"
	"github.com/segue-dev/segue/internal/signal"
	"github.com/segue-dev/segue/internal/visitor"
)

// request returns a Context of pairs of name and text.
func request(pairs ...string) Context {
	ctx := Context{}
	for i := 0; i < len(pairs); i += 2 {
		ctx[pairs[i]] = signal.TextOf(pairs[i+1])
	}
	return ctx
}

func truthIn(t *testing.T, rule string, rec *visitor.Record, ctx Context, offset string) string {
	t.Helper()
	x, err := compileRule(t, rule, Options{}).Explain(rec, "x", ctx, at(t, offset))
	require.NoError(t, err)
	return x.Truth
}

func TestContextOfTheRequest(t *testing.T) {
	none := record(t, "")
	for _, tc := range []struct {
		test  string
		ctx   Context
		truth string
	}{
		{"{device: mobile}", request("device", "mobile"), "true"},
		{"{device: mobile}", request("device.type", "mobile"), "true"},
		{"{device: mobile}", request("device", "desktop", "device.type", "mobile"), "false"},
		{"{device.type: mobile}", request("device", "mobile"), "true"},
		{"{browser: Firefox, os: Linux}", request("browser.name", "Firefox", "os.name", "Linux"), "true"},
		{"{country: DE}", request("location.countryCode", "DE"), "true"},
		{"{country: [AT, DE]}", request("location.country", "DE"), "true"},
		{"{continent: EU}", request("country", "de"), "true"},
		{"{continent: SA}", request("country", "BR", "continent", "NA"), "false"},
		{"{continent: EU}", request("country", "ZZ"), "unknown"},
		{"{region: BY, city: Munich}", request("location.regionCode", "BY", "location.city", "Munich"), "true"},
		{"{language: de}", request("language", "de-DE"), "true"},
		{"{language: de-DE}", request("locale", "de-DE"), "true"},
		{"{language: {ne: de}}", request("locale", "de_AT"), "false"},
		{"{locale: de-DE}", request("locale", "de-DE"), "true"},
		{"{locale: de}", request("locale", "de-DE"), "false"},
		{"{referrer: {contains: example}}", request("page.referrer", "https://example.org/"), "true"},
		{"{path: /a, title: T, url: 'https://a/'}", request("page.path", "/a", "page.title", "T", "page.url", "https://a/"), "true"},
		{"{utm_source: mail}", request("utm_source", "mail"), "true"},
		{"{utm_campaign: spring}", request("campaign.name", "spring"), "true"},
		{"{utm_source: mail}", request("page.search", "?x=1&utm_source=mail"), "true"},
		{"{utm_content: a b}", request("page.url", "https://a/?utm_content=a+b#f"), "true"},
		{"{query.q: 50%}", request("url", "https://a/?q=50%25"), "true"},
		{"{query.q: {exists: true}}", request("search", "?q"), "true"},
		{"{query.q: {exists: false}}", request("search", "?p=q"), "true"},
		{"{query.q: x}", request("page.query.q", "x"), "true"},
		{"{shade: {gte: 3}}", request("shade", "4"), "true"},
		{"{context.shade: {gte: 3}}", request("shade", "2"), "false"},
		{"{shade: {ne: 3}}", nil, "unknown"},
		{"{shade: {exists: false}}", nil, "true"},
		{"{shade: {exists: true}}", nil, "false"},
		{"{shade: {exists: false, ne: 3}}", nil, "unknown"},
		{"{shade: {ne: 3}, device: mobile}", request("device", "desktop"), "false"},
		{"{hour: 12, weekday: wed}", nil, "true"},
		{"{weekday: 3}", nil, "true"},
		{"{weekday: {between: [4, 7]}}", nil, "false"},
		{"{hour: 3}", request("hour", "3"), "false"},
	} {
		t.Run(tc.test, func(t *testing.T) {
			require.Equal(t, tc.truth, truthIn(t, "context: "+tc.test, none, tc.ctx, "0s"), "%v", tc.ctx)
		})
	}
}

func TestContextOfTheCurrentSession(t *testing.T) {
	rec := record(t, `
		0s page context.device.type=mobile context.location.country=DE context.page.search=?utm_source=mail
		1m clicked context.device.type=tablet
		2m clicked device=d2 context.browser.name=Safari
		3m clicked
		2h page path=/new`)
	for _, tc := range []struct{ test, at, truth string }{
		{"{device: mobile}", "0s", "true"},
		{"{device: mobile}", "1m", "false"},
		{"{device: tablet}", "1m", "true"},
		{"{continent: EU}", "1m", "true"},
		{"{utm_source: mail}", "1m", "true"},
		{"{device: tablet}", "2m", "unknown"}, // another device's session is the current one
		{"{browser: Safari}", "2m", "true"},
		{"{device: tablet}", "3m", "true"},
		{"{device: tablet}", "1h", "true"},
		{"{device: tablet}", "2h", "unknown"}, // a new session
		{"{path: /new}", "2h", "true"},
	} {
		require.Equal(t, tc.truth, truthIn(t, "context: "+tc.test, rec, nil, tc.at), "%s at %s", tc.test, tc.at)
	}
	require.Equal(t, "false", truthIn(t, "context: {device: tablet}", rec, request("device", "tv"), "1m"), "the request comes first")
}

func TestClockChangesWhenTheHourDoes(t *testing.T) {
	checkAll(t, map[string]story{
		"from nine to five": {"context: {hour: {between: [9, 16]}}", "", []moment{{"0s", "true", "5h"}, {"5h", "false", "21h"}}},
		"weekdays":          {"context: {weekday: [mon, tue, wed, thu, fri]}", "", []moment{{"0s", "true", "2d12h"}, {"2d12h", "false", "4d12h"}}},
		"any hour":          {"context: {hour: {gte: 0}}", "", []moment{{"0s", "true", "forever"}}},
		"an hour that comes, of a rule that never does": {
			"all: [{context: {hour: 3}}, {context: {hour: 4}}]", "", []moment{{"0s", "false", "forever"}},
		},
		"hours and signals": {
			"all: [{context: {hour: 3}}, {count: {of: A, between: [20d, 30d]}}]", "0s a", []moment{{"0s", "false", "20d15h"}, {"20d15h", "true", "20d16h"}},
		},
	})
}

func TestHoursOfASharedRule(t *testing.T) {
	set, err := Compile(definitions(t, `
		first ** : all: [{segment: shared}, {count: {of: never seen}}]
		second * : segment: shared
		shared * draft: all: [{context: {hour: 3}}, {count: {of: a, between: [40d, 50d]}}]`), Options{})
	require.NoError(t, err)
	require.Equal(t, at(t, "40d15h"), set.Evaluate(record(t, "0s a"), nil, at(t, "0s")).ValidUntil)
}

// London is five hours ahead of New York, but for the weeks in March in which
// clocks have been put forward in New York only.
func TestClocksOfTwoZones(t *testing.T) {
	defs, err := syntax.Parse("x", []byte(`
segment: both
name: x
soWhat: x
timezone: America/New_York
when: { all: [{ context: { hour: 2 } }, { segment: london }] }
---
segment: london
name: x
soWhat: x
timezone: Europe/London
when: { context: { hour: 6 } }
`))
	require.NoError(t, err)
	set, err := Compile(defs, Options{})
	require.NoError(t, err)
	both, _ := set.Index("both")
	concern := make([]bool, set.Len())
	concern[both] = true
	var res Result
	now := instant(t, "2026-04-02T00:00:00Z")
	set.Bind(record(t, "")).Look(View{At: now, Known: now, Concern: concern}, &res)
	// In the autumn it is London's clock that is put back first: 6 a.m. there is 2 a.m. in New York.
	require.Equal(t, instant(t, "2026-10-25T06:00:00Z"), res.ValidUntil)
}

// On Sunday, 2026-03-08, New York has no hour 2: from the Monday before it is
// nearly two weeks until the next one.
func TestAnHourThatIsSkipped(t *testing.T) {
	set := compileRule(t, "context: {weekday: sun, hour: 2}", Options{Zone: newYork})
	res := set.Evaluate(record(t, ""), nil, instant(t, "2026-03-02T05:00:00Z"))
	require.Equal(t, instant(t, "2026-03-15T06:00:00Z"), res.ValidUntil)
}

func TestClockOnDaysOfChange(t *testing.T) {
	// In New York, 2026-03-08 has no hour 2 and 2026-11-01 has two hours 1.
	for _, tc := range []struct {
		hour     int
		at, want string
	}{
		{1, "2026-03-08T05:30:00Z", "2026-03-08T06:00:00Z"},
		{3, "2026-03-08T06:30:00Z", "2026-03-08T07:00:00Z"},
		{2, "2026-03-08T06:30:00Z", "2026-03-09T06:00:00Z"},
		{1, "2026-11-01T04:30:00Z", "2026-11-01T05:00:00Z"},
		{2, "2026-11-01T05:30:00Z", "2026-11-01T07:00:00Z"},
	} {
		set := compileRule(t, fmt.Sprintf("context: {hour: %d}", tc.hour), Options{Zone: newYork})
		res := set.Evaluate(record(t, ""), nil, instant(t, tc.at))
		require.Empty(t, res.Members)
		require.Equal(t, instant(t, tc.want), res.ValidUntil, "hour %d after %s", tc.hour, tc.at)
		res = set.Evaluate(record(t, ""), nil, res.ValidUntil)
		require.Len(t, res.Members, 1)
	}
}

func instant(t testing.TB, rfc3339 string) int64 {
	t.Helper()
	ms, ok := parseInstant(rfc3339)
	require.True(t, ok, rfc3339)
	return ms
}

func TestTraits(t *testing.T) {
	rec := record(t, "0s identify plan=free score=5\n1h identify plan=pro plan=team\n2h track plan=none")
	for _, tc := range []struct{ test, at, truth string }{
		{"{plan: free}", "-1s", "unknown"},
		{"{plan: {exists: false}}", "-1s", "true"},
		{"{plan: free}", "0s", "true"},
		{"{plan: free}", "1h", "false"},
		{"{plan: pro}", "1h", "true"},
		{"{traits.plan: team}", "3h", "true"},
		{"{plan: {ne: team}}", "3h", "false"},
		{"{score: {gte: 5}}", "3h", "true"},
		{"{score: {gte: 5}, plan: free}", "3h", "false"},
		{"{other: {ne: x}}", "3h", "unknown"},
	} {
		require.Equal(t, tc.truth, truthIn(t, "trait: "+tc.test, rec, nil, tc.at), "%s at %s", tc.test, tc.at)
	}
}

func TestAttributeAndTraitLookups(t *testing.T) {
	rec := record(t, "0s identify plan=free\n1m page context.device.type=mobile\n2h page")
	set := compileRule(t, "never: {of: a}", Options{})
	for _, tc := range []struct {
		ctx      Context
		name, at string
		want     string
	}{
		{nil, "device", "1m", "mobile"},
		{request("device", "tv"), "device", "1m", "tv"},
		{nil, "device", "0s", ""},
		{nil, "device", "2h", ""},
	} {
		v, ok := set.Attribute(rec, tc.ctx, tc.name, at(t, tc.at))
		require.Equal(t, tc.want, v.String())
		require.Equal(t, tc.want != "", ok)
	}
	v, ok := TraitOf(rec, "plan", at(t, "1m"))
	require.True(t, ok)
	require.Equal(t, "free", v.String())
	_, ok = TraitOf(rec, "plan", at(t, "-1m"))
	require.False(t, ok)
}

func TestTests(t *testing.T) {
	many := []prop{{Value: signal.NumberOf(1)}, {Value: signal.TextOf("10")}}
	text := func(s string) []prop { return []prop{{Value: signal.TextOf(s)}} }
	for _, tc := range []struct {
		op   syntax.TestOp
		with []syntax.Scalar
		vals []prop
		want bool
	}{
		{syntax.Eq, []syntax.Scalar{10.0}, many, true},
		{syntax.Eq, []syntax.Scalar{"x"}, nil, false},
		{syntax.Eq, []syntax.Scalar{true}, text("true"), true},
		{syntax.Eq, []syntax.Scalar{"3"}, text("3.0"), true},
		{syntax.Ne, []syntax.Scalar{10.0}, many, false},
		{syntax.Ne, []syntax.Scalar{2.0}, many, true},
		{syntax.Ne, []syntax.Scalar{2.0}, nil, true},
		{syntax.In, []syntax.Scalar{"a", 1.0}, many, true},
		{syntax.Nin, []syntax.Scalar{"a", 1.0}, many, false},
		{syntax.Nin, []syntax.Scalar{"a"}, nil, true},
		{syntax.Gt, []syntax.Scalar{9.0}, many, true},
		{syntax.Gt, []syntax.Scalar{10.0}, many, false},
		{syntax.Gte, []syntax.Scalar{10.0}, many, true},
		{syntax.Lt, []syntax.Scalar{1.0}, many, false},
		{syntax.Lte, []syntax.Scalar{1.0}, many, true},
		{syntax.Lt, []syntax.Scalar{5.0}, text("x"), false},
		{syntax.Between, []syntax.Scalar{2.0, 9.0}, many, false},
		{syntax.Between, []syntax.Scalar{10.0, 10.0}, many, true},
		{syntax.Gt, []syntax.Scalar{"2026-01-31"}, text("2026-01-31T00:00:01Z"), true},
		{syntax.Gt, []syntax.Scalar{"2026-01-31T12:00:00+02:00"}, text("2026-01-31T10:00:00Z"), false},
		{syntax.Lt, []syntax.Scalar{"2026-01-31"}, text("yesterday"), false},
		{syntax.Contains, []syntax.Scalar{"ric"}, text("/pricing"), true},
		{syntax.NotContain, []syntax.Scalar{"ric"}, text("/pricing"), false},
		{syntax.NotContain, []syntax.Scalar{"ric"}, nil, true},
		{syntax.StartsWith, []syntax.Scalar{"/p"}, text("/pricing"), true},
		{syntax.EndsWith, []syntax.Scalar{"/p"}, text("/pricing"), false},
		{syntax.Matches, []syntax.Scalar{"^/p[a-z]+g$"}, text("/pricing"), true},
		{syntax.Exists, []syntax.Scalar{true}, text(""), true},
		{syntax.Exists, []syntax.Scalar{false}, text(""), false},
		{syntax.Exists, []syntax.Scalar{false}, nil, true},
		{syntax.SemverGte, []syntax.Scalar{"2.0.0"}, text("2.0.0-rc.1"), false},
		{syntax.SemverGt, []syntax.Scalar{"2.0.0-rc.1"}, text("2.0.0-rc.1.1"), true},
		{syntax.SemverGt, []syntax.Scalar{"2.0.0-rc.9"}, text("v2.0.0-rc.10+build"), true},
		{syntax.SemverLt, []syntax.Scalar{"2.0.0-beta"}, text("2.0.0-1"), true},
		{syntax.SemverLte, []syntax.Scalar{"10.0.0"}, text("9.9"), true},
		{syntax.SemverEq, []syntax.Scalar{"5.2.0"}, text("5.2"), true},
		{syntax.SemverEq, []syntax.Scalar{"5.2.0"}, text("five"), false},
	} {
		test, err := newTest(syntax.Test{Op: tc.op, Values: tc.with})
		require.NoError(t, err)
		require.Equal(t, tc.want, test.passes(tc.vals), "%s %v of %v", tc.op, tc.with, tc.vals)
	}
}
