package ingest

import (
	"errors"

	"github.com/segue-dev/segue/internal/signal"
	"github.com/segue-dev/segue/internal/visitor"
)

func (r *Receipt) reject(i int, m signal.Message, err error, tally *Tally) {
	rejection := Rejection{Index: i, MessageID: m.MessageID, Code: signal.Malformed, Reason: err.Error()}
	if d, ok := errors.AsType[*signal.Defect](err); ok {
		rejection.Field, rejection.Code = d.Field, d.Code
	}
	r.Rejected = append(r.Rejected, rejection)
	if tally.Rejected == nil {
		tally.Rejected = map[signal.Code]int{}
	}
	tally.Rejected[rejection.Code]++
}

func (r *Receipt) count(outcomes []visitor.Outcome) {
	for _, outcome := range outcomes {
		switch outcome {
		case visitor.Accepted:
			r.Accepted++
		case visitor.Duplicate:
			r.Duplicates++
		case visitor.Conflicting:
			r.Conflicting++
		}
	}
}

func (t *Tally) flags(f signal.Flags) {
	if f&signal.ClampedFuture != 0 {
		t.Clamped++
	}
	if f&signal.TooLate != 0 {
		t.TooLate++
	}
}

// report tells the observer what became of a batch.
func (in *Ingester) report(receipt Receipt, tally Tally) {
	if in.opts.Observer == nil {
		return
	}
	tally.Accepted = receipt.Accepted
	tally.Duplicates = receipt.Duplicates
	tally.Conflicting = receipt.Conflicting
	in.opts.Observer.Ingested(tally)
}
