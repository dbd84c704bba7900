package delivery

import (
	"slices"
	"sync"

	"github.com/segue-dev/segue/internal/contentful/emulator/query"
	"github.com/segue-dev/segue/internal/contentful/emulator/store"
)

// A view is an environment as an API shows it. What it has shown once it keeps
// for as long as that stays the same in the store.
type view struct {
	scope   *store.Scope
	preview bool
	setting [3][]*store.Entity // locales, tags and content types that the rest was made with
	space   *query.Space
	private map[string]bool // ids of tags that are not delivered
	hidden  map[string]bool // codes of locales that are not delivered

	mu    sync.Mutex
	kept  map[entityKey]kept
	lists map[store.Kind]collection
}

type viewKey struct{ space, environment string }

type entityKey struct {
	kind store.Kind
	id   string
}

// A kept entity is one as it was last shown.
type kept struct {
	of    *store.Entity
	shown *query.Entity // nil = not shown
}

// A collection is all of a kind that is shown.
type collection struct {
	of    []*store.Entity
	shown []*query.Entity
}

// same reports whether two lists of a store are the same one: the store makes a
// new one after each change.
func same(a, b []*store.Entity) bool {
	return len(a) == len(b) && (len(a) == 0 || &a[0] == &b[0])
}

// view returns the one of an environment, as it is now.
func (a *API) view(scope *store.Scope) *view {
	setting := [3][]*store.Entity{scope.List(store.Locale), scope.List(store.Tag), scope.List(store.ContentType)}
	a.mu.Lock()
	defer a.mu.Unlock()
	key := viewKey{scope.Space, scope.Environment}
	v := a.views[key]
	if v == nil || !v.over(setting) {
		v = newView(scope, a.opts.Preview, setting)
		a.views[key] = v
	}
	return v
}

// over reports whether v still shows what there is: an alias may lead to another
// environment by now, or locales, tags or types have changed.
func (v *view) over(setting [3][]*store.Entity) bool {
	return same(v.setting[0], setting[0]) && same(v.setting[1], setting[1]) && same(v.setting[2], setting[2])
}

func newView(scope *store.Scope, preview bool, setting [3][]*store.Entity) *view {
	v := &view{
		scope: scope, preview: preview, setting: setting, private: map[string]bool{}, hidden: map[string]bool{},
		kept: map[entityKey]kept{}, lists: map[store.Kind]collection{},
	}
	v.space = &query.Space{Types: map[string]*query.ContentType{}, Published: true, Narrower: v.narrower}
	v.space.Find = func(linkType, id string) *query.Entity { return v.find(store.Kind(linkType), id) }
	for _, l := range scope.Locales() {
		if !l.Delivered && !l.Default {
			v.hidden[l.Code] = true
			continue
		}
		v.space.Locales = append(v.space.Locales, query.Locale{Code: l.Code, Fallback: l.Fallback, Default: l.Default})
	}
	for _, tag := range setting[1] {
		v.private[tag.ID] = tag.Visibility != "public"
	}
	for _, e := range v.list(store.ContentType) {
		if t, err := query.ParseContentType(e.Raw); err == nil {
			v.space.Types[e.ID] = t
		}
	}
	return v
}

// list returns all of a kind, oldest first. It is shared.
func (v *view) list(kind store.Kind) []*query.Entity {
	of := v.source(kind).List(kind)
	v.mu.Lock()
	defer v.mu.Unlock()
	if c, ok := v.lists[kind]; ok && same(c.of, of) {
		return c.shown
	}
	c := collection{of: of, shown: make([]*query.Entity, 0, len(of))}
	there := make(map[string]bool, len(of))
	for _, e := range of {
		there[e.ID] = true
		if shown := v.show(e); shown != nil {
			c.shown = append(c.shown, shown)
		}
	}
	for key := range v.kept {
		if key.kind == kind && !there[key.id] {
			delete(v.kept, key)
		}
	}
	v.lists[kind] = c
	return c.shown
}

// source returns where a kind is: the taxonomy belongs to the organization.
func (v *view) source(kind store.Kind) *store.Scope {
	if kind == store.Concept || kind == store.ConceptScheme {
		return v.scope.OfOrganization()
	}
	return v.scope
}

// find returns one entity, nil if there is none that is shown.
func (v *view) find(kind store.Kind, id string) *query.Entity {
	e, ok := v.source(kind).Get(kind, id)
	if !ok {
		return nil
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.show(e)
}

// show returns an entity as it is shown, nil if it is not.
func (v *view) show(e *store.Entity) *query.Entity {
	key := entityKey{e.Kind, e.ID}
	if k, ok := v.kept[key]; ok && k.of == e {
		return k.shown
	}
	shown := v.parsed(v.object(e))
	v.kept[key] = kept{e, shown}
	return shown
}

// object returns an entity as the API has it, nil if it does not.
func (v *view) object(e *store.Entity) store.Object {
	switch e.Kind {
	case store.Entry, store.Asset:
		if !v.preview {
			return v.scope.Delivered(e)
		}
		if e.ArchivedVersion > 0 {
			return nil
		}
		return v.scope.Previewed(e)
	case store.ContentType:
		return v.scope.Delivered(e)
	case store.Locale:
		if code, _ := e.Body["code"].(string); v.hidden[code] {
			return nil
		}
		return localeObject(e)
	case store.Tag:
		if e.Visibility != "public" {
			return nil
		}
	}
	o := v.source(e.Kind).Managed(e)
	sys, _ := o["sys"].(store.Object)
	delete(sys, "urn")
	return o
}

// localeObject returns a locale as it is delivered.
func localeObject(e *store.Entity) store.Object {
	return store.Object{
		"code": e.Body["code"], "name": e.Body["name"], "default": e.Body["default"] == true, "fallbackCode": e.Body["fallbackCode"],
		"sys": store.Object{"id": e.ID, "type": "Locale", "version": e.Version},
	}
}

// parsed returns an object as queries see it, without what is not delivered.
func (v *view) parsed(o store.Object) *query.Entity {
	if o == nil {
		return nil
	}
	o = v.withoutPrivateTags(o)
	e, err := query.Parse(appendJSON(nil, o))
	if err != nil {
		return nil // it has no id
	}
	if len(v.hidden) > 0 {
		e.Fields = slices.DeleteFunc(e.Fields, func(f query.Value) bool { return v.hidden[f.Locale] })
	}
	return e
}

// withoutPrivateTags returns o with the public tags only. Tags that the space
// does not know are delivered: exports may lack them.
func (v *view) withoutPrivateTags(o store.Object) store.Object {
	metadata, _ := o["metadata"].(store.Object)
	tags, _ := metadata["tags"].([]any)
	private := func(tag any) bool { return v.private[linkID(tag)] }
	if !slices.ContainsFunc(tags, private) {
		return o
	}
	changed := store.Object{"tags": slices.DeleteFunc(slices.Clone(tags), private), "concepts": metadata["concepts"]}
	o["metadata"] = changed // o was made for us
	return o
}

// linkID returns the id of a link.
func linkID(link any) string {
	object, _ := link.(store.Object)
	sys, _ := object["sys"].(store.Object)
	id, _ := sys["id"].(string)
	return id
}
