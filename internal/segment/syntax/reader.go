package syntax

import (
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// A reader turns one source into definitions or a condition. It never stops at
// a mistake: it notes it and goes on with a harmless value, and whoever started
// it throws the result away if there are any notes.
type reader struct {
	file    string
	lines   []string              // of the source; nil for JSON
	origins map[*yaml.Node]origin // of JSON values; nil for YAML
	depth   int                   // of the condition being read
	errs    Errors
}

func (r *reader) pos(n *yaml.Node) Pos { return Pos{r.file, n.Line, n.Column} }

func (r *reader) fail(n *yaml.Node, format string, args ...any) {
	r.errs = append(r.errs, &Error{r.pos(n), r.path(n), fmt.Sprintf(format, args...)})
}

// show names what stands at n, for messages.
func show(n *yaml.Node) string {
	switch {
	case n.Kind == yaml.MappingNode:
		return "a map"
	case n.Kind == yaml.SequenceNode:
		return "a list"
	case n.Tag == "!!null":
		return "nothing"
	case isText(n):
		return fmt.Sprintf("%q", shorten(n.Value))
	default:
		return shorten(n.Value)
	}
}

func shorten(s string) string {
	const most = 60
	if letters := []rune(s); len(letters) > most {
		return string(letters[:most]) + "…"
	}
	return s
}

// isText reports whether n is text. What YAML takes for a date is text to us.
func isText(n *yaml.Node) bool {
	return n.Kind == yaml.ScalarNode && (n.Tag == "!!str" || n.Tag == "!!timestamp")
}

// A fields is a map of some form, of which each part takes its keys by name.
type fields struct {
	r      *reader
	node   *yaml.Node
	form   form
	keys   []*yaml.Node
	values []*yaml.Node
	advice map[string]string // for keys that belong elsewhere: what to do instead
}

// fields reads n as a map of a form. It reports what is missing of it or has no
// value; what is not of it is reported by close. If n is no map, the result has
// no fields and reports nothing more.
func (r *reader) fields(n *yaml.Node, form form) *fields {
	f := &fields{r: r, form: form}
	if n.Kind != yaml.MappingNode {
		r.fail(n, "%s is a map such as %s, not %s", form.noun, form.sample, show(n))
		return f
	}
	f.fill(n)
	for _, key := range form.keys {
		i := f.index(key.name)
		switch {
		case i < 0 && key.required:
			r.fail(n, "%s needs %s, as in %s", form.noun, key.name, form.sample)
		case i >= 0 && isNull(f.values[i]):
			r.fail(f.values[i], "%s has no value: give it one or leave it out", key.name)
		}
	}
	return f
}

// fill takes the keys and values of n.
func (f *fields) fill(n *yaml.Node) {
	f.node = n
	seen := make(map[string]*yaml.Node)
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		if key.Kind != yaml.ScalarNode || key.Value == "" {
			f.r.fail(key, "a key of %s is text, not %s", f.form.noun, show(key))
			continue
		}
		if first := seen[key.Value]; first != nil {
			f.r.fail(key, "%s is already given in line %d: keep one of the two", key.Value, first.Line)
			continue
		}
		seen[key.Value] = key
		f.keys, f.values = append(f.keys, key), append(f.values, value)
	}
}

func isNull(n *yaml.Node) bool { return n.Kind == yaml.ScalarNode && n.Tag == "!!null" }

// has reports whether key is given at all, even without a value.
func (f *fields) has(key string) bool { return f.index(key) >= 0 }

func (f *fields) index(key string) int {
	return slices.IndexFunc(f.keys, func(k *yaml.Node) bool { return k.Value == key })
}

// find returns the value of key. It is nil if there is none.
func (f *fields) find(key string) *yaml.Node {
	if i := f.index(key); i >= 0 && !isNull(f.values[i]) {
		return f.values[i]
	}
	return nil
}

// instead makes keys that people expect here, but that belong elsewhere, be
// refused with advice.
func (f *fields) instead(advice string, keys ...string) {
	if f.advice == nil {
		f.advice = make(map[string]string)
	}
	for _, key := range keys {
		f.advice[key] = advice
	}
}

// close reports the keys that are not of f's form.
func (f *fields) close() {
	noun := f.form.noun
	for _, key := range f.keys {
		if f.form.takes(key.Value) {
			continue
		}
		if advice := f.advice[key.Value]; advice != "" {
			f.r.fail(key, "%s takes no %s: %s", noun, key.Value, advice)
			continue
		}
		known := names(f.form.keys)
		if better := suggest(key.Value, known); better != "" {
			f.r.fail(key, "unknown key %q in %s: did you mean %s?", shorten(key.Value), noun, better)
			continue
		}
		f.r.fail(key, "unknown key %q in %s: it takes %s", shorten(key.Value), noun, strings.Join(known, ", "))
	}
}

// items reads n as a list that is not empty.
func (r *reader) items(what string, n *yaml.Node) []*yaml.Node {
	switch {
	case n.Kind != yaml.SequenceNode:
		r.fail(n, "%s takes a list in [ ] or with dashes, not %s", what, show(n))
		return nil
	case len(n.Content) == 0:
		r.fail(n, "%s has an empty list: put something into it or leave %s out", what, what)
	}
	return n.Content
}

// oneOrMore reads n as one item or a list of them.
func (r *reader) oneOrMore(what string, n *yaml.Node) []*yaml.Node {
	if n.Kind == yaml.SequenceNode {
		return r.items(what, n)
	}
	return []*yaml.Node{n}
}
