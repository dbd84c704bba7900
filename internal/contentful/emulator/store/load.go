package store

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"time"

	"github.com/segue-dev/segue/internal/fault"
)

// lists are those of an export, each with the kind of its items and whether
// they belong to the space instead of an environment, or to the organization.
// contentful-export knows no concepts: they are an addition of ours.
var lists = []struct {
	name  string
	kind  Kind
	scope func(*loading) *data
}{
	{"locales", Locale, func(l *loading) *data { return l.environment }},
	{"tags", Tag, func(l *loading) *data { return l.environment }},
	{"contentTypes", ContentType, func(l *loading) *data { return l.environment }},
	{"editorInterfaces", EditorInterface, func(l *loading) *data { return l.environment }},
	{"assets", Asset, func(l *loading) *data { return l.environment }},
	{"entries", Entry, func(l *loading) *data { return l.environment }},
	{"webhooks", Webhook, func(l *loading) *data { return l.space }},
	{"roles", Role, func(l *loading) *data { return l.space }},
	{"concepts", Concept, func(l *loading) *data { return l.organization }},
	{"conceptSchemes", ConceptScheme, func(l *loading) *data { return l.organization }},
}

// loading is what an export is read into.
type loading struct {
	now                              time.Time
	environment, space, organization *data
}

// Load returns a store whose spaces start with an export, made by
// contentful-export with a management token or with a delivery token. Entities
// with changes that were not published have these published: an export has the
// values of the draft only. A mistake is a fault.Invalid that names its place.
func Load(r io.Reader, o Options) (*Store, error) {
	s := New(o)
	l, err := s.read(r)
	if err != nil {
		return nil, err
	}
	s.template, s.basics, s.organization = l.environment, l.space, l.organization
	return s, nil
}

// read reads an export.
func (s *Store) read(r io.Reader) (*loading, error) {
	export := map[string]json.RawMessage{}
	if err := json.NewDecoder(r).Decode(&export); err != nil {
		return nil, fault.Wrap(fault.Invalid, err, "not a space export")
	}
	l := &loading{now: s.now(), environment: newData(0), space: newData(0), organization: newData(0)}
	found := 0
	for _, list := range lists {
		items, err := objects(export[list.name])
		if err != nil {
			return nil, fault.Wrap(fault.Invalid, err, "%s: not a list of objects", list.name)
		}
		for i, item := range items {
			e, err := parse(list.kind, item, l.now)
			if err != nil {
				return nil, fault.Wrap(fault.Invalid, err, "%s[%d]", list.name, i)
			}
			list.scope(l).put(e)
		}
		found += len(items)
	}
	if found == 0 {
		return nil, fault.New(fault.Invalid, "not a space export: none of its lists has an item")
	}
	l.completeLocales()
	l.completeEditorInterfaces()
	for _, d := range []*data{l.environment, l.space, l.organization} {
		d.completeUsers(s.user())
	}
	return l, nil
}

// completeUsers has somebody have made what an export does not say that of.
func (d *data) completeUsers(user Link) {
	for _, byID := range d.entities {
		for _, e := range byID {
			e.CreatedBy, e.UpdatedBy = cmp.Or(e.CreatedBy, user), cmp.Or(e.UpdatedBy, user)
		}
	}
}

// completeEditorInterfaces gives each published content type the editor interface
// that it has at Contentful, where an export has none.
func (l *loading) completeEditorInterfaces() {
	for id, ct := range l.environment.entities[ContentType] {
		if _, ok := l.environment.entities[EditorInterface][id]; !ok && ct.Published != nil {
			l.environment.put(&Entity{
				Kind: EditorInterface, ID: id, Version: 1, CreatedAt: ct.CreatedAt, UpdatedAt: ct.CreatedAt,
				Body: Object{"controls": []any{}, "sidebar": []any{}},
			})
		}
	}
}

// completeLocales gives an export without locales those its fields use, of which
// the first in the alphabet is the default one.
func (l *loading) completeLocales() {
	if len(l.environment.entities[Locale]) > 0 {
		return
	}
	codes := map[string]bool{}
	for _, kind := range []Kind{Entry, Asset} {
		for _, e := range l.environment.entities[kind] {
			for _, values := range Fields(e.Body) {
				byLocale, _ := values.(Object)
				for code := range byLocale {
					codes[code] = true
				}
			}
		}
	}
	locale := englishLocale(l.now)
	for i, code := range slices.Sorted(maps.Keys(codes)) {
		l.environment.put(locale.with(func(c *Entity) {
			c.ID = code
			c.Body = union(locale.Body, Object{"name": code, "code": code, "default": i == 0})
		}))
	}
	if len(codes) == 0 {
		l.environment.put(locale)
	}
}

// objects reads a list; a missing one is empty.
func objects(raw json.RawMessage) ([]Object, error) {
	if raw == nil {
		return nil, nil
	}
	var items []Object
	return items, Decode(raw, &items)
}

// givenSys is the sys of an item of an export, of either API.
type givenSys struct {
	ID               string
	Version          int
	Revision         int
	PublishedVersion int
	PublishedCounter int
	ArchivedVersion  int
	CreatedAt        time.Time
	UpdatedAt        time.Time
	PublishedAt      time.Time
	FirstPublishedAt time.Time
	ArchivedAt       time.Time
	CreatedBy        struct{ Sys Link }
	UpdatedBy        struct{ Sys Link }
	ContentType      struct{ Sys Link }
	Visibility       string
}

// parse reads an item of an export.
func parse(kind Kind, item Object, now time.Time) (*Entity, error) {
	raw, err := json.Marshal(item["sys"])
	if err != nil {
		return nil, err
	}
	var sys givenSys
	if err := json.Unmarshal(raw, &sys); err != nil {
		return nil, fmt.Errorf("sys: %w", err)
	}
	body := maps.Clone(item)
	delete(body, "sys")
	if kind == Entry || kind == Asset {
		completeContent(body)
	}
	e := &Entity{
		Kind: kind, ID: sys.ID, Visibility: sys.Visibility, Body: body, Version: max(sys.Version, 1),
		CreatedAt: sys.CreatedAt, UpdatedAt: sys.UpdatedAt, CreatedBy: sys.CreatedBy.Sys, UpdatedBy: sys.UpdatedBy.Sys,
		ArchivedVersion: sys.ArchivedVersion, ArchivedAt: sys.ArchivedAt,
	}
	if e.CreatedAt.IsZero() {
		e.CreatedAt = now
	}
	if e.UpdatedAt.IsZero() {
		e.UpdatedAt = e.CreatedAt
	}
	switch {
	case kind == EditorInterface:
		e.ID = sys.ContentType.Sys.ID
	case kind == Entry:
		e.ContentType = sys.ContentType.Sys.ID
		if e.ContentType == "" {
			return nil, errors.New("sys.contentType: missing")
		}
	case kind == Role && e.ID == "": // exports leave it out
		e.ID, _ = body["name"].(string)
	case kind == Tag && e.Visibility == "":
		e.Visibility = "private"
	}
	if e.ID == "" {
		return nil, errors.New("sys.id: missing")
	}
	if published(kind) {
		sys.publish(e)
	}
	return e, nil
}

// publish gives e the snapshot that sys tells of. Items that the delivery API
// gave have a revision and no version, and dates of publication only.
func (sys givenSys) publish(e *Entity) {
	if sys.PublishedVersion == 0 && sys.Revision == 0 {
		e.PublishedCount, e.FirstPublished = sys.PublishedCounter, sys.FirstPublishedAt
		return
	}
	p := &Snapshot{
		Version: max(sys.PublishedVersion, 1), Revision: max(sys.PublishedCounter, sys.Revision, 1),
		Since: sys.FirstPublishedAt, At: sys.PublishedAt, Body: e.Body,
	}
	if p.Since.IsZero() {
		p.Since = e.CreatedAt
	}
	if p.At.IsZero() {
		p.At = e.UpdatedAt
	}
	e.Version = max(e.Version, p.Version+1)
	e.Published, e.PublishedCount, e.FirstPublished = p, p.Revision, p.Since
	e.History = []*Snapshot{p}
}
