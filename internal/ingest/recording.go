package ingest

import (
	"errors"
	"io"
	"iter"
	"sync"
	"time"

	"github.com/segue-dev/segue/internal/signal"
)

// A Recorded is one entry of a recording, judged and corrected as a replay would,
// and not taken in.
type Recorded struct {
	Message signal.Message
	Signal  signal.Signal // that the message makes, if Err is nil
	Err     error         // why a replay would reject it
	Line    int           // where it begins, from 1
	Bytes   int64         // of the recording, up to its end
}

// Read yields the entries of a recording in its order, without taking any in.
// An entry that makes no sense is yielded with its Err; the second value is an
// error if the rest cannot be read. Of the options only Name, Mapping and Now
// count. Messages have no Raw.
//
// It reads ahead while an entry is looked at, and ends that before it returns.
func Read(r io.Reader, opts ReplayOptions) iter.Seq2[Recorded, error] {
	return func(yield func(Recorded, error) bool) {
		if opts.Now == nil {
			opts.Now = time.Now
		}
		p := newReplay(nil, opts)
		src, err := opts.open(r)
		if err != nil {
			yield(Recorded{}, err)
			return
		}
		n := 0
		for b := range ahead(src) {
			for _, e := range b.entries {
				if !yield(p.recorded(n, e), nil) {
					return
				}
				n++
			}
			if b.err != nil && !errors.Is(b.err, io.EOF) {
				yield(Recorded{}, p.unreadable(b.err))
			}
		}
	}
}

// recorded judges and corrects entry n.
func (p *replay) recorded(n int, e entry) Recorded {
	one := Recorded{Message: e.message, Err: e.message.Check(), Line: e.line, Bytes: e.end.Offset}
	if one.Err == nil {
		one.Signal = p.batch([]signal.Message{e.message}).signal(0, 0)
		one.Signal.Pos = n % replayBatch
	}
	return one
}

// readAhead is how many entries are read at a time.
const readAhead = 256

// A stretch is some entries of a recording, and the error that ended it.
type stretch struct {
	entries []entry
	err     error
}

// ahead yields all of a source, and reads the next stretch meanwhile.
func ahead(src source) iter.Seq[stretch] {
	return func(yield func(stretch) bool) {
		read, enough := make(chan stretch, 2), make(chan struct{})
		var reader sync.WaitGroup
		defer reader.Wait()
		defer close(enough)
		reader.Go(func() {
			defer close(read)
			for {
				s := next(src)
				select {
				case read <- s:
				case <-enough:
					return
				}
				if s.err != nil {
					return
				}
			}
		})
		for s := range read {
			if !yield(s) {
				return
			}
		}
	}
}

// next reads a stretch.
func next(src source) stretch {
	var s stretch
	for len(s.entries) < readAhead {
		var e entry
		if e, s.err = src.next(); s.err != nil {
			break
		}
		e.message.Raw = nil // it is of a buffer that is used again
		s.entries = append(s.entries, e)
	}
	return s
}
