package decision_test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/segue-dev/segue/internal/decision"
	"github.com/segue-dev/segue/internal/experience"
	"github.com/segue-dev/segue/internal/fault"
)

// page is a plan of n slots, each with experiences × variants alternatives.
func page(t testing.TB, n, experiences, variants int) *decision.Plan {
	t.Helper()
	var all []experience.Experience
	var slots []string
	for i := range n {
		slots = append(slots, fmt.Sprintf("slot%d", i))
	}
	for i := range experiences {
		e := experience.Experience{ID: fmt.Sprintf("e%d", i), Audience: fmt.Sprintf("s%d", i), Traffic: 1}
		shares := make([]float64, variants+1)
		for k := range shares {
			shares[k] = 1 / float64(len(shares))
		}
		var err error
		e.Distribution, err = experience.Ranges(shares)
		require.NoError(t, err)
		for _, s := range slots {
			c := experience.Component{Baseline: s}
			for k := range variants {
				c.Variants = append(c.Variants, experience.Variant{Entry: fmt.Sprintf("%s-%d-%d", s, i, k)})
			}
			e.Components = append(e.Components, c)
		}
		all = append(all, e)
	}
	return decision.NewPlan(catalog(t, nil, all...), slots, anything, level)
}

// Keys live in caches and links: these must never change.
func TestKeysAreForEver(t *testing.T) {
	p := page(t, 3, 2, 2)
	require.Equal(t, "MJyfAA", p.Key(&decision.Decision{Slots: p.Baseline(decision.Default)}))
	require.Equal(t, "MJyfA-", p.Key(new(decide(p, "s0", "s1"))))
	empty := page(t, 0, 0, 0)
	require.Equal(t, "47DE", empty.Key(&decision.Decision{}))
}

func TestKeysAreShortAndNeedNoEscaping(t *testing.T) {
	for _, tc := range []struct{ slots, experiences, variants, most int }{
		{0, 0, 0, 4}, {1, 1, 1, 5}, {4, 3, 2, 6}, {10, 5, 1, 9}, {100, 9, 3, 88}, {40, 0, 0, 4},
	} {
		p := page(t, tc.slots, tc.experiences, tc.variants)
		d := decide(p, "s0", "s1", "s2")
		key := p.Key(&d)
		require.LessOrEqual(t, len(key), tc.most, "%+v", tc)
		require.Regexp(t, regexp.MustCompile(`^[A-Za-z0-9_-]+$`), key)
		require.Len(t, key, len(p.Key(&decision.Decision{Slots: p.Baseline(decision.Default)})), "all keys of a table have one length")
		slots, err := p.Choices(key)
		require.NoError(t, err)
		require.True(t, d.Same(&decision.Decision{Slots: slots}))
	}
}

func TestChoicesRejects(t *testing.T) {
	p := page(t, 3, 2, 2) // 5*5*5 = 125 choices in 2 digits
	d := decide(p, "s0")
	key := p.Key(&d)
	sum := key[:4]
	other := page(t, 3, 2, 1)
	for name, tc := range map[string]struct {
		key  string
		kind fault.Kind
	}{
		"empty":                 {"", fault.Invalid},
		"too short":             {"abc", fault.Invalid},
		"a foreign character":   {sum + "A.", fault.Invalid},
		"not text":              {"\xff\x00\xfe\x01\x02", fault.Invalid},
		"another table's":       {other.Key(new(decide(other, "s0"))), fault.NotFound},
		"noise":                 {"k7Q2m9", fault.NotFound},
		"cut":                   {sum + "A", fault.Invalid},
		"longer":                {key + "A", fault.Invalid},
		"a number of no choice": {sum + "__", fault.Invalid},
		"the first of those":    {sum + "B9", fault.Invalid}, // 125
	} {
		t.Run(name, func(t *testing.T) {
			_, err := p.Choices(tc.key)
			require.Error(t, err)
			require.Equal(t, tc.kind, fault.KindOf(err), err)
		})
	}
	_, err := p.Choices(sum + "B8") // 124, the last choice
	require.NoError(t, err)
}

// Whatever is shown belongs to the table; why it is shown does not.
func TestChecksumIsOfWhatKeysCanMean(t *testing.T) {
	sum := func(publishable func(string) bool, slots []string, edit func(*experience.Experience)) string {
		e := experience.Experience{ID: "e", Name: "E", Audience: "s", Traffic: 1, Distribution: always(1), Components: []experience.Component{component("hero", "hero-1", "hero-2")}}
		edit(&e)
		p := decision.NewPlan(catalog(t, nil, e), slots, publishable, level)
		return p.Key(&decision.Decision{Slots: p.Baseline(decision.Default)})[:4]
	}
	asIs := func(*experience.Experience) {}
	hero := []string{"hero"}
	was := sum(anything, hero, asIs)
	require.Equal(t, was, sum(anything, hero, func(e *experience.Experience) {
		e.Name, e.Audience, e.Traffic, e.Distribution, e.Kind = "renamed", "t", 0.5, always(0), experience.Experiment
	}))
	for name, now := range map[string]string{
		"experience renamed": sum(anything, hero, func(e *experience.Experience) { e.ID = "f" }),
		"variant replaced":   sum(anything, hero, func(e *experience.Experience) { e.Components[0].Variants[1].Entry = "hero-3" }),
		"variants swapped": sum(anything, hero, func(e *experience.Experience) {
			e.Components = []experience.Component{component("hero", "hero-2", "hero-1")}
		}),
		"variant hidden":      sum(anything, hero, func(e *experience.Experience) { e.Components = []experience.Component{component("hero", "hero-1", "")} }),
		"variant unpublished": sum(func(e string) bool { return e != "hero-2" }, hero, asIs),
		"slot added":          sum(anything, []string{"hero", "footer"}, asIs),
	} {
		require.NotEqual(t, was, now, name)
	}
}

func FuzzChoices(f *testing.F) {
	p := page(f, 30, 3, 2)
	d := decide(p, "s0", "s2")
	for _, seed := range []string{"", "abc", p.Key(&d), p.Key(&d) + "A", strings.Repeat("_", 40), "größe"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, key string) {
		slots, err := p.Choices(key)
		if err != nil {
			require.Contains(t, []fault.Kind{fault.Invalid, fault.NotFound}, fault.KindOf(err))
			return
		}
		require.Equal(t, key, string(p.AppendKey(nil, slots)), "an accepted key is the key of its choices")
	})
}

func BenchmarkDecide(b *testing.B) {
	for _, n := range []int{4, 20, 100} {
		b.Run(fmt.Sprintf("experiences=%d", n), func(b *testing.B) {
			p := page(b, 10, n, 2)
			v := decision.Visitor{StableID: "8c5ff8c2-2e3f-4c1c-a7b5", Member: members("s1", "s3")}
			var d decision.Decision
			b.ReportAllocs()
			for b.Loop() {
				p.Decide(v, &d)
			}
		})
	}
}

func BenchmarkKey(b *testing.B) {
	p := page(b, 10, 20, 2)
	d := decide(p, "s1", "s3")
	b.ReportAllocs()
	for b.Loop() {
		p.Key(&d)
	}
}
