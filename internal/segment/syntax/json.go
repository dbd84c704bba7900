package syntax

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
)

// ParseJSON reads one condition, as it stands below when, from JSON. name says
// in messages where it comes from, such as the entry of a CMS. If there are
// mistakes the error is an Errors, each of which names its place by line,
// column and JSON pointer.
func ParseJSON(src []byte, name string) (Cond, error) {
	r := &reader{file: name}
	var c Cond
	if root := r.readJSON(src); root != nil {
		c = r.cond(root)
	}
	if err := r.errs.sorted(); err != nil {
		return nil, err
	}
	return c, nil
}

// An origin says where a JSON value stands: in parent, at step.
type origin struct {
	parent *yaml.Node
	step   string
}

// path returns the JSON pointer of n, and "" in YAML.
func (r *reader) path(n *yaml.Node) string {
	var steps []string
	for o, found := r.origins[n]; found && o.parent != nil; o, found = r.origins[o.parent] {
		steps = append(steps, strings.NewReplacer("~", "~0", "/", "~1").Replace(o.step))
	}
	if len(steps) == 0 {
		return ""
	}
	slices.Reverse(steps)
	return "/" + strings.Join(steps, "/")
}

// readJSON returns src in the form in which YAML is read. It is nil if src is
// no JSON, which is reported.
func (r *reader) readJSON(src []byte) *yaml.Node {
	t := jsonReader{src: src, decoder: json.NewDecoder(bytes.NewReader(src)), line: 1, column: 1}
	var whole json.RawMessage
	if err := json.Unmarshal(src, &whole); err != nil {
		at := len(src)
		if s, ok := errors.AsType[*json.SyntaxError](err); ok && s.Offset > 0 {
			at = int(s.Offset) - 1
		}
		r.fail(t.place(min(at, len(src))), "not valid JSON: %v", err)
		return nil
	}
	for i := 0; i < len(src); {
		c, size := utf8.DecodeRune(src[i:])
		if c == utf8.RuneError && size == 1 {
			r.fail(t.place(i), "this is not UTF-8: send it in that encoding")
			return nil
		}
		i += size
	}
	t.decoder.UseNumber()
	t.origins = make(map[*yaml.Node]origin)
	r.origins = t.origins
	return t.value(origin{})
}

// A jsonReader turns JSON, known to be valid, into nodes.
type jsonReader struct {
	src          []byte
	decoder      *json.Decoder
	origins      map[*yaml.Node]origin
	offset       int // of the place that line and column name
	line, column int
}

// place returns a node at offset, which must not lie before that of the last
// call.
func (t *jsonReader) place(offset int) *yaml.Node {
	for t.offset < offset {
		c, size := utf8.DecodeRune(t.src[t.offset:])
		t.offset += size
		t.column++
		if c == '\n' {
			t.line, t.column = t.line+1, 1
		}
	}
	return &yaml.Node{Line: t.line, Column: t.column}
}

func (t *jsonReader) value(at origin) *yaml.Node {
	start := int(t.decoder.InputOffset())
	for start < len(t.src) && strings.IndexByte(" \t\r\n,:", t.src[start]) >= 0 {
		start++
	}
	n := t.place(start)
	t.origins[n] = at
	n.Kind = yaml.ScalarNode
	token, _ := t.decoder.Token() // cannot fail: the whole is valid
	switch token := token.(type) {
	case json.Delim:
		t.compound(n, token)
	case string:
		n.Tag, n.Value, n.Style = "!!str", token, yaml.DoubleQuotedStyle
	case json.Number:
		n.Tag, n.Value = "!!int", token.String()
		if strings.ContainsAny(n.Value, ".eE") {
			n.Tag = "!!float"
		}
	case bool:
		n.Tag, n.Value = "!!bool", fmt.Sprint(token)
	default:
		n.Tag = "!!null"
	}
	return n
}

func (t *jsonReader) compound(n *yaml.Node, open json.Delim) {
	n.Kind, n.Tag = yaml.SequenceNode, "!!seq"
	if open == '{' {
		n.Kind, n.Tag = yaml.MappingNode, "!!map"
	}
	for i := 0; t.decoder.More(); i++ {
		step := fmt.Sprint(i)
		if open == '{' {
			key := t.value(origin{n, ""})
			step = key.Value
			t.origins[key] = origin{n, step}
			n.Content = append(n.Content, key)
		}
		n.Content = append(n.Content, t.value(origin{n, step}))
	}
	_, _ = t.decoder.Token() // the closing bracket
}
