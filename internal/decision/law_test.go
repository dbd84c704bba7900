package decision_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/segue-dev/segue/internal/decision"
	"github.com/segue-dev/segue/internal/experience"
)

// A world is a catalog with all that a plan and a decision need.
type world struct {
	cat         *experience.Catalog
	slots       []string
	unpublished map[string]bool
	priorities  map[string]int
}

func (w world) plan() *decision.Plan {
	return decision.NewPlan(w.cat, w.slots, w.publishable, func(a string) int { return w.priorities[a] })
}

func (w world) publishable(entry string) bool { return !w.unpublished[entry] }

var audiences = []string{"", "s1", "s2", "s3"}

func genWorld(maxExperiences int) *rapid.Generator[world] {
	return rapid.Custom(func(t *rapid.T) world {
		w := world{unpublished: map[string]bool{}, priorities: map[string]int{}}
		for i := range rapid.IntRange(0, 6).Draw(t, "slots") {
			w.slots = append(w.slots, fmt.Sprintf("slot%d", i))
		}
		for _, a := range audiences[1:] {
			w.priorities[a] = rapid.IntRange(-1, 2).Draw(t, "priority")
		}
		var all []experience.Experience
		for i := range rapid.IntRange(0, maxExperiences).Draw(t, "experiences") {
			all = append(all, genExperience(fmt.Sprintf("e%d", i), w).Draw(t, "experience"))
		}
		cat, err := experience.NewCatalog(all, nil)
		if err != nil {
			t.Fatal(err)
		}
		w.cat = cat
		return w
	})
}

func genExperience(id string, w world) *rapid.Generator[experience.Experience] {
	return rapid.Custom(func(t *rapid.T) experience.Experience {
		e := experience.Experience{
			ID:           id,
			Kind:         experience.Kind(rapid.IntRange(0, 1).Draw(t, "kind")),
			Audience:     rapid.SampledFrom(audiences).Draw(t, "audience"),
			Sticky:       rapid.Bool().Draw(t, "sticky"),
			Traffic:      rapid.SampledFrom([]float64{0, 0.5, 1}).Draw(t, "traffic"),
			Distribution: rapid.SampledFrom([][]experience.Range{nil, always(0), always(1), always(3), {{Index: 0, Start: 0, End: 0.3}, {Index: 1, Start: 0.3, End: 0.6}, {Index: 2, Start: 0.6, End: 1}}}).Draw(t, "distribution"),
		}
		for _, baseline := range w.slots {
			if !rapid.Bool().Draw(t, "replaces") {
				continue
			}
			c := experience.Component{Baseline: baseline, Hidden: rapid.IntRange(0, 9).Draw(t, "hidden baseline") == 0}
			for range rapid.IntRange(0, 3).Draw(t, "variants") {
				v := experience.Variant{Entry: fmt.Sprintf("%s-%d", baseline, rapid.IntRange(0, 4).Draw(t, "entry"))}
				switch rapid.IntRange(0, 5).Draw(t, "state") {
				case 0:
					v = experience.Variant{Hidden: true}
				case 1:
					w.unpublished[v.Entry] = true
				}
				c.Variants = append(c.Variants, v)
			}
			e.Components = append(e.Components, c)
		}
		return e
	})
}

func genVisitor() *rapid.Generator[decision.Visitor] {
	return rapid.Custom(func(t *rapid.T) decision.Visitor {
		in := rapid.SliceOf(rapid.SampledFrom(audiences[1:])).Draw(t, "in")
		seen := rapid.MapOf(rapid.SampledFrom([]string{"e0", "e1", "e2"}), rapid.IntRange(0, 4)).Draw(t, "seen")
		return decision.Visitor{StableID: rapid.StringN(1, 4, -1).Draw(t, "stable id"), Member: members(in...), Seen: sees(seen)}
	})
}

// sees is what a visitor has seen, by experience.
func sees(index map[string]int) func(string) (int, bool) {
	return func(experience string) (int, bool) {
		k, ok := index[experience]
		return k, ok
	}
}

// slotByRules decides one slot straight from the words of the package comment.
func slotByRules(w world, v decision.Visitor, baseline string) (experienceID string, variant int, hidden bool) {
	at := slices.Clone(w.cat.At(baseline))
	slices.SortStableFunc(at, func(a, b *experience.Experience) int { return w.priorities[b.Audience] - w.priorities[a.Audience] })
	for _, e := range at {
		index, kept := v.Seen(e.ID)
		if kept = kept && e.Sticky && e.Has(index); !kept {
			if e.Audience != "" && !v.Member(e.Audience) {
				continue
			}
			var in bool
			if index, in = e.Assign(v.StableID); !in {
				continue
			}
		}
		c := e.Component(baseline)
		switch {
		case index == 0:
			return e.ID, 0, c.Hidden
		case index > len(c.Variants):
			return "", 0, false
		case c.Variants[index-1].Hidden || w.publishable(c.Variants[index-1].Entry):
			return e.ID, index, c.Variants[index-1].Hidden
		}
	}
	return "", 0, false
}

func TestDecideFollowsTheRules(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w, v := genWorld(8).Draw(t, "world"), genVisitor().Draw(t, "visitor")
		p := w.plan()
		var d decision.Decision
		p.Decide(decision.Visitor{StableID: "another", Member: anything}, &d)
		p.Decide(v, &d) // into what another visitor left
		if len(d.Slots) != len(w.slots) {
			t.Fatalf("%d slots of %d", len(d.Slots), len(w.slots))
		}
		for i, s := range d.Slots {
			e, k, hidden := slotByRules(w, v, w.slots[i])
			if s.Baseline != w.slots[i] || s.Experience != e || s.Variant != k || s.Hidden != hidden {
				t.Fatalf("got %+v, want variant %d of %q, hidden %v", s, k, e, hidden)
			}
			if s.Hidden != (s.Entry == "") || s.Reason == "" {
				t.Fatalf("incomplete: %+v", s)
			}
			if !s.Hidden && s.Variant == 0 && s.Entry != s.Baseline {
				t.Fatalf("variant 0 shows %+v", s)
			}
		}
	})
}

func TestKeyStandsForTheChoices(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := genWorld(8).Draw(t, "world")
		p := w.plan()
		var d, e decision.Decision
		p.Decide(genVisitor().Draw(t, "visitor"), &d)
		p.Decide(genVisitor().Draw(t, "another"), &e)
		key := p.Key(&d)
		if d.Same(&e) != (key == p.Key(&e)) {
			t.Fatalf("same %v, keys %q and %q", d.Same(&e), key, p.Key(&e))
		}
		slots, err := p.Choices(key)
		if err != nil {
			t.Fatal(err)
		}
		decoded := decision.Decision{Slots: slots}
		if !d.Same(&decoded) {
			t.Fatalf("decided %+v\ndecoded %+v", d.Slots, slots)
		}
		for i := range slots {
			if slots[i].Entry != d.Slots[i].Entry || slots[i].Hidden != d.Slots[i].Hidden {
				t.Fatalf("decided %+v\ndecoded %+v", d.Slots[i], slots[i])
			}
		}
		if again := w.plan().Key(&decoded); again != key {
			t.Fatalf("key %q, of another plan for the same %q", key, again)
		}
	})
}

func TestEveryKeyOfATableDecodesToItself(t *testing.T) {
	w := genWorld(4).Example(7)
	p := w.plan()
	keys := map[string]bool{}
	for i := range 300 {
		var d decision.Decision
		p.Decide(decision.Visitor{StableID: fmt.Sprint(i), Member: anything}, &d)
		keys[p.Key(&d)] = true
	}
	for key := range keys {
		slots, err := p.Choices(key)
		require.NoError(t, err)
		require.Equal(t, key, string(p.AppendKey(nil, slots)))
	}
}
