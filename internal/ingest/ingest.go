// Package ingest takes signals in: it validates them, corrects their time,
// drops duplicates, and acknowledges only what is durable.
//
// The rule it upholds: nothing acknowledged is ever lost, nothing is stored
// twice, and one bad signal never spoils its batch.
package ingest

import (
	"context"
	"slices"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

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
	Lateness time.Duration    // how late a live signal may be; 0 = 7 days
	Now      func() time.Time // nil = time.Now
	Observer Observer         // nil = none
	// Changed is told of every visitor whose record has changed, once that is
	// durable. It must not block. Nil = nobody is told.
	Changed func(visitor string)
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
	// Records are the visitors' records after the batch, by visitor id.
	Records map[string]*visitor.Record
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
	receipt.Records = make(map[string]*visitor.Record, len(visits))
	for _, v := range visits {
		receipt.Records[v.id] = v.record
		receipt.count(v.outcomes)
	}
	in.report(receipt, tally)
	return receipt, nil
}

// A visit is what a batch brought of one visitor, and what became of it.
type visit struct {
	id       string
	signals  []signal.Signal
	outcomes []visitor.Outcome
	record   *visitor.Record
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
			v = &visit{id: m.Visitor()}
			byID[v.id] = v
			visits = append(visits, v)
		}
		sig := b.signal(i, in.opts.Lateness)
		tally.flags(sig.Flags)
		v.signals = append(v.signals, sig)
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
	sig.Props = enrich("context.", sig.Props, m.UserAgent)
	return sig
}

// write appends the visits' signals, several visitors at a time, and fills in
// what became of them.
func (in *Ingester) write(ctx context.Context, visits []*visit) error {
	if len(visits) == 1 {
		return in.append(ctx, visits[0])
	}
	group, ctx := errgroup.WithContext(ctx)
	var taken atomic.Int64
	for range min(writers, len(visits)) {
		group.Go(func() error {
			for i := taken.Add(1); i <= int64(len(visits)); i = taken.Add(1) {
				if err := in.append(ctx, visits[i-1]); err != nil {
					return err
				}
			}
			return nil
		})
	}
	return group.Wait()
}

func (in *Ingester) append(ctx context.Context, v *visit) error {
	record, err := in.store.Update(ctx, v.id, func(r *visitor.Record) (visitor.Change, error) {
		var change visitor.Change
		change.Next, v.outcomes = r.With(in.opts.Limits, v.signals...)
		for i, outcome := range v.outcomes {
			if outcome == visitor.Accepted {
				change.Added = append(change.Added, v.signals[i])
			}
		}
		return change, nil
	})
	if err != nil {
		return err
	}
	v.record = record
	if in.opts.Changed != nil && slices.Contains(v.outcomes, visitor.Accepted) {
		in.opts.Changed(v.id)
	}
	return nil
}
