package cma

import (
	"fmt"
	"maps"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/segue-dev/segue/internal/contentful/emulator/store"
	"github.com/segue-dev/segue/internal/contentful/emulator/wire"
)

// A patchOp is an operation of a JSON Patch (RFC 6902).
type patchOp struct {
	Op    string `json:"op"`
	Path  string `json:"path"`
	From  string `json:"from"`
	Value any    `json:"value"`
}

func badPatch(format string, args ...any) error {
	return wire.Errorf(http.StatusUnprocessableEntity, "InvalidJsonPatch", format, args...)
}

func readPatch(body []byte) ([]patchOp, error) {
	var ops []patchOp
	if err := store.Decode(body, &ops); err != nil {
		return nil, badPatch("The body is not a JSON Patch: %v.", err)
	}
	return ops, nil
}

// patched returns body with the operations applied; body stays as it is.
func patched(body store.Object, ops []patchOp) (store.Object, error) {
	var doc any = body
	for i, op := range ops {
		var err error
		if doc, err = apply(doc, op); err != nil {
			return nil, badPatch("operation %d (%s %s): %v", i, op.Op, op.Path, err)
		}
	}
	o, ok := doc.(store.Object)
	if !ok {
		return nil, badPatch("The patch leaves no object.")
	}
	return o, nil
}

func apply(doc any, op patchOp) (any, error) {
	path, err := pointer(op.Path)
	if err != nil {
		return nil, err
	}
	switch op.Op {
	case "add":
		return edit(doc, path, put(op.Value, true))
	case "replace":
		return edit(doc, path, put(op.Value, false))
	case "remove":
		return edit(doc, path, remove)
	case "test":
		if v, ok := lookup(doc, path); !ok || !reflect.DeepEqual(v, op.Value) {
			return nil, fmt.Errorf("the value is another one")
		}
		return doc, nil
	case "move", "copy":
		return transfer(doc, op, path)
	}
	return nil, fmt.Errorf("not an operation")
}

// transfer moves or copies a value.
func transfer(doc any, op patchOp, to []string) (any, error) {
	from, err := pointer(op.From)
	if err != nil {
		return nil, err
	}
	value, ok := lookup(doc, from)
	if !ok {
		return nil, fmt.Errorf("from: there is nothing")
	}
	if op.Op == "move" {
		if doc, err = edit(doc, from, remove); err != nil {
			return nil, err
		}
	}
	return edit(doc, to, put(value, true))
}

var unescape = strings.NewReplacer("~1", "/", "~0", "~")

// pointer reads a JSON Pointer (RFC 6901).
func pointer(s string) ([]string, error) {
	if s == "" {
		return nil, nil
	}
	if !strings.HasPrefix(s, "/") {
		return nil, fmt.Errorf("a path starts with /")
	}
	path := strings.Split(s[1:], "/")
	for i := range path {
		path[i] = unescape.Replace(path[i])
	}
	return path, nil
}

func lookup(doc any, path []string) (any, bool) {
	for _, key := range path {
		switch in := doc.(type) {
		case store.Object:
			v, ok := in[key]
			if !ok {
				return nil, false
			}
			doc = v
		case []any:
			i, err := strconv.Atoi(key)
			if err != nil || i < 0 || i >= len(in) {
				return nil, false
			}
			doc = in[i]
		default:
			return nil, false
		}
	}
	return doc, true
}

// An editFunc changes what is at key in an object or list, which it may modify.
type editFunc func(in any, key string) (any, error)

// edit returns doc with f applied at the end of a path; doc stays as it is.
func edit(doc any, path []string, f editFunc) (any, error) {
	if len(path) == 0 {
		whole, err := f(store.Object{"": doc}, "")
		return store.At(whole, ""), err
	}
	copied, err := shallow(doc)
	if err != nil {
		return nil, err
	}
	if len(path) == 1 {
		return f(copied, path[0])
	}
	child, ok := lookup(copied, path[:1])
	if !ok {
		return nil, fmt.Errorf("there is nothing at %q", path[0])
	}
	changed, err := edit(child, path[1:], f)
	if err != nil {
		return nil, err
	}
	return put(changed, false)(copied, path[0])
}

func shallow(doc any) (any, error) {
	switch in := doc.(type) {
	case store.Object:
		return maps.Clone(in), nil
	case []any:
		return slices.Clone(in), nil
	}
	return nil, fmt.Errorf("a value that has no members")
}

// put sets a value; without insert it must be there already.
func put(value any, insert bool) editFunc {
	return func(in any, key string) (any, error) {
		switch in := in.(type) {
		case store.Object:
			if _, ok := in[key]; !ok && !insert {
				return nil, fmt.Errorf("there is nothing")
			}
			in[key] = value
			return in, nil
		case []any:
			return putItem(in, key, value, insert)
		}
		return nil, fmt.Errorf("a value that has no members")
	}
}

func putItem(list []any, key string, value any, insert bool) (any, error) {
	if key == "-" && insert {
		return append(list, value), nil
	}
	i, err := strconv.Atoi(key)
	switch {
	case err != nil || i < 0 || i > len(list) || i == len(list) && !insert:
		return nil, fmt.Errorf("%q is no place in a list of %d", key, len(list))
	case insert:
		return slices.Insert(list, i, value), nil
	}
	list[i] = value
	return list, nil
}

func remove(in any, key string) (any, error) {
	if _, ok := lookup(in, []string{key}); !ok {
		return nil, fmt.Errorf("there is nothing")
	}
	if o, ok := in.(store.Object); ok {
		delete(o, key)
		return o, nil
	}
	list, _ := in.([]any)
	i, _ := strconv.Atoi(key)
	return slices.Delete(list, i, i+1), nil
}
