package resolve

import (
	"sync"

	"github.com/segue-dev/segue/internal/content"
	"github.com/segue-dev/segue/internal/decision"
	"github.com/segue-dev/segue/internal/fault"
	"github.com/segue-dev/segue/internal/permutation"
)

// A KeyedPage is a page as a key describes it: the same for every visitor, with
// merge tags left as placeholders.
type KeyedPage struct {
	*content.Page
	Of       permutation.Permutation // the page, its locale, and the key that it was composed for
	Outdated bool                    // the key asked for is not of the present slot table: this is the baseline page
	Shared   bool                    // shared caches may keep it
	Revision Revision
	kept     *composed
}

// Kept returns what make returns, which must depend on the page and Of alone.
// It is made once for as long as the page is kept, and kept with it.
func (p *KeyedPage) Kept(make func() any) any {
	if p.kept == nil {
		return make()
	}
	p.kept.once.Do(func() { p.kept.what = make() })
	return p.kept.what
}

// Page returns the page that key describes. An invalid or outdated key gives
// the baseline page, marked Outdated; an unknown page or locale is an error.
func (r *Resolver) Page(page, key, locale string) (*KeyedPage, error) {
	site := r.Site()
	p, err := site.plan(page, locale)
	if err != nil {
		return nil, err
	}
	if p.page == "" {
		return nil, fault.New(fault.Invalid, "page: missing")
	}
	answer := &KeyedPage{Of: permutation.Permutation{Place: p.counted(), Key: key}, Revision: site.Revision()}
	answer.kept, err = site.composeKey(p, key)
	switch fault.KindOf(err) {
	case "":
		answer.Shared = r.count(p, page, locale, key)
	case fault.Invalid, fault.NotFound:
		slots := p.Baseline(decision.Default)
		answer.Outdated, answer.Of.Key = true, string(p.AppendKey(nil, slots))
		if answer.kept, err = site.compose(p, answer.Of.Key, slots); err != nil {
			return nil, err
		}
	default:
		return nil, err
	}
	answer.Page = answer.kept.Page
	return answer, nil
}

// count counts an answer with a key for a page, which was asked for by a name,
// and reports whether shared caches may keep what it shows.
func (r *Resolver) count(p *plan, page, locale, key string) (shared bool) {
	answered := p.answered.Load()
	if answered == nil {
		answered = r.answered.Page(p.counted())
		p.answered.Store(answered)
	}
	answered.Named(permutation.Ref{Page: page, Locale: locale})
	return answered.Answered(key)
}

// A composed page, and what was made of it.
type composed struct {
	*content.Page
	once sync.Once
	what any
}

// compose returns the page of p with the choices of slots, whose key is key.
func (s *Site) compose(p *plan, key string, slots []decision.Slot) (*composed, error) {
	id := p.nameOf(key)
	if page, ok := s.pages.Get(id); ok {
		return page.(*composed), nil
	}
	page, err := s.Content.Compose(p.page, p.locale, chooser(slots))
	if err != nil {
		return nil, err
	}
	fresh := &composed{Page: page}
	if s.pages.ItemCount() < maxPages {
		s.pages.SetDefault(id, fresh)
	}
	return fresh, nil
}

// composeKey returns the page of p that key describes. The error is that of
// Choices for a key that is none of p.
func (s *Site) composeKey(p *plan, key string) (*composed, error) {
	if page, ok := s.pages.Get(p.nameOf(key)); ok {
		return page.(*composed), nil
	}
	slots, err := p.Choices(key)
	if err != nil {
		return nil, err
	}
	return s.compose(p, key, slots)
}

// counted is the place under which answers are counted.
func (p *plan) counted() permutation.Place { return permutation.Place{Page: p.page, Locale: p.locale} }

// nameOf names a page with a key among all that are composed.
func (p *plan) nameOf(key string) string { return p.page + "\x00" + p.locale + "\x00" + key }

// Changed returns which of some permutations show something else after a
// publish than before it, and of those which show nothing any more: the page is
// gone, or the key means nothing.
func Changed(before, after *Site, all []permutation.Permutation) (changed, gone []permutation.Permutation) {
	for _, p := range all {
		was, is := before.hash(p), after.hash(p)
		if was != is {
			changed = append(changed, p)
		}
		if is == "" {
			gone = append(gone, p)
		}
	}
	return changed, gone
}

// hash names what a permutation shows; "" if it shows nothing.
func (s *Site) hash(p permutation.Permutation) string {
	if s.Missing != nil {
		return ""
	}
	page, err := s.composeKey(s.planAt(place{p.Page, p.Locale}), p.Key)
	if err != nil {
		return ""
	}
	return page.Hash()
}
