package content

import (
	"slices"
	"strings"

	"github.com/segue-dev/segue/internal/fault"
	"github.com/segue-dev/segue/internal/spelling"
)

// slugFields are the fields by which a page is found, the best first: the
// first that a content type has is the one that counts.
var slugFields = []string{"slug", "path", "url"}

// A slugKey is where an entry is found.
type slugKey struct {
	contentType string
	locale      int
	slug        string // with a leading slash
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

// slugsBy returns the slugs by which e is found, by locale. Of several entries
// with one slug the first by id is found: whether they ought to differ is not
// known, since buttons have slugs too.
func (e *Entry) slugsBy(field string) (slugs []string) {
	if field == "" {
		return nil
	}
	for at := range e.locales.codes {
		slug := spelling.ID(e.text(field, at))
		if slug == "" || !e.served(at) {
			continue
		}
		if slugs == nil {
			slugs = make([]string, len(e.locales.codes))
		}
		slugs[at] = withSlash(slug)
	}
	return slugs
}

// withSlash returns a slug with a leading slash.
func withSlash(slug string) string { return "/" + strings.TrimPrefix(slug, "/") }

// Page returns the id of the published entry that ref names: an entry id, or
// "contentType:slug". The slug is looked for in the field slug, or path, or
// url, whichever the type has first, with or without a leading slash. The error
// is a fault.NotFound that says what was tried and what there is instead.
func (s *Snapshot) Page(ref, locale string) (string, error) {
	at, ok := s.locales.find(locale)
	if !ok {
		return "", s.unknownLocale(locale)
	}
	if e := s.entries.get(ref); e != nil {
		if !e.served(at) {
			return "", fault.New(fault.NotFound, "page %q: %s", ref, s.whyNot(e, at))
		}
		return e.ID, nil
	}
	contentType, slug, ok := strings.Cut(ref, ":")
	if !ok {
		return "", fault.New(fault.NotFound, "page %q: no entry has this id; a page is named by its entry id or as contentType:slug", ref)
	}
	if ids := s.slugs.get(slugKey{contentType, at, withSlash(spelling.ID(slug))}); len(ids) > 0 {
		return ids[0], nil
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
