package lint_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/segue-dev/segue/internal/content"
	"github.com/segue-dev/segue/internal/experience"
	"github.com/segue-dev/segue/internal/lint"
	"github.com/segue-dev/segue/internal/segment"
	"github.com/segue-dev/segue/internal/segment/syntax"
	"github.com/segue-dev/segue/internal/signal"
	"github.com/segue-dev/segue/internal/visitor"
)

var update = flag.Bool("update", false, "write the golden files anew")

// site returns what is looked at: a home page with nine slots, s1 to s9, each
// with the variants v1 to v9 and one that is a draft; v9 is of another type,
// which the page does not accept, and de lacks v8.
func site(t *testing.T, segments string, shown ...experience.Experience) lint.Input {
	t.Helper()
	defs, err := syntax.Parse("s.yaml", []byte(segments))
	require.NoError(t, err)
	set, err := segment.Compile(defs, segment.Options{})
	require.NoError(t, err)
	order := map[string][]string{}
	for i := range shown {
		e := &shown[i]
		e.ID, e.Traffic = fmt.Sprint("e", i), 1
		e.Distribution = []experience.Range{{Index: 1, Start: 0, End: 1}}
		for _, c := range e.Components {
			order[c.Baseline] = append(order[c.Baseline], e.ID)
		}
	}
	catalog, err := experience.NewCatalog(shown, order)
	require.NoError(t, err)
	return lint.Input{Segments: set, Experiences: catalog, Content: page(t), Retention: 90 * 24 * time.Hour}
}

func page(t *testing.T) *content.Snapshot {
	t.Helper()
	var b content.Builder
	require.NoError(t, b.AddLocale(content.Locale{Code: "en", Default: true}))
	require.NoError(t, b.AddLocale(content.Locale{Code: "de"}))
	require.NoError(t, b.AddType(content.Type{ID: "page", Fields: []content.Field{{ID: "slug"}, {ID: "sections", Accepts: []string{"hero"}}}}))
	require.NoError(t, b.AddType(content.Type{ID: "hero", Fields: []content.Field{{ID: "title", Localized: true}}}))
	require.NoError(t, b.AddType(content.Type{ID: "video"}))
	var links []string
	add := func(id, kind string, state content.State, locales ...string) {
		titles := map[string]json.RawMessage{}
		for _, l := range locales {
			titles[l] = json.RawMessage(`"x"`)
		}
		require.NoError(t, b.AddEntry(content.Item{ID: id, Type: kind, State: state, Fields: map[string]map[string]json.RawMessage{"title": titles}}))
	}
	for i := 1; i <= 9; i++ {
		links = append(links, fmt.Sprintf(`{"sys":{"type":"Link","linkType":"Entry","id":"s%d"}}`, i))
		add(fmt.Sprint("s", i), "hero", content.Published, "en", "de")
		switch i {
		case 8:
			add("v8", "hero", content.Published, "en")
		case 9:
			add("v9", "video", content.Published)
		default:
			add(fmt.Sprint("v", i), "hero", content.Published, "en", "de")
		}
	}
	add("draft", "hero", content.Draft, "en", "de")
	require.NoError(t, b.AddEntry(content.Item{ID: "home", Type: "page", Fields: map[string]map[string]json.RawMessage{
		"slug": {"en": json.RawMessage(`"/"`)}, "sections": {"en": json.RawMessage("[" + strings.Join(links, ",") + "]")},
	}}))
	s, err := b.Build()
	require.NoError(t, err)
	return s
}

// to shows variants, each as "slot=entry", to a segment.
func to(audience string, shows ...string) experience.Experience {
	e := experience.Experience{Audience: audience}
	for _, s := range shows {
		slot, entry, _ := strings.Cut(s, "=")
		e.Components = append(e.Components, experience.Component{Baseline: slot, Variants: []experience.Variant{{Entry: entry, Hidden: entry == ""}}})
	}
	return e
}

// def writes a segment.
func def(key, when string, more ...string) string {
	return fmt.Sprintf("segment: %s\nname: %s\nsoWhat: x\nwhen: {%s}\n%s\n---\n", key, key, when, strings.Join(more, "\n"))
}

const added = "count: {of: Product Added, last: 1d}"

// cases are, for each code, segments and what is shown to them that have just
// that doubt.
func cases(t *testing.T) map[lint.Code]lint.Input {
	other := def("b", "count: {of: b}")
	in := map[lint.Code]lint.Input{
		lint.NoVariant:    site(t, def("a", added)+other, to("b", "s1=v1")),
		lint.SameContent:  site(t, def("a", added)+other, to("a", "s1=v1"), to("b", "s1=v1")),
		lint.Shadowed:     site(t, def("a", "count: {of: b, gte: 2}")+def("wide", "count: {of: b}", "priority: 5"), to("a", "s1=v1"), to("wide", "s1=v2", "s2=v2")),
		lint.SameRule:     site(t, def("a", added)+def("b", added), to("a", "s1=v1"), to("b", "s2=v1")),
		lint.NeverTrue:    site(t, def("a", "all: [{count: {of: b}}, {never: {of: b}}]"), to("a", "s1=v1")),
		lint.AlwaysTrue:   site(t, def("a", "any: [{count: {of: b}}, {never: {of: b}}]"), to("a", "s1=v1")),
		lint.TooOld:       site(t, def("a", "count: {of: b, last: 91d}"), to("a", "s1=v1")),
		lint.UnfitVariant: site(t, def("a", added), to("a", "s1=draft", "s2=v9", "s3=v8", "s4=gone", "gone=v1", "s5=")),
		lint.Unneeded:     site(t, def("a", added, "allow: [{code: SG101, reason: later}, {code: SG999, reason: x}]"), to("a", "s1=v1")),
	}
	goal := site(t, def("a", "all: [{count: {of: order_completed}}, {count: {of: b}}]"), to("a", "s1=v1"))
	goal.Goals = []syntax.Event{{Name: "Order Completed"}}
	in[lint.UsesGoal] = goal

	var many string
	var shown, apart []experience.Experience
	for i := 1; i <= 7; i++ {
		key := fmt.Sprint("many-", i)
		many += def(key, fmt.Sprintf("count: {of: b%d}", i))
		shown = append(shown, to(key, fmt.Sprintf("s1=v%d", i)))
		apart = append(apart, to(key, fmt.Sprintf("s%d=v%d", i, i)))
	}
	in[lint.TooMany] = site(t, many, shown...)
	in[lint.Permutations] = site(t, many, apart...)

	seen := site(t, def("a", "count: {of: Product Aded, where: {x: 1}}")+def("b", "count: {of: Product Added, where: {prise: {gte: 5}, utm_source: x}}"), to("a", "s1=v1"), to("b", "s2=v2"))
	seen.Seen = look(seen.Segments, 1, signal.Signal{Name: "product_added", Props: signal.Props{{Key: "price", Value: signal.NumberOf(7)}}})
	in[lint.UnknownEvent], in[lint.UnknownProp] = seen, seen
	near := site(t, def("a", "count: {of: a}")+def("b", "count: {of: '*'}"), to("a", "s1=v1"), to("b", "s2=v2"))
	near.Seen = look(near.Segments, 50, signal.Signal{Name: "a"})
	in[lint.NearDuplicate] = near

	bare, err := segment.Compile([]syntax.Definition{{Key: "a", When: syntax.Never{Match: syntax.Match{Events: []syntax.Event{{Name: "b"}}}}}}, segment.Options{})
	require.NoError(t, err)
	audience := site(t, def("x", added), to("a", "s1=v1"))
	audience.Segments = bare
	in[lint.NoSoWhat] = audience
	return in
}

// look returns what so many visitors who sent a signal have been seen to do.
func look(set *segment.Set, visitors int, sig signal.Signal) *lint.Seen {
	seen := lint.NewSeen(set, 10)
	for i := range visitors {
		sig.ID, sig.At = fmt.Sprint(i), 1
		rec, _ := (&visitor.Record{ID: fmt.Sprint(i)}).With(visitor.Limits{}, sig)
		seen.Add(rec)
	}
	return seen
}

func TestEveryCodeIsFound(t *testing.T) {
	var b strings.Builder
	all := cases(t)
	for _, code := range lint.Codes() {
		in, ok := all[code]
		require.True(t, ok, "no case for %s", code)
		fmt.Fprintf(&b, "# %s\n", code)
		found := false
		for _, f := range lint.Check(in) {
			found = found || f.Code == code
			require.Equal(t, lint.SeverityOf(f.Code), f.Severity)
			fmt.Fprintf(&b, "%s: %s: %s %s: %s\n", f.Pos, f.Segment, f.Severity, f.Code, f.Message)
		}
		require.True(t, found, code)
	}
	path := filepath.Join("testdata", "findings.txt")
	if *update {
		require.NoError(t, os.MkdirAll("testdata", 0o750))
		require.NoError(t, os.WriteFile(path, []byte(b.String()), 0o600))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, string(want), b.String())
}

// sound are, for each code, segments and what is shown to them that nearly have
// that doubt and have none.
func sound(t *testing.T) map[lint.Code][]lint.Input {
	b := def("b", "count: {of: b}")
	inA := func(when string, more ...string) lint.Input {
		return site(t, def("a", when, more...), to("a", "s1=v1"))
	}
	two := func(a, b string, shown ...experience.Experience) lint.Input {
		return site(t, a+b, shown...)
	}
	ab := []experience.Experience{to("a", "s1=v1"), to("b", "s2=v2")}
	all := map[lint.Code][]lint.Input{
		lint.NoVariant: {
			two(def("a", added), b), // there are no experiences at all
			two(def("a", added, "status: draft"), b, to("b", "s1=v1")),
			two(def("a", added), def("b", "all: [{count: {of: b}}, {not: {segment: a}}]"), to("b", "s1=v1")),
			two(def("a", added), b+def("c", "count: {of: c}", "stay: {segment: a}"), to("b", "s1=v1"), to("c", "s1=v2")),
		},
		lint.SameContent: {
			two(def("a", added), b, to("a", "s1=v1"), to("b", "s1=v2")),
			two(def("a", added), b, to("a", "s1=v1"), to("b", "s1=v1", "s2=v2")),
		},
		lint.Shadowed: {
			two(def("a", "count: {of: b, gte: 2}"), def("wide", "count: {of: b}", "priority: 5"), to("a", "s1=v1"), to("wide", "s2=v2")),
			two(def("a", "count: {of: b, gte: 2}", "priority: 6"), def("wide", "count: {of: b}", "priority: 5"), to("a", "s1=v1"), to("wide", "s1=v2")),
			two(def("a", "count: {of: b, gte: 2}"), def("wide", "count: {of: b, gte: 3}", "priority: 5"), to("a", "s1=v1"), to("wide", "s1=v2")),
			two(def("a", "count: {of: b, gte: 2}"), def("wide", "count: {of: b}", "priority: 5", "purpose: ads"), to("a", "s1=v1"), to("wide", "s1=v2")),
		},
		lint.SameRule: {
			two(def("a", added), def("b", "count: {of: Product Added, last: 2d}"), ab...),
			two(def("a", added), def("b", added, "timezone: Asia/Tokyo"), ab...),
		},
		lint.NeverTrue:  {inA("all: [{count: {of: b}}, {never: {of: c}}]"), inA("all: [{count: {of: b, gte: 2}}, {count: {of: b, lt: 3}}]")},
		lint.AlwaysTrue: {inA("any: [{count: {of: b}}, {never: {of: c}}]"), inA("any: [{trait: {x: 1}}, {not: {trait: {x: 1}}}]")},
		lint.TooOld:     {inA("count: {of: b, last: 90d}"), inA("count: {of: b, lastDays: 91}"), inA("never: {of: b}"), inA("count: {of: b}", "hold: 90d")},
		lint.UnfitVariant: {
			site(t, def("a", added), to("a", "s1=v2", "s2=")),
			site(t, def("a", added), to("a", "s8=v1")),
		},
		lint.NoSoWhat: {inA(added)},
		lint.Unneeded: { // nobody has looked for what is allowed
			inA(added, "allow: [{code: SG107, reason: x}, {code: SG108, reason: x}, {code: SG109, reason: x}, {code: SG115, reason: x}]"),
		},
	}
	other := inA("count: {of: b}")
	other.Goals = []syntax.Event{{Name: "Order Completed"}, {Kind: syntax.PageEvent, Name: "b"}}
	all[lint.UsesGoal] = []lint.Input{other}

	var five string
	var shown []experience.Experience
	for i := 1; i <= 5; i++ {
		key := fmt.Sprint("many-", i)
		five += def(key, fmt.Sprintf("count: {of: b%d}", i))
		shown = append(shown, to(key, fmt.Sprintf("s%d=v%d", i, i)))
	}
	all[lint.TooMany] = []lint.Input{site(t, five+def("draft", "count: {of: b}", "status: draft"), shown...)}
	shown[0] = to("many-1", "s1=v1", "s6=v6") // two slots that change together
	all[lint.Permutations] = []lint.Input{site(t, five, shown...)}

	seen := site(t, def("a", "sequence: {steps: [{of: product_added, where: {price: {gte: 5}, query.x: 1}}, {of: product_added, directly: page}]}")+
		def("b", "all: [{trait: {plan: pro}}, {count: {of: gone, where: {x: 1}}}]"), ab...)
	seen.Seen = look(seen.Segments, 1, signal.Signal{Name: "Product Added", Props: signal.Props{{Key: "price", Value: signal.NumberOf(7)}}})
	seen.Seen.Add(&visitor.Record{Summary: visitor.Summary{ // what has left the log
		Events: map[string]visitor.EventTotal{"track:gone": {Count: 1}, "page": {Count: 1}, "identify": {Count: 1}},
		Traits: map[string]visitor.Trait{"plan": {}},
	}})
	all[lint.UnknownEvent], all[lint.UnknownProp] = []lint.Input{seen}, []lint.Input{seen}

	for _, n := range []int{49, 100} {
		near := site(t, def("a", "count: {of: a}")+def("b", "any: [{count: {of: a}}, {count: {of: z}}]"), ab...)
		near.Seen = look(near.Segments, n, signal.Signal{Name: "a"})
		if n == 100 { // 100 of 112 are in both
			for i := range 12 {
				rec, _ := (&visitor.Record{}).With(visitor.Limits{}, signal.Signal{ID: fmt.Sprint("z", i), Name: "z", At: 1})
				near.Seen.Add(rec)
			}
		} else { // 49 are too few to tell
			rec, _ := (&visitor.Record{}).With(visitor.Limits{}, signal.Signal{ID: "y", Name: "z", At: 100})
			near.Seen.Add(rec)
		}
		all[lint.NearDuplicate] = append(all[lint.NearDuplicate], near)
	}
	return all
}

func TestWhatIsNearlyDoubtfulIsNot(t *testing.T) {
	all := sound(t)
	for _, code := range lint.Codes() {
		require.NotEmpty(t, all[code], "no case for %s", code)
		for i, in := range all[code] {
			require.Empty(t, lint.Check(in), "%s, case %d", code, i)
		}
	}
}

// What is asked of signals is looked for in all places where it can be.
func TestEveryPlaceOfARuleIsLookedAt(t *testing.T) {
	for rule, code := range map[string]lint.Code{
		"sequence: {steps: [{of: a}, {of: a, directly: typo}]}":                                  lint.UnknownEvent,
		"sequence: {steps: [{of: a}, {of: a, without: typo}]}":                                   lint.UnknownEvent,
		"sequence: {steps: [{of: a}, {of: a, same: typo}]}":                                      lint.UnknownProp,
		"absence: {of: a, without: typo, for: 1h}":                                               lint.UnknownEvent,
		"score: {of: [{event: typo, weight: 1}], halfLife: 1d, gte: 1}":                          lint.UnknownEvent,
		"regular: {of: typo, atLeast: 1, ofLast: 2, period: day}":                                lint.UnknownEvent,
		"sum: {of: a, property: typo, gte: 1}":                                                   lint.UnknownProp,
		"count: {of: a, distinct: typo}":                                                         lint.UnknownProp,
		"trait: {typo: 1}":                                                                       lint.UnknownProp,
		"dwell: {on: {typo: 1}, gte: 1s}":                                                        lint.UnknownProp,
		"scroll: {on: {typo: 1}, gte: 1}":                                                        lint.UnknownProp,
		"session: {entry: {typo: 1}}":                                                            lint.UnknownProp,
		"recency: {of: a, atLeast: 91d}":                                                         lint.TooOld,
		"absence: {of: a, without: page, for: 91d}":                                              lint.TooOld,
		"sequence: {steps: [{of: a}], allWithin: {between: [1d, 91d]}}":                          lint.TooOld,
		"sequence: {steps: [{of: a}, {of: page, after: 91d}]}":                                   lint.TooOld,
		"sequence: {steps: [{of: a}, {of: page}], span: 91d}":                                    lint.TooOld,
		"session: {returnedWithin: 91d}":                                                         lint.TooOld,
		"regular: {of: a, atLeast: 2, ofLast: 14, period: week}":                                 lint.TooOld,
		"dwell: {previousDays: 92, gte: 1s}":                                                     lint.TooOld,
		"max: {of: a, property: p, last: 91d, gte: 1}":                                           lint.TooOld,
		"all: [{any: [{not: {count: {of: typo}}}, {count: {of: page}}]}]":                        lint.UnknownEvent,
		"count: {of: a}}\nstay: {not: {count: {of: a, last: 91d}}":                               lint.TooOld,
		"count: {of: a}}\nhold: 91d\nallow: [{code: SG101, reason: x}]\ncost: {hoursPerMonth: 1": lint.TooOld,
	} {
		in := site(t, def("x", rule)+def("y", "segment: x"), to("x", "s1=v1"), to("y", "s2=v2"))
		in.Seen = look(in.Segments, 1, signal.Signal{Name: "a", Props: signal.Props{{Key: "p", Value: signal.NumberOf(1)}}})
		in.Seen.Add(&visitor.Record{Signals: []signal.Signal{{Type: signal.Page}, {Type: signal.Identify}}})
		require.True(t, slices.ContainsFunc(lint.Check(in), func(f lint.Finding) bool { return f.Code == code && f.Segment == "x" }), rule)
	}
}

func TestSoundSegmentsHaveNoDoubts(t *testing.T) {
	in := site(t, def("a", added)+def("b", "all: [{count: {of: b}}, {trait: {plan: pro}}]"), to("a", "s1=v1"), to("b", "s1=v2", "s2=v2"))
	require.Empty(t, lint.Check(in))
	require.False(t, lint.Fails(lint.Check(in)))
}

func TestWhatIsAllowedDoesNotFail(t *testing.T) {
	in := site(t, def("a", added, "allow: [{code: SG101, reason: the variants follow in May}]")+def("b", "count: {of: b}"), to("b", "s1=v1"))
	found := lint.Check(in)
	require.Len(t, found, 1)
	require.Equal(t, "the variants follow in May", found[0].Allowed)
	require.False(t, lint.Fails(found))
	found[0].Allowed = ""
	require.True(t, lint.Fails(found))
}

func TestThePageOfCodesIsComplete(t *testing.T) {
	src, err := os.ReadFile("../../docs/lint.md")
	require.NoError(t, err)
	for _, code := range lint.Codes() {
		require.Contains(t, string(src), fmt.Sprintf("| `%s` | %s |", code, lint.SeverityOf(code)))
	}
}

// A site that names each page does not make what is remembered grow without end,
// and the events of rules are always among it.
func TestWhatIsSeenIsBounded(t *testing.T) {
	defs, err := syntax.Parse("s.yaml", []byte(`{segment: a, name: A, soWhat: x, when: {all: [{count: {of: Zoo Viewed}}, {count: {of: Zoo Left}}]}}`))
	require.NoError(t, err)
	set, err := segment.Compile(defs, segment.Options{})
	require.NoError(t, err)
	seen, other := lint.NewSeen(set, 0), lint.NewSeen(set, 0)
	for i := range 600 {
		sigs := []signal.Signal{{ID: "zoo", Name: "Zoo Viewed", Device: "d"}}
		for k := range 100 {
			sigs = append(sigs, signal.Signal{ID: fmt.Sprint(k), Type: signal.Page, Name: fmt.Sprintf("Page %d of %d", k, i), Device: "d"})
		}
		rec, _ := (&visitor.Record{ID: "v"}).With(visitor.Limits{}, sigs...)
		if i%2 == 0 {
			seen.Add(rec)
		} else {
			other.Add(rec)
		}
	}
	seen.Merge(other)
	require.LessOrEqual(t, len(seen.Events()), 20_100)
	catalog, err := experience.NewCatalog(nil, nil)
	require.NoError(t, err)
	var doubts []string
	for _, f := range lint.Check(lint.Input{Segments: set, Experiences: catalog, Content: page(t), Seen: seen}) {
		if f.Code == lint.UnknownEvent {
			doubts = append(doubts, f.Message)
		}
	}
	require.Len(t, doubts, 1)
	require.Contains(t, doubts[0], "no visitor has sent Zoo Left")
}
