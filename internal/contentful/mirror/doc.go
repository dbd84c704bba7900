// Package mirror keeps a copy of a Contentful space: of what is published, by
// the Sync API, or of what editors see, by polling the preview API.
//
// The rules it upholds:
//
//   - Order does not matter. Each change carries the instant at which Contentful
//     made it; an older one never undoes a newer one, whichever way they came:
//     by webhook, by delta, repeated or late.
//   - A webhook is applied at once and believed only for a while: what no delta
//     confirms is looked up, and then Contentful's word counts.
//   - There is always something to serve, and never half of something. A new
//     copy replaces the old one when it is complete, and the last one is kept on
//     disk for the next start.
package mirror
