package store

import (
	"encoding/json"
	"io"
	"maps"
	"slices"
	"time"

	"github.com/segue-dev/segue/internal/fault"
)

// format is the version of what Save writes.
const format = 1

// A dump is a store as Save writes it.
type dump struct {
	Format       int                  `json:"format"`
	Seq          uint64               `json:"seq"`
	Organization scopeDump            `json:"organization"`
	Template     scopeDump            `json:"template"`
	Basics       scopeDump            `json:"basics"`
	Spaces       map[string]spaceDump `json:"spaces"`
}

type spaceDump struct {
	Scope        scopeDump            `json:"scope"`
	Environments map[string]scopeDump `json:"environments"`
}

type scopeDump struct {
	Entities []*Entity    `json:"entities"`
	Since    uint64       `json:"since"`
	Log      []changeDump `json:"log,omitempty"`
}

// A changeDump is a change; of something published it names the entity, which is
// among the entities.
type changeDump struct {
	Seq     uint64    `json:"seq"`
	Kind    Kind      `json:"kind"`
	ID      string    `json:"id"`
	Deleted time.Time `json:"deleted,omitzero"`
	Entity  *Entity   `json:"entity,omitempty"` // of what was deleted
}

// Save writes all that the store remembers, for Restore.
func (s *Store) Save(w io.Writer) error {
	if err := json.NewEncoder(w).Encode(s.dump()); err != nil {
		return fault.Wrap(fault.Unavailable, err, "save the space")
	}
	return nil
}

func (s *Store) dump() dump {
	s.mu.RLock()
	defer s.mu.RUnlock()
	d := dump{
		Format: format, Seq: s.seq, Organization: s.organization.dump(), Template: s.template.dump(), Basics: s.basics.dump(),
		Spaces: map[string]spaceDump{},
	}
	for id, space := range s.spaces {
		sd := spaceDump{Scope: space.data.dump(), Environments: map[string]scopeDump{}}
		for name, env := range space.environments {
			sd.Environments[name] = env.dump()
		}
		d.Spaces[id] = sd
	}
	return d
}

func (d *data) dump() scopeDump {
	out := scopeDump{Since: d.since, Entities: []*Entity{}}
	for _, kind := range slices.Sorted(maps.Keys(d.entities)) {
		byID := d.entities[kind]
		for _, id := range slices.Sorted(maps.Keys(byID)) {
			out.Entities = append(out.Entities, byID[id])
		}
	}
	for _, c := range latest(d.log) {
		cd := changeDump{Seq: c.Seq, Kind: c.Entity.Kind, ID: c.Entity.ID, Deleted: c.Deleted}
		if !c.Deleted.IsZero() {
			cd.Entity = c.Entity.with(func(e *Entity) { e.Body, e.Published, e.History = nil, nil, nil })
		}
		out.Log = append(out.Log, cd)
	}
	return out
}

// Restore returns the store that Save has written. The error is a fault.Invalid.
func Restore(r io.Reader, o Options) (*Store, error) {
	dec := json.NewDecoder(r)
	dec.UseNumber()
	var d dump
	if err := dec.Decode(&d); err != nil {
		return nil, fault.Wrap(fault.Invalid, err, "not a saved space")
	}
	switch d.Format {
	case format:
	case 0:
		return nil, fault.New(fault.Invalid, "not a saved space")
	default:
		return nil, fault.New(fault.Invalid, "a saved space of format %d: this program reads format %d", d.Format, format)
	}
	s := New(o)
	s.seq = d.Seq
	s.organization, s.template, s.basics = d.Organization.restore(), d.Template.restore(), d.Basics.restore()
	for id, sd := range d.Spaces {
		space := &spaceData{data: sd.Scope.restore(), environments: map[string]*data{}}
		for name, env := range sd.Environments {
			space.environments[name] = env.restore()
		}
		s.spaces[id] = space
	}
	return s, nil
}

func (sd scopeDump) restore() *data {
	d := newData(sd.Since)
	for _, e := range sd.Entities {
		d.put(e)
	}
	for _, cd := range sd.Log {
		e := cd.Entity
		if e == nil {
			e = d.entities[cd.Kind][cd.ID]
		}
		if e != nil {
			d.log = append(d.log, Change{cd.Seq, e, cd.Deleted})
		}
	}
	return d
}
