package config

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/segue-dev/segue/internal/segment/syntax"
	"github.com/segue-dev/segue/internal/spelling"
)

// documents returns the roots of a YAML stream's documents, empty ones left
// out.
func documents(file string, src []byte) ([]*yaml.Node, error) {
	decoder := yaml.NewDecoder(bytes.NewReader(src))
	var roots []*yaml.Node
	for {
		var doc yaml.Node
		err := decoder.Decode(&doc)
		if errors.Is(err, io.EOF) {
			return roots, nil
		}
		if err != nil {
			return nil, positioned(file, err)
		}
		if root := doc.Content[0]; root.Tag != "!!null" {
			roots = append(roots, root)
		}
	}
}

// decode fills dst from node. Keys that dst, a pointer to a struct with yaml
// tags, does not have are errors at any depth.
func decode(file string, node *yaml.Node, dst any) error {
	if err := checkShape(file, node, reflect.TypeOf(dst).Elem()); err != nil {
		return err
	}
	if err := node.Decode(dst); err != nil {
		return positioned(file, err)
	}
	return nil
}

// checkShape complains of every unknown or repeated key in node, which is to
// be decoded into a value of type t.
func checkShape(file string, node *yaml.Node, t reflect.Type) error {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	var errs []error
	switch {
	case t == reflect.TypeFor[yaml.Node](): // read by somebody else
	case t.Kind() == reflect.Slice && node.Kind == yaml.SequenceNode:
		for _, item := range node.Content {
			errs = append(errs, checkShape(file, item, t.Elem()))
		}
	case t.Kind() == reflect.Struct && node.Kind == yaml.MappingNode:
		fields := yamlFields(t)
		errs = append(errs, checkMapping(file, node, fields.names))
		for i := 0; i < len(node.Content); i += 2 {
			if field, ok := fields.types[node.Content[i].Value]; ok {
				errs = append(errs, checkShape(file, node.Content[i+1], field))
			}
		}
	}
	return errors.Join(errs...)
}

type fields struct {
	names []string
	types map[string]reflect.Type
}

func yamlFields(t reflect.Type) fields {
	f := fields{types: map[string]reflect.Type{}}
	for field := range t.Fields() {
		name, _, _ := strings.Cut(field.Tag.Get("yaml"), ",")
		f.names = append(f.names, name)
		f.types[name] = field.Type
	}
	return f
}

// checkMapping complains of keys of a mapping that are unknown or repeated.
func checkMapping(file string, node *yaml.Node, known []string) error {
	if node.Kind != yaml.MappingNode {
		return at(file, node, "expected keys and values, such as %s: …", known[0])
	}
	var errs []error
	seen := map[string]bool{}
	for i := 0; i < len(node.Content); i += 2 {
		key := node.Content[i]
		switch {
		case seen[key.Value]:
			errs = append(errs, at(file, key, "%s is given twice: keep one", key.Value))
		case !slices.Contains(known, key.Value):
			errs = append(errs, at(file, key, "unknown key %q%s", key.Value, didYouMean(key.Value, known)))
		}
		seen[key.Value] = true
	}
	return errors.Join(errs...)
}

// at returns an error about node.
func at(file string, node *yaml.Node, format string, args ...any) error {
	return &syntax.Error{
		Pos: syntax.Pos{File: file, Line: node.Line, Column: node.Column},
		Msg: fmt.Sprintf(format, args...),
	}
}

func place(file string, node *yaml.Node) string {
	return syntax.Pos{File: file, Line: node.Line, Column: node.Column}.String()
}

var yamlLine = regexp.MustCompile(`^(?:yaml: )?line (\d+): (.*)$`)

// positioned turns an error of the YAML library into one that begins with its
// place.
func positioned(file string, err error) error {
	messages := []string{err.Error()}
	if typed, ok := errors.AsType[*yaml.TypeError](err); ok {
		messages = typed.Errors
	}
	var errs []error
	for _, msg := range messages {
		if m := yamlLine.FindStringSubmatch(msg); m != nil {
			errs = append(errs, fmt.Errorf("%s:%s: %s", file, m[1], m[2]))
		} else {
			errs = append(errs, fmt.Errorf("%s: %s", file, strings.TrimPrefix(msg, "yaml: ")))
		}
	}
	return errors.Join(errs...)
}

// didYouMean returns "; did you mean "x"?" for the choice that is nearest to
// word, or nothing if none is near.
func didYouMean(word string, choices []string) string {
	best, _ := spelling.Nearest(word, choices)
	if best == "" {
		return ""
	}
	return fmt.Sprintf("; did you mean %q?", best)
}
