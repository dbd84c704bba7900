// Package space turns what Contentful holds into the words of Segue:
// a space export into a content.Snapshot, and the entries of its
// personalization product (nt_audience, nt_experience) into segments and
// experiences.
//
// The rule it upholds: nothing of the vendor's shapes, versions or quirks is
// visible beyond it, and what cannot be carried over is named, never dropped
// silently.
package space
