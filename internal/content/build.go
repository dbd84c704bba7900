package content

import "maps"

// A model is what content of a space has in common: all but the entries and
// assets themselves. It is immutable.
type model struct {
	vocabulary Vocabulary
	locales    *locales
	types      map[string]*Type
	forms      map[string]*form    // by content type; of "" that of assets
	broader    map[string][]string // by concept
	topics     map[string][]string // known even if no entry has them: no ids
	digest     string
	findings   []Finding
}

// Build returns the snapshot of what was added. The only content it refuses is
// one without locales; everything else that is doubtful becomes a Finding.
func (b *Builder) Build() (*Snapshot, error) {
	m, err := b.model()
	if err != nil {
		return nil, err
	}
	empty := &Snapshot{model: m}
	var c Change
	for _, item := range b.entries {
		c.Entries = append(c.Entries, *item)
	}
	for _, item := range b.assets {
		c.Assets = append(c.Assets, *item)
	}
	return empty.With(c)
}

// model returns the model that was added.
func (b *Builder) model() (*model, error) {
	locales, findings, err := newLocales(b.locales)
	if err != nil {
		return nil, err
	}
	m := &model{
		vocabulary: b.Vocabulary, locales: locales, types: b.types, forms: make(map[string]*form, len(b.types)+1),
		broader: b.broader, topics: b.topics(), digest: b.digest(), findings: findings,
	}
	for id, t := range b.types {
		m.forms[id] = m.form(t)
	}
	m.forms[""] = m.form(assetType)
	return m, nil
}

// A Change is what one snapshot differs in from another.
type Change struct {
	Entries, Assets               []Item   // added, or in place of those with their ids
	RemovedEntries, RemovedAssets []string // ids
}

// With returns the snapshot that differs from s by a change. It takes time by
// the size of the change rather than of the content. The error is a
// fault.Invalid for an item that a Builder would refuse.
func (s *Snapshot) With(c Change) (*Snapshot, error) {
	entries, err := s.made(c.Entries, "Entry")
	if err != nil {
		return nil, err
	}
	assets, err := s.made(c.Assets, "Asset")
	if err != nil {
		return nil, err
	}
	n := &next{from: s, sum: s.sum}
	n.entries(entries, c.RemovedEntries)
	n.assets(assets, c.RemovedAssets)
	return n.snapshot(), nil
}

// A next is a snapshot in the making.
type next struct {
	from *Snapshot
	to   Snapshot
	sum  sum

	groups map[string][]edit[*Entry] // by content type; of "" all
	topics map[string][]edit[string]
	slugs  map[slugKey][]edit[string]
}

// entries puts and removes entries.
func (n *next) entries(put []*Entry, removed []string) {
	n.groups = make(map[string][]edit[*Entry])
	n.topics = make(map[string][]edit[string])
	n.slugs = make(map[slugKey][]edit[string])
	index := n.from.entries.edit()
	for _, id := range removed {
		if e := index.get(id); e != nil {
			n.replace(e, nil)
			index.remove(id)
		}
	}
	for _, e := range put {
		n.replace(index.get(e.ID), e)
		index.set(e.ID, e)
	}
	n.to.entries = index.index
}

// assets puts and removes assets.
func (n *next) assets(put []*Entry, removed []string) {
	index := n.from.assets.edit()
	for _, id := range removed {
		if e := index.get(id); e != nil {
			n.sum.subtract(e.sum)
			index.remove(id)
		}
	}
	for _, e := range put {
		if before := index.get(e.ID); before != nil {
			n.sum.subtract(before.sum)
		}
		n.sum.add(e.sum)
		index.set(e.ID, e)
	}
	n.to.assets = index.index
}

// replace notes that an entry takes the place of another; either may be nil.
func (n *next) replace(before, after *Entry) {
	if before != nil {
		n.sum.subtract(before.sum)
		n.regroup(before.Type, edit[*Entry]{id: before.ID})
		n.index(before, false)
	}
	if after != nil {
		n.sum.add(after.sum)
		n.regroup(after.Type, edit[*Entry]{after.ID, true, after})
		n.index(after, true)
	}
}

// regroup notes an edit of the lists that an entry of a type is in.
func (n *next) regroup(contentType string, e edit[*Entry]) {
	n.groups[""] = append(n.groups[""], e)
	n.groups[contentType] = append(n.groups[contentType], e)
}

// index notes by what an entry is found, or no longer.
func (n *next) index(e *Entry, put bool) {
	one := edit[string]{e.ID, put, e.ID}
	for _, topic := range e.topics {
		n.topics[topic] = append(n.topics[topic], one)
	}
	for at, slug := range e.slugs {
		if slug != "" {
			key := slugKey{e.Type, at, slug}
			n.slugs[key] = append(n.slugs[key], one)
		}
	}
}

// snapshot returns what was made.
func (n *next) snapshot() *Snapshot {
	s := &Snapshot{model: n.from.model, entries: n.to.entries, assets: n.to.assets, sum: n.sum}
	s.revision = revisionOf(s.digest, s.sum)
	s.byType = regrouped(n.from.byType, n.groups)
	s.topics = n.newTopics()
	slugs := n.from.slugs.edit()
	for key, edits := range n.slugs {
		if ids := merged(slugs.get(key), edits, itself); len(ids) > 0 {
			slugs.set(key, ids)
		} else {
			slugs.remove(key)
		}
	}
	s.slugs = slugs.index
	return s
}

func itself(id string) string { return id }

// regrouped returns the entries of each type after edits.
func regrouped(groups map[string][]*Entry, edits map[string][]edit[*Entry]) map[string][]*Entry {
	now := make(map[string][]*Entry, len(groups)+len(edits))
	maps.Copy(now, groups)
	for contentType, some := range edits {
		entries := merged(now[contentType], some, func(e *Entry) string { return e.ID })
		if len(entries) > 0 {
			now[contentType] = entries
		} else {
			delete(now, contentType)
		}
	}
	return now
}
