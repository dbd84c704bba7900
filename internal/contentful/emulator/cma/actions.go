package cma

import (
	"errors"
	"maps"
	"net/http"
	"slices"
	"time"

	"github.com/segue-dev/segue/internal/contentful/emulator/store"
	"github.com/segue-dev/segue/internal/contentful/emulator/wire"
)

// The kinds of what is done to several entities at once.
const (
	bulkAction    store.Kind = "BulkAction"
	releaseAction store.Kind = "ReleaseAction"
)

// A step is what an action does to one entity.
type step struct {
	verb        string // publish, unpublish or validate
	kind        store.Kind
	id          string
	version     int // that must be the current one; 0 = any
	add, remove []string
}

// run does all steps or none of them. The error tells of each step that cannot
// be done.
func run(scope *store.Scope, steps []step) error {
	return scope.Update(func(tx *store.Tx) error {
		var failed []any
		for _, s := range steps {
			if err := s.run(tx); err != nil {
				failed = append(failed, store.Object{
					"entity": store.Link{LinkType: string(s.kind), ID: s.id}.Object(), "error": errorObject(err),
				})
			}
		}
		if failed != nil {
			return &wire.Error{Status: http.StatusUnprocessableEntity, ID: "BulkActionFailed", Message: "Not all entities can be processed.", Details: store.Object{"errors": failed}}
		}
		return nil
	})
}

func (s step) run(tx *store.Tx) error {
	e, ok := tx.Get(s.kind, s.id)
	switch {
	case !ok:
		return wire.NotFound(string(s.kind), s.id, "", "")
	case s.version > 0 && s.version != e.Version:
		return mismatch(e)
	case s.verb == "unpublish":
		if e.Published != nil {
			tx.Unpublish(e)
		}
		return nil
	case s.remove != nil:
		tx.UnpublishIn(e, s.remove)
		return nil
	}
	if err := publishable(tx, e, s.add); err != nil || s.verb == "validate" {
		return err
	}
	switch {
	case s.add != nil:
		tx.PublishIn(e, s.add)
	case e.Published == nil || e.Changed():
		tx.Publish(e)
	}
	return nil
}

// errorObject is an error as others list it.
func errorObject(err error) store.Object {
	failed, ok := errors.AsType[*wire.Error](err)
	if !ok {
		failed = wire.Errorf(http.StatusInternalServerError, "ServerError", "%v", err)
	}
	return store.Object{"sys": store.Object{"type": "Error", "id": failed.ID}, "message": failed.Message, "details": failed.Details}
}

// stepsOf reads the entities of an action: a list of links, or of entities with
// what is to be done.
func stepsOf(verb string, entities any) []step {
	list, ok := store.At(entities, "items").([]any)
	if !ok {
		list, _ = entities.([]any)
	}
	steps := make([]step, 0, len(list))
	for _, item := range list {
		s := step{verb: verb}
		if action := store.Text(item, "action"); action != "" {
			s.verb = action
		}
		if o, ok := item.(store.Object); ok {
			s.add, s.remove = localesOf(o, "add"), localesOf(o, "remove")
		}
		if entity := store.At(item, "entity"); entity != nil {
			item = entity
		}
		s.kind, s.id = store.Kind(store.Text(item, "sys", "linkType")), store.Text(item, "sys", "id")
		if n := store.Int(store.At(item, "sys", "version")); n > 0 {
			s.version = n
		}
		steps = append(steps, s)
	}
	return steps
}

// maxBulk is how many entities one action may name.
const maxBulk = 200

// createBulk does an action to entities; verb is "" when the body names it. It
// is done at once, and the answer says how it went.
func createBulk(verb string) handler {
	return func(c *call) (reply, error) {
		body, err := c.object()
		if err != nil {
			return reply{}, err
		}
		if verb == "" {
			verb = store.Text(body, "action")
		}
		steps := stepsOf(verb, body["entities"])
		if len(steps) == 0 || len(steps) > maxBulk || !slices.Contains([]string{"publish", "unpublish", "validate"}, verb) {
			return reply{}, invalid("ValidationFailed", problem{Name: "size", Path: []any{"entities"}, Min: 1, Max: maxBulk, Details: "An action names 1 to 200 entities and is publish, unpublish or validate"})
		}
		done, err := c.record(bulkAction, store.Object{"action": verb, "payload": body}, nil, run(c.scope, steps))
		if err != nil {
			return reply{}, err
		}
		return c.shown(http.StatusCreated, done), nil
	}
}

// record keeps how an action went.
func (c *call) record(kind store.Kind, body, more store.Object, failed error) (*store.Entity, error) {
	status := "succeeded"
	if failed != nil {
		status = "failed"
		body["error"] = errorObject(failed)
	}
	sys := store.Object{"status": status}
	maps.Copy(sys, more)
	var done *store.Entity
	err := c.scope.Update(func(tx *store.Tx) error {
		done = tx.Create(store.Entity{Kind: kind, ID: newID(), Body: body, More: sys})
		return nil
	})
	return done, err
}

// checkSchedule fails for an action that could not be run, and for one in the
// past.
func checkSchedule(tx *store.Tx, _ *store.Entity, body store.Object) error {
	at, err := time.Parse(time.RFC3339, store.Text(body, "scheduledFor", "datetime"))
	switch {
	case err != nil || !at.After(tx.Now()):
		return invalid("ValidationFailed", problem{Name: "invalid", Path: []any{"scheduledFor", "datetime"}, Details: "Must be an instant to come"})
	case store.Text(body, "action") != "publish" && store.Text(body, "action") != "unpublish":
		return invalid("ValidationFailed", problem{Name: "in", Path: []any{"action"}, Details: "Must be publish or unpublish"})
	case store.Text(body, "entity", "sys", "id") == "":
		return invalid("ValidationFailed", required([]any{"entity"}))
	}
	return nil
}

// scheduled is the sys.status of an action that is to come.
var scheduled = store.Object{"status": "scheduled"}

func createScheduled(c *call) (reply, error) {
	body, err := c.object()
	if err != nil {
		return reply{}, err
	}
	return c.save(store.Entity{Kind: store.ScheduledAction, ID: newID(), Body: body, More: scheduled}, checkSchedule)
}

func listScheduled(c *call) (reply, error) {
	query := c.r.URL.Query()
	items := []any{}
	for _, e := range c.scope.List(store.ScheduledAction) {
		environment, status := query.Get("environment.sys.id"), query.Get("sys.status")
		if (environment == "" || environment == store.Text(e.Body, "environment", "sys", "id")) && (status == "" || status == store.Text(e.More, "status")) {
			items = append(items, c.scope.Managed(e))
		}
	}
	return reply{http.StatusOK, with(array(items), "pages", store.Object{})}, nil
}

// cancelScheduled cancels an action; it stays listed.
func cancelScheduled(c *call) (reply, error) {
	return c.change(store.ScheduledAction, c.path("id"), func(tx *store.Tx, e *store.Entity) (*store.Entity, error) {
		if store.Text(e.More, "status") != "scheduled" {
			return nil, barred("Cannot cancel: it is not scheduled.")
		}
		return tx.SaveAs(e, e.Body, store.Object{"status": "canceled", "canceledAt": store.Time(tx.Now())}), nil
	})
}

// RunScheduled runs the actions that are due, the earliest first. It returns
// when the next one is; zero = none is to come.
func (a *API) RunScheduled() time.Time {
	var next time.Time
	for _, id := range a.store.Spaces() {
		space := a.store.Space(id)
		for _, e := range space.List(store.ScheduledAction) {
			at, err := time.Parse(time.RFC3339, store.Text(e.Body, "scheduledFor", "datetime"))
			switch {
			case err != nil || store.Text(e.More, "status") != "scheduled":
			case at.After(a.opts.Now()):
				if next.IsZero() || at.Before(next) {
					next = at
				}
			default:
				a.runScheduled(space, e)
			}
		}
	}
	return next
}

func (a *API) runScheduled(space *store.Scope, e *store.Entity) {
	body, status := e.Body, "succeeded"
	environment, ok := a.store.Environment(space.Space, store.Text(e.Body, "environment", "sys", "id"))
	var err error = wire.NotFound(string(store.Environment), store.Text(e.Body, "environment", "sys", "id"), space.Space, "")
	if ok {
		err = run(environment, scheduledSteps(environment, e.Body))
	}
	if err != nil {
		body, status = with(body, "error", errorObject(err)), "failed"
	}
	_ = space.Update(func(tx *store.Tx) error { // it does not fail
		tx.SaveAs(e, body, store.Object{"status": status})
		return nil
	})
}

// scheduledSteps are those of a scheduled action, on an entity or on all of a
// release.
func scheduledSteps(environment *store.Scope, body store.Object) []step {
	verb, kind, id := store.Text(body, "action"), store.Kind(store.Text(body, "entity", "sys", "linkType")), store.Text(body, "entity", "sys", "id")
	if kind == store.Release {
		if e, ok := environment.Get(store.Release, id); ok {
			return stepsOf(verb, e.Body["entities"])
		}
	}
	return []step{{verb: verb, kind: kind, id: id}}
}
