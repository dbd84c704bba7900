package delivery

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/segue-dev/segue/internal/contentful/emulator/query"
	"github.com/segue-dev/segue/internal/contentful/emulator/store"
)

// includes are what items link to, level by level.
type includes struct {
	r      *request
	locale string
	seen   map[query.Link]bool
	next   []*query.Entity // whose links are to be followed
	found  map[string][]*query.Entity
	errors []query.Link
}

// appendIncludes appends what items link to, as far as a query asks for, and
// which links lead nowhere. Nothing is there twice.
func (r *request) appendIncludes(b []byte, q *query.Query, items []*query.Entity, locale string) ([]byte, error) {
	if len(items) == 0 || items[0].Type != string(store.Entry) || q.Include == 0 {
		return b, nil
	}
	in := &includes{r: r, locale: locale, seen: map[query.Link]bool{}, found: map[string][]*query.Entity{}}
	for _, e := range items {
		in.seen[query.Link{Type: e.Type, ID: e.ID}] = true
	}
	for _, e := range items {
		q.Links(e, locale, in.follow)
	}
	for level := 1; level < q.Include && len(in.next) > 0; level++ {
		from := in.next
		in.next = nil
		for _, e := range from {
			r.view.space.Links(e, locale, in.follow)
		}
	}
	b = in.appendErrors(b)
	return in.append(b)
}

// follow notes what a link leads to.
func (in *includes) follow(l query.Link) {
	if in.seen[l] {
		return
	}
	in.seen[l] = true
	if strings.HasPrefix(l.Type, "Contentful:") {
		in.followResource(l)
		return
	}
	e := in.r.view.find(store.Kind(l.Type), l.ID)
	if (l.Type != "Entry" && l.Type != "Asset") || e == nil || !in.r.visible(in.locale)(e) {
		in.errors = append(in.errors, l)
		return
	}
	in.add(e)
}

func (in *includes) add(e *query.Entity) {
	in.found[e.Type] = append(in.found[e.Type], e)
	if e.Type == "Entry" {
		in.next = append(in.next, e)
	}
}

// appendErrors appends the links that lead nowhere.
func (in *includes) appendErrors(b []byte) []byte {
	if len(in.errors) == 0 {
		return b
	}
	list := []any{}
	for _, l := range in.errors {
		details := map[string]any{"type": "Link", "linkType": l.Type, "id": l.ID}
		if strings.HasPrefix(l.Type, "Contentful:") {
			details = map[string]any{"type": "ResourceLink", "linkType": l.Type, "urn": l.ID}
		}
		list = append(list, map[string]any{"sys": map[string]any{"id": "notResolvable", "type": "error"}, "details": details})
	}
	raw, _ := json.Marshal(list) // strings always encode
	return append(append(b, `,"errors":`...), raw...)
}

// append appends what was found, each kind by id.
func (in *includes) append(b []byte) ([]byte, error) {
	if len(in.found) == 0 {
		return b, nil
	}
	before := `,"includes":{`
	for _, kind := range []string{"Entry", "Asset"} {
		if len(in.found[kind]) == 0 {
			continue
		}
		b = append(b, before+`"`+kind+`":`...)
		before = ","
		slices.SortFunc(in.found[kind], func(x, y *query.Entity) int { return strings.Compare(x.ID, y.ID) })
		separator := byte('[')
		for _, e := range in.found[kind] {
			b = append(b, separator)
			separator = ','
			if b = in.r.view.space.Append(b, e, in.locale); len(b) > in.r.api.opts.MaxBytes {
				return nil, tooBig(in.r.api.opts.MaxBytes)
			}
		}
		b = append(b, ']')
	}
	return append(b, '}'), nil
}
