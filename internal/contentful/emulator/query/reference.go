package query

import (
	"maps"
	"slices"
	"strings"
)

// references are the filters on what entries link to, by the field with the
// links: one target of the field must pass all of them.
type references map[string][]param

// A param is one parameter of a URL, its name below a field.
type param struct{ name, value string }

// take notes a parameter if it is about what a field links to: its content type
// or its fields.
func (r references) take(s scope, name, value string) bool {
	path, ok := strings.CutPrefix(name, "fields.")
	if !ok || s.ct == nil {
		return false
	}
	field, below, _ := strings.Cut(path, ".")
	f := s.ct.field(field)
	if f == nil || !f.isLink() || !strings.HasPrefix(below, "fields.") && !strings.HasPrefix(below, "sys.contentType.sys.id") {
		return false
	}
	r[field] = append(r[field], param{below, value})
	return true
}

// filters makes one filter for each field.
func (r references) filters(s scope) ([]filter, error) {
	var filters []filter
	for _, field := range slices.Sorted(maps.Keys(r)) {
		tests, err := r.targets(s, field)
		if err != nil {
			return nil, err
		}
		filters = append(filters, s.linksTo(field, tests))
	}
	return filters, nil
}

// targets returns the filters on what a field links to.
func (r references) targets(s scope, field string) ([]filter, error) {
	target := scope{space: s.space, kind: Entries, locale: s.locale}
	for _, p := range r[field] {
		if p.name == "sys.contentType.sys.id" {
			target.ct = s.space.Types[p.value]
			if target.ct == nil {
				return nil, invalid(Detail{Name: "unknownContentType", Value: p.value})
			}
		}
	}
	var tests []filter
	for _, p := range r[field] {
		name := "fields." + field + "." + p.name
		parts := operator.FindStringSubmatch(p.name)
		if parts == nil {
			return nil, unknown(name)
		}
		if target.ct == nil && strings.HasPrefix(p.name, "fields.") {
			return nil, invalid(Detail{
				Name: "reference", Path: strings.Split("fields."+field+"."+parts[1], "."),
				Details: "To filter by a field of what " + field + " links to, say which content type it has: fields." + field + ".sys.contentType.sys.id",
			})
		}
		path, err := target.path(parts[1])
		if err != nil {
			return nil, unknown("fields." + field + "." + parts[1])
		}
		test, err := path.filter(parts[2], p.value)
		if err != nil {
			return nil, err
		}
		tests = append(tests, test)
	}
	return tests, nil
}

// linksTo asks whether a field links to something that passes all tests.
func (s scope) linksTo(field string, tests []filter) filter {
	return func(e *Entity) bool {
		return !Links(s.space.Value(e, field, s.locale), func(l Link) bool {
			target := s.space.Find(l.Type, l.ID)
			return target == nil || !passes(target, tests) // go on
		})
	}
}

func passes(e *Entity, tests []filter) bool {
	for _, test := range tests {
		if !test(e) {
			return false
		}
	}
	return true
}
