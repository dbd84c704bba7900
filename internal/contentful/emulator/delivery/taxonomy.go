package delivery

import (
	"slices"

	"github.com/segue-dev/segue/internal/contentful/emulator/query"
	"github.com/segue-dev/segue/internal/contentful/emulator/store"
	"github.com/segue-dev/segue/internal/contentful/emulator/wire"
)

// A kinship leads from a concept to those next to it, in one direction.
type kinship func(v *view, id string) []string

// ancestors leads to the broader concepts.
func ancestors(v *view, id string) []string {
	e, ok := v.source(store.Concept).Get(store.Concept, id)
	if !ok {
		return nil
	}
	return broader(e)
}

// broader returns the ids of the concepts directly above one.
func broader(e *store.Entity) []string {
	var ids []string
	links, _ := e.Body["broader"].([]any)
	for _, link := range links {
		ids = append(ids, linkID(link))
	}
	return ids
}

// descendants leads to the narrower concepts.
func descendants(v *view, id string) []string {
	var ids []string
	for _, e := range v.source(store.Concept).List(store.Concept) {
		if slices.Contains(broader(e), id) {
			ids = append(ids, e.ID)
		}
	}
	return ids
}

// narrower returns all concepts below one.
func (v *view) narrower(concept string) []string { return v.kin(concept, descendants) }

// kin returns the ids of all concepts that a kinship leads to from one, however
// far, without itself.
func (v *view) kin(concept string, next kinship) []string {
	seen := map[string]bool{concept: true}
	var all []string
	for from := []string{concept}; len(from) > 0; from = from[1:] {
		for _, id := range next(v, from[0]) {
			if !seen[id] {
				seen[id] = true
				all = append(all, id)
				from = append(from, id)
			}
		}
	}
	return all
}

// relatives returns what answers with the relatives of the concept that the path
// names.
func relatives(next kinship) func(*request) (answer, error) {
	return func(r *request) (answer, error) {
		id := r.PathValue("id")
		if r.view.find(store.Concept, id) == nil {
			return answer{}, wire.NotFound(string(store.Concept), id, r.view.scope.Space, r.view.scope.Environment)
		}
		r.params.Set("cursor", "true")
		q, err := query.New(query.Others, r.params, r.view.space)
		if err != nil {
			return answer{}, refused(err)
		}
		page, err := q.Page(func(yield func(*query.Entity) bool) {
			for _, id := range r.view.kin(id, next) {
				if e := r.view.find(store.Concept, id); e != nil && !yield(e) {
					return
				}
			}
		})
		if err != nil {
			return answer{}, refused(err)
		}
		return r.collection(q, page)
	}
}
