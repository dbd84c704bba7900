// Package acceptance runs the tests in which clients that others wrote judge
// Segue: each file named *.test.mjs, under Node, against servers that Segue
// starts for it.
//
// To add one, write the file and read the addresses it needs from the
// environment; servers_test.go says which there are. The clients are pinned in
// package.json and installed by `make clients`.
package acceptance
