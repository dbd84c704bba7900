package segment

import (
	"slices"
	"strings"

	"github.com/segue-dev/segue/internal/signal"
)

// A prop is one value at a path. Predicates look at values only.
type prop = signal.Prop

// A property finds the values of a path that a rule names, in a signal.
type property struct {
	key     *key
	isName  bool       // a page or screen signal without it has its name for it
	others  []*key     // where it is if it is not at key
	onPage  *key       // where a page signal has it if not at key; may be nil
	derived *attribute // what it can be told from if it is nowhere; may be nil
}

// pageProperties are those that a page signal carries as properties or, as
// browsers send them, in its context.
var pageProperties = []string{"path", "url", "referrer", "title", "search"}

// propertyPath returns the path at which signals have the property that a rule
// calls by a path.
func propertyPath(path string) string {
	path = strings.TrimPrefix(path, "properties.")
	return strings.TrimPrefix(path, "traits.")
}

// newProperty returns the property at a path of signals.
func newProperty(path string, ks *keys) *property {
	p := &property{key: ks.of(path), isName: path == "name"}
	if slices.Contains(pageProperties, path) {
		p.onPage = ks.of("context.page." + path)
	}
	name := strings.TrimPrefix(strings.TrimPrefix(path, "context."), "page.")
	if parameterOf(name) != "" {
		p.derived = ks.attribute(name)
	}
	return p
}

// of returns p's values in s. The result may share buf.
func (p *property) of(s *item, buf *[2]prop) []prop {
	if vals := s.all(p.key); len(vals) > 0 {
		return vals
	}
	for _, k := range p.others {
		if vals := s.all(k); len(vals) > 0 {
			return vals
		}
	}
	switch {
	case p.isName && s.Name != "" && (s.Type == signal.Page || s.Type == signal.Screen):
		buf[0].Value = signal.TextOf(s.Name)
		return buf[:1]
	case p.onPage != nil && s.Type == signal.Page:
		return s.all(p.onPage)
	case p.derived != nil:
		return p.derived.in(s, buf)
	}
	return nil
}

// A propTest is a property and all it must pass.
type propTest struct {
	property *property
	tests    []test
}

// item reports whether s passes.
func (t *propTest) item(s *item) bool {
	var buf [2]prop
	vals := t.property.of(s, &buf)
	for i := range t.tests {
		if !t.tests[i].passes(vals) {
			return false
		}
	}
	return true
}
