package content

import "slices"

// Locales returns the codes of all locales, in the order in which they were
// added.
func (s *Snapshot) Locales() []string { return slices.Clone(s.locales.codes) }

// Pages returns the ids of the entries that have a slug, in ascending order.
func (s *Snapshot) Pages() []string {
	var ids []string
	for _, found := range s.slugs.all() {
		ids = append(ids, found[0])
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}

// Accepted returns, for each of some entries, the content types that every field
// which links to it accepts there; nil if none of them minds.
func (s *Snapshot) Accepted(ids []string) map[string][]string {
	wanted := make(map[string]bool, len(ids))
	for _, id := range ids {
		wanted[id] = true
	}
	accepted := make(map[string][]string, len(ids))
	for _, e := range s.byType[""] {
		t := s.types[e.Type]
		if t == nil {
			continue
		}
		for _, f := range t.Fields {
			if len(f.Accepts) > 0 {
				e.eachLinkOf(f.ID, func(l *link) {
					if wanted[l.id] {
						accepted[l.id] = common(accepted[l.id], f.Accepts)
					}
				})
			}
		}
	}
	return accepted
}

// eachLinkOf calls visit with the links of a field, in all locales.
func (e *Entry) eachLinkOf(field string, visit func(*link)) {
	for i := range e.fields {
		if f := &e.fields[i]; f.id == field {
			for _, v := range f.at {
				if v != nil {
					v.eachLink(visit)
				}
			}
		}
	}
}

// common returns what two lists have in common; a nil list stands for anything.
func common(a, b []string) []string {
	if a == nil {
		return slices.Clone(b)
	}
	return slices.DeleteFunc(a, func(s string) bool { return !slices.Contains(b, s) })
}
