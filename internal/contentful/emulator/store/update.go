package store

import (
	"slices"
	"time"
)

// An Event is something that was done to an entity, and what webhooks tell of.
type Event struct {
	Scope  *Scope
	Action string  // create, save, publish, unpublish, archive, unarchive, delete
	Entity *Entity // after it; before it, when deleted
	At     time.Time
}

// A Change is something that Sync tells: that an entry or asset was published,
// or no more is.
type Change struct {
	Seq     uint64    `json:"seq"`
	Entity  *Entity   `json:"entity"`           // as it was published, or was last
	Deleted time.Time `json:"deleted,omitzero"` // when it was unpublished or deleted; zero when it was published
}

// Changes returns what changed after the number since, each entity once with its
// latest change, in the order of the changes. It is false if the environment
// does not remember back to since.
func (s *Scope) Changes(since uint64) ([]Change, bool) {
	s.store.mu.RLock()
	defer s.store.mu.RUnlock()
	if since < s.data.since || since > s.store.seq {
		return nil, false
	}
	log := s.data.log
	from, _ := slices.BinarySearchFunc(log, since+1, func(c Change, seq uint64) int {
		return int(int64(c.Seq) - int64(seq)) //nolint:gosec // they count changes, far below 2^63
	})
	return latest(log[from:]), true
}

// latest returns the last change of each entity, in the order of the changes.
func latest(log []Change) []Change {
	var last []Change
	seen := map[key]bool{}
	for _, c := range slices.Backward(log) {
		if k := c.Entity.key(); !seen[k] {
			seen[k] = true
			last = append(last, c)
		}
	}
	slices.Reverse(last)
	return last
}

// A Tx is an update under way. It sees what it has written.
type Tx struct {
	scope  *Scope
	now    time.Time
	writes map[key]*Entity // nil = removed
	order  []key
	log    []Change
	events []Event
}

// Update calls f, and takes what it wrote into the scope unless f fails. No
// other update runs meanwhile, so f must be quick and may not read the store
// but through the Tx.
func (s *Scope) Update(f func(*Tx) error) error {
	s.store.mu.Lock()
	defer s.store.mu.Unlock()
	tx := &Tx{scope: s, now: s.store.now(), writes: map[key]*Entity{}}
	if err := f(tx); err != nil {
		return err
	}
	tx.commit()
	return nil
}

func (tx *Tx) commit() {
	d := tx.scope.data
	for _, k := range tx.order {
		if e := tx.writes[k]; e != nil {
			d.put(e)
		} else {
			d.remove(k)
		}
	}
	for _, c := range tx.log {
		tx.scope.store.seq++
		c.Seq = tx.scope.store.seq
		d.log = append(d.log, c)
	}
	if tell := tx.scope.store.opts.OnCommit; tell != nil && len(tx.order) > 0 {
		tell(tx.events)
	}
}

// Now returns the instant of the update.
func (tx *Tx) Now() time.Time { return tx.now }

// Get returns the entity of a kind with an id.
func (tx *Tx) Get(kind Kind, id string) (*Entity, bool) {
	if e, written := tx.writes[key{kind, id}]; written {
		return e, e != nil
	}
	e, ok := tx.scope.data.entities[kind][id]
	return e, ok
}

// List returns the entities of a kind as they were before the update.
func (tx *Tx) List(kind Kind) []*Entity { return tx.scope.data.list(kind) }

// Locales returns the locales as Scope.Locales does, as they were before the
// update.
func (tx *Tx) Locales() []LocaleInfo { return localeInfos(tx.List(Locale)) }

func (tx *Tx) write(k key, e *Entity) {
	if _, again := tx.writes[k]; !again {
		tx.order = append(tx.order, k)
	}
	tx.writes[k] = e
}

// put writes e and says what was done.
func (tx *Tx) put(e *Entity, action string) *Entity {
	tx.write(e.key(), e)
	tx.events = append(tx.events, Event{tx.scope, action, e, tx.now})
	return e
}
