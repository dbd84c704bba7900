// Package emulator is a stand-in for Contentful: delivery, preview, Sync,
// management and upload API and webhooks over one space export, with the
// states, versions, limits and faults of the real thing. It is a product, since
// nobody has a faithful local Contentful, and what the tests of everything that
// talks to Contentful run against.
//
// One handler has all APIs, at /cda, /cpa, /cma and /upload, or by the host a
// request names (cdn., preview., api. and upload.), since clients differ in what
// they can be told; [Emulator.API] has each alone at the root. What goes wrong
// on demand is controlled at /_emulator/faults or through [Emulator.Faults].
//
// The parts: store remembers, query chooses, delivery and cma speak the two
// protocols, webhook calls, host embeds apps, faults misbehaves, wire is how all
// answer.
package emulator
