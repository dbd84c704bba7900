package space_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/segue-dev/segue/internal/content"
	"github.com/segue-dev/segue/internal/contentful/space"
	"github.com/segue-dev/segue/internal/decision"
	"github.com/segue-dev/segue/internal/experience"
)

// In the published spaces a visitor of every audience sees what was decided for
// each slot that is reached, also of slots within variants, and nothing of the
// product's own fields.
func TestRealPagesShowWhatWasDecided(t *testing.T) {
	for name, want := range map[string]struct{ swapped, nested int }{
		"easy-hr.json":           {7, 0},
		"optimization-demo.json": {9, 4},
	} {
		t.Run(name, func(t *testing.T) {
			s := loadReal(t, name)
			chosen := everyVariant(t, s)
			w := &swaps{t: t, chosen: chosen, seen: map[string]bool{}}
			for e := range s.Entries("") {
				page, err := s.Compose(e.ID, "", chooser(chosen))
				if err != nil {
					continue
				}
				var tree any
				require.NoError(t, json.Unmarshal(page.JSON, &tree))
				w.walk(tree, 0)
			}
			require.Len(t, w.seen, want.swapped, "slots that show a variant")
			require.Equal(t, want.nested, w.nested, "variants within variants")
		})
	}
}

// everyVariant is what a visitor of every audience sees who is in no holdout, by
// baseline.
func everyVariant(t testing.TB, s *content.Snapshot) map[string]decision.Slot {
	t.Helper()
	p := space.LoadPersonalization(s, none)
	for i := range p.Experiences {
		p.Experiences[i].Traffic = 1
		p.Experiences[i].Distribution = []experience.Range{{Index: 1, Start: 0, End: 1}}
	}
	cat, err := experience.NewCatalog(p.Experiences, p.Order)
	require.NoError(t, err)
	var d decision.Decision
	plan := decision.NewPlan(cat, cat.Slots(), func(id string) bool { return s.Publishable(id, "") }, func(string) int { return 0 })
	plan.Decide(decision.Visitor{StableID: "v", Member: func(string) bool { return true }}, &d)
	chosen := map[string]decision.Slot{}
	for _, slot := range d.Slots {
		chosen[slot.Baseline] = slot
	}
	return chosen
}

// chooser tells a composition what was decided.
func chooser(chosen map[string]decision.Slot) func(id string) content.Choice {
	return func(id string) content.Choice {
		slot, ok := chosen[id]
		if !ok || slot.Variant == 0 && !slot.Hidden {
			return content.Choice{Entry: id}
		}
		return content.Choice{Entry: slot.Entry, Hidden: slot.Hidden, Experience: slot.Experience, Variant: slot.Variant}
	}
}

// swaps gathers the entries of pages that stand for another.
type swaps struct {
	t      *testing.T
	chosen map[string]decision.Slot
	seen   map[string]bool // baselines
	nested int
}

// walk looks at a part of a page that lies within so many variants.
func (w *swaps) walk(part any, within int) {
	switch part := part.(type) {
	case []any:
		for _, one := range part {
			w.walk(one, within)
		}
	case map[string]any:
		sys, _ := part["sys"].(map[string]any)
		if origin, ok := sys["segue"].(map[string]any); ok {
			baseline := origin["baseline"].(string)
			require.Equal(w.t, w.chosen[baseline].Entry, sys["id"])
			require.Equal(w.t, w.chosen[baseline].Experience, origin["experience"])
			w.seen[baseline] = true
			if within++; within > 1 {
				w.nested++
			}
		}
		if of, ok := sys["contentType"].(map[string]any); ok && of["sys"].(map[string]any)["id"] != "nt_mergetag" {
			for name := range part["fields"].(map[string]any) {
				require.False(w.t, strings.HasPrefix(name, "nt_"), "%s of %s", name, sys["id"])
			}
		}
		for name, one := range part {
			if name != "sys" {
				w.walk(one, within)
			}
		}
	}
}
