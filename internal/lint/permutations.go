package lint

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/segue-dev/segue/internal/experience"
	"github.com/segue-dev/segue/internal/permutation"
	"github.com/segue-dev/segue/internal/segment/syntax"
)

// maxCombinations bounds how many combinations of audiences and shares are gone
// through for a page. What comes together in few ways in so many is let pass.
const maxCombinations = 1 << 12

// permutations doubts pages that can be put together in very many ways. Pages
// with the same slots are one here.
func (c *checker) permutations(pages []string) {
	alike := map[string]bool{}
	for _, page := range pages {
		p := c.newPuzzle(page)
		key := strings.Join(p.slots, " ")
		if alike[key] {
			continue
		}
		alike[key] = true
		if p.combine(0, map[string]bool{}); len(p.seen) > c.maxPermutations() {
			c.doubt(Permutations, nil, syntax.Pos{}, "page %s, and whatever page has the same slots, can be put together in more than %d ways, which is more than caches should keep: let experiences share slots, or have fewer audiences or variants",
				page, c.maxPermutations())
		}
	}
}

// maxPermutations is how many permutations of a page caches keep.
func (c *checker) maxPermutations() int { return cmp.Or(c.Permutations, permutation.DefaultCap) }

// A puzzle is all the ways in which the slots of a page can be filled.
type puzzle struct {
	slots       []string
	experiences []*experience.Experience // in the order in which slots prefer them
	index       []int                    // of each experience; out if the visitor is not in it
	seen        map[string]bool
	combined    int
	most        int // permutations that nobody minds
}

const out = -1

// newPuzzle returns that of a page.
func (c *checker) newPuzzle(page string) *puzzle {
	p := &puzzle{seen: map[string]bool{}, most: c.maxPermutations()}
	for _, id := range c.Content.Reach(page, c.Content.DefaultLocale(), c.Experiences.Alternatives) {
		at := c.Experiences.At(id)
		if len(at) == 0 {
			continue
		}
		p.slots = append(p.slots, id)
		for _, e := range at {
			if !slices.Contains(p.experiences, e) {
				p.experiences = append(p.experiences, e)
			}
		}
	}
	slices.SortStableFunc(p.experiences, func(a, b *experience.Experience) int {
		return cmp.Compare(c.rank(a.Audience), c.rank(b.Audience))
	})
	p.index = make([]int, len(p.experiences))
	return p
}

// combine goes through what can become of the experiences from i on; audiences
// are those that are settled already.
func (p *puzzle) combine(i int, audiences map[string]bool) {
	if p.combined > maxCombinations || len(p.seen) > p.most {
		return
	}
	if i == len(p.experiences) {
		p.combined++
		p.seen[p.filled()] = true
		return
	}
	e := p.experiences[i]
	in, settled := audiences[e.Audience]
	for _, index := range indexes(e) {
		if !may(e, index, in, settled) {
			continue
		}
		p.index[i] = index
		if !settled {
			audiences[e.Audience] = index != out
		}
		p.combine(i+1, audiences)
	}
	if !settled {
		delete(audiences, e.Audience)
	}
}

// may reports whether a visitor can get an index of an experience, given whether
// they are in its audience, if that is settled.
func may(e *experience.Experience, index int, in, settled bool) bool {
	switch {
	case index != out:
		return in || !settled
	case e.Traffic < 1:
		return true
	default:
		return e.Audience != "" && (!in || !settled)
	}
}

// indexes returns what a visitor can get of an experience.
func indexes(e *experience.Experience) []int {
	all := []int{out}
	covered := 0.0
	for _, r := range e.Distribution {
		if r.End > r.Start {
			covered += r.End - r.Start
			all = append(all, r.Index)
		}
	}
	if covered < 1 {
		all = append(all, 0)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// filled names what the slots show.
func (p *puzzle) filled() string {
	var b strings.Builder
	for _, slot := range p.slots {
		shown := slot
		for i, e := range p.experiences {
			of := e.Component(slot)
			if of == nil || p.index[i] == out {
				continue
			}
			if k := p.index[i]; k > 0 && k <= len(of.Variants) {
				shown = fmt.Sprint(of.Variants[k-1])
			}
			break
		}
		b.WriteString(shown)
		b.WriteByte(0)
	}
	return b.String()
}
