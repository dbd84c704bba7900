// Package deadletter keeps the signals that were not accepted, each with the
// reason, in a file beside the store: to be read, mended and replayed.
//
// The rule it upholds: what is kept here never costs what is accepted. Nothing
// waits for the file; the files have a bound; and what cannot be kept is
// counted.
package deadletter

import (
	"log/slog"
	"sync"

	"github.com/segue-dev/segue/internal/ingest"
)

const (
	// Name is the file that letters are appended to, one JSON object a line.
	Name = "rejected.ndjson"
	// Older is the file before that.
	Older = "rejected.1.ndjson"

	// maxQueued is how many bytes may wait to be written.
	maxQueued = 8 << 20
)

// Options are the settings of a Box.
type Options struct {
	Dir      string // made when the first letter comes
	MaxSize  int64  // bytes of both files together; the older letters go
	Log      *slog.Logger
	Observer Observer // nil = none
}

// An Observer is told what became of letters, for metrics. It must not block; it
// is called from several goroutines.
type Observer interface {
	// DeadLetters counts letters that were written, and such that were not:
	// because too many were waiting, or the file cannot be written.
	DeadLetters(kept, lost int)
}

// A Box takes letters and writes them one after the other. It is safe for
// concurrent use.
type Box struct {
	opts Options
	file file
	done chan struct{} // closed when all has been written

	mu     sync.Mutex
	queued []letter
	size   int           // bytes of queued
	wake   chan struct{} // has something when there is something to write; closed by Close
	closed bool
}

// A letter is one line of the file.
type letter []byte

// Open returns a Box that writes to the files in opts.Dir. The caller closes it.
func Open(opts Options) *Box {
	b := &Box{
		opts: opts, file: file{dir: opts.Dir, half: opts.MaxSize / 2},
		wake: make(chan struct{}, 1), done: make(chan struct{}),
	}
	go b.write()
	return b
}

// Close returns when all that was kept is in the file.
func (b *Box) Close() error {
	b.mu.Lock()
	if !b.closed {
		b.closed = true
		close(b.wake)
	}
	b.mu.Unlock()
	<-b.done
	return b.file.close()
}

// Keep keeps the rejected messages of a batch. It does not wait for the file; a
// process that is killed loses what it has not written yet, a moment's worth.
func (b *Box) Keep(batch ingest.Batch, rejected []ingest.Rejection) {
	lost := 0
	for _, r := range rejected {
		if !b.put(encode(batch, r)) {
			lost++
		}
	}
	b.observe(0, lost)
}

// put queues a letter, if there is room.
func (b *Box) put(l letter) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed || b.size+len(l) > maxQueued {
		return false
	}
	b.queued, b.size = append(b.queued, l), b.size+len(l)
	select {
	case b.wake <- struct{}{}:
	default: // the writer knows already
	}
	return true
}

// write writes what is queued until the Box is closed.
func (b *Box) write() {
	defer close(b.done)
	failing := false
	for more := true; more; {
		_, more = <-b.wake
		b.mu.Lock()
		letters := b.queued
		b.queued, b.size = nil, 0
		b.mu.Unlock()
		kept, err := b.file.append(letters)
		b.observe(kept, len(letters)-kept)
		if err != nil && !failing {
			b.opts.Log.Error("rejected signals cannot be kept; they are counted only", "dir", b.opts.Dir, "err", err)
		}
		failing = err != nil
	}
}

func (b *Box) observe(kept, lost int) {
	if b.opts.Observer != nil && kept+lost > 0 {
		b.opts.Observer.DeadLetters(kept, lost)
	}
}
