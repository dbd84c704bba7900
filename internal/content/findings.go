package content

import (
	"cmp"
	"fmt"
	"slices"
)

// inspect adds what is doubtful with the entries, and puts all findings in
// order.
func (s *Snapshot) inspect() {
	s.findings = slices.Clone(s.model.findings)
	s.inspectTypes()
	for _, e := range s.assets.all() {
		s.findings = append(s.findings, e.doubts...)
	}
	for _, e := range s.byType[""] {
		s.findings = append(s.findings, e.doubts...)
		if e.State == Changed {
			s.doubt(e, "", "has changes that are not published: an export made with a management token holds the changed values, and they are shown")
		}
		if e.State == Published || e.State == Changed {
			s.inspectLinks(e)
		}
	}
	s.inspectCircles()
	slices.SortFunc(s.findings, func(a, b Finding) int {
		return cmp.Or(cmp.Compare(a.Entry, b.Entry), cmp.Compare(a.Field, b.Field), cmp.Compare(a.Message, b.Message))
	})
	s.findings = slices.Compact(s.findings)
}

// doubt records a finding.
func (s *Snapshot) doubt(e *Entry, field, format string, args ...any) {
	s.findings = append(s.findings, Finding{Entry: e.ID, Field: field, Message: fmt.Sprintf(format, args...)})
}

// inspectTypes names the content types that entries have but the content lacks.
func (s *Snapshot) inspectTypes() {
	for _, id := range sortedKeys(s.byType) {
		if id != "" && s.types[id] == nil {
			s.findings = append(s.findings, Finding{Message: fmt.Sprintf(
				"content type %q is missing: the fields of its entries (%d) are shown in order of name", id, len(s.byType[id]))})
		}
	}
}

// inspectLinks looks at every link of e, in all fields and locales.
func (s *Snapshot) inspectLinks(e *Entry) {
	for i := range e.fields {
		f := &e.fields[i]
		for at, v := range f.at {
			if v == nil {
				continue
			}
			v.eachLink(func(l *link) {
				if message := s.linkDoubt(l, at, f.accepts); message != "" {
					s.doubt(e, f.id, "%s", message)
				}
			})
		}
	}
}

// linkDoubt says what is wrong with a link in a locale, or "".
func (s *Snapshot) linkDoubt(l *link, locale int, accepts []string) string {
	to := s.target(l)
	switch {
	case l.kind == toOtherSpace:
		return fmt.Sprintf("links to %s in another space, which is not part of the content", l.id)
	case to == nil && l.kind == toEntry && s.assets.get(l.id) != nil:
		return fmt.Sprintf("links to entry %s, which is an asset", l.id)
	case to == nil && l.kind == toAsset && s.entries.get(l.id) != nil:
		return fmt.Sprintf("links to asset %s, which is an entry", l.id)
	case to == nil:
		return fmt.Sprintf("links to %s %s, which does not exist", l.kind, l.id)
	case to.State == Draft || to.State == Archived:
		return fmt.Sprintf("links to %s %s, which is not published (%s)", l.kind, l.id, to.State)
	case !to.served(locale):
		return fmt.Sprintf("links to %s %s, which is not published in locale %s", l.kind, l.id, s.locales.codes[locale])
	case l.kind == toEntry && len(accepts) > 0 && !slices.Contains(accepts, to.Type):
		return fmt.Sprintf("links to entry %s of content type %s, but accepts only %s", l.id, to.Type, list(accepts))
	}
	return ""
}

// inspectCircles names the circles of links that make pages too large to be
// followed everywhere. Other circles are harmless: composition ends where one
// closes.
func (s *Snapshot) inspectCircles() {
	for _, circle := range s.circles() {
		p, err := s.Compose(circle[0], "", func(id string) Choice { return Choice{Entry: id} })
		if err == nil && p.Cut {
			s.doubt(s.entries.get(circle[0]), "", "is one of %d entries that link to each other in so many circles that pages with them are cut: %s",
				len(circle), list(circle[:min(len(circle), maxNear)]))
		}
	}
}

// circles returns the groups of entries that reach each other over links shown
// in the default locale: each sorted, and those of one entry left out.
func (s *Snapshot) circles() [][]string {
	w := &walk{content: s, at: s.locales.standard, entered: make(map[*Entry]int), low: make(map[*Entry]int)}
	for _, e := range s.byType[""] {
		if e.served(w.at) && w.entered[e] == 0 {
			w.visit(e)
		}
	}
	return w.groups
}

// A walk finds the strongly connected groups of a graph in one pass, by
// Tarjan's method.
type walk struct {
	content *Snapshot
	at      int
	entered map[*Entry]int // position in the order of entering, from 1
	low     map[*Entry]int // the earliest entry on the stack that is reached; 0 = off the stack
	stack   []*Entry
	groups  [][]string
}

// visit enters e and everything it links to.
func (w *walk) visit(e *Entry) {
	w.entered[e] = len(w.entered) + 1
	w.low[e] = w.entered[e]
	w.stack = append(w.stack, e)
	e.eachLink(w.at, func(l *link) {
		to := w.content.target(l)
		if l.kind != toEntry || to == nil || !to.served(w.at) {
			return
		}
		if w.entered[to] == 0 {
			w.visit(to)
		}
		if w.low[to] != 0 {
			w.low[e] = min(w.low[e], w.low[to])
		}
	})
	if w.low[e] == w.entered[e] {
		w.leave(e)
	}
}

// leave takes the group that e was the first of off the stack.
func (w *walk) leave(e *Entry) {
	first := len(w.stack) - 1
	for w.stack[first] != e {
		first--
	}
	var group []string
	for _, member := range w.stack[first:] {
		w.low[member] = 0
		group = append(group, member.ID)
	}
	w.stack = w.stack[:first]
	if len(group) > 1 {
		slices.Sort(group)
		w.groups = append(w.groups, group)
	}
}
