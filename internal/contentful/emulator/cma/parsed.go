package cma

import (
	"encoding/json"
	"sync"

	"github.com/segue-dev/segue/internal/contentful/emulator/query"
	"github.com/segue-dev/segue/internal/contentful/emulator/store"
)

// A view is how entities are shown to queries.
type view func(*store.Entity) store.Object

// parsedLists remembers lists as queries take them, since to parse a large space
// for each page of it takes seconds. It is safe for concurrent use.
type parsedLists struct {
	mu    sync.Mutex
	lists map[listKey]parsedList
}

// A listKey names a list that is shown in one way.
type listKey struct {
	space, environment string
	kind               store.Kind
	public             bool
}

// A parsedList is a list as it was asked for last.
type parsedList struct {
	locales  string // the state of an entity in each of them is shown
	entities map[*store.Entity]*query.Entity
}

// of returns a list as queries take it. What was in it last time is not parsed
// again.
func (p *parsedLists) of(k listKey, locales string, all []*store.Entity, show view) []*query.Entity {
	p.mu.Lock()
	defer p.mu.Unlock()
	was := p.lists[k]
	if was.locales != locales {
		was.entities = nil
	}
	now := parsedList{locales, make(map[*store.Entity]*query.Entity, len(all))}
	list := make([]*query.Entity, 0, len(all))
	for _, e := range all {
		parsed, ok := was.entities[e]
		if !ok {
			parsed = parse(e, show)
		}
		now.entities[e] = parsed
		list = append(list, parsed)
	}
	if p.lists == nil {
		p.lists = map[listKey]parsedList{}
	}
	p.lists[k] = now
	return list
}

// parse returns an entity as queries take it.
func parse(e *store.Entity, show view) *query.Entity {
	p, err := query.Parse(encoded(show(e)))
	if err != nil { // an entity of the store has an id
		panic(err)
	}
	return p
}

func encoded(o store.Object) []byte {
	raw, err := json.Marshal(o)
	if err != nil { // what was read from JSON encodes
		panic(err)
	}
	return raw
}
