package store

import (
	"maps"
	"slices"
	"sync"
	"time"
)

// Options say how a store starts.
type Options struct {
	// Environments are those every space starts with; none = "master".
	Environments []string
	Now          func() time.Time // nil = time.Now
	User         string           // who changes things; "" = "segue-user"
	// OnCommit is told what each update did, in the order of the updates. It is
	// called under the lock of the store, so it neither blocks nor reads here.
	OnCommit func([]Event)
}

// A Store is all that the stand-in remembers. It is safe for concurrent use.
type Store struct {
	opts     Options
	template *data // what a new environment of a new space has
	basics   *data // and what a new space has

	mu           sync.RWMutex
	seq          uint64
	organization *data
	spaces       map[string]*spaceData
}

// spaceData is a space: what belongs to it as a whole, and its environments.
type spaceData struct {
	data         *data
	environments map[string]*data
}

// New returns a store whose spaces start empty, but for the locale en-US.
func New(o Options) *Store {
	if len(o.Environments) == 0 {
		o.Environments = []string{"master"}
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.User == "" {
		o.User = "segue-user"
	}
	s := &Store{opts: o, organization: newData(0), spaces: map[string]*spaceData{}, basics: newData(0), template: newData(0)}
	s.template.put(englishLocale(s.now()))
	s.template.completeUsers(s.user())
	return s
}

func (s *Store) now() time.Time { return s.opts.Now().UTC().Truncate(time.Millisecond) }

func (s *Store) user() Link { return Link{"User", s.opts.User} }

// Seq returns the number of the latest change; see Scope.Changes.
func (s *Store) Seq() uint64 {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.seq
}

// Organization returns the organization. There is one, whatever its id.
func (s *Store) Organization(id string) *Scope {
	return &Scope{store: s, data: s.organization, Organization: id}
}

// organizationID is the organization of all spaces.
const organizationID = "segue-organization"

// Space returns a space, which comes to be if it has not been used before.
func (s *Store) Space(id string) *Scope {
	return &Scope{store: s, data: s.space(id).data, Organization: organizationID, Space: id}
}

// Spaces returns the ids of the spaces used so far, sorted.
func (s *Store) Spaces() []string {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return slices.Sorted(maps.Keys(s.spaces))
}

func (s *Store) space(id string) *spaceData {
	s.mu.RLock()
	space, ok := s.spaces[id]
	s.mu.RUnlock()
	if ok {
		return space
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.spaceLocked(id)
}

func (s *Store) spaceLocked(id string) *spaceData {
	if space, ok := s.spaces[id]; ok {
		return space
	}
	space := &spaceData{data: s.basics.clone(s.seq), environments: map[string]*data{}}
	for _, name := range s.opts.Environments {
		space.environments[name] = s.template.clone(s.seq)
		space.data.put(s.environmentEntity(name))
	}
	s.spaces[id] = space
	return space
}

func (s *Store) environmentEntity(name string) *Entity {
	now := s.now()
	return &Entity{
		Kind: Environment, ID: name, Version: 1, CreatedAt: now, UpdatedAt: now,
		CreatedBy: s.user(), UpdatedBy: s.user(), Body: Object{"name": name},
	}
}

// Environment returns an environment of a space by its id or by that of an
// alias; "" is master. It is false if the space has none of that name.
func (s *Store) Environment(space, name string) (*Scope, bool) {
	if name == "" {
		name = "master"
	}
	in := s.space(space)
	s.mu.RLock()
	defer s.mu.RUnlock()
	d, ok := in.environments[in.target(name)]
	if !ok {
		return nil, false
	}
	return &Scope{store: s, data: d, Organization: organizationID, Space: space, Environment: name}, true
}

// target returns the environment that a name means.
func (s *spaceData) target(name string) string {
	alias, ok := s.data.entities[Alias][name]
	if !ok {
		return name
	}
	return AliasTarget(alias)
}

// AliasTarget returns the id of the environment that an alias leads to.
func AliasTarget(alias *Entity) string {
	link, _ := alias.Body["environment"].(Object)
	sys, _ := link["sys"].(Object)
	id, _ := sys["id"].(string)
	return id
}

// Clone makes an environment with what another one has. It is false if there is
// no such source, or the new id is taken.
func (s *Store) Clone(space, source, id string, body Object) (*Entity, bool) {
	in := s.space(space)
	s.mu.Lock()
	defer s.mu.Unlock()
	from, ok := in.environments[in.target(source)]
	if _, taken := in.environments[in.target(id)]; !ok || taken {
		return nil, false
	}
	in.environments[id] = from.clone(s.seq)
	e := s.environmentEntity(id)
	e.Body = body
	in.data.put(e)
	s.tell(space, in, "create", e)
	return e, true
}

// Drop deletes an environment with all that is in it. It is false if there is
// none of that id.
func (s *Store) Drop(space, name string) bool {
	in := s.space(space)
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, ok := in.environments[name]; !ok {
		return false
	}
	delete(in.environments, name)
	e := in.data.entities[Environment][name]
	in.data.remove(e.key())
	s.tell(space, in, "delete", e)
	return true
}

// tell says what was done to an environment.
func (s *Store) tell(space string, in *spaceData, action string, e *Entity) {
	if s.opts.OnCommit != nil {
		scope := &Scope{store: s, data: in.data, Organization: organizationID, Space: space}
		s.opts.OnCommit([]Event{{scope, action, e, s.now()}})
	}
}

func englishLocale(now time.Time) *Entity {
	return &Entity{
		Kind: Locale, ID: "en-US", Version: 1, CreatedAt: now, UpdatedAt: now,
		Body: Object{
			"name": "English (United States)", "code": "en-US", "fallbackCode": nil, "default": true,
			"contentManagementApi": true, "contentDeliveryApi": true, "optional": false,
		},
	}
}
