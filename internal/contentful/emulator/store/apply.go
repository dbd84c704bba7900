package store

import (
	"io"
	"reflect"
)

// Apply makes the environment what an export says, as if editors had done it:
// what differs is written and published with the versions and dates of the
// export, what the export lacks is deleted, and the rest is left alone. Sync and
// webhooks tell of it. Webhooks, roles and taxonomy of the export are passed
// over. A mistake is a fault.Invalid that names its place, and changes nothing.
func (s *Scope) Apply(r io.Reader) error {
	l, err := s.store.read(r)
	if err != nil {
		return err
	}
	return s.Update(func(tx *Tx) error {
		for _, list := range lists {
			if list.scope(l) == l.environment {
				tx.applyKind(list.kind, l.environment)
			}
		}
		return nil
	})
}

func (tx *Tx) applyKind(kind Kind, wanted *data) {
	for _, e := range wanted.list(kind) {
		is, ok := tx.Get(kind, e.ID)
		if !ok || !same(is, e) {
			tx.applyEntity(is, e)
		}
	}
	for _, is := range tx.List(kind) {
		if _, ok := wanted.entities[kind][is.ID]; !ok {
			tx.Delete(is)
		}
	}
}

// same reports whether an entity says what another one does, and as much of it
// is published.
func same(a, b *Entity) bool {
	return reflect.DeepEqual(a.Body, b.Body) && reflect.DeepEqual(publishedBody(a), publishedBody(b)) && (a.ArchivedVersion > 0) == (b.ArchivedVersion > 0)
}

func publishedBody(e *Entity) Object {
	if e.Published == nil {
		return nil
	}
	return e.Published.Body
}

// applyEntity writes e in the place of is, which is nil if there was none.
func (tx *Tx) applyEntity(is, e *Entity) {
	was := is != nil && is.Published != nil
	switch {
	case e.Published != nil:
		tx.note(Change{Entity: e})
		tx.put(e, "publish")
	case was:
		tx.note(Change{Entity: is, Deleted: tx.now})
		tx.put(e, "unpublish")
	case is == nil:
		tx.put(e, "create")
	default:
		tx.put(e, "save")
	}
}
