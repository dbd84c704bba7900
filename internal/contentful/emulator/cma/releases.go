package cma

import (
	"net/http"

	"github.com/segue-dev/segue/internal/contentful/emulator/store"
)

// writeRelease makes a release, or gives it a new body.
func writeRelease(id func(*call) string) handler {
	return func(c *call) (reply, error) {
		body, err := c.object()
		if err != nil {
			return reply{}, err
		}
		more := store.Object{"status": "active"}
		if version, ok := c.sys("schemaVersion").(string); ok {
			more["schemaVersion"] = version
		}
		return c.save(store.Entity{Kind: store.Release, ID: id(c), Body: body, More: more}, checkRelease)
	}
}

func checkRelease(_ *store.Tx, e *store.Entity, body store.Object) error {
	switch {
	case store.Text(body, "title") == "":
		return invalid("ValidationFailed", required([]any{"title"}))
	case len(stepsOf("", body["entities"])) > maxBulk:
		return invalid("ValidationFailed", problem{Name: "size", Path: []any{"entities", "items"}, Max: maxBulk, Details: "A release has at most 200 entities"})
	case e != nil && store.Text(e.More, "status") == "archived":
		return barred("Cannot edit archived.")
	}
	if body["entities"] == nil {
		body["entities"] = store.Object{"sys": store.Object{"type": "Array"}, "items": []any{}}
	}
	return nil
}

// actOnRelease does an action to all entities of a release, or to none of them
// if one cannot be done.
func actOnRelease(verb string) handler {
	return func(c *call) (reply, error) {
		e, err := c.found(store.Release, c.path("id"))
		if err != nil {
			return reply{}, err
		}
		if err := c.notStale(e); err != nil {
			return reply{}, err
		}
		steps := stepsOf(verb, e.Body["entities"])
		if verb == "unpublish" {
			for i := range steps {
				steps[i].verb = verb
			}
		}
		more := store.Object{"release": store.Link{LinkType: string(store.Release), ID: e.ID}.Object()}
		done, err := c.record(releaseAction, store.Object{"action": verb}, more, run(c.scope, steps))
		if err != nil {
			return reply{}, err
		}
		_, err = c.change(store.Release, e.ID, func(tx *store.Tx, e *store.Entity) (*store.Entity, error) {
			link := store.Link{LinkType: string(releaseAction), ID: done.ID}.Object()
			return tx.SaveAs(e, e.Body, with(e.More, "lastAction", link)), nil
		})
		return c.shown(http.StatusOK, done), err
	}
}

// setReleaseStatus archives a release, or takes it back.
func setReleaseStatus(status string) handler {
	return func(c *call) (reply, error) {
		return c.change(store.Release, c.path("id"), func(tx *store.Tx, e *store.Entity) (*store.Entity, error) {
			if err := c.notStale(e); err != nil {
				return nil, err
			}
			return tx.SaveAs(e, e.Body, with(e.More, "status", status)), nil
		})
	}
}

// getAction answers how an action went.
func getAction(c *call) (reply, error) {
	e, err := c.found(releaseAction, c.path("action"))
	if err != nil {
		return reply{}, err
	}
	return c.shown(http.StatusOK, e), nil
}

// listReleases lists releases, always with pages.
func listReleases(c *call) (reply, error) {
	done, err := list(store.Release)(c)
	if o, ok := done.body.(store.Object); ok && o["pages"] == nil {
		o["pages"] = store.Object{}
	}
	return done, err
}
