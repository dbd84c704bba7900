package content

import (
	"slices"
	"strings"

	"github.com/segue-dev/segue/internal/fault"
)

// slugFields are the fields by which a page is found, the best first: the
// first that a content type has is the one that counts.
var slugFields = []string{"slug", "path", "url"}

// A slugKey is where an entry is found.
type slugKey struct {
	contentType string
	locale      int
	slug        string // without leading slash
}

// slugField returns the field by which entries of t are found.
func (t *Type) slugField() (string, bool) {
	for _, name := range slugFields {
		if slices.ContainsFunc(t.Fields, func(f Field) bool { return f.ID == name }) {
			return name, true
		}
	}
	return "", false
}

// indexSlugs makes the published entries findable. Of several with one slug
// the first by id is found: whether they ought to differ is not known, since
// buttons have slugs too.
func (s *Snapshot) indexSlugs() {
	s.slugs = make(map[slugKey]*Entry)
	for id, t := range s.types {
		name, ok := t.slugField()
		if !ok {
			continue
		}
		for _, e := range s.byType[id] {
			for at := range s.locales.codes {
				s.indexSlug(e, name, at)
			}
		}
	}
}

// indexSlug makes e findable in one locale.
func (s *Snapshot) indexSlug(e *Entry, field string, locale int) {
	slug := e.text(field, locale)
	if slug == "" || !e.served(locale) {
		return
	}
	key := slugKey{e.Type, locale, strings.TrimPrefix(slug, "/")}
	if s.slugs[key] == nil {
		s.slugs[key] = e
	}
}

// Page returns the id of the published entry that ref names: an entry id, or
// "contentType:slug". The slug is looked for in the field slug, or path, or
// url, whichever the type has first, with or without a leading slash. The error
// is a fault.NotFound that says what was tried and what there is instead.
func (s *Snapshot) Page(ref, locale string) (string, error) {
	at, ok := s.locales.find(locale)
	if !ok {
		return "", s.unknownLocale(locale)
	}
	if e := s.entries[ref]; e != nil {
		if !e.served(at) {
			return "", fault.New(fault.NotFound, "page %q: %s", ref, s.whyNot(e, at))
		}
		return e.ID, nil
	}
	contentType, slug, ok := strings.Cut(ref, ":")
	if !ok {
		return "", fault.New(fault.NotFound, "page %q: no entry has this id; a page is named by its entry id or as contentType:slug", ref)
	}
	if e := s.slugs[slugKey{contentType, at, strings.TrimPrefix(slug, "/")}]; e != nil {
		return e.ID, nil
	}
	return "", s.noSuchPage(ref, contentType, slug, at)
}

// noSuchPage says why contentType:slug names nothing.
func (s *Snapshot) noSuchPage(ref, contentType, slug string, locale int) error {
	t := s.types[contentType]
	if t == nil {
		near := nearest(contentType, sortedKeys(s.types))
		return fault.New(fault.NotFound, "page %q: no content type %q; there is %s", ref, contentType, list(near))
	}
	name, ok := t.slugField()
	if !ok {
		return fault.New(fault.NotFound, "page %q: content type %q has no field %s: name the page by its entry id", ref, contentType, strings.Join(slugFields, ", "))
	}
	var known []string
	for _, e := range s.byType[contentType] {
		if have := e.text(name, locale); have != "" && e.served(locale) {
			known = append(known, have)
		}
	}
	return fault.New(fault.NotFound, "page %q: no published %s has the %s %q in locale %s; there is %s",
		ref, contentType, name, slug, s.locales.codes[locale], list(nearest(slug, known)))
}
