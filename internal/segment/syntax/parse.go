package syntax

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
)

// Parse reads the segments of one YAML file, one in each document. file is its
// name in messages. If there are mistakes the error is an Errors with all of
// them and there are no definitions.
//
// What refers to other segments is not checked: that needs all of them.
func Parse(file string, src []byte) ([]Definition, error) {
	return ParseFiles(map[string][]byte{file: src})
}

// ParseFiles reads the segments of several YAML files, by the order of their
// names. If there are mistakes the error is an Errors with all of all files,
// which includes keys that are defined twice, and there are no definitions.
func ParseFiles(files map[string][]byte) ([]Definition, error) {
	var all []Definition
	var errs Errors
	seen := make(map[string]Pos)
	for _, file := range slices.Sorted(maps.Keys(files)) {
		r := newReader(file, files[file])
		for _, d := range r.definitions(files[file]) {
			if first, found := seen[d.Key]; found && d.Key != "" {
				r.errs = append(r.errs, &Error{Pos: d.Pos, Msg: fmt.Sprintf("segment %s is already defined at %s: give one of them another key", d.Key, first)})
			}
			seen[d.Key] = d.Pos
			all = append(all, d)
		}
		errs = append(errs, r.errs...)
	}
	if err := errs.sorted(); err != nil {
		return nil, err
	}
	return all, nil
}

// ParseCond reads one condition, as it stands below when, from YAML. name is
// its name in messages. If there are mistakes the error is an Errors.
func ParseCond(name string, src []byte) (Cond, error) {
	r := newReader(name, src)
	docs := r.documents(src)
	var c Cond
	switch {
	case len(docs) == 1:
		c = r.cond(docs[0])
	case len(r.errs) == 0:
		r.fail(&yaml.Node{Line: 1, Column: 1}, "write one condition here, such as count: {of: Product Viewed}")
	}
	if err := r.errs.sorted(); err != nil {
		return nil, err
	}
	return c, nil
}

// ParseMatch reads an event alone, or {of: EVENT, where: …}. name is its name in
// messages. If there are mistakes the error is an Errors.
func ParseMatch(name, text string) (Match, error) {
	if !strings.HasPrefix(text, "{") {
		text = "{of: " + strconv.Quote(text) + "}"
	}
	cond, err := ParseCond(name, []byte("never: "+text))
	if err != nil {
		return Match{}, err
	}
	return cond.(Never).Match, nil
}

func newReader(file string, src []byte) *reader {
	lines := strings.Split(string(src), "\n")
	for i, line := range lines {
		lines[i] = strings.TrimSuffix(line, "\r")
	}
	return &reader{file: file, lines: lines}
}

func (r *reader) definitions(src []byte) []Definition {
	var all []Definition
	for _, doc := range r.documents(src) {
		all = append(all, r.definition(doc))
	}
	if len(all) == 0 && len(r.errs) == 0 {
		r.fail(&yaml.Node{Line: 1, Column: 1}, "no segment here: write one, or remove the file")
	}
	return all
}

// documents returns the content of the documents of src that can be read.
// Empty ones are passed over.
func (r *reader) documents(src []byte) []*yaml.Node {
	if !r.checkLetters() {
		return nil
	}
	var docs []*yaml.Node
	for decoder := yaml.NewDecoder(strings.NewReader(string(src))); ; {
		var doc yaml.Node
		switch err := decoder.Decode(&doc); {
		case errors.Is(err, io.EOF):
			return docs
		case err != nil:
			r.failYAML(err)
			return docs
		}
		if root := doc.Content[0]; root.Tag != "!!null" && r.plain(root) {
			docs = append(docs, root)
		}
	}
}

// checkLetters reports the first place that is not text.
func (r *reader) checkLetters() bool {
	for i, line := range r.lines {
		for j, c := range line {
			var problem string
			switch size := utf8.RuneLen(c); {
			case c == utf8.RuneError && line[j:min(j+size, len(line))] != string(c):
				problem = "this is not UTF-8: save the file in that encoding"
			case c < ' ' && c != '\t' || c == 0x7f:
				problem = fmt.Sprintf("a control character (%q): remove it", c)
			default:
				continue
			}
			r.fail(&yaml.Node{Line: i + 1, Column: utf8.RuneCountInString(line[:j]) + 1}, "%s", problem)
			return false
		}
	}
	return true
}

// plain reports whether the tree below n holds nothing but what is written in
// place. Anchors, aliases and merge keys would make a rule say in one place
// what it means in another, and tags would hide what a value is.
func (r *reader) plain(n *yaml.Node) bool {
	readable := true
	switch {
	case n.Kind == yaml.AliasNode:
		r.fail(n, "aliases (*%s) are not supported: write the value out", n.Value)
		return false
	case n.Tag == "!!merge":
		r.fail(n, "merge keys (<<) are not supported: write the keys out")
		readable = false
	case n.Style&yaml.TaggedStyle != 0:
		r.fail(n, "tags (%s) are not supported: write text in quotes and numbers without", n.Tag)
		readable = false
	}
	if n.Anchor != "" {
		r.fail(n, "anchors (&%s) are not supported: write the value out where it is needed", n.Anchor)
		readable = false
	}
	for _, child := range n.Content {
		readable = r.plain(child) && readable
	}
	return readable
}

var (
	yamlError = regexp.MustCompile(`^(?:yaml: )?(?:line (\d+): )?(.*)$`)
	// countedFromZero are the problems of which the library counts the lines
	// from 0: those of its parser. It counts those of its scanner from 1.
	countedFromZero = regexp.MustCompile(`^did not find expected (key|node content|<document start>|'-' indicator|',' or .*)$`)
)

// yamlAdvice says what to do about the commonest errors of the YAML library.
var yamlAdvice = []struct{ problem, advice string }{
	{"found character that cannot start any token", "put text that begins with @, ` or % in quotes, and indent with spaces, not tabs"},
	{"mapping values are not allowed", "put text with a colon in quotes, and give keys of one map the same indentation"},
	{"did not find expected key", "give keys of one map the same indentation"},
	{"could not find expected ':'", "write key: value, with a space after the colon"},
	{"did not find expected '-' indicator", "give items of one list the same indentation"},
	{"did not find expected ',' or '}'", "close the { or write a comma between its entries"},
	{"did not find expected ',' or ']'", "close the [ or write a comma between its items"},
	{"found unexpected end of stream", "close the quotes"},
	{"did not find expected node content", "write a value here, in quotes if it has special characters"},
	{"did not find expected alphabetic or numeric character", "put text that begins with * or & in quotes"},
	{"did not find expected <document start>", "begin another document with ---"},
	{"unknown anchor", "aliases are not supported: write the value out, in quotes if it begins with *"},
}

// failYAML reports an error of the YAML library, which knows the line at most.
func (r *reader) failYAML(err error) {
	parts := yamlError.FindStringSubmatch(strings.SplitN(err.Error(), "\n", 2)[0])
	line, _ := strconv.Atoi(parts[1])
	problem := parts[2]
	if line > 0 && countedFromZero.MatchString(problem) {
		line++
	}
	line = min(max(line, 1), len(r.lines))
	advice := ""
	for _, a := range yamlAdvice {
		if strings.Contains(problem, a.problem) {
			advice = ": " + a.advice
			break
		}
	}
	text := r.lines[line-1]
	column := utf8.RuneCountInString(text) - utf8.RuneCountInString(strings.TrimLeft(text, " \t")) + 1
	r.fail(&yaml.Node{Line: line, Column: column}, "not valid YAML: %s%s", problem, advice)
}
