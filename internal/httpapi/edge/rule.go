package edge

import (
	"fmt"
	"strings"
)

// A Rule says which page the paths are that match it.
type Rule struct {
	prefix string // of the path
	open   bool   // more may follow prefix: the slug
	page   string // contentType:slug, entry id, or with open a content type
	locale string // "" = the content's default
}

// ParseRule reads a rule: a path, the page, and perhaps a locale, with blanks
// between. A path that ends in * matches all that begin with what is before it;
// what * stands for is then the slug, and the page is named by its content type
// alone:
//
//	/            page:home
//	/de/shop/*   product       de-DE
//	/*           page
func ParseRule(text string) (Rule, error) {
	parts := strings.Fields(text)
	if len(parts) < 2 || len(parts) > 3 || !strings.HasPrefix(parts[0], "/") {
		return Rule{}, fmt.Errorf("%q is no rule: write a path, a page and perhaps a locale, such as \"/blog/* article de-DE\"", text)
	}
	r := Rule{prefix: parts[0], page: parts[1]}
	r.prefix, r.open = strings.CutSuffix(parts[0], "*")
	if len(parts) == 3 {
		r.locale = parts[2]
	}
	switch {
	case strings.Contains(r.prefix, "*"):
		return Rule{}, fmt.Errorf("%q: * can only stand at the end of the path", text)
	case r.open && strings.Contains(r.page, ":"):
		return Rule{}, fmt.Errorf("%q: * stands for the slug: name the content type alone", text)
	}
	return r, nil
}

// match returns the page of a path.
func (r *Rule) match(path string) (page string, ok bool) {
	if !r.open {
		return r.page, trimmed(path) == trimmed(r.prefix)
	}
	slug, ok := strings.CutPrefix(path, r.prefix)
	if slug = strings.TrimSuffix(slug, "/"); !ok || slug == "" {
		return "", false
	}
	return r.page + ":" + slug, true
}

func trimmed(path string) string { return strings.TrimSuffix(path, "/") }

// pageOf returns the page and the locale of a path by the first of rules that
// matches; "" and locale if none does.
func pageOf(rules []Rule, path, locale string) (page, of string) {
	for i := range rules {
		if page, ok := rules[i].match(path); ok {
			if locale == "" {
				locale = rules[i].locale
			}
			return page, locale
		}
	}
	return "", locale
}
