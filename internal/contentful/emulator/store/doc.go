// Package store is the memory of the Contentful stand-in: organizations,
// spaces and environments with what is in them, in the states that Contentful
// knows.
//
// An [Entity] is what the management API shows, the draft; its [Snapshot] is
// what was last published, which the delivery API shows. Both are immutable:
// a change makes a new Entity, so a reader keeps what it has got without a
// lock, and may not modify it. A [Scope] is where entities are: an
// environment, a space (webhooks, roles, the environments themselves) or the
// organization (taxonomy, app definitions). Every space id is accepted; a space
// comes to be with its first use and starts with what was loaded, in the
// environments that [Options] name. Other environments must be created, as at
// Contentful.
//
// What reads:
//
//	scope, ok := s.Environment(space, environment) // or an alias
//	scope.List(store.Entry)                         // drafts, oldest first
//	scope.Published(store.Entry)                    // those with a Snapshot
//	scope.Get(store.Entry, id)
//	scope.Locales()                                 // the default one first
//	scope.Changes(since)                            // what Sync tells
//	scope.Delivered(e), scope.Previewed(e), scope.Managed(e) // as JSON objects
//
// What writes goes through [Scope.Update]. JSON numbers are json.Number, so
// what was read is written unaltered.
package store
