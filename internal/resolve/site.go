package resolve

import (
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/patrickmn/go-cache"

	"github.com/segue-dev/segue/internal/content"
	"github.com/segue-dev/segue/internal/decision"
	"github.com/segue-dev/segue/internal/experience"
	"github.com/segue-dev/segue/internal/fault"
	"github.com/segue-dev/segue/internal/measure"
	"github.com/segue-dev/segue/internal/permutation"
	"github.com/segue-dev/segue/internal/segment"
)

const (
	// pageTTL is how long a composed page is kept.
	pageTTL = 10 * time.Minute
	// maxPages bounds the composed pages that are kept. Whoever asks for
	// every permutation of a page gets them, but does not fill the memory.
	maxPages = 4096
)

// A Site is all that is published at one moment: content, segments and
// experiences. A new one replaces it whole. It is safe for concurrent use.
type Site struct {
	Content     *content.Snapshot
	Segments    *segment.Set
	Experiences *experience.Catalog
	// Refused says why audiences of the content are no segments, by key: their
	// rules are not understood, so nobody is in them. It may be nil.
	Refused map[string]string
	// LeftOut says by audience which of its experiences in the content are not
	// understood, and why. It may be nil.
	LeftOut map[string][]string

	// Holdout are the visitors who get no experience at all.
	Holdout experience.Holdout
	// Measure is by what participation in experiences is measured; nil = it is
	// not.
	Measure *measure.Book
	// CostPerHour is what an hour of upkeep of a segment costs; 0 = unknown.
	CostPerHour float64
	// ExposeOnResolve says that an answer for a page counts as having seen it.
	ExposeOnResolve bool

	// Missing says why there is no content yet: pages are refused with it, a
	// fault.Unavailable. nil = there is.
	Missing error

	number uint64 // its own, of all sites of this process

	bare  bool         // there is no content: decisions alone
	plans sync.Map     // place → *plan; as many as pages × locales
	pages *cache.Cache // composed pages by place and key
}

var sites atomic.Uint64 // made so far

// NewSite puts a site together.
func NewSite(c *content.Snapshot, s *segment.Set, e *experience.Catalog) *Site {
	site := &Site{Content: c, Segments: s, Experiences: e, pages: cache.New(pageTTL, pageTTL), bare: true, number: sites.Add(1)}
	for range c.Entries("") {
		site.bare = false
		break
	}
	return site
}

// Revision names the rules and the content of the site.
func (s *Site) Revision() Revision {
	return Revision{Rules: s.Segments.Revision(), Content: s.Content.Revision()}
}

// A place is a page in a locale; an empty page is the whole content.
type place struct{ page, locale string }

// A plan is what can be decided and shown at a place.
type plan struct {
	place
	*decision.Plan
	concern  []bool                           // by segment: does it decide a slot of the plan?
	answered atomic.Pointer[permutation.Page] // what is counted of the place; nil = nothing yet
}

// plan returns the plan of the page that ref names.
func (s *Site) plan(ref, locale string) (*plan, error) {
	at, err := s.place(ref, locale)
	if err != nil {
		return nil, err
	}
	return s.planAt(at), nil
}

// planAt returns the plan of a place.
func (s *Site) planAt(at place) *plan {
	if p, ok := s.plans.Load(at); ok {
		return p.(*plan)
	}
	publishable := func(entry string) bool { return s.bare || s.Content.Publishable(entry, at.locale) }
	slots := s.slots(at)
	fresh := &plan{place: at, Plan: decision.NewPlan(s.Experiences, slots, publishable, s.priority), concern: s.concern(slots)}
	p, _ := s.plans.LoadOrStore(at, fresh)
	return p.(*plan)
}

func (s *Site) place(ref, locale string) (place, error) {
	if locale == "" {
		locale = s.Content.DefaultLocale()
	} else if !s.bare && !s.Content.HasLocale(locale) {
		return place{}, fault.New(fault.NotFound, "locale %q: not a locale of the content, whose default is %q", locale, s.Content.DefaultLocale())
	}
	if ref == "" {
		return place{locale: locale}, nil
	}
	if s.Missing != nil {
		return place{}, s.Missing
	}
	page, err := s.Content.Page(ref, locale)
	return place{page, locale}, err
}

// concern says of each segment whether it decides one of slots, or a variable.
func (s *Site) concern(slots []string) []bool {
	concern := make([]bool, s.Segments.Len())
	for _, e := range s.Experiences.All() {
		decides := func(slot string) bool { return e.Component(slot) != nil }
		if i, ok := s.Segments.Index(e.Audience); ok && (len(e.Variables) > 0 || slices.ContainsFunc(slots, decides)) {
			concern[i] = true
		}
	}
	return concern
}

// priority is that of a segment; an audience that is none has 0.
func (s *Site) priority(audience string) int {
	priority, _ := s.Segments.Priority(audience)
	return priority
}

// slots returns the entries that have experiences attached and can be shown at
// a place, in a stable order.
func (s *Site) slots(at place) []string {
	reachable := s.Experiences.Slots()
	if at.page != "" {
		reachable = s.Content.Reach(at.page, at.locale, s.Experiences.Alternatives)
	}
	var slots []string
	for _, id := range reachable {
		if len(s.Experiences.At(id)) > 0 && (s.bare || s.Content.Publishable(id, at.locale)) {
			slots = append(slots, id)
		}
	}
	return slots
}

// chooser tells Compose what slots show; an entry that is no slot shows itself.
func chooser(slots []decision.Slot) func(entry string) content.Choice {
	choices := make(map[string]content.Choice, len(slots))
	for _, s := range slots {
		if s.Variant == 0 && !s.Hidden {
			continue
		}
		choices[s.Baseline] = content.Choice{Entry: s.Entry, Hidden: s.Hidden, Experience: s.Experience, Variant: s.Variant}
	}
	return func(entry string) content.Choice {
		if c, ok := choices[entry]; ok {
			return c
		}
		return content.Choice{Entry: entry}
	}
}
