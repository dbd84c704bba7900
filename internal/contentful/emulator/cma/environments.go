package cma

import (
	"net/http"

	"github.com/segue-dev/segue/internal/contentful/emulator/store"
)

// listEnvironments lists the environments of a space.
func listEnvironments(c *call) (reply, error) {
	items := []any{}
	for _, e := range c.scope.List(store.Environment) {
		items = append(items, c.environment(e))
	}
	return reply{http.StatusOK, array(items)}, nil
}

// environment shows an environment with its state and the aliases of it.
func (c *call) environment(e *store.Entity) store.Object {
	o := c.scope.Managed(e)
	sys, _ := o["sys"].(store.Object)
	sys["status"] = store.Object{"sys": store.Object{"type": "Link", "linkType": "Status", "id": "ready"}}
	aliases := []any{}
	for _, a := range c.scope.List(store.Alias) {
		if store.AliasTarget(a) == e.ID {
			aliases = append(aliases, store.Link{LinkType: string(store.Alias), ID: a.ID}.Object())
		}
	}
	sys["aliases"] = aliases
	return o
}

// getEnvironment answers with an environment, also by the name of an alias.
func getEnvironment(c *call) (reply, error) {
	id := c.path("id")
	if a, ok := c.scope.Get(store.Alias, id); ok {
		id = store.AliasTarget(a)
	}
	e, err := c.found(store.Environment, id)
	if err != nil {
		return reply{}, err
	}
	return reply{http.StatusOK, c.environment(e)}, nil
}

// putEnvironment makes an environment as a copy of the one that
// X-Contentful-Source-Environment names, or renames one.
func putEnvironment(c *call) (reply, error) {
	body, err := c.object()
	if err != nil {
		return reply{}, err
	}
	id := c.path("id")
	if body["name"] == nil {
		body["name"] = id
	}
	if _, ok := c.scope.Get(store.Environment, id); ok {
		changed, err := c.change(store.Environment, id, func(tx *store.Tx, e *store.Entity) (*store.Entity, error) {
			if err := c.current(e); err != nil {
				return nil, err
			}
			return tx.Save(e, body), nil
		})
		return changed, err
	}
	return c.makeEnvironment(id, body)
}

// createEnvironment makes an environment with an id of ours.
func createEnvironment(c *call) (reply, error) {
	body, err := c.object()
	if err != nil {
		return reply{}, err
	}
	return c.makeEnvironment(newID(), body)
}

func (c *call) makeEnvironment(id string, body store.Object) (reply, error) {
	if err := checkID(id); err != nil {
		return reply{}, err
	}
	source := c.r.Header.Get("X-Contentful-Source-Environment")
	if source == "" {
		source = "master"
	}
	e, ok := c.api.store.Clone(c.scope.Space, source, id, body)
	if !ok {
		return reply{}, c.missing(store.Environment, source)
	}
	return reply{http.StatusCreated, c.environment(e)}, nil
}

// deleteEnvironment deletes an environment that no alias leads to.
func deleteEnvironment(c *call) (reply, error) {
	id := c.path("id")
	for _, a := range c.scope.List(store.Alias) {
		if store.AliasTarget(a) == id {
			return reply{}, barred("Cannot delete an environment that the alias %q leads to.", a.ID)
		}
	}
	if !c.api.store.Drop(c.scope.Space, id) {
		return reply{}, c.missing(store.Environment, id)
	}
	return reply{status: http.StatusNoContent}, nil
}

// checkAlias fails for an alias that leads nowhere.
func checkAlias(tx *store.Tx, _ *store.Entity, body store.Object) error {
	id := store.Text(body, "environment", "sys", "id")
	if _, ok := tx.Get(store.Environment, id); !ok {
		return invalid("ValidationFailed", problem{Name: "notResolvable", Path: []any{"environment"}, Value: id, Details: "The environment does not exist"})
	}
	return nil
}
