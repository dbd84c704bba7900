// Package permutation keeps count of the permutations of pages: which keys were
// answered lately, how often, and which of them shared caches may keep.
//
// It upholds two rules. However many permutations a page has, shared caches are
// given at most so many of it, and the most wanted ones. And the limit never
// changes what anybody sees: a permutation beyond it is answered like any
// other, only that shared caches must not keep it.
//
// Who is asked for a page first comes first, as long as there is room. When
// there is none, Turn gives the place of the least wanted to one that is wanted
// half as much again, so that two that are wanted alike do not take turns.
package permutation

import (
	"cmp"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// DefaultCap is how many permutations of a page shared caches should keep.
const DefaultCap = 64

const (
	// Window is how far back answers count.
	Window = 15 * time.Minute
	// Step is how often Turn is to be called.
	Step = time.Minute

	steps = int(Window/Step) - 1 // besides the one under way
)

const (
	// perPage is how many permutations of a page are counted for each that
	// caches may keep. Those beyond are answered, but not told apart.
	perPage = 8
	// maxTotal bounds the permutations of all pages together; each takes about
	// 250 bytes. A permutation beyond it is not for shared caches.
	maxTotal = 250_000
	// maxRefs bounds the names of one page that are remembered.
	maxRefs = 8
)

// enough is how often a permutation must have been answered in the window to
// take the place of another.
const enough = 3

// A Place is a page, by the id of its entry, in a locale.
type Place struct{ Page, Locale string }

// A Ref is a page as it was asked for.
type Ref struct{ Page, Locale string }

// A Permutation is one way in which a page is put together.
type Permutation struct {
	Place
	Key string
}

// Options are the settings of a Registry.
type Options struct {
	Cap  int           // permutations of a page that shared caches may keep; 0 = DefaultCap
	Keep time.Duration // how long a cache may hold what it was given; 0 = a day
}

// A Registry knows the permutations that were answered lately. It is safe for
// concurrent use. What it knows is the answers of this process: answers that a
// cache gave count only where it asks for the key each time.
type Registry struct {
	cap  int
	keep int // steps

	mu    sync.Mutex // for all but counting
	pages map[Place]*Page
	total int
	turn  int // how often Turn was called
}

// New returns an empty Registry.
func New(o Options) *Registry {
	keep := cmp.Or(o.Keep, 24*time.Hour)
	return &Registry{cap: cmp.Or(o.Cap, DefaultCap), keep: max(steps, int((keep+Step-1)/Step)+1), pages: map[Place]*Page{}}
}

// A Page counts the permutations of one page in one locale.
type Page struct {
	at    Place
	of    *Registry
	known atomic.Pointer[map[string]*entry] // by key; replaced whole
	other atomic.Uint32                     // answers of keys that are not told apart, in this step

	refs atomic.Pointer[[]Ref] // replaced whole

	// What follows is guarded by Registry.mu.
	shared int // entries that are
	others [steps]uint32
}

// An entry is one permutation.
type entry struct {
	recent atomic.Uint32 // answers in this step
	shared atomic.Bool   // may shared caches keep it?

	counts [steps]uint32 // of the steps before, by turn
	last   int           // turn in which it was last answered
}

// Page returns the counts of a page, which must be one of the content: it is
// never forgotten.
func (r *Registry) Page(at Place) *Page {
	r.mu.Lock()
	defer r.mu.Unlock()
	p := r.pages[at]
	if p == nil {
		p = &Page{at: at, of: r}
		p.known.Store(&map[string]*entry{})
		p.refs.Store(&[]Ref{})
		r.pages[at] = p
	}
	return p
}

// Answered counts an answer with a key and reports whether shared caches may
// keep what it shows.
func (p *Page) Answered(key string) (shared bool) {
	e := (*p.known.Load())[key]
	if e == nil {
		if e = p.add(key); e == nil {
			return false
		}
	}
	e.recent.Add(1)
	return e.shared.Load()
}

// add begins to count a key; it returns nil, and has counted the answer, if
// there is no room.
func (p *Page) add(key string) *entry {
	r := p.of
	r.mu.Lock()
	defer r.mu.Unlock()
	known := *p.known.Load()
	if e := known[key]; e != nil { // another call was first
		return e
	}
	if len(known) >= perPage*r.cap || r.total >= maxTotal {
		p.other.Add(1)
		return nil
	}
	e := &entry{last: r.turn}
	if p.shared < r.cap {
		e.shared.Store(true)
		p.shared++
	}
	more := maps.Clone(known)
	more[key] = e
	p.known.Store(&more)
	r.total++
	return e
}

// Named remembers that a page was asked for as ref, as far as there is room.
func (p *Page) Named(ref Ref) {
	if known := *p.refs.Load(); slices.Contains(known, ref) || len(known) >= maxRefs {
		return
	}
	p.of.mu.Lock()
	defer p.of.mu.Unlock()
	if known := *p.refs.Load(); !slices.Contains(known, ref) {
		more := append(slices.Clone(known), ref)
		p.refs.Store(&more)
	}
}

// Refs returns the names under which a page was asked for.
func (r *Registry) Refs(at Place) []Ref {
	r.mu.Lock()
	defer r.mu.Unlock()
	if p := r.pages[at]; p != nil {
		return slices.Clone(*p.refs.Load())
	}
	return nil
}

// Held returns the permutations that caches may hold, in order.
func (r *Registry) Held() []Permutation {
	r.mu.Lock()
	defer r.mu.Unlock()
	held := make([]Permutation, 0, r.total)
	for at, p := range r.pages {
		for key := range *p.known.Load() {
			held = append(held, Permutation{at, key})
		}
	}
	slices.SortFunc(held, Permutation.Compare)
	return held
}

// Compare orders permutations by page, locale and key.
func (p Permutation) Compare(q Permutation) int {
	return cmp.Or(cmp.Compare(p.Page, q.Page), cmp.Compare(p.Locale, q.Locale), cmp.Compare(p.Key, q.Key))
}

// Forget drops permutations, say since their keys mean nothing any more.
func (r *Registry) Forget(list []Permutation) {
	r.mu.Lock()
	defer r.mu.Unlock()
	gone := map[Place][]string{}
	for _, p := range list {
		gone[p.Place] = append(gone[p.Place], p.Key)
	}
	for at, keys := range gone {
		if p := r.pages[at]; p != nil {
			p.drop(keys)
		}
	}
}

// drop forgets keys of p.
func (p *Page) drop(keys []string) {
	if len(keys) == 0 {
		return
	}
	known := maps.Clone(*p.known.Load())
	for _, key := range keys {
		e := known[key]
		if e == nil {
			continue
		}
		if e.shared.Load() {
			p.shared--
		}
		delete(known, key)
		p.of.total--
	}
	p.known.Store(&known)
}
