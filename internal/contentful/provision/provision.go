// Package provision brings a Contentful space to where Segue can work with it:
// the content model of personalization, a webhook, and segments as audiences.
//
// The rule it upholds: what is there stays. A plan only adds what is missing and
// widens what is too narrow; it is made again from what is read, so that running
// it twice, or beside an editor, does no harm; and what it does not own it does
// not touch.
package provision

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/segue-dev/segue/internal/contentful"
	"github.com/segue-dev/segue/internal/fault"
)

// A Change is one thing that is to be different in a space.
type Change struct {
	Action string   `json:"action"` // create, update, retire; keep for what is left alone, and why
	Kind   string   `json:"kind"`   // content type, editor interface, webhook, signing secret, audience
	ID     string   `json:"id"`
	Lines  []string `json:"lines"` // what, in words; each begins with +, ~, - or !

	apply func(ctx context.Context) error // nil = there is nothing to do
}

// A Plan are the changes that bring a space to where it should be, in the order
// in which they must be made.
type Plan []Change

// Pending reports whether anything is to be done.
func (p Plan) Pending() bool {
	for _, c := range p {
		if c.apply != nil {
			return true
		}
	}
	return false
}

// Apply makes the changes. It calls done after each, and stops at the first that
// fails; to run all again then goes on from there.
func (p Plan) Apply(ctx context.Context, done func(Change)) error {
	for _, c := range p {
		if c.apply == nil {
			continue
		}
		if err := c.apply(ctx); err != nil {
			return rights(fmt.Errorf("%s %s: %w", c.Kind, c.ID, err))
		}
		done(c)
	}
	return nil
}

// rights says what the token lacks, if that is what an error is about.
func rights(err error) error {
	if errors.Is(err, contentful.AccessDenied) {
		return fault.Wrap(fault.Invalid, err, "the management token may not do this: its user needs a role that can edit the content model, entries of nt_* types and, for webhooks, the settings of the space (an administrator can)")
	}
	return err
}

// An object is the JSON of an item, whose unknown parts are kept.
type object = map[string]any

// A target is an item of a space that is to be as edit makes it.
type target struct {
	kind, id string
	read     func(ctx context.Context) (contentful.Item, error) // contentful.NotFound if there is none
	write    func(ctx context.Context, version int, body object) (contentful.Item, error)
	publish  func(ctx context.Context, version int) (contentful.Item, error) // nil = not to be published
	edit     func(body object) ([]string, error)                             // changes body; says how
}

// maxConflicts is how often an item is edited anew that somebody else wrote to
// meanwhile.
const maxConflicts = 5

// plan returns what is to be done for t; the Change is zero for nothing.
func (t target) plan(ctx context.Context) (Change, error) {
	item, body, err := t.current(ctx)
	if err != nil {
		return Change{}, err
	}
	lines, err := t.edit(body)
	if err != nil {
		return Change{}, fmt.Errorf("%s %s: %w", t.kind, t.id, err)
	}
	c := Change{Action: "update", Kind: t.kind, ID: t.id, Lines: lines, apply: t.apply}
	switch {
	case item.Raw == nil:
		c.Action = "create"
	case t.publish == nil && len(lines) == 0:
		return Change{}, nil
	case t.publish != nil && len(lines) == 0 && item.Sys.PublishedVersion > 0:
		return Change{}, nil
	case t.publish != nil && item.Sys.PublishedVersion == 0:
		c.Lines = append(c.Lines, "~ publish: it is a draft")
	case t.publish != nil && item.Sys.Version > item.Sys.PublishedVersion+1:
		c.Lines = append(c.Lines, "! somebody's changes that are not published yet will be published with it")
	}
	return c, nil
}

// current reads t; a missing item has a nil Raw and an empty body.
func (t target) current(ctx context.Context) (contentful.Item, object, error) {
	item, err := t.read(ctx)
	if errors.Is(err, contentful.NotFound) {
		return contentful.Item{}, object{}, nil
	}
	if err != nil {
		return item, nil, rights(err)
	}
	var body object
	if err := item.Decode(&body); err != nil {
		return item, nil, err
	}
	delete(body, "sys")
	return item, body, nil
}

// apply edits and publishes t, again from the start if it was written to
// meanwhile.
func (t target) apply(ctx context.Context) error {
	var err error
	for range maxConflicts {
		if err = t.once(ctx); !errors.Is(err, contentful.VersionMismatch) {
			return err
		}
	}
	return fmt.Errorf("it is being edited by somebody else all the time: %w", err)
}

func (t target) once(ctx context.Context) error {
	item, body, err := t.current(ctx)
	if err != nil {
		return err
	}
	lines, err := t.edit(body)
	if err != nil {
		return err
	}
	if len(lines) > 0 || item.Raw == nil {
		if item, err = t.write(ctx, item.Sys.Version, body); err != nil {
			return err
		}
	}
	if t.publish == nil || len(lines) == 0 && item.Sys.PublishedVersion > 0 {
		return nil
	}
	_, err = t.publish(ctx, item.Sys.Version)
	return err
}

// planAll returns what is to be done for all targets.
func planAll(ctx context.Context, targets []target) (Plan, error) {
	plan := Plan{}
	for _, t := range targets {
		c, err := t.plan(ctx)
		if err != nil {
			return nil, err
		}
		if c.apply != nil {
			plan = append(plan, c)
		}
	}
	return plan, nil
}

// generic returns a value as it is after a round through JSON, so that it can be
// compared with what was read.
func generic(v any) any {
	encoded, err := json.Marshal(v)
	if err != nil {
		panic(fmt.Sprintf("%T is no JSON: %v", v, err)) // our own types always are
	}
	var out any
	if err := json.Unmarshal(encoded, &out); err != nil {
		panic(err)
	}
	return out
}
