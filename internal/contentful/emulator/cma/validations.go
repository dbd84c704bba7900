package cma

import (
	"encoding/json"
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"unicode/utf16"

	"github.com/segue-dev/segue/internal/contentful/emulator/store"
)

// A validator checks the values of one entity.
type validator struct {
	tx         *store.Tx
	self       *store.Entity
	problems   []problem
	unresolved []problem
}

func (v *validator) add(p problem) { v.problems = append(v.problems, p) }

// fault returns all that is wrong, or nil.
func (v *validator) fault() error {
	switch {
	case v.problems != nil:
		return invalid("InvalidEntry", append(v.problems, v.unresolved...)...)
	case v.unresolved != nil:
		return invalid("UnresolvedLinks", v.unresolved...)
	}
	return nil
}

// The limits of text that a field has without validations, in characters.
const (
	maxSymbol = 256
	maxText   = 50_000
	maxLinks  = 1000
)

// check checks a value against a field, and what is in a list against its items.
func (v *validator) check(f field, value any, path []any) {
	if !fits(f, value) {
		v.add(wrongType(f.kind, value, path))
		return
	}
	switch f.kind {
	case "Symbol":
		v.bounded(value, 0, maxSymbol, path)
	case "Text":
		v.bounded(value, 0, maxText, path)
	case "Link":
		v.link(value, path)
	case "RichText":
		v.richText(value, path)
	case "Array":
		v.bounded(value, 0, maxLinks, path)
		for i, item := range value.([]any) {
			v.check(*f.items, item, append(slices.Clone(path), i))
		}
	}
	for _, rule := range f.validations {
		v.rule(rule, f, value, path)
	}
}

// rule checks a value against a validation of its field.
func (v *validator) rule(rule store.Object, f field, value any, path []any) {
	for name, arg := range rule {
		n := len(v.problems)
		switch name {
		case "size":
			v.bounded(value, store.At(arg, "min"), store.At(arg, "max"), path)
		case "range":
			v.inRange(value, arg, path)
		case "dateRange":
			v.inDateRange(value, arg, path)
		case "regexp", "prohibitRegexp":
			v.pattern(name, value, arg, path)
		case "in":
			v.oneOf(value, arg, path)
		case "unique":
			v.unique(f, value, path)
		case "linkContentType", "linkMimetypeGroup":
			v.target(name, value, arg, path)
		case "enabledNodeTypes", "enabledMarks":
			v.nodes(name, value, arg, path)
		}
		if message := store.Text(rule, "message"); message != "" {
			for i := range v.problems[n:] {
				v.problems[n+i].Details = message
			}
		}
	}
}

// bounded checks the size of text, of a list or of an object; a nil bound is
// none.
func (v *validator) bounded(value, least, most any, path []any) {
	n := size(value)
	if n < 0 {
		return
	}
	lo, hi := number(least), number(most)
	if (lo == nil || float64(n) >= *lo) && (hi == nil || float64(n) <= *hi) {
		return
	}
	v.add(problem{Name: "size", Path: path, Value: value, Min: least, Max: most, Details: "Size must be " + between(least, most)})
}

// size returns how many UTF-16 units, items or members a value has; -1 = it has
// no size.
func size(value any) int {
	switch value := value.(type) {
	case string:
		return len(utf16.Encode([]rune(value)))
	case []any:
		return len(value)
	case store.Object:
		return len(value)
	}
	return -1
}

func between(least, most any) string {
	switch {
	case least == nil:
		return fmt.Sprintf("at most %v", most)
	case most == nil:
		return fmt.Sprintf("at least %v", least)
	}
	return fmt.Sprintf("at least %v and at most %v", least, most)
}

// number returns a number, or nil for what is none.
func number(v any) *float64 {
	var f float64
	switch v := v.(type) {
	case json.Number:
		var err error
		if f, err = v.Float64(); err != nil {
			return nil
		}
	case int:
		f = float64(v)
	default:
		return nil
	}
	return &f
}

func (v *validator) inRange(value, arg any, path []any) {
	n, lo, hi := number(value), number(store.At(arg, "min")), number(store.At(arg, "max"))
	if n == nil || (lo == nil || *n >= *lo) && (hi == nil || *n <= *hi) {
		return
	}
	v.add(problem{Name: "range", Path: path, Value: value, Min: store.At(arg, "min"), Max: store.At(arg, "max"), Details: "Value must be " + between(store.At(arg, "min"), store.At(arg, "max"))})
}

func (v *validator) inDateRange(value, arg any, path []any) {
	s, _ := value.(string)
	is, ok := date(s)
	if !ok {
		return
	}
	from, hasFrom := date(store.Text(arg, "min"))
	to, hasTo := date(store.Text(arg, "max"))
	if hasFrom && is.Before(from) || hasTo && is.After(to) {
		v.add(problem{Name: "dateRange", Path: path, Value: value, Min: store.At(arg, "min"), Max: store.At(arg, "max"), Details: "Date must be " + between(store.At(arg, "min"), store.At(arg, "max"))})
	}
}

// pattern checks text against a regular expression. Those that Go does not
// know, with look-around or back references, are not checked.
func (v *validator) pattern(name string, value, arg any, path []any) {
	s, ok := value.(string)
	flags := strings.Map(func(r rune) rune {
		if strings.ContainsRune("ims", r) {
			return r
		}
		return -1
	}, store.Text(arg, "flags"))
	pattern := store.Text(arg, "pattern")
	if flags != "" {
		pattern = "(?" + flags + ")" + pattern
	}
	re, err := regexp.Compile(pattern)
	if !ok || err != nil {
		return
	}
	if re.MatchString(s) != (name == "regexp") {
		v.add(problem{Name: name, Path: path, Value: value, Pattern: store.Text(arg, "pattern"), Details: "Does not match /" + store.Text(arg, "pattern") + "/"})
	}
}

func (v *validator) oneOf(value, arg any, path []any) {
	allowed, _ := arg.([]any)
	if _, isList := value.([]any); isList || slices.ContainsFunc(allowed, func(a any) bool { return reflect.DeepEqual(a, value) }) {
		return
	}
	v.add(problem{Name: "in", Path: path, Value: value, Allowed: arg, Details: "Value must be one of expected values"})
}

// unique checks that no other entry of the type is published with the value, in
// any locale.
func (v *validator) unique(f field, value any, path []any) {
	for _, e := range v.tx.List(store.Entry) {
		if e.ID == v.self.ID || e.ContentType != v.self.ContentType || e.Published == nil {
			continue
		}
		values, _ := store.Fields(e.Published.Body)[f.id].(store.Object)
		for _, other := range values {
			if reflect.DeepEqual(other, value) {
				v.add(problem{Name: "unique", Path: path, Value: value, Details: "Same field value present in other entry"})
				return
			}
		}
	}
}
