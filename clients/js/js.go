// Package js is Segue's client for browsers: TypeScript in src, and in dist what
// is built of it, which is kept here so that building Segue wants only Go.
//
// `make js` builds it anew; a test fails when dist is not what src says.
package js

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
)

//go:embed dist/segue.js
var script []byte

//go:embed dist/segue.mjs
var module []byte

// A File is one built file.
type File struct {
	Name  string // such as segue.js
	Hash  string // of the content, fit for a URL
	Plain []byte
	Gzip  []byte // the same, compressed
}

// Script returns the client for script tags.
func Script() File { return newFile("segue.js", script) }

// Module returns the client for `import`.
func Module() File { return newFile("segue.mjs", module) }

func newFile(name string, content []byte) File {
	sum := sha256.Sum256(content)
	var b bytes.Buffer
	w, _ := gzip.NewWriterLevel(&b, gzip.BestCompression) // fails for unknown levels only
	_, _ = w.Write(content)                               // a Buffer takes all
	_ = w.Close()
	return File{Name: name, Hash: hex.EncodeToString(sum[:6]), Plain: content, Gzip: b.Bytes()}
}
