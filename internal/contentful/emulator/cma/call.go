package cma

import (
	"maps"
	"net/http"
	"regexp"
	"strconv"

	"github.com/segue-dev/segue/internal/contentful/emulator/store"
	"github.com/segue-dev/segue/internal/contentful/emulator/wire"
)

// A call is a request with what its path names.
type call struct {
	api   *API
	r     *http.Request
	body  []byte
	scope *store.Scope // nil where the path names none
}

// A reply is an answer; without a body it is the status only.
type reply struct {
	status int
	body   any
}

// scopeOf returns the environment, space or organization of the path.
func (c *call) scopeOf() (*store.Scope, error) {
	space, environment := c.path("space"), c.path("environment")
	switch {
	case environment != "":
		scope, ok := c.api.store.Environment(space, environment)
		if !ok {
			return nil, wire.NotFound("Environment", environment, space, "")
		}
		return scope, nil
	case space != "":
		return c.api.store.Space(space), nil
	case c.path("organization") != "":
		return c.api.store.Organization(c.path("organization")), nil
	}
	return nil, nil //nolint:nilnil // users and the lists of spaces and organizations are in none
}

// path returns a wildcard of the path.
func (c *call) path(name string) string { return c.r.PathValue(name) }

// object reads the body, which must be a JSON object; an empty one is an empty
// object. Its sys is left out: it is not the client's to write.
func (c *call) object() (store.Object, error) {
	if len(c.body) == 0 {
		return store.Object{}, nil
	}
	var o store.Object
	if err := store.Decode(c.body, &o); err != nil || o == nil {
		return nil, wire.Errorf(http.StatusBadRequest, "BadRequest", "The body of the request must be a JSON object.")
	}
	o = maps.Clone(o)
	delete(o, "sys")
	return o, nil
}

// sys reads a member of the sys of the body.
func (c *call) sys(name string) any {
	var o store.Object
	if store.Decode(c.body, &o) != nil {
		return nil
	}
	return store.At(o, "sys", name)
}

// version returns the version that the client has read; 0 = none.
func (c *call) version() int {
	n, _ := strconv.Atoi(c.r.Header.Get("X-Contentful-Version"))
	return n
}

// mismatch is the error of a version that is not the current one.
func mismatch(e *store.Entity) error {
	return &wire.Error{
		Status: http.StatusConflict, ID: "VersionMismatch",
		Message: "The version in X-Contentful-Version is not the current one: somebody else may have changed it.",
		Details: store.Object{"type": string(e.Kind), "id": e.ID, "currentVersion": e.Version},
	}
}

// current fails unless the client has read the version that e has.
func (c *call) current(e *store.Entity) error {
	if c.version() != e.Version {
		return mismatch(e)
	}
	return nil
}

// notStale is current for requests that may leave out the version.
func (c *call) notStale(e *store.Entity) error {
	if c.r.Header.Get("X-Contentful-Version") == "" {
		return nil
	}
	return c.current(e)
}

// found returns the entity of a kind with an id, or a NotFound.
func (c *call) found(kind store.Kind, id string) (*store.Entity, error) {
	e, ok := c.scope.Get(kind, id)
	if !ok {
		return nil, c.missing(kind, id)
	}
	return e, nil
}

func (c *call) missing(kind store.Kind, id string) error {
	return wire.NotFound(string(kind), id, c.scope.Space, c.scope.Environment)
}

// change updates an entity that must be there and returns it as it is then.
func (c *call) change(kind store.Kind, id string, f func(*store.Tx, *store.Entity) (*store.Entity, error)) (reply, error) {
	var changed *store.Entity
	err := c.scope.Update(func(tx *store.Tx) error {
		e, ok := tx.Get(kind, id)
		if !ok {
			return c.missing(kind, id)
		}
		var err error
		changed, err = f(tx, e)
		return err
	})
	if err != nil {
		return reply{}, err
	}
	return c.shown(http.StatusOK, changed), nil
}

// shown answers with an entity.
func (c *call) shown(status int, e *store.Entity) reply {
	return reply{status, c.scope.Managed(e)}
}

var validID = regexp.MustCompile(`^[-_.A-Za-z0-9]{1,64}$`)

// checkID fails for an id that Contentful would not take.
func checkID(id string) error {
	if !validID.MatchString(id) {
		return invalid("ValidationFailed", problem{Name: "regexp", Path: []any{"sys", "id"}, Details: "An id has 1 to 64 characters of a-z, A-Z, 0-9, -, _ and ."})
	}
	return nil
}

// barred is the error of something that the state of an entity does not allow.
func barred(format string, args ...any) error {
	return wire.Errorf(http.StatusBadRequest, "BadRequest", format, args...)
}
