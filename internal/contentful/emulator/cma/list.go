package cma

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/segue-dev/segue/internal/contentful/emulator/query"
	"github.com/segue-dev/segue/internal/contentful/emulator/store"
	"github.com/segue-dev/segue/internal/contentful/emulator/wire"
)

// list answers a query for the entities of a kind.
func list(kind store.Kind) handler {
	return func(c *call) (reply, error) {
		return c.listOf(kind, c.scope.List(kind), c.scope.Managed, false)
	}
}

// listPublic answers a query for what is published of a kind.
func (c *call) listPublic(kind store.Kind) (reply, error) {
	return c.listOf(kind, c.scope.Published(kind), c.publicView, true)
}

func public(kind store.Kind) handler {
	return func(c *call) (reply, error) { return c.listPublic(kind) }
}

// getPublic answers with what is published of an entity.
func getPublic(kind store.Kind) handler {
	return func(c *call) (reply, error) {
		e, err := c.found(kind, c.path("id"))
		if err != nil {
			return reply{}, err
		}
		if e.Published == nil {
			return reply{}, c.missing(kind, e.ID)
		}
		return reply{http.StatusOK, c.publicView(e)}, nil
	}
}

// publicView is an entity as the management API shows it, with what is
// published of it.
func (c *call) publicView(e *store.Entity) store.Object {
	p := *e
	p.Body = e.Published.Body
	return c.scope.Managed(&p)
}

// listOf answers a query for entities of a kind, which show shows as they are
// published or not.
func (c *call) listOf(kind store.Kind, all []*store.Entity, show view, public bool) (reply, error) {
	params := c.r.URL.Query()
	by := query.Others
	switch kind {
	case store.Entry:
		by = query.Entries
	case store.Asset:
		by = query.Assets
	}
	q, err := query.New(by, params, c.querySpace(show), paramsIgnored(params, kind)...)
	if err != nil {
		return reply{}, queryError(err)
	}
	page, err := q.Page(slices.Values(c.parsed(kind, all, show, public, q)))
	if err != nil {
		return reply{}, queryError(err)
	}
	items := make([]json.RawMessage, 0, len(page.Items))
	for _, e := range page.Items {
		items = append(items, q.Append(nil, e, query.AllLocales))
	}
	answer := store.Object{"sys": store.Object{"type": "Array"}, "limit": q.Limit, "items": items}
	if q.Cursor {
		answer["pages"] = q.Pages(page, c.r.URL.Path)
	} else {
		answer["total"], answer["skip"] = page.Total, q.Skip
	}
	return reply{http.StatusOK, answer}, nil
}

// parsed returns the entities that a query can be asking for.
func (c *call) parsed(kind store.Kind, all []*store.Entity, show view, public bool, q *query.Query) []*query.Entity {
	if q.IDs != nil {
		var some []*query.Entity
		for _, e := range all {
			if slices.Contains(q.IDs, e.ID) {
				some = append(some, parse(e, show))
			}
		}
		return some
	}
	locales := ""
	if c.scope.Environment != "" {
		locales = strings.Join(codes(c.scope.Locales()), " ")
	}
	return c.api.parsed.of(listKey{c.scope.Space, c.scope.Environment, kind, public}, locales, all, show)
}

// paramsIgnored are those that queries do not know: all of them for kinds that
// clients list but do not search.
func paramsIgnored(params url.Values, kind store.Kind) []string {
	switch kind {
	case store.Entry, store.Asset, store.ContentType:
		return []string{"include", "locale"}
	}
	return unsearched(params, "limit", "skip", "order", "sys.id", "sys.id[in]", "cursor", "pageNext", "pagePrev")
}

// unsearched are the names of params that are not known.
func unsearched(params url.Values, known ...string) []string {
	var names []string
	for name := range params {
		if !slices.Contains(known, name) {
			names = append(names, name)
		}
	}
	return names
}

// querySpace is what queries need to know of the scope.
func (c *call) querySpace(show view) *query.Space {
	s := &query.Space{Types: map[string]*query.ContentType{}}
	if c.scope.Environment == "" {
		return s
	}
	for _, l := range c.scope.Locales() {
		s.Locales = append(s.Locales, query.Locale{Code: l.Code, Fallback: l.Fallback, Default: l.Default})
	}
	for _, ct := range c.scope.List(store.ContentType) {
		if t, err := query.ParseContentType(encoded(c.scope.Managed(ct))); err == nil {
			s.Types[ct.ID] = t
		}
	}
	s.Find = func(linkType, id string) *query.Entity {
		e, ok := c.scope.Get(store.Kind(linkType), id)
		if !ok {
			return nil
		}
		return parse(e, show)
	}
	return s
}

func queryError(err error) error {
	var q *query.Error
	if !errors.As(err, &q) {
		return err
	}
	failed := wire.Errorf(http.StatusBadRequest, q.ID, "%s", q.Message)
	if len(q.Details) > 0 {
		failed.Details = store.Object{"errors": q.Details}
	}
	return failed
}

// array is a list of all that there is.
func array(items []any) store.Object {
	return store.Object{
		"sys": store.Object{"type": "Array"}, "total": len(items), "skip": 0, "limit": max(len(items), 100), "items": items,
	}
}
