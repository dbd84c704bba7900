package decision_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/segue-dev/segue/internal/decision"
	"github.com/segue-dev/segue/internal/experience"
)

// always gives index to everybody whom the experience takes in.
func always(index int) []experience.Range {
	return []experience.Range{{Index: index, Start: 0, End: 1}}
}

// component replaces baseline by entries; "" is a hidden variant.
func component(baseline string, entries ...string) experience.Component {
	c := experience.Component{Baseline: baseline}
	for _, e := range entries {
		c.Variants = append(c.Variants, experience.Variant{Entry: e, Hidden: e == ""})
	}
	return c
}

func catalog(t testing.TB, order map[string][]string, all ...experience.Experience) *experience.Catalog {
	t.Helper()
	c, err := experience.NewCatalog(all, order)
	require.NoError(t, err)
	return c
}

func members(keys ...string) func(string) bool {
	return func(audience string) bool { return slices.Contains(keys, audience) }
}

func anything(string) bool { return true }
func level(string) int     { return 0 }

func decide(p *decision.Plan, audiences ...string) decision.Decision {
	var d decision.Decision
	p.Decide(decision.Visitor{StableID: "v", Member: members(audiences...)}, &d)
	return d
}

func TestSlotGoesToTheFirstThatApplies(t *testing.T) {
	baseline := decision.Slot{Baseline: "hero", Entry: "hero", Reason: decision.Default}
	with := func(edit func(*decision.Slot)) decision.Slot {
		s := baseline
		edit(&s)
		return s
	}
	second := decision.Slot{
		Baseline: "hero", Variant: 1, Entry: "hero-2", Experience: "second", Segment: "members", Reason: decision.BySegment,
	}
	for name, tc := range map[string]struct {
		edit     func(first, second *experience.Experience)
		audience string
		missing  string // the entry that is not publishable
		want     decision.Slot
	}{
		"first": {nil, "members", "", with(func(s *decision.Slot) {
			s.Variant, s.Entry, s.Experience, s.Segment, s.Reason = 1, "hero-1", "first", "members", decision.BySegment
		})},
		"nobody's": {nil, "strangers", "", baseline},
		"everybody's": {func(first, _ *experience.Experience) { first.Audience = "" }, "strangers", "", with(func(s *decision.Slot) {
			s.Variant, s.Entry, s.Experience, s.Reason = 1, "hero-1", "first", decision.Everyone
		})},
		"not in the first's audience": {func(first, _ *experience.Experience) { first.Audience = "others" }, "members", "", second},
		"not in the first's traffic":  {func(first, _ *experience.Experience) { first.Traffic = 0 }, "members", "", second},
		"first's variant unpublished": {nil, "members", "hero-1", second},
		"holdout keeps the slot": {func(first, _ *experience.Experience) { first.Distribution = always(0) }, "members", "", with(func(s *decision.Slot) {
			s.Experience, s.Segment, s.Reason = "first", "members", decision.Holdout
		})},
		"control keeps the slot": {func(first, _ *experience.Experience) {
			first.Distribution, first.Kind = always(0), experience.Experiment
		}, "members", "", with(func(s *decision.Slot) {
			s.Experience, s.Segment, s.Reason = "first", "members", decision.Control
		})},
		"hidden variant": {func(first, _ *experience.Experience) {
			first.Components = []experience.Component{component("hero", "")}
		}, "members", "", with(func(s *decision.Slot) {
			s.Variant, s.Entry, s.Hidden, s.Experience, s.Segment, s.Reason = 1, "", true, "first", "members", decision.BySegment
		})},
		"hidden baseline": {func(first, _ *experience.Experience) {
			first.Distribution, first.Components[0].Hidden = always(0), true
		}, "members", "", with(func(s *decision.Slot) {
			s.Entry, s.Hidden, s.Experience, s.Segment, s.Reason = "", true, "first", "members", decision.Holdout
		})},
		"no variant at the index keeps the baseline": {func(first, _ *experience.Experience) { first.Distribution = always(2) }, "members", "", with(func(s *decision.Slot) {
			s.Reason = decision.NoVariant
		})},
		"nothing left, for traffic": {func(first, second *experience.Experience) {
			first.Traffic, second.Audience = 0, "others"
		}, "members", "", with(func(s *decision.Slot) { s.Reason = decision.NotInTraffic })},
		"nothing left, for publishing": {func(_, second *experience.Experience) { second.Traffic = 0 }, "members", "hero-1", with(func(s *decision.Slot) {
			s.Reason = decision.NoVariant
		})},
	} {
		t.Run(name, func(t *testing.T) {
			one := experience.Experience{ID: "first", Audience: "members", Traffic: 1, Distribution: always(1), Components: []experience.Component{component("hero", "hero-1")}}
			two := experience.Experience{ID: "second", Audience: "members", Traffic: 1, Distribution: always(1), Components: []experience.Component{component("hero", "hero-2")}}
			if tc.edit != nil {
				tc.edit(&one, &two)
			}
			p := decision.NewPlan(catalog(t, nil, one, two), []string{"hero"}, func(e string) bool { return e != tc.missing }, level)
			require.Equal(t, []decision.Slot{tc.want}, decide(p, tc.audience).Slots)
		})
	}
}

func TestPriorityGoesBeforeTheEditorsOrder(t *testing.T) {
	var all []experience.Experience
	for _, id := range []string{"a", "b", "c", "everyone"} {
		e := experience.Experience{ID: id, Audience: id, Traffic: 1, Distribution: always(1), Components: []experience.Component{component("hero", "hero-"+id)}}
		if id == "everyone" {
			e.Audience = ""
		}
		all = append(all, e)
	}
	cat := catalog(t, map[string][]string{"hero": {"everyone", "b", "a", "c"}}, all...)
	priority := func(audience string) int {
		require.NotEmpty(t, audience, "everybody is no segment")
		return map[string]int{"c": 10, "a": -1}[audience]
	}
	p := decision.NewPlan(cat, []string{"hero"}, anything, priority)
	require.Equal(t, "c", decide(p, "a", "b", "c").Slots[0].Experience)
	require.Equal(t, "everyone", decide(p, "a", "b").Slots[0].Experience)
}

func TestExperiencesAreConsistentOverTheirComponents(t *testing.T) {
	e := experience.Experience{
		ID: "e", Audience: "members", Traffic: 1, Sticky: true, Kind: experience.Experiment,
		Distribution: []experience.Range{{Index: 0, Start: 0, End: 1.0 / 3}, {Index: 1, Start: 1.0 / 3, End: 2.0 / 3}, {Index: 2, Start: 2.0 / 3, End: 1}},
		Components:   []experience.Component{component("hero", "hero-1", "hero-2"), component("banner", "banner-1", "")},
	}
	p := decision.NewPlan(catalog(t, nil, e), []string{"banner", "hero"}, anything, level)
	seen := map[int]bool{}
	for i := range 50 {
		var d decision.Decision
		p.Decide(decision.Visitor{StableID: fmt.Sprint(i), Member: members("members")}, &d)
		require.Len(t, d.Experiences, 1)
		a := d.Experiences[0]
		seen[a.Variant] = true
		require.True(t, a.Sticky)
		require.Equal(t, "members", a.Segment)
		for _, s := range d.Slots {
			require.Equal(t, a.Variant, s.Variant)
			require.Equal(t, a.Reason, s.Reason)
			require.Equal(t, s.Baseline == "banner" && a.Variant == 2, s.Hidden)
		}
	}
	require.Len(t, seen, 3)
}

func TestExperiencesListEveryOneTheVisitorIsIn(t *testing.T) {
	cat := catalog(
		t, nil,
		experience.Experience{ID: "c", Audience: "members", Traffic: 1, Distribution: always(1)},
		experience.Experience{ID: "b", Traffic: 1, Distribution: always(0)},
		experience.Experience{ID: "a", Traffic: 0, Distribution: always(1)},
		experience.Experience{ID: "d", Audience: "others", Traffic: 1, Distribution: always(1)},
	)
	d := decide(decision.NewPlan(cat, nil, anything, level), "members")
	require.Equal(t, []decision.Assignment{
		{Experience: cat.All()[1], Reason: decision.Holdout},
		{Experience: cat.All()[2], Variant: 1, Segment: "members", Reason: decision.BySegment},
	}, d.Experiences)
}

func TestVariables(t *testing.T) {
	sets := func(id, audience string, index int, key string) experience.Experience {
		return experience.Experience{ID: id, Audience: audience, Traffic: 1, Distribution: always(index), Variables: []experience.Variable{
			{Key: key, Values: []json.RawMessage{fmt.Appendf(nil, "%q", id+"-0"), fmt.Appendf(nil, "%q", id+"-1")}},
		}}
	}
	cat := catalog(
		t, nil,
		sets("z", "", 0, "theme"), sets("y", "", 1, "theme"), sets("x", "vip", 1, "theme"),
		sets("a", "", 0, "size"), sets("b", "others", 1, "shape"), sets("c", "", 5, "beyond"),
	)
	p := decision.NewPlan(cat, nil, anything, func(audience string) int { return map[string]int{"vip": 5}[audience] })
	shown := func(vs []decision.Variable) (lines []string) {
		for _, v := range vs {
			lines = append(lines, fmt.Sprintf("%s=%s by %s/%d", v.Key, v.Value, v.Experience, v.Variant))
		}
		return lines
	}
	require.Equal(t,
		[]string{`beyond="c-0" by c/5`, `size="a-0" by a/0`, `theme="y-1" by y/1`},
		shown(decide(p).Variables), "index 0 included; of equal priority the lesser id")
	require.Equal(t, `theme="x-1" by x/1`, shown(decide(p, "vip").Variables)[2], "the greater priority")
}

func TestBaseline(t *testing.T) {
	cat := catalog(t, nil, experience.Experience{ID: "e", Traffic: 1, Distribution: always(1), Components: []experience.Component{component("hero", "hero-1")}})
	p := decision.NewPlan(cat, []string{"footer", "hero"}, anything, level)
	require.Equal(t, []decision.Slot{
		{Baseline: "footer", Entry: "footer", Reason: decision.Timeout},
		{Baseline: "hero", Entry: "hero", Reason: decision.Timeout},
	}, p.Baseline(decision.Timeout))

	i, ok := p.Index("hero")
	require.True(t, ok)
	require.Equal(t, 1, i)
	_, ok = p.Index("elsewhere")
	require.False(t, ok)
}

func TestSame(t *testing.T) {
	slot := func(edit func(*decision.Slot)) *decision.Decision {
		s := decision.Slot{Baseline: "hero", Variant: 1, Entry: "x", Experience: "e", Segment: "s", Reason: decision.BySegment}
		edit(&s)
		return &decision.Decision{Slots: []decision.Slot{s}}
	}
	holdout := func(s *decision.Slot) { s.Variant, s.Entry, s.Reason = 0, "hero", decision.Holdout }
	none := func(s *decision.Slot) { *s = decision.Slot{Baseline: "hero", Entry: "hero", Reason: decision.Default} }
	asIs := func(*decision.Slot) {}

	require.True(t, slot(asIs).Same(slot(func(s *decision.Slot) { s.Reason = decision.Sticky })))
	require.True(t, slot(holdout).Same(slot(none)))
	require.False(t, slot(asIs).Same(slot(holdout)))
	require.False(t, slot(asIs).Same(slot(func(s *decision.Slot) { s.Variant = 2 })))
	require.False(t, slot(asIs).Same(slot(func(s *decision.Slot) { s.Experience = "f" })), "the experience is shown too")
	require.False(t, slot(holdout).Same(slot(func(s *decision.Slot) { holdout(s); s.Entry, s.Hidden = "", true })))
	require.False(t, slot(asIs).Same(slot(func(s *decision.Slot) { s.Baseline = "banner" })))
	require.False(t, slot(asIs).Same(&decision.Decision{}))
}

// Whoever has seen a variant of a sticky experience keeps it.
func TestStickyExperiencesKeepWhatWasSeen(t *testing.T) {
	sticky := experience.Experience{
		ID: "sticky", Sticky: true, Audience: "members", Traffic: 1, Distribution: always(1),
		Components: []experience.Component{component("hero", "hero-1", "hero-2")},
		Variables:  []experience.Variable{{Key: "theme", Values: []json.RawMessage{[]byte(`0`), []byte(`1`), []byte(`2`)}}},
	}
	for name, tc := range map[string]struct {
		edit     func(*experience.Experience)
		audience string
		seen     map[string]int
		variant  int
		reason   decision.Reason
	}{
		"nothing seen":                          {nil, "members", nil, 1, decision.BySegment},
		"something else seen":                   {nil, "members", map[string]int{"other": 2}, 1, decision.BySegment},
		"another variant seen":                  {nil, "members", map[string]int{"sticky": 2}, 2, decision.Sticky},
		"left the segment":                      {nil, "strangers", map[string]int{"sticky": 1}, 1, decision.Sticky},
		"left the traffic":                      {func(e *experience.Experience) { e.Traffic = 0 }, "members", map[string]int{"sticky": 1}, 1, decision.Sticky},
		"distributed anew":                      {func(e *experience.Experience) { e.Distribution = always(2) }, "members", map[string]int{"sticky": 1}, 1, decision.Sticky},
		"in the holdout":                        {nil, "members", map[string]int{"sticky": 0}, 0, decision.Sticky},
		"a variant that is no more":             {nil, "members", map[string]int{"sticky": 3}, 1, decision.BySegment},
		"a variant that is no more, for others": {nil, "strangers", map[string]int{"sticky": 3}, 0, decision.Default},
		"not sticky":                            {func(e *experience.Experience) { e.Sticky = false }, "strangers", map[string]int{"sticky": 1}, 0, decision.Default},
	} {
		t.Run(name, func(t *testing.T) {
			e := sticky
			if tc.edit != nil {
				tc.edit(&e)
			}
			p := decision.NewPlan(catalog(t, nil, e), []string{"hero"}, anything, level)
			var d decision.Decision
			p.Decide(decision.Visitor{StableID: "v", Member: members(tc.audience), Seen: sees(tc.seen)}, &d)
			require.Equal(t, tc.variant, d.Slots[0].Variant)
			require.Equal(t, tc.reason, d.Slots[0].Reason)
			if tc.reason == decision.Default {
				require.Empty(t, d.Experiences)
				return
			}
			require.Equal(t, tc.variant, d.Experiences[0].Variant)
			require.Equal(t, tc.reason, d.Experiences[0].Reason)
			require.Equal(t, fmt.Sprint(tc.variant), string(d.Variables[0].Value))
		})
	}
}

func TestWhoIsHeldOutGetsNoExperience(t *testing.T) {
	e := experience.Experience{
		ID: "e", Traffic: 1, Sticky: true, Distribution: always(1), Components: []experience.Component{component("hero", "hero-2")},
		Variables: []experience.Variable{{Key: "k", Values: []json.RawMessage{[]byte("1"), []byte("2")}}},
	}
	p := decision.NewPlan(catalog(t, nil, e), []string{"hero"}, anything, level)
	var d decision.Decision
	seen := func(string) (int, bool) { return 1, true }
	p.Decide(decision.Visitor{StableID: "v", Member: members(), Seen: seen}, &d)
	require.Len(t, d.Experiences, 1)
	p.Decide(decision.Visitor{StableID: "v", Member: members(), Seen: seen, HeldOut: true}, &d)
	require.Equal(t, []decision.Slot{{Baseline: "hero", Entry: "hero", Reason: decision.Holdout}}, d.Slots)
	require.Empty(t, d.Experiences)
	require.Empty(t, d.Variables)
}
