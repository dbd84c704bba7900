// Package content is what editors published: an immutable snapshot of entries,
// assets, types and locales at one revision, and the composition of pages from
// it.
//
// It upholds two rules: a page is never blank because of us, and what is
// missing is said, not hidden. A link that cannot be followed stays in the page
// as the link it is, with one mark beside its sys:
//
//	"unresolved": true   it leads nowhere, to a draft, or into another space; a
//	                      reason beside it, not-published or other-space, says which
//	"cycle": true        it leads back to what is around it
//	"tooDeep": true      the page was cut at Page.Cut, see Compose
//	"hidden": true       a hyperlink whose target shows nothing to this visitor
//
// The package knows no vendor: a Builder takes content in a neutral form, and a
// Vocabulary says which of it is meant for Segue rather than for readers.
package content

import (
	"iter"
	"sync"

	"github.com/segue-dev/segue/internal/fault"
)

// A Snapshot is all content at one revision. It is immutable and safe for
// concurrent use. Wherever it takes a locale, "" means the default locale.
type Snapshot struct {
	*model
	revision string
	sum      sum
	entries  index[string, *Entry]
	assets   index[string, *Entry]
	byType   map[string][]*Entry      // in order of id; "" = all
	slugs    index[slugKey, []string] // ids of the entries found there, in order
	topics   map[string][]string      // ids of the entries about each

	inspected sync.Once
	findings  []Finding
}

// Revision names the content: equal revisions hold equal content.
func (s *Snapshot) Revision() string { return s.revision }

// DefaultLocale returns the code of the locale that is served when none is
// asked for.
func (s *Snapshot) DefaultLocale() string { return s.locales.codes[s.locales.standard] }

// HasLocale reports whether code is a locale of the content.
func (s *Snapshot) HasLocale(code string) bool {
	_, ok := s.locales.index[code]
	return ok
}

// Entry returns the entry with an id, drafts included.
func (s *Snapshot) Entry(id string) (*Entry, bool) {
	e := s.entries.get(id)
	return e, e != nil
}

// Entries yields the entries of a content type ("" = all) in order of id,
// drafts included.
func (s *Snapshot) Entries(contentType string) iter.Seq[*Entry] {
	return func(yield func(*Entry) bool) {
		for _, e := range s.byType[contentType] {
			if !yield(e) {
				return
			}
		}
	}
}

// Publishable reports whether the entry exists, is published and may be shown
// in locale. An entry that is translated at all, but not into locale or a
// fallback of it, may not.
func (s *Snapshot) Publishable(id, locale string) bool {
	at, ok := s.locales.find(locale)
	e := s.entries.get(id)
	return ok && e != nil && e.served(at) && e.translated(at)
}

// Findings are what is wrong or doubtful with the content, in order of entry,
// field and message. They are found out at the first call. The result is shared:
// it must not be changed.
func (s *Snapshot) Findings() []Finding {
	s.inspected.Do(s.inspect)
	return s.findings
}

// A Finding is a doubt about one entry.
type Finding struct {
	Entry   string // id of an entry or asset; "" = the content as a whole
	Field   string // may be empty
	Message string
	LeftOut bool // the entry is not used because of it
}

// unknownLocale is the answer to a locale that the content does not have.
func (s *Snapshot) unknownLocale(code string) error {
	return fault.New(fault.NotFound, "locale %q: not a locale of the content; there are %s", code, list(s.locales.codes))
}
