package store

import (
	"slices"
	"time"
)

// Create makes an entity at version 1. Of e, the kind, id, body, content type
// and visibility count.
func (tx *Tx) Create(e Entity) *Entity {
	e.Version = 1
	e.CreatedAt, e.UpdatedAt = tx.now, tx.now
	e.CreatedBy, e.UpdatedBy = tx.scope.store.user(), tx.scope.store.user()
	return tx.put(&e, "create")
}

// Save gives e a new body.
func (tx *Tx) Save(e *Entity, body Object) *Entity {
	return tx.put(tx.next(e, func(c *Entity) { c.Body = body }), "save")
}

// SaveAs gives e a new body and new members of sys.
func (tx *Tx) SaveAs(e *Entity, body, more Object) *Entity {
	return tx.put(tx.next(e, func(c *Entity) { c.Body, c.More = body, more }), "save")
}

// next returns e as its next version, changed by f.
func (tx *Tx) next(e *Entity, f func(*Entity)) *Entity {
	return e.with(func(c *Entity) {
		c.Version++
		c.UpdatedAt, c.UpdatedBy = tx.now, tx.scope.store.user()
		f(c)
	})
}

// Publish publishes e in all locales.
func (tx *Tx) Publish(e *Entity) *Entity { return tx.publish(e, e.Body, nil) }

// PublishIn publishes e in some locales; in the others it stays as it is
// published, if it is.
func (tx *Tx) PublishIn(e *Entity, locales []string) *Entity {
	var was Object
	var in []string
	if e.Published != nil {
		was = Fields(e.Published.Body)
		if in = e.Published.Locales; in == nil {
			in = tx.locales()
		}
	}
	body := union(e.Body, Object{"fields": merged(was, Fields(e.Body), locales)})
	return tx.publish(e, body, joined(in, locales))
}

// UnpublishIn takes some locales out of what is published of e, and unpublishes
// it when none is left.
func (tx *Tx) UnpublishIn(e *Entity, locales []string) *Entity {
	if e.Published == nil {
		return e
	}
	in := e.Published.Locales
	if in == nil {
		in = tx.locales()
	}
	left := slices.DeleteFunc(slices.Clone(in), func(code string) bool { return slices.Contains(locales, code) })
	if len(left) == 0 {
		return tx.Unpublish(e)
	}
	body := union(e.Published.Body, Object{"fields": merged(Fields(e.Published.Body), nil, locales)})
	return tx.publish(e, body, left)
}

func (tx *Tx) locales() []string {
	var codes []string
	for _, l := range tx.Locales() {
		codes = append(codes, l.Code)
	}
	slices.Sort(codes)
	return codes
}

// joined returns what is in a or b, sorted.
func joined(a, b []string) []string {
	all := slices.Concat(a, b)
	slices.Sort(all)
	return slices.Compact(all)
}

func (tx *Tx) publish(e *Entity, body Object, locales []string) *Entity {
	p := tx.next(e, func(c *Entity) {
		c.PublishedCount++
		if c.FirstPublished.IsZero() {
			c.FirstPublished = tx.now
		}
		c.Published = &Snapshot{
			Version: e.Version, Revision: c.PublishedCount, Since: c.FirstPublished, At: tx.now,
			Body: body, Locales: locales,
		}
		c.History = append(slices.Clone(e.History), c.Published)
		c.History = c.History[max(0, len(c.History)-maxHistory):]
	})
	tx.note(Change{Entity: p})
	if p.Kind == ContentType {
		tx.touchEditorInterface(p.ID)
	}
	return tx.put(p, "publish")
}

// touchEditorInterface makes the editor interface that a content type has from
// its first publication on, and gives it a new version at each.
func (tx *Tx) touchEditorInterface(contentType string) {
	e, ok := tx.Get(EditorInterface, contentType)
	if !ok {
		tx.Create(Entity{Kind: EditorInterface, ID: contentType, Body: Object{"controls": []any{}, "sidebar": []any{}}})
		return
	}
	tx.Save(e, e.Body)
}

// note logs a change if Sync tells of its kind.
func (tx *Tx) note(c Change) {
	if c.Entity.Kind == Entry || c.Entity.Kind == Asset {
		tx.log = append(tx.log, c)
	}
}

// Unpublish takes e out of what is published.
func (tx *Tx) Unpublish(e *Entity) *Entity {
	if e.Published != nil {
		tx.note(Change{Entity: e, Deleted: tx.now})
	}
	return tx.put(tx.next(e, func(c *Entity) { c.Published = nil }), "unpublish")
}

// Archive puts e aside. It must not be published.
func (tx *Tx) Archive(e *Entity) *Entity {
	return tx.put(tx.next(e, func(c *Entity) {
		c.ArchivedVersion, c.ArchivedAt = e.Version, tx.now
	}), "archive")
}

// Unarchive takes e back.
func (tx *Tx) Unarchive(e *Entity) *Entity {
	return tx.put(tx.next(e, func(c *Entity) {
		c.ArchivedVersion, c.ArchivedAt = 0, time.Time{}
	}), "unarchive")
}

// Delete removes e, even if it is published.
func (tx *Tx) Delete(e *Entity) {
	if e.Published != nil {
		tx.note(Change{Entity: e, Deleted: tx.now})
	}
	tx.write(e.key(), nil)
	tx.events = append(tx.events, Event{tx.scope, "delete", e, tx.now})
}
