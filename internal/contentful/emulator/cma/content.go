package cma

import (
	"net/http"

	"github.com/segue-dev/segue/internal/contentful/emulator/store"
)

// get answers with an entity.
func get(kind store.Kind) handler {
	return func(c *call) (reply, error) {
		e, err := c.found(kind, c.path("id"))
		if err != nil {
			return reply{}, err
		}
		return c.shown(http.StatusOK, e), nil
	}
}

// createContent makes an entry or asset with an id of ours.
func createContent(kind store.Kind) handler {
	return func(c *call) (reply, error) { return c.writeContent(kind, newID()) }
}

// putContent writes an entry or asset with an id of the client's.
func putContent(kind store.Kind) handler {
	return func(c *call) (reply, error) { return c.writeContent(kind, c.path("id")) }
}

func (c *call) writeContent(kind store.Kind, id string) (reply, error) {
	body, err := c.object()
	if err != nil {
		return reply{}, err
	}
	return c.saveContent(kind, id, func(*store.Entity) (store.Object, error) { return body, nil })
}

// patchContent applies a JSON Patch to an entry or asset.
func patchContent(kind store.Kind) handler {
	return func(c *call) (reply, error) {
		if _, err := c.found(kind, c.path("id")); err != nil {
			return reply{}, err
		}
		ops, err := readPatch(c.body)
		if err != nil {
			return reply{}, err
		}
		return c.saveContent(kind, c.path("id"), func(e *store.Entity) (store.Object, error) {
			if e == nil {
				return nil, c.missing(kind, c.path("id"))
			}
			return patched(e.Body, ops)
		})
	}
}

// saveContent makes an entry or asset, or gives it a new body, which write
// makes of what there is, nil if there is none.
func (c *call) saveContent(kind store.Kind, id string, write func(*store.Entity) (store.Object, error)) (reply, error) {
	var saved *store.Entity
	status := http.StatusOK
	err := c.scope.Update(func(tx *store.Tx) error {
		e, ok := tx.Get(kind, id)
		if ok {
			if err := c.editable(e); err != nil {
				return err
			}
		}
		body, err := write(e)
		if err != nil {
			return err
		}
		contentType := c.r.Header.Get("X-Contentful-Content-Type")
		if ok {
			contentType = e.ContentType
		}
		if err := checkShape(tx, kind, contentType, body); err != nil {
			return err
		}
		if ok {
			saved = tx.Save(e, body)
			return nil
		}
		status = http.StatusCreated
		saved, err = c.create(tx, store.Entity{Kind: kind, ID: id, ContentType: contentType, Body: body})
		return err
	})
	if err != nil {
		return reply{}, err
	}
	return c.shown(status, saved), nil
}

// editable fails for what the client does not know the version of, and for what
// is archived.
func (c *call) editable(e *store.Entity) error {
	if err := c.current(e); err != nil {
		return err
	}
	if e.ArchivedVersion > 0 {
		return barred("Cannot edit archived.")
	}
	return nil
}

// create makes an entity that the client must not believe to be there.
func (c *call) create(tx *store.Tx, e store.Entity) (*store.Entity, error) {
	if err := checkID(e.ID); err != nil {
		return nil, err
	}
	if c.version() > 0 {
		return nil, mismatch(&store.Entity{Kind: e.Kind, ID: e.ID})
	}
	return tx.Create(e), nil
}

// deleteContent deletes an entry, asset or content type that is not published.
func deleteContent(kind store.Kind) handler {
	return func(c *call) (reply, error) {
		_, err := c.change(kind, c.path("id"), func(tx *store.Tx, e *store.Entity) (*store.Entity, error) {
			if err := c.notStale(e); err != nil {
				return nil, err
			}
			if e.Published != nil {
				return nil, barred("Cannot delete published.")
			}
			if kind == store.ContentType {
				if err := unused(tx, e.ID); err != nil {
					return nil, err
				}
				if editor, ok := tx.Get(store.EditorInterface, e.ID); ok {
					tx.Delete(editor)
				}
			}
			tx.Delete(e)
			return e, nil
		})
		return reply{status: http.StatusNoContent}, err
	}
}

// archive puts an entry or asset aside.
func archive(kind store.Kind) handler {
	return func(c *call) (reply, error) {
		return c.change(kind, c.path("id"), func(tx *store.Tx, e *store.Entity) (*store.Entity, error) {
			switch err := c.notStale(e); {
			case err != nil:
				return nil, err
			case e.Published != nil:
				return nil, barred("Cannot archive published.")
			case e.ArchivedVersion > 0:
				return nil, barred("Cannot archive archived.")
			}
			return tx.Archive(e), nil
		})
	}
}

// unarchive takes an entry or asset back.
func unarchive(kind store.Kind) handler {
	return func(c *call) (reply, error) {
		return c.change(kind, c.path("id"), func(tx *store.Tx, e *store.Entity) (*store.Entity, error) {
			if err := c.notStale(e); err != nil {
				return nil, err
			}
			if e.ArchivedVersion == 0 {
				return nil, barred("Cannot unarchive: it is not archived.")
			}
			return tx.Unarchive(e), nil
		})
	}
}
