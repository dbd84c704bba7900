package query

import (
	"cmp"
	"slices"
	"strings"

	"github.com/segue-dev/segue/internal/rawjson"
)

// A term is one of what entities are ordered by.
type term struct {
	path path
	desc bool
	near *point // if set, by distance from there
}

// A sortValue is what one term orders an entity by.
type sortValue struct {
	Missing bool    `json:"m,omitempty"` // comes last, whichever the direction
	Number  float64 `json:"n,omitempty"`
	Text    string  `json:"t,omitempty"`
}

// A sortKey is the values of all terms, and the id.
type sortKey []sortValue

// unordered are the types that cannot be ordered by.
var unordered = []string{"Text", "RichText", "Object", "Array", "Location", "Link", "Links", "ResourceLink", "File"}

// terms reads parameter order.
func (s scope) terms(order string) ([]term, error) {
	var terms []term
	for name := range strings.SplitSeq(order, ",") {
		name, desc := strings.CutPrefix(strings.TrimSpace(name), "-")
		p, err := s.path(name)
		if err != nil {
			return nil, err
		}
		if slices.Contains(unordered, p.typ) || s.isList(p) {
			return nil, invalid(Detail{
				Name: "order", Path: p.parts, Type: p.typ,
				Details: p.typ + " fields do not support ordering. Consider using a Symbol field instead",
			})
		}
		terms = append(terms, term{path: p, desc: desc})
	}
	return terms, nil
}

// isList reports whether a path leads to a field that is a list.
func (s scope) isList(p path) bool {
	if p.parts[0] == "metadata" {
		return true
	}
	if p.parts[0] != "fields" {
		return false
	}
	f := s.ct.field(p.parts[1])
	return f != nil && f.Type == "Array"
}

// newest is the order of queries that ask for none.
func newest() []term {
	p, _ := sysPath("sys.updatedAt", []string{"updatedAt"}) // it is there
	return []term{{path: p, desc: true}}
}

// key returns what an entity is ordered by, in a slice of its own.
func (q *Query) key(e *Entity) sortKey {
	key := make(sortKey, 0, len(q.order)+1)
	for _, t := range q.order {
		key = append(key, t.value(e))
	}
	return append(key, sortValue{Text: e.ID})
}

func (t term) value(e *Entity) sortValue {
	if t.path.micros != nil {
		return sortValue{Number: float64(t.path.micros(e))}
	}
	if t.path.plain != nil {
		return sortValue{Text: t.path.plain(e)}
	}
	values := t.path.values(e)
	if len(values) == 0 {
		return sortValue{Missing: true}
	}
	if t.near != nil {
		at, ok := location(values[0])
		return sortValue{Missing: !ok, Number: t.near.distance(at)}
	}
	switch t.path.typ {
	case "Integer", "Number", "Date", "Boolean":
		n, ok := number(values[0], t.path.typ)
		return sortValue{Missing: !ok, Number: n}
	}
	return sortValue{Text: rawjson.Unquote(values[0])}
}

// compare orders keys.
func (q *Query) compare(a, b sortKey) int {
	for i, t := range q.order {
		x, y := a[i], b[i]
		if x.Missing || y.Missing {
			if x.Missing != y.Missing {
				return boolCompare(x.Missing, y.Missing)
			}
			continue
		}
		c := cmp.Or(cmp.Compare(x.Number, y.Number), cmp.Compare(x.Text, y.Text))
		if t.desc {
			c = -c
		}
		if c != 0 {
			return c
		}
	}
	last := len(q.order)
	return cmp.Compare(a[last].Text, b[last].Text)
}

// boolCompare puts false before true.
func boolCompare(a, b bool) int {
	switch {
	case a == b:
		return 0
	case b:
		return -1
	}
	return 1
}
