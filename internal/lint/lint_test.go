package lint_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
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
