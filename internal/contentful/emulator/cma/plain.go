package cma

import (
	"crypto/rand"
	"net/http"
	"strings"

	"github.com/segue-dev/segue/internal/contentful/emulator/store"
)

// newID returns an id of the look that Contentful's have.
func newID() string { return strings.ToLower(rand.Text())[:22] }

// A check fails for a write that is not allowed; e is nil for something new. It
// may complete the body of what is written.
type check func(tx *store.Tx, e *store.Entity, body store.Object) error

// save makes an entity or gives it a new body, if check lets it. Of write, kind,
// id, body and visibility count.
func (c *call) save(write store.Entity, allowed check) (reply, error) {
	var saved *store.Entity
	status := http.StatusOK
	err := c.scope.Update(func(tx *store.Tx) error {
		e, ok := tx.Get(write.Kind, write.ID)
		if ok {
			if err := c.current(e); err != nil {
				return err
			}
		}
		if allowed != nil {
			if err := allowed(tx, e, write.Body); err != nil {
				return err
			}
		}
		if ok {
			saved = tx.Save(e, write.Body)
			return nil
		}
		status = http.StatusCreated
		var err error
		saved, err = c.create(tx, write)
		return err
	})
	if err != nil {
		return reply{}, err
	}
	return c.shown(status, saved), nil
}

// putPlain writes an entity that has versions and nothing else.
func putPlain(kind store.Kind, allowed check) handler {
	return func(c *call) (reply, error) {
		body, err := c.object()
		if err != nil {
			return reply{}, err
		}
		return c.save(store.Entity{Kind: kind, ID: c.path("id"), Body: body}, allowed)
	}
}

// createPlain makes an entity with an id of ours.
func createPlain(kind store.Kind, allowed check) handler {
	return func(c *call) (reply, error) {
		body, err := c.object()
		if err != nil {
			return reply{}, err
		}
		return c.save(store.Entity{Kind: kind, ID: newID(), Body: body}, allowed)
	}
}

// deletePlain deletes an entity if allowed lets it.
func deletePlain(kind store.Kind, allowed check) handler {
	return func(c *call) (reply, error) {
		_, err := c.change(kind, c.path("id"), func(tx *store.Tx, e *store.Entity) (*store.Entity, error) {
			if err := c.notStale(e); err != nil {
				return nil, err
			}
			if allowed != nil {
				if err := allowed(tx, e, nil); err != nil {
					return nil, err
				}
			}
			tx.Delete(e)
			return e, nil
		})
		return reply{status: http.StatusNoContent}, err
	}
}

// named fails for a body without a name.
func named(_ *store.Tx, _ *store.Entity, body store.Object) error {
	if store.Text(body, "name") == "" {
		return invalid("ValidationFailed", required([]any{"name"}))
	}
	return nil
}
