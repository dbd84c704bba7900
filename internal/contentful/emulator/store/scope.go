package store

import (
	"cmp"
	"maps"
	"slices"
	"strings"
)

// A Scope holds entities: it is an environment under the name it was asked
// for by, a space, or the organization.
type Scope struct {
	store *Store
	data  *data

	Organization string
	Space        string // "" for the organization
	Environment  string // as asked for, so it may be an alias; "" for a space
}

// data is what is in a scope. The lock of the store guards it.
type data struct {
	entities map[Kind]map[string]*Entity
	lists    map[Kind][]*Entity // sorted, made when first asked for after a write
	log      []Change
	since    uint64 // the log reaches back to it
}

func newData(since uint64) *data {
	return &data{entities: map[Kind]map[string]*Entity{}, lists: map[Kind][]*Entity{}, since: since}
}

// clone returns data with the same entities and a log that starts now.
func (d *data) clone(since uint64) *data {
	c := newData(since)
	for kind, byID := range d.entities {
		c.entities[kind] = maps.Clone(byID)
	}
	return c
}

func (d *data) put(e *Entity) {
	byID := d.entities[e.Kind]
	if byID == nil {
		byID = map[string]*Entity{}
		d.entities[e.Kind] = byID
	}
	byID[e.ID] = e
	delete(d.lists, e.Kind)
}

func (d *data) remove(k key) {
	delete(d.entities[k.kind], k.id)
	delete(d.lists, k.kind)
}

// Get returns the entity of a kind with an id.
func (s *Scope) Get(kind Kind, id string) (*Entity, bool) {
	s.store.mu.RLock()
	defer s.store.mu.RUnlock()
	e, ok := s.data.entities[kind][id]
	return e, ok
}

// List returns the entities of a kind by time of creation, then by id. The
// slice is shared: it may not be modified.
func (s *Scope) List(kind Kind) []*Entity {
	s.store.mu.RLock()
	list, ok := s.data.lists[kind]
	s.store.mu.RUnlock()
	if ok {
		return list
	}
	s.store.mu.Lock()
	defer s.store.mu.Unlock()
	return s.data.list(kind)
}

// list is List under the lock for writing.
func (d *data) list(kind Kind) []*Entity {
	if list, ok := d.lists[kind]; ok {
		return list
	}
	list := make([]*Entity, 0, len(d.entities[kind]))
	for _, e := range d.entities[kind] {
		list = append(list, e)
	}
	slices.SortFunc(list, func(a, b *Entity) int {
		return cmp.Or(a.CreatedAt.Compare(b.CreatedAt), strings.Compare(a.ID, b.ID))
	})
	d.lists[kind] = list
	return list
}

// Published returns those of List that are published.
func (s *Scope) Published(kind Kind) []*Entity {
	all := s.List(kind)
	published := make([]*Entity, 0, len(all))
	for _, e := range all {
		if e.Published != nil {
			published = append(published, e)
		}
	}
	return published
}

// A LocaleInfo is what a locale says.
type LocaleInfo struct {
	ID, Code, Name string
	Fallback       string // code of the locale that stands in; "" = none
	Default        bool
	Delivered      bool // by the delivery API
	Optional       bool // required fields may be empty in it
	Version        int
}

// Locales returns the locales of an environment, the default one first, then by
// code.
func (s *Scope) Locales() []LocaleInfo { return localeInfos(s.List(Locale)) }

func localeInfos(list []*Entity) []LocaleInfo {
	locales := make([]LocaleInfo, 0, len(list))
	for _, e := range list {
		locales = append(locales, localeInfo(e))
	}
	slices.SortFunc(locales, func(a, b LocaleInfo) int {
		if a.Default != b.Default {
			if a.Default {
				return -1
			}
			return 1
		}
		return strings.Compare(a.Code, b.Code)
	})
	return locales
}

func localeInfo(e *Entity) LocaleInfo {
	l := LocaleInfo{ID: e.ID, Version: e.Version, Delivered: true}
	l.Code, _ = e.Body["code"].(string)
	l.Name, _ = e.Body["name"].(string)
	l.Fallback, _ = e.Body["fallbackCode"].(string)
	l.Default, _ = e.Body["default"].(bool)
	l.Optional, _ = e.Body["optional"].(bool)
	if delivered, ok := e.Body["contentDeliveryApi"].(bool); ok {
		l.Delivered = delivered
	}
	return l
}

// DefaultLocale returns the code of the default locale.
func (s *Scope) DefaultLocale() string {
	if locales := s.Locales(); len(locales) > 0 {
		return locales[0].Code
	}
	return "en-US"
}

// Whole returns the scope of what belongs to the space of an environment as a
// whole.
func (s *Scope) Whole() *Scope { return s.store.Space(s.Space) }

// OfOrganization returns the scope of the organization, whose taxonomy and apps
// an environment may use.
func (s *Scope) OfOrganization() *Scope { return s.store.Organization(s.Organization) }
