package store

import (
	"maps"
	"slices"
	"time"
)

// An Object is a JSON object. Whoever gets one from this package may not
// modify it.
type Object = map[string]any

// A Kind is a type of entity, as its sys.type says.
type Kind string

// The kinds that have states or rules of their own here. Others are kept too,
// by whatever their sys.type says.
const (
	Entry           Kind = "Entry"
	Asset           Kind = "Asset"
	ContentType     Kind = "ContentType"
	EditorInterface Kind = "EditorInterface" // its ID here is that of the content type
	Locale          Kind = "Locale"
	Tag             Kind = "Tag"
	Concept         Kind = "TaxonomyConcept"
	ConceptScheme   Kind = "TaxonomyConceptScheme"
	Environment     Kind = "Environment"
	Alias           Kind = "EnvironmentAlias"
	Webhook         Kind = "WebhookDefinition"
	SigningSecret   Kind = "WebhookSigningSecret" // of a space, with the ID TheSecret
	Role            Kind = "Role"
	ScheduledAction Kind = "ScheduledAction"
	Release         Kind = "Release"
	AppDefinition   Kind = "AppDefinition"
	AppInstallation Kind = "AppInstallation"

	// Of an app, whose ID they have.
	AppSigningSecret     Kind = "AppSigningSecret"
	AppEventSubscription Kind = "AppEventSubscription"
)

// TheSecret is the ID of the secret that the webhooks of a space are signed with;
// its body is {"value": …}.
const TheSecret = "secret"

// A Link names an entity, such as the user who changed something.
type Link struct {
	LinkType string `json:"linkType"`
	ID       string `json:"id"`
}

// Object returns the link as JSON shows it.
func (l Link) Object() Object {
	return Object{"sys": Object{"type": "Link", "linkType": l.LinkType, "id": l.ID}}
}

// An Entity is something at one version. It is immutable.
type Entity struct {
	Kind        Kind   `json:"kind"`
	ID          string `json:"id"`
	ContentType string `json:"contentType,omitempty"` // of an entry
	Visibility  string `json:"visibility,omitempty"`  // of a tag: "public" or "private"

	// More are members of sys of its kind only, such as the status of an action.
	More Object `json:"more,omitempty"`

	Version   int       `json:"version"`
	CreatedAt time.Time `json:"createdAt"`
	UpdatedAt time.Time `json:"updatedAt"`
	CreatedBy Link      `json:"createdBy"`
	UpdatedBy Link      `json:"updatedBy"`

	ArchivedVersion int       `json:"archivedVersion,omitempty"` // 0 = not archived
	ArchivedAt      time.Time `json:"archivedAt,omitzero"`
	PublishedCount  int       `json:"publishedCount,omitempty"` // how often it was published
	FirstPublished  time.Time `json:"firstPublished,omitzero"`

	Body      Object    `json:"body"`                // all but sys
	Published *Snapshot `json:"published,omitempty"` // nil when not published
	// History are the snapshots so far, oldest first, at most maxHistory.
	History []*Snapshot `json:"history,omitempty"`
}

// maxHistory is how many snapshots of one entity are kept.
const maxHistory = 20

// A Snapshot is what was published.
type Snapshot struct {
	Version  int       `json:"version"`  // that was published
	Revision int       `json:"revision"` // counts publications
	Since    time.Time `json:"since"`    // of the first publication
	At       time.Time `json:"at"`       // of this one
	Body     Object    `json:"body"`
	// Locales are those published, sorted; nil when all are, which is so unless
	// locales were published one by one.
	Locales []string `json:"locales,omitempty"`
}

// Fields returns the fields of a body: {field: {locale: value}}.
func Fields(body Object) Object {
	fields, _ := body["fields"].(Object)
	return fields
}

// InLocale reports whether the locale is published.
func (s *Snapshot) InLocale(code string) bool {
	return s.Locales == nil || slices.Contains(s.Locales, code)
}

// Draft reports whether e was never published, or no more is.
func (e *Entity) Draft() bool { return e.Published == nil }

// Changed reports whether e is published and was changed since.
func (e *Entity) Changed() bool { return e.Published != nil && e.Version > e.Published.Version+1 }

// key is what an entity is found by.
func (e *Entity) key() key { return key{e.Kind, e.ID} }

type key struct {
	kind Kind
	id   string
}

// with returns a copy of e that f has changed.
func (e *Entity) with(f func(*Entity)) *Entity {
	c := *e
	f(&c)
	return &c
}

// merged returns fields in which the values in some locales are those of other
// fields, and the rest is as it was.
func merged(fields, other Object, locales []string) Object {
	out := Object{}
	for name := range union(fields, other) {
		old, _ := fields[name].(Object)
		values := maps.Clone(old)
		if values == nil {
			values = Object{}
		}
		theirs, _ := other[name].(Object)
		for _, code := range locales {
			delete(values, code)
			if v, ok := theirs[code]; ok {
				values[code] = v
			}
		}
		if len(values) > 0 {
			out[name] = values
		}
	}
	return out
}

func union(a, b Object) Object {
	out := maps.Clone(a)
	if out == nil {
		out = Object{}
	}
	maps.Copy(out, b)
	return out
}
