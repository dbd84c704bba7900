// Package cma is the management API of the Contentful stand-in: it reads and
// writes a store in Contentful's protocol.
//
// routes.go is the table of contents. A handler returns what to answer or a
// *wire.Error. Everything that has a version is guarded by it: who writes says
// which version was read, in X-Contentful-Version, and gets a VersionMismatch
// if another one has been written since. What is wrong with content is said in
// the details of the error, at the path of each mistake: its shape when it is
// saved, the rest of what its content type asks for when it is published.
package cma
