package ingest

import (
	"context"
	"errors"
	"io"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/segue-dev/segue/internal/fault"
	"github.com/segue-dev/segue/internal/signal"
)

const (
	replayBatch     = 1000 // messages of one batch
	replayInFlight  = 4    // batches taken in at a time, so that the store's group commit pays
	shownRejections = 20   // of a report
)

// ReplayOptions are the settings of a replay.
type ReplayOptions struct {
	Name    string   // of the recording, for messages: its file's name
	Mapping *Mapping // nil = NDJSON of messages in the JSON of the Segment spec

	// End, if not zero, moves all times by one constant so that the latest
	// signal is at End. The recording is read twice then.
	End time.Time

	// Checkpoint, if not empty, is a file in which the replay notes how far
	// everything is durable. A replay of the same recording finds it there
	// after an interruption and goes on from that place; one that completes
	// removes it. It belongs beside the store that it is true of.
	Checkpoint string

	// Progress, if not nil, is told how far the replay is, after every batch
	// and by one goroutine at a time. It must not block.
	Progress func(ReplayProgress)

	Now func() time.Time // nil = time.Now
}

// ReplayProgress says how far a replay is.
type ReplayProgress struct {
	Bytes      int64 // of the recording, up to which all is durable
	Accepted   int
	Duplicates int // the conflicting included
	Rejected   int
}

// A ReplayReport says what became of a recording.
type ReplayReport struct {
	Accepted    int
	Duplicates  int
	Conflicting int // duplicates by message id with other content
	Rejected    int
	Rejections  []ReplayRejection // the first few of the rejected, in the recording's order
	Visitors    int               // distinct ones among all but the rejected
	Resumed     int64             // bytes passed over, because an earlier replay had them durable
	Elapsed     time.Duration
}

// A ReplayRejection is one entry that was not accepted, and why.
type ReplayRejection struct {
	Place  string // "file:line"
	Reason string // in words, with the fix
}

// Replay takes in a recording as history: no signal is too late. It passes over
// bad entries and reports them. Replaying a recording again, in part, shuffled
// or with entries repeated, adds nothing: an entry without a message id has one
// that is made of what it says.
//
// An error means that the rest was not taken in; the report says what was. End
// and Checkpoint need r to be an io.ReadSeeker and exclude one another.
func Replay(ctx context.Context, in Accepter, r io.Reader, opts ReplayOptions) (ReplayReport, error) {
	if opts.Now == nil {
		opts.Now = time.Now
	}
	p := newReplay(in, opts)
	err := p.run(ctx, r)
	p.report.Visitors = len(p.visitors)
	p.report.Elapsed = opts.Now().Sub(p.started)
	return p.report, err
}

// run replays r from where an earlier replay stopped, if one did.
func (p *replay) run(ctx context.Context, r io.Reader) error {
	seeker, seekable := r.(io.ReadSeeker)
	switch {
	case p.opts.End.IsZero() && p.opts.Checkpoint == "":
		src, err := p.opts.open(r)
		if err != nil {
			return err
		}
		return p.take(ctx, src)
	case !p.opts.End.IsZero() && p.opts.Checkpoint != "":
		return fault.New(fault.Invalid, "a replay with moved times cannot be resumed; leave out one of the two")
	case !seekable:
		return fault.New(fault.Invalid, "a stream cannot be read twice; replay a file, or leave times and checkpoint alone")
	case p.opts.Checkpoint != "":
		return p.runResumable(ctx, seeker)
	default:
		return p.runMoved(ctx, seeker)
	}
}

// open returns the source that the options describe.
func (o ReplayOptions) open(r io.Reader) (source, error) {
	if o.Mapping == nil {
		return newLineSource(r, nil), nil
	}
	if err := o.Mapping.Check(); err != nil {
		return nil, err
	}
	m, err := newMapper(*o.Mapping)
	if err != nil {
		return nil, err
	}
	if m.format() == NDJSON {
		return newLineSource(r, m), nil
	}
	return newCSVSource(r, m)
}

// runMoved replays r with all times moved, so that the latest is at End.
func (p *replay) runMoved(ctx context.Context, r io.ReadSeeker) error {
	start, err := r.Seek(0, io.SeekCurrent)
	if err != nil {
		return p.unreadable(err)
	}
	src, err := p.opts.open(r)
	if err != nil {
		return err
	}
	last, err := p.last(ctx, src)
	if err != nil {
		return err
	}
	p.shift = time.Duration(p.opts.End.UnixMilli()-last) * time.Millisecond
	if _, err := r.Seek(start, io.SeekStart); err != nil {
		return p.unreadable(err)
	}
	if src, err = p.opts.open(r); err != nil {
		return err
	}
	return p.take(ctx, src)
}

// last returns the effective time of the latest good entry of src.
func (p *replay) last(ctx context.Context, src source) (int64, error) {
	var last int64
	for {
		e, err := src.next()
		if errors.Is(err, io.EOF) {
			return last, nil
		}
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return 0, p.unreadable(err)
		}
		if e.message.Check() == nil {
			last = max(last, p.batch([]signal.Message{e.message}).signal(0, 0).At)
		}
	}
}

func (p *replay) batch(messages []signal.Message) Batch {
	return Batch{Messages: messages, ReceivedAt: p.started, Historical: true, Shift: p.shift}
}

func (p *replay) unreadable(err error) error {
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	return fault.Wrap(fault.Unavailable, err, "%s: cannot be read on", p.opts.Name)
}

// take takes in the entries of src, several batches at a time.
func (p *replay) take(ctx context.Context, src source) error {
	group, groupCtx := errgroup.WithContext(ctx)
	group.SetLimit(replayInFlight)
	var readErr error
	for n := 0; readErr == nil && groupCtx.Err() == nil; n++ {
		var b finishedBatch
		b.messages, b.lines, b.end, readErr = fill(src)
		if len(b.messages) == 0 {
			break
		}
		group.Go(func() error {
			var err error
			if b.receipt, err = p.in.Accept(groupCtx, p.batch(b.messages)); err != nil {
				return err
			}
			return p.finish(n, b)
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	if !errors.Is(readErr, io.EOF) {
		return p.unreadable(readErr)
	}
	return nil
}

// fill reads one batch of entries, and the error that ended it early.
func fill(src source) (messages []signal.Message, lines []int, end mark, err error) {
	for len(messages) < replayBatch {
		e, err := src.next()
		if err != nil {
			return messages, lines, end, err
		}
		messages, lines, end = append(messages, e.message), append(lines, e.line), e.end
	}
	return messages, lines, end, nil
}
