package cma

import (
	"net/http"

	"github.com/segue-dev/segue/internal/contentful/emulator/store"
)

// checkConcept fails for a concept without a label, and completes it.
func checkConcept(_ *store.Tx, _ *store.Entity, body store.Object) error {
	if len(labels(body)) == 0 {
		return invalid("ValidationFailed", required([]any{"prefLabel"}))
	}
	for _, name := range []string{"broader", "related", "notations"} {
		if body[name] == nil {
			body[name] = []any{}
		}
	}
	return nil
}

// checkScheme fails for a concept scheme without a label, and completes it.
func checkScheme(_ *store.Tx, _ *store.Entity, body store.Object) error {
	if len(labels(body)) == 0 {
		return invalid("ValidationFailed", required([]any{"prefLabel"}))
	}
	for _, name := range []string{"topConcepts", "concepts"} {
		if body[name] == nil {
			body[name] = []any{}
		}
	}
	concepts, _ := body["concepts"].([]any)
	body["totalConcepts"] = store.Number(len(concepts))
	return nil
}

func labels(body store.Object) store.Object {
	o, _ := body["prefLabel"].(store.Object)
	return o
}

// patchPlain applies a JSON Patch to an entity that has versions and nothing
// else.
func patchPlain(kind store.Kind, allowed check) handler {
	return func(c *call) (reply, error) {
		ops, err := readPatch(c.body)
		if err != nil {
			return reply{}, err
		}
		return c.change(kind, c.path("id"), func(tx *store.Tx, e *store.Entity) (*store.Entity, error) {
			if err := c.current(e); err != nil {
				return nil, err
			}
			body, err := patched(e.Body, ops)
			if err != nil {
				return nil, err
			}
			if err := allowed(tx, e, body); err != nil {
				return nil, err
			}
			return tx.Save(e, body), nil
		})
	}
}

// relatives lists the concepts that are broader, or narrower, at any distance.
func relatives(narrower bool) handler {
	return func(c *call) (reply, error) {
		if _, err := c.found(store.Concept, c.path("id")); err != nil {
			return reply{}, err
		}
		up := map[string][]string{}
		down := map[string][]string{}
		for _, e := range c.scope.List(store.Concept) {
			broader, _ := e.Body["broader"].([]any)
			for _, link := range broader {
				id := store.Text(link, "sys", "id")
				up[e.ID] = append(up[e.ID], id)
				down[id] = append(down[id], e.ID)
			}
		}
		edges := up
		if narrower {
			edges = down
		}
		items := []any{}
		seen := map[string]bool{c.path("id"): true}
		for queue := edges[c.path("id")]; len(queue) > 0; queue = queue[1:] {
			if e, ok := c.scope.Get(store.Concept, queue[0]); ok && !seen[e.ID] {
				seen[e.ID] = true
				items = append(items, c.scope.Managed(e))
				queue = append(queue, edges[e.ID]...)
			}
		}
		return reply{http.StatusOK, with(array(items), "pages", store.Object{})}, nil
	}
}

// count answers how many of a kind there are.
func count(kind store.Kind) handler {
	return func(c *call) (reply, error) {
		return reply{http.StatusOK, store.Object{"total": len(c.scope.List(kind))}}, nil
	}
}

// listTaxonomy lists concepts or schemes, always with pages.
func listTaxonomy(kind store.Kind) handler {
	return func(c *call) (reply, error) {
		params := c.r.URL.Query()
		params.Set("cursor", "true")
		if params.Has("pageNext") || params.Has("pagePrev") {
			params.Del("cursor")
		}
		c.r.URL.RawQuery = params.Encode()
		return list(kind)(c)
	}
}
