package content_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/segue-dev/segue/internal/content"
)

// change returns what makes b of a.
func (a space) change(b space) (c content.Change) {
	for _, one := range b.Entries {
		c.Entries = append(c.Entries, one.item())
	}
	for _, one := range b.Assets {
		c.Assets = append(c.Assets, one.item())
	}
	for _, one := range a.Entries {
		if !slices.ContainsFunc(b.Entries, func(o item) bool { return o.ID == one.ID }) {
			c.RemovedEntries = append(c.RemovedEntries, one.ID)
		}
	}
	for _, one := range a.Assets {
		if !slices.ContainsFunc(b.Assets, func(o item) bool { return o.ID == one.ID }) {
			c.RemovedAssets = append(c.RemovedAssets, one.ID)
		}
	}
	return c
}

// seen is all that a snapshot shows.
func seen(t require.TestingT, s *content.Snapshot) (all []string) {
	add := func(what string, v any) {
		raw, err := json.Marshal(v)
		require.NoError(t, err)
		all = append(all, what+" "+string(raw))
	}
	add("revision", s.Revision())
	add("findings", s.Findings())
	add("pages", s.Pages())
	for _, topic := range s.Topics() {
		ids, known := s.About(topic)
		add("topic "+topic, []any{ids, known})
	}
	for e := range s.Entries("") {
		page, err := s.Compose(e.ID, "", baselines)
		add("entry "+e.ID, fmt.Sprint(e.Type, e.State, err))
		if err == nil {
			add("page", string(page.JSON))
		}
	}
	for e := range s.Entries("node") {
		add("node", e.ID)
	}
	for _, slug := range []string{"a", "b"} {
		id, err := s.Page("node:"+slug, "")
		add("slug "+slug, fmt.Sprint(id, err))
	}
	return all
}

// genDescribed draws a space whose entries have slugs and topics, and that has
// pictures.
func genDescribed() *rapid.Generator[space] {
	return rapid.Custom(func(t *rapid.T) space {
		s := genSpace().Draw(t, "space")
		s.Types[0].Fields = append(s.Types[0].Fields, content.Field{ID: "slug"})
		for i := range s.Entries {
			if slug := rapid.SampledFrom([]string{"", "a", "/b"}).Draw(t, "slug"); slug != "" {
				s.Entries[i].Fields["slug"] = map[string]json.RawMessage{"en": json.RawMessage(`"` + slug + `"`)}
			}
			if tag := rapid.SampledFrom([]string{"", "t1", "t2"}).Draw(t, "tag"); tag != "" {
				s.Entries[i].Metadata = json.RawMessage(`{"tags":[{"sys":{"id":"` + tag + `"}}]}`)
			}
		}
		for _, id := range rapid.SliceOfNDistinct(genID(), 0, 3, rapid.ID).Draw(t, "assets") {
			s.Assets = append(s.Assets, item{Item: withTitle(`"` + id + `"`)})
			s.Assets[len(s.Assets)-1].ID = id
		}
		return s
	})
}

func TestAChangedSnapshotIsAsOneBuiltAnew(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		now := genDescribed().Draw(r, "first")
		s := now.build(t)
		for range rapid.IntRange(1, 3).Draw(r, "changes") {
			next := genDescribed().Draw(r, "next")
			before := seen(r, s)
			changed, err := s.With(now.change(next))
			require.NoError(r, err)
			require.Equal(r, seen(r, next.build(t)), seen(r, changed))
			require.Equal(r, before, seen(r, s), "the snapshot before stays as it was")
			now, s = next, changed
		}
	})
}

func TestAChangeThatCannotBeIsRefused(t *testing.T) {
	s := bookshop(t).build(t)
	_, err := s.With(content.Change{Entries: []content.Item{{ID: "new"}}})
	require.EqualError(t, err, "entry new: content type: missing")
	same, err := s.With(content.Change{RemovedEntries: []string{"nowhere"}, RemovedAssets: []string{"nowhere"}})
	require.NoError(t, err)
	require.Equal(t, s.Revision(), same.Revision())
}

func BenchmarkWith(b *testing.B) {
	for _, pages := range []int{100, 1000} {
		s := site(pages)
		built := s.build(b)
		one := s.Entries[len(s.Entries)/2].item()
		b.Run(fmt.Sprintf("entries=%d", len(s.Entries)), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := built.With(content.Change{Entries: []content.Item{one}}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
