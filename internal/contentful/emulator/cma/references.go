package cma

import (
	"encoding/json"
	"net/http"
	"strconv"

	"github.com/segue-dev/segue/internal/contentful/emulator/query"
	"github.com/segue-dev/segue/internal/contentful/emulator/store"
	"github.com/segue-dev/segue/internal/contentful/emulator/wire"
)

// maxInclude is how many levels of links one can ask for.
const maxInclude = 10

// references answers with an entry and what it links to, to the depth of
// include.
func references(c *call) (reply, error) {
	root, err := c.found(store.Entry, c.path("id"))
	if err != nil {
		return reply{}, err
	}
	depth := 2
	if s := c.r.URL.Query().Get("include"); s != "" {
		if depth, err = strconv.Atoi(s); err != nil || depth < 0 || depth > maxInclude {
			return reply{}, wire.Errorf(http.StatusBadRequest, "BadRequest", "include must be a number from 0 to %d.", maxInclude)
		}
	}
	seen := map[query.Link]bool{{Type: string(store.Entry), ID: root.ID}: true}
	includes := map[string][]any{}
	level := []*store.Entity{root}
	for range depth {
		level = c.linkedFrom(level, seen, includes)
	}
	return reply{http.StatusOK, store.Object{
		"sys": store.Object{"type": "Array"}, "items": []any{c.scope.Managed(root)}, "includes": includes,
	}}, nil
}

// linkedFrom adds what entities link to and was not seen, and returns it.
func (c *call) linkedFrom(level []*store.Entity, seen map[query.Link]bool, includes map[string][]any) []*store.Entity {
	var next []*store.Entity
	for _, e := range level {
		query.Links(json.RawMessage(encoded(store.Object{"fields": store.Fields(e.Body)})), func(l query.Link) bool {
			if target, ok := c.scope.Get(store.Kind(l.Type), l.ID); ok && !seen[l] {
				seen[l] = true
				includes[l.Type] = append(includes[l.Type], c.scope.Managed(target))
				next = append(next, target)
			}
			return true
		})
	}
	return next
}
