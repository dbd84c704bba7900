// Package delivery is what the Contentful stand-in is read by: the delivery API
// (CDA) with Sync, and the preview API (CPA), of a store.
//
// api.go is the table of contents. A delivery API shows what is published, a
// preview API what editors see; both show it in one locale or in all, with the
// links followed as far as asked for. All answers have the headers that clients
// go by: a request id, an ETag, CORS, and the pace they may ask at.
//
// docs/emulator.md says what was taken where nothing of Contentful's is recorded
// or documented.
package delivery
