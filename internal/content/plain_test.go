package content_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/segue-dev/segue/internal/content"
)

// A plainSpace puts links in place in the plainest way there is.
type plainSpace map[string]item

// page returns the tree of an entry within others.
func (s plainSpace) page(id string, open []string) any {
	e := s[id]
	fields := map[string]any{}
	for name, values := range e.Fields {
		if strings.HasPrefix(name, "nt_") && e.Type != "nt_mergetag" {
			continue
		}
		var value any
		if err := json.Unmarshal(values["en"], &value); err != nil {
			panic(err)
		}
		fields[name] = s.place(value, append(slices.Clip(open), id))
	}
	return map[string]any{"sys": map[string]any{"id": id, "type": "Entry", "locale": "en"}, "fields": fields}
}

// place puts the links of a value in place.
func (s plainSpace) place(value any, open []string) any {
	switch v := value.(type) {
	case []any:
		out := make([]any, len(v))
		for i := range v {
			out[i] = s.place(v[i], open)
		}
		return out
	case map[string]any:
		if sys, ok := v["sys"].(map[string]any); ok && sys["type"] == "Link" {
			return s.follow(v, sys["id"].(string), open)
		}
		out := map[string]any{}
		for name := range v {
			out[name] = s.place(v[name], open)
		}
		if data, ok := v["data"].(map[string]any); ok && v["nodeType"] == "embedded-entry-inline" {
			id := data["target"].(map[string]any)["sys"].(map[string]any)["id"].(string)
			if s.open(id) && s[id].Type == "nt_mergetag" && !slices.Contains(open, id) {
				out["data"].(map[string]any)["mergeTag"] = map[string]any{"id": "tag", "fallback": ""}
			}
		}
		return out
	}
	return value
}

func (s plainSpace) open(id string) bool {
	e, ok := s[id]
	return ok && e.Item.State != content.Draft
}

// follow returns what a link leads to, or the link and why not.
func (s plainSpace) follow(link map[string]any, id string, open []string) any {
	switch {
	case !s.open(id):
		return map[string]any{"sys": link["sys"], "unresolved": true, "reason": "not-published"}
	case slices.Contains(open, id):
		return map[string]any{"sys": link["sys"], "cycle": true}
	}
	return s.page(id, open)
}

// A page of nothing but baselines is what one gets by following its links.
func TestABaselinePageIsItsLinksInPlace(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		s := genSpace().Draw(r, "space")
		plain := plainSpace{}
		for _, e := range s.Entries {
			plain[e.ID] = e
		}
		shop := s.build(t)
		for e := range shop.Entries("") {
			p, err := shop.Compose(e.ID, "", baselines)
			if err != nil || p.Cut {
				continue
			}
			want, err := json.Marshal(plain.page(e.ID, nil))
			require.NoError(r, err)
			require.JSONEq(r, string(want), string(p.JSON))
		}
	})
}

// Each slot of a page shows what was chosen, and its baseline nowhere but within
// that; nothing of the CMS's own remains.
func TestAPageShowsWhatWasChosen(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		s := genSpace().Draw(r, "space")
		shop := s.build(t)
		chosen := genChoices().Draw(r, "choices")
		for e := range shop.Entries("") {
			p, err := shop.Compose(e.ID, "", choices(chosen))
			if err != nil {
				continue
			}
			var tree any
			require.NoError(r, json.Unmarshal(p.JSON, &tree))
			w := choiceWalk{r, shop, chosen, e.ID}
			w.walk(tree, nil)
		}
	})
}

// A choiceWalk looks for what was not chosen.
type choiceWalk struct {
	t      require.TestingT
	shop   *content.Snapshot
	chosen map[string]content.Choice
	root   string
}

// walk looks at a part of a page within entries.
func (w choiceWalk) walk(part any, within []string) {
	switch part := part.(type) {
	case []any:
		for _, one := range part {
			w.walk(one, within)
		}
	case map[string]any:
		if sys, ok := part["sys"].(map[string]any); ok && sys["type"] == "Entry" {
			within = append(slices.Clip(within), w.entry(sys, part, within))
		}
		for name, one := range part {
			if name != "sys" {
				w.walk(one, within)
			}
		}
	}
}

// entry looks at an entry and returns its id.
func (w choiceWalk) entry(sys, part map[string]any, within []string) string {
	id := sys["id"].(string)
	e, _ := w.shop.Entry(id)
	for name := range part["fields"].(map[string]any) {
		require.False(w.t, strings.HasPrefix(name, "nt_") && e.Type != "nt_mergetag", "%s of %s", name, id)
	}
	if origin, ok := sys["segue"].(map[string]any); ok {
		require.Equal(w.t, w.chosen[origin["baseline"].(string)].Entry, id)
		return id
	}
	c, ok := w.chosen[id]
	if !ok || id == c.Entry && !c.Hidden || id == w.root && len(within) == 0 && (c.Hidden || !w.shop.Publishable(c.Entry, "")) {
		return id
	}
	require.False(w.t, c.Hidden, "%s is hidden", id)
	require.True(w.t, slices.Contains(within, c.Entry) || !w.shop.Publishable(c.Entry, ""), "%s is shown in place of %s", id, c.Entry)
	return id
}
