package permutation

import (
	"cmp"
	"slices"
)

// Turn ends a step of the window: what was answered before it begins is not
// counted any more, what no cache can hold any more is forgotten, and where a
// page has more permutations than shared caches may keep, those that are wanted
// more take the places of others. It returns those others, in order, so that
// caches can be told to drop them.
func (r *Registry) Turn() (demoted []Permutation) {
	r.mu.Lock()
	defer r.mu.Unlock()
	at := r.turn % steps
	for _, p := range r.pages {
		p.others[at] = p.other.Swap(0)
		var idle []string
		for key, e := range *p.known.Load() {
			if e.counts[at] = e.recent.Swap(0); e.counts[at] > 0 {
				e.last = r.turn
			}
			if r.turn-e.last >= r.keep {
				idle = append(idle, key)
			}
		}
		p.drop(idle)
		demoted = append(demoted, p.promote()...)
	}
	r.turn++
	slices.SortFunc(demoted, Permutation.Compare)
	return demoted
}

// A rank is the place of a permutation among those of its page.
type rank struct {
	key     string
	answers uint32
	entry   *entry
}

// promote fills the places of shared permutations with those most wanted, and
// returns those that lost theirs.
func (p *Page) promote() (demoted []Permutation) {
	known := *p.known.Load()
	if len(known) == p.shared {
		return nil
	}
	waiting, keeping := p.ranks()
	for len(waiting) > 0 {
		best := waiting[0]
		if p.shared < p.of.cap {
			best.entry.shared.Store(true)
			p.shared++
			waiting = waiting[1:]
			continue
		}
		if len(keeping) == 0 {
			break
		}
		weakest := keeping[len(keeping)-1]
		if best.answers < enough || best.answers <= weakest.answers+weakest.answers/2 {
			break
		}
		weakest.entry.shared.Store(false)
		best.entry.shared.Store(true)
		demoted = append(demoted, Permutation{p.at, weakest.key})
		waiting, keeping = waiting[1:], keeping[:len(keeping)-1]
	}
	return demoted
}

// ranks returns the permutations that wait for a place and those that have one,
// each the most wanted first and of equals the lesser key.
func (p *Page) ranks() (waiting, keeping []rank) {
	for key, e := range *p.known.Load() {
		one := rank{key, e.answers(), e}
		if e.shared.Load() {
			keeping = append(keeping, one)
		} else {
			waiting = append(waiting, one)
		}
	}
	slices.SortFunc(waiting, rank.compare)
	slices.SortFunc(keeping, rank.compare)
	return waiting, keeping
}

func (a rank) compare(b rank) int {
	return cmp.Or(cmp.Compare(b.answers, a.answers), cmp.Compare(a.key, b.key))
}

// answers are those of the window.
func (e *entry) answers() uint32 { return e.recent.Load() + sum(e.counts) }

func sum(counts [steps]uint32) (n uint32) {
	for _, c := range counts {
		n += c
	}
	return n
}
