// Package ingest takes signals in: it validates them, corrects their time,
// drops duplicates, and acknowledges only what is durable.
//
// The rule it upholds: nothing acknowledged is ever lost, nothing is stored
// twice, and one bad signal never spoils its batch.
//
// An anonymous id is a visitor. An identify makes it one of its user's ids, an
// alias names another id of the same person, and Link says that two are one
// browser's: then both are one visitor, who has the signals of both. Where one
// device has several users, an identify of the next joins nobody: it says whose
// the signals are that follow without a user id. Those with one are that user's.
package ingest

import (
	"context"
	"time"

	"github.com/segue-dev/segue/internal/signal"
	"github.com/segue-dev/segue/internal/visitor"
)

const (
	// defaultLateness is how late a live signal may be.
	defaultLateness = 7 * 24 * time.Hour

	// writers is how many visitors of one batch are written at a time: enough
	// for a store that commits in groups to fill them.
	writers = 32
)

// Options are the settings of an Ingester.
type Options struct {
	Limits   visitor.Limits
	Meter    visitor.Meter    // measures what is taken in; nil = nothing is measured
	Lateness time.Duration    // how late a live signal may be; 0 = 7 days
	Now      func() time.Time // nil = time.Now
	Observer Observer         // nil = none
	// Changed is told of every visitor whose record has changed, once that is
	// durable. It must not block; it is called from many goroutines. Nil = nobody
	// is told.
	Changed func(visitor string)
	Archive Archive // nil = none
	Rejects Rejects // nil = what is rejected is told to who sent it, and that is all
}

// Rejects keep the messages that were rejected, for people to look at and mend.
type Rejects interface {
	// Keep is given the rejected messages of a batch whose others are durable. It
	// must not block, nor hold on to the batch.
	Keep(b Batch, rejected []Rejection)
}

// An Archive keeps what has been stored, for questions that are asked outside.
type Archive interface {
	// Keep is given signals that are durable, those among them that had been
	// before, too. It is called before they are acknowledged, must be quick, and
	// does not hold on to them.
	Keep(a Arrival)
}

// An Arrival is signals that went to one visitor's record.
type Arrival struct {
	Visitor    string // the record's id
	Source     string // of the batch
	ReceivedAt time.Time
	Signals    []signal.Signal
}

// An Observer is told what became of batches, for metrics. It must not block;
// it is called from many goroutines.
type Observer interface {
	Ingested(t Tally)
}

// A Tally counts what became of a batch's messages.
type Tally struct {
	Accepted    int
	Duplicates  int
	Conflicting int
	Rejected    map[signal.Code]int // by reason; nil if none was
	Clamped     int                 // of all but the rejected: dated in the future
	TooLate     int                 // of all but the rejected: kept for reports only
	// Joins says what became of what was said of ids; nil if nothing was.
	Joins map[visitor.Verdict]int
}

// An Accepter takes batches in, as Ingester.Accept does: an Ingester, or
// whatever hands them on to one.
type Accepter interface {
	Accept(ctx context.Context, b Batch) (Receipt, error)
}

// An Ingester takes signals in. It is safe for concurrent use.
type Ingester struct {
	store visitor.Store
	opts  Options
}

// New returns an Ingester that appends to store.
func New(store visitor.Store, opts Options) *Ingester {
	if opts.Lateness == 0 {
		opts.Lateness = defaultLateness
	}
	if opts.Now == nil {
		opts.Now = time.Now
	}
	if opts.Meter == nil {
		opts.Meter = visitor.Unmeasured{}
	}
	return &Ingester{store: store, opts: opts}
}

// A Batch is what one delivery brought.
type Batch struct {
	Messages   []signal.Message
	Source     string    // the route that brought it, such as /v1/batch; "" = unknown
	WriteKey   string    // names the source that sent it; "" = none was given. Nothing checks it yet
	SentAt     time.Time // the batch's own; zero if none
	ReceivedAt time.Time // zero = now
	// Historical marks an import: no signal is too late, and a message counts
	// as received when it says it was. The sentAt of one that does not say so
	// is of no use then, and is not looked at.
	Historical bool
	// Shift is added to every effective time, so that an old recording can
	// look recent. What the messages state is remembered as it is.
	Shift time.Duration
}

// A Receipt says what became of a batch. Every message is counted once.
type Receipt struct {
	Accepted    int
	Duplicates  int
	Conflicting int // duplicates by message id with other content; the first stays
	Rejected    []Rejection
	// Records are the visitors' records after the batch, by the id that the
	// messages were sent with and by their own.
	Records map[string]*visitor.Record
	// Unjoined says which accepted messages have not made two ids one visitor's
	// though they say so.
	Unjoined []Unjoined
}

// A Rejection is one message that was not accepted, and why.
type Rejection struct {
	Index     int // in Batch.Messages
	MessageID string
	Code      signal.Code
	Field     string // what is wrong, e.g. "event"; empty for the message as a whole
	Reason    string // in words, with the fix
}

// Accept takes a batch in and returns once all that was accepted is durable.
// The error is the store's, or that of ctx: an unknown part of the batch was
// stored. Send it again then; what is there already is recognised.
func (in *Ingester) Accept(ctx context.Context, b Batch) (Receipt, error) {
	if b.ReceivedAt.IsZero() {
		b.ReceivedAt = in.opts.Now()
	}
	var receipt Receipt
	var tally Tally
	visits := in.judge(b, &receipt, &tally)
	if err := in.write(ctx, visits); err != nil {
		return Receipt{}, err
	}
	if err := in.collect(ctx, visits, &receipt, &tally); err != nil {
		return Receipt{}, err
	}
	in.report(receipt, tally)
	if in.opts.Rejects != nil && len(receipt.Rejected) > 0 {
		in.opts.Rejects.Keep(b, receipt.Rejected)
	}
	return receipt, nil
}

// judge makes signals of the good messages, by visitor, and rejects the others.
func (in *Ingester) judge(b Batch, receipt *Receipt, tally *Tally) []*visit {
	var visits []*visit
	byID := map[string]*visit{}
	for i, m := range b.Messages {
		if err := m.Check(); err != nil {
			receipt.reject(i, m, err, tally)
			continue
		}
		v := byID[m.Visitor()]
		if v == nil {
			v = &visit{id: m.Visitor(), source: b.Source, receivedAt: b.ReceivedAt}
			byID[v.id] = v
			visits = append(visits, v)
		}
		sig := b.signal(i, in.opts.Lateness)
		tally.flags(sig.Flags)
		v.add(i, sig, m)
	}
	return visits
}

// signal makes a signal of the good message i of b.
func (b Batch) signal(i int, lateness time.Duration) signal.Signal {
	m, receivedAt := b.Messages[i], b.ReceivedAt
	if b.Historical {
		lateness = 0
		if m.ReceivedAt.IsZero() {
			m.SentAt = time.Time{}
		} else {
			receivedAt = m.ReceivedAt
		}
	}
	sig := m.Signal(receivedAt, b.SentAt, i, lateness)
	sig.At += b.Shift.Milliseconds()
	if sig.Type == signal.Track {
		sig.Props = signal.WithProducts(sig.Name, sig.Props)
	}
	sig.Props = enrich("context.", sig.Props, m.UserAgent)
	return sig
}
