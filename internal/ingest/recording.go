package ingest

import (
	"errors"
	"io"
	"iter"
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
// count. What is yielded is good until the next entry, but for the signal, which
// may be kept.
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
		for n := 0; ; n++ {
			var e entry
			if e, err = src.next(); err != nil {
				break
			}
			one := Recorded{Message: e.message, Err: e.message.Check(), Line: e.line, Bytes: e.end.Offset}
			if one.Err == nil {
				one.Signal = p.batch([]signal.Message{e.message}).signal(0, 0)
				one.Signal.Pos = n % replayBatch
			}
			if !yield(one, nil) {
				return
			}
		}
		if !errors.Is(err, io.EOF) {
			yield(Recorded{}, p.unreadable(err))
		}
	}
}
