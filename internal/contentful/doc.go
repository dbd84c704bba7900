// Package contentful is a client of Contentful's APIs: delivery (CDA), preview
// (CPA), Sync and management (CMA), in the familiar shape of its SDKs.
//
// The rules it upholds: what the API sends is kept as it came, so that nothing
// this package does not know is lost; what can be tried again is tried again
// within bounds, at the pace the API asks for; and no token is ever in an error
// or a log.
package contentful
