package store

// Export returns the environment in the form of contentful-export, which
// contentful-import takes: what is archived is left out, drafts are in.
func (s *Scope) Export() Object {
	space := s.Whole()
	taxonomy := s.OfOrganization()
	export := Object{}
	for _, l := range lists {
		from := s
		switch l.kind {
		case Webhook, Role:
			from = space
		case Concept, ConceptScheme:
			from = taxonomy
		}
		items := []any{}
		for _, e := range from.List(l.kind) {
			if e.ArchivedVersion == 0 {
				items = append(items, from.Managed(e))
			}
		}
		if len(items) > 0 || from == s {
			export[l.name] = items
		}
	}
	return export
}
