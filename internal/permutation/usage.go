package permutation

import (
	"cmp"
	"slices"
)

// A Usage says what was answered of a page in the window.
type Usage struct {
	Place
	Answers      int // all of them
	Other        int // those of permutations that were too many to tell apart
	Live         int // permutations that were answered
	Permutations []Share
}

// A Share is what one permutation has of the answers.
type Share struct {
	Key     string
	Answers int
	Share   float64 // of the page's answers, 0 to 1
	Shared  bool    // shared caches may keep it
}

// Usage returns what was answered of each page, or of the one with an id if
// page is not empty, the most wanted first. Those not answered in the window
// are left out.
func (r *Registry) Usage(page string) []Usage {
	r.mu.Lock()
	defer r.mu.Unlock()
	var all []Usage
	for at, p := range r.pages {
		if page != "" && at.Page != page {
			continue
		}
		if u := p.usage(); u.Answers > 0 {
			all = append(all, u)
		}
	}
	slices.SortFunc(all, func(a, b Usage) int {
		return cmp.Or(cmp.Compare(b.Answers, a.Answers), cmp.Compare(a.Page, b.Page), cmp.Compare(a.Locale, b.Locale))
	})
	return all
}

func (p *Page) usage() Usage {
	u := Usage{Place: p.at, Other: int(p.other.Load() + sum(p.others))}
	u.Answers = u.Other
	for key, e := range *p.known.Load() {
		if n := int(e.answers()); n > 0 {
			u.Permutations = append(u.Permutations, Share{Key: key, Answers: n, Shared: e.shared.Load()})
			u.Answers += n
		}
	}
	u.Live = len(u.Permutations)
	for i := range u.Permutations {
		s := &u.Permutations[i]
		s.Share = float64(s.Answers) / float64(u.Answers)
	}
	slices.SortFunc(u.Permutations, func(a, b Share) int {
		return cmp.Or(cmp.Compare(b.Answers, a.Answers), cmp.Compare(a.Key, b.Key))
	})
	return u
}

// Cap returns how many permutations of a page shared caches may keep.
func (r *Registry) Cap() int { return r.cap }
