package experience

import (
	"cmp"
	"errors"
	"maps"
	"slices"

	"github.com/segue-dev/segue/internal/fault"
)

// A Catalog is an immutable set of experiences, indexed. It is safe for
// concurrent use. What its methods return is shared: it must not be changed.
type Catalog struct {
	all          []*Experience
	slots        []string
	at           map[string][]*Experience
	alternatives map[string][]string
}

// NewCatalog indexes experiences; it keeps what they refer to. order gives, per
// baseline entry, the ids of the experiences attached to it in the editors'
// order of precedence; experiences that replace a baseline without being listed
// there follow in order of id, and listed ones that are not among all, or do
// not replace that baseline, have no place. The error names every duplicate id
// and every experience that cannot be assigned.
func NewCatalog(all []Experience, order map[string][]string) (*Catalog, error) {
	c := &Catalog{
		all:          make([]*Experience, len(all)),
		at:           map[string][]*Experience{},
		alternatives: map[string][]string{},
	}
	for i := range all {
		e := all[i]
		c.all[i] = &e
	}
	slices.SortStableFunc(c.all, func(a, b *Experience) int { return cmp.Compare(a.ID, b.ID) })
	if err := c.check(); err != nil {
		return nil, err
	}
	for _, e := range c.all {
		for i := range e.Components {
			c.add(e, &e.Components[i])
		}
	}
	for baseline, at := range c.at {
		arrange(at, order[baseline])
	}
	c.slots = slices.Sorted(maps.Keys(c.at))
	return c, nil
}

func (c *Catalog) check() error {
	var errs []error
	for i, e := range c.all {
		if err := e.Check(); err != nil {
			errs = append(errs, fault.Wrap(fault.Invalid, err, "experience %q", cmp.Or(e.ID, e.Name)))
		}
		if i > 0 && e.ID == c.all[i-1].ID && e.ID != "" {
			errs = append(errs, fault.New(fault.Invalid, "experience %q is there twice (%q and %q)", e.ID, c.all[i-1].Name, e.Name))
		}
	}
	return errors.Join(errs...)
}

func (c *Catalog) add(e *Experience, of *Component) {
	c.at[of.Baseline] = append(c.at[of.Baseline], e)
	entries := c.alternatives[of.Baseline]
	for _, v := range of.Variants {
		if v.Entry != "" && !slices.Contains(entries, v.Entry) {
			entries = append(entries, v.Entry)
		}
	}
	c.alternatives[of.Baseline] = entries
}

// arrange moves the listed experiences to the front, in the order of the list.
func arrange(at []*Experience, list []string) {
	rank := func(e *Experience) int {
		if i := slices.Index(list, e.ID); i >= 0 {
			return i
		}
		return len(list)
	}
	slices.SortStableFunc(at, func(a, b *Experience) int { return cmp.Compare(rank(a), rank(b)) })
}

// All returns the experiences in order of id.
func (c *Catalog) All() []*Experience { return c.all }

// Slots returns the ids of all entries that some experience can replace,
// sorted.
func (c *Catalog) Slots() []string { return c.slots }

// At returns the experiences that can replace a baseline, in order of
// precedence.
func (c *Catalog) At(baseline string) []*Experience { return c.at[baseline] }

// Alternatives returns the ids of all entries that may replace baseline, in
// order of the experiences' ids.
func (c *Catalog) Alternatives(baseline string) []string { return c.alternatives[baseline] }

// Component returns e's component for a baseline; nil if it has none.
func (e *Experience) Component(baseline string) *Component {
	i := slices.IndexFunc(e.Components, func(c Component) bool { return c.Baseline == baseline })
	if i < 0 {
		return nil
	}
	return &e.Components[i]
}
