package syntax

import (
	"math"
	"regexp"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"
)

// maxExact is the greatest number below which every whole number is exact.
const maxExact = 1 << 53

// maxPath is how many bytes the path of a property can have; none of a signal
// has more.
const maxPath = 200

// decimal is how numbers are written: what YAML would silently read as octal
// (007), hexadecimal or with underscores is refused.
var decimal = regexp.MustCompile(`^[-+]?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?$`)

// zoneForm is that of the names of time zones: UTC, or area and place.
var zoneForm = regexp.MustCompile(`^(UTC|[A-Z][A-Za-z]+/[A-Za-z0-9_+/-]+)$`)

var keyForm = regexp.MustCompile(`^[a-z0-9-]+$`)

// scalar reads a constant: text, a number or a boolean. A whole number that no
// float64 holds exactly, such as a long id, is kept as text.
func (r *reader) scalar(what string, n *yaml.Node) Scalar {
	switch {
	case n.Kind != yaml.ScalarNode:
		r.fail(n, "%s takes text, a number, true or false, not %s", what, show(n))
	case isText(n) && n.Style == 0 && decimal.MatchString(n.Value):
		r.fail(n, "%s is too large a number: write it in quotes if it is text", shorten(n.Value))
	case isText(n):
		return n.Value
	case n.Tag == "!!bool":
		return strings.EqualFold(n.Value, "true")
	case n.Tag == "!!int":
		if f := r.number(what, n); math.Abs(f) < maxExact {
			return f
		}
		return n.Value
	case n.Tag == "!!float":
		return r.number(what, n)
	default:
		r.fail(n, `%s takes a value, not %s: write exists: false for what is absent, "" for empty text`, what, show(n))
	}
	return ""
}

// anyText reads text that is not empty but may be blank.
func (r *reader) anyText(what string, n *yaml.Node) string {
	if isText(n) && n.Value != "" {
		return n.Value
	}
	return r.text(what, n)
}

// text reads text that is not blank.
func (r *reader) text(what string, n *yaml.Node) string {
	switch {
	case n.Kind == yaml.ScalarNode && !isText(n) && n.Tag != "!!null":
		r.fail(n, "%s takes text, not %s: write it in quotes", what, show(n))
	case !isText(n):
		r.fail(n, "%s takes text, not %s", what, show(n))
	case strings.TrimSpace(n.Value) == "":
		r.fail(n, "%s is blank: write some text", what)
	default:
		return n.Value
	}
	return ""
}

// number reads a finite decimal number.
func (r *reader) number(what string, n *yaml.Node) float64 {
	if n.Tag != "!!int" && n.Tag != "!!float" {
		r.fail(n, "%s takes a number, not %s%s", what, show(n), unquote(n))
		return 0
	}
	if !decimal.MatchString(n.Value) {
		r.fail(n, "%s is not a plain decimal number: write it in quotes if it is text, else without leading zeros, underscores or 0x", n.Value)
		return 0
	}
	f, err := strconv.ParseFloat(n.Value, 64)
	if err != nil {
		r.fail(n, "%s is too large a number", shorten(n.Value))
		return 0
	}
	return f + 0 // turns -0 into 0
}

// whole reads a whole number from least to most.
func (r *reader) whole(what string, n *yaml.Node, least, most int) int {
	if n.Tag == "!!int" && decimal.MatchString(n.Value) {
		if i, err := strconv.Atoi(n.Value); err == nil && least <= i && i <= most {
			return i
		}
	}
	r.fail(n, "%s takes a whole number from %d to %d, not %s%s", what, least, most, show(n), unquote(n))
	return least
}

// unquote returns advice for a number in quotes.
func unquote(n *yaml.Node) string {
	if isText(n) && decimal.MatchString(n.Value) {
		return ": write it without quotes"
	}
	return ""
}

func (r *reader) boolean(what string, n *yaml.Node) bool {
	if n.Tag != "!!bool" {
		r.fail(n, "%s takes true or false, not %s", what, show(n))
		return false
	}
	return strings.EqualFold(n.Value, "true")
}

// choice reads one of a few words.
func (r *reader) choice(what string, n *yaml.Node, words ...string) string {
	for _, word := range words {
		if isText(n) && n.Value == word {
			return word
		}
	}
	if better := suggest(n.Value, words); isText(n) && better != "" {
		r.fail(n, "%s takes %s, not %s: did you mean %s?", what, orList(words), show(n), better)
	} else {
		r.fail(n, "%s takes %s, not %s", what, orList(words), show(n))
	}
	return words[0]
}

// duration reads a duration.
func (r *reader) duration(what string, n *yaml.Node) time.Duration {
	if n.Kind != yaml.ScalarNode {
		r.fail(n, "%s takes a duration such as 48h, not %s", what, show(n))
		return 0
	}
	d, err := ParseDuration(n.Value)
	if err != nil {
		r.fail(n, "%s: %s is not a duration: %v", what, show(n), err)
	}
	return d
}

// positive reads a duration that is more than nothing.
func (r *reader) positive(what string, n *yaml.Node) time.Duration {
	mistakes := len(r.errs)
	d := r.duration(what, n)
	if d == 0 && len(r.errs) == mistakes {
		r.fail(n, "%s must be more than %s", what, n.Value)
	}
	return d
}

// property reads the path of a property. "properties." in front says nothing
// and is dropped.
func (r *reader) property(what string, n *yaml.Node) string {
	path := strings.TrimPrefix(r.text(what, n), "properties.")
	switch {
	case len(path) > maxPath:
		r.fail(n, "%s has more than %d bytes: no property is so long", shorten(path), maxPath)
	case path == "" && n.Value == "properties.":
		r.fail(n, "%s names no property: write its name after properties.", n.Value)
	}
	return path
}

// words returns a list of words as text.
func words[T ~string](all ...T) []string {
	text := make([]string, len(all))
	for i, word := range all {
		text[i] = string(word)
	}
	return text
}

func orList(words []string) string {
	if len(words) == 1 {
		return words[0]
	}
	return strings.Join(words[:len(words)-1], ", ") + " or " + words[len(words)-1]
}

// The following read the value of a key, if it is given.

func (f *fields) text(key string) string {
	if n := f.find(key); n != nil {
		return strings.TrimSpace(f.r.text(key, n)) // a text block ends in a line break
	}
	return ""
}

func (f *fields) property(key string) string {
	if n := f.find(key); n != nil {
		return f.r.property(key, n)
	}
	return ""
}

func (f *fields) whole(key string, least, most, otherwise int) int {
	if n := f.find(key); n != nil {
		return f.r.whole(key, n, least, most)
	}
	return otherwise
}

func (f *fields) number(key string) float64 {
	if n := f.find(key); n != nil {
		return f.r.number(key, n)
	}
	return 0
}

func (f *fields) boolean(key string) *bool {
	if n := f.find(key); n != nil {
		b := f.r.boolean(key, n)
		return &b
	}
	return nil
}

// choice returns the first word if key is not given.
func (f *fields) choice(key string, words ...string) string {
	if n := f.find(key); n != nil {
		return f.r.choice(key, n, words...)
	}
	return words[0]
}

func (f *fields) duration(key string) *time.Duration {
	if n := f.find(key); n != nil {
		d := f.r.duration(key, n)
		return &d
	}
	return nil
}

func (f *fields) positive(key string) *time.Duration {
	if n := f.find(key); n != nil {
		d := f.r.positive(key, n)
		return &d
	}
	return nil
}
