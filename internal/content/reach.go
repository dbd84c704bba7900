package content

// Reach returns the ids of all entries that page can show in locale, page
// itself included, in a stable order: breadth first, for each entry first its
// alternatives and then its links in the order of the content type's fields.
// alternatives names the entries that may replace an entry; they are followed
// too. It is nil if page is not published in locale.
func (s *Snapshot) Reach(page, locale string, alternatives func(entry string) []string) []string {
	at, ok := s.locales.find(locale)
	if !ok {
		return nil
	}
	var reached []string
	seen := make(map[string]bool)
	reach := func(id string) {
		if e := s.entries.get(id); e != nil && !seen[id] && e.served(at) {
			seen[id] = true
			reached = append(reached, id)
		}
	}
	reach(page)
	for i := 0; i < len(reached); i++ {
		for _, id := range alternatives(reached[i]) {
			reach(id)
		}
		s.entries.get(reached[i]).eachLink(at, func(l *link) {
			if l.kind == toEntry {
				reach(l.id)
			}
		})
	}
	return reached
}

// eachLink calls visit with the links that pages show in a locale.
func (e *Entry) eachLink(locale int, visit func(*link)) {
	for i := range e.fields {
		f := &e.fields[i]
		if v := f.at[locale]; v != nil && !f.internal {
			v.eachLink(visit)
		}
	}
}
