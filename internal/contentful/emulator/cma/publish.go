package cma

import (
	"net/http"
	"slices"
	"strconv"

	"github.com/segue-dev/segue/internal/contentful/emulator/store"
)

// publish publishes an entity, or some locales of it: the body is empty, or
// {"add": {"fields": {"*": [locales]}}}, or the same with remove.
func publish(kind store.Kind) handler {
	return func(c *call) (reply, error) {
		body, err := c.object()
		if err != nil {
			return reply{}, err
		}
		add, remove := localesOf(body, "add"), localesOf(body, "remove")
		return c.change(kind, c.path("id"), func(tx *store.Tx, e *store.Entity) (*store.Entity, error) {
			if err := c.current(e); err != nil {
				return nil, err
			}
			if remove != nil && add == nil {
				return tx.UnpublishIn(e, remove), nil
			}
			if err := publishable(tx, e, add); err != nil {
				return nil, err
			}
			if add == nil {
				return tx.Publish(e), nil
			}
			published := tx.PublishIn(e, add)
			if remove != nil {
				published = tx.UnpublishIn(published, remove)
			}
			return published, nil
		})
	}
}

// localesOf reads the locales of a publication; nil = none are named.
func localesOf(body store.Object, verb string) []string {
	list, _ := store.At(body, verb, "fields", "*").([]any)
	var codes []string
	for _, code := range list {
		if s, ok := code.(string); ok {
			codes = append(codes, s)
		}
	}
	return codes
}

// publishable fails for what may not be published as it is; locales are those
// to be published, nil = all.
func publishable(tx *store.Tx, e *store.Entity, locales []string) error {
	switch {
	case e.ArchivedVersion > 0:
		return barred("Cannot publish archived.")
	case e.Kind == store.ContentType:
		return checkContentType(e.Body)
	default:
		return checkContent(tx, e, locales)
	}
}

// unpublish takes an entity out of what is published.
func unpublish(kind store.Kind) handler {
	return func(c *call) (reply, error) {
		return c.change(kind, c.path("id"), func(tx *store.Tx, e *store.Entity) (*store.Entity, error) {
			if err := c.notStale(e); err != nil {
				return nil, err
			}
			if e.Published == nil {
				return nil, barred("Cannot unpublish: it is not published.")
			}
			if kind == store.ContentType {
				if err := unused(tx, e.ID); err != nil {
					return nil, err
				}
			}
			return tx.Unpublish(e), nil
		})
	}
}

// unused fails for a content type that has entries.
func unused(tx *store.Tx, contentType string) error {
	for _, e := range tx.List(store.Entry) {
		if e.ContentType == contentType {
			return barred("Cannot unpublish or delete the content type %q: it has entries.", contentType)
		}
	}
	return nil
}

// snapshots lists the published versions of an entity, newest first.
func snapshots(kind store.Kind) handler {
	return func(c *call) (reply, error) {
		e, err := c.found(kind, c.path("id"))
		if err != nil {
			return reply{}, err
		}
		items := make([]any, 0, len(e.History))
		for _, v := range slices.Backward(e.History) {
			items = append(items, c.snapshot(e, v))
		}
		return reply{http.StatusOK, array(items)}, nil
	}
}

// snapshot answers with one published version of an entity.
func snapshot(kind store.Kind) handler {
	return func(c *call) (reply, error) {
		e, err := c.found(kind, c.path("id"))
		if err != nil {
			return reply{}, err
		}
		for _, s := range e.History {
			if snapshotID(e, s) == c.path("snapshot") {
				return reply{http.StatusOK, c.snapshot(e, s)}, nil
			}
		}
		return reply{}, c.missing("Snapshot", c.path("snapshot"))
	}
}

func (c *call) snapshot(e *store.Entity, s *store.Snapshot) store.Object {
	was := *e
	was.Body, was.Version, was.UpdatedAt, was.Published = s.Body, s.Version+1, s.At, s
	return store.Object{
		"sys": store.Object{
			"id": snapshotID(e, s), "type": "Snapshot", "snapshotType": "publish", "snapshotEntityType": string(e.Kind),
			"createdAt": store.Time(s.At), "createdBy": e.UpdatedBy.Object(),
		},
		"snapshot": c.scope.Managed(&was),
	}
}

// snapshotID is the name of a snapshot of an entity.
func snapshotID(e *store.Entity, s *store.Snapshot) string {
	return e.ID + "-" + strconv.Itoa(s.Version)
}
