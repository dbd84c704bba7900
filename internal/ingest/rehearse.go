package ingest

import (
	"context"

	"github.com/segue-dev/segue/internal/visitor"
)

// Rehearse answers as Accept would, with the records as they would be, and
// stores nothing. The Observer is not told.
func (in *Ingester) Rehearse(ctx context.Context, b Batch) (Receipt, error) {
	if b.ReceivedAt.IsZero() {
		b.ReceivedAt = in.opts.Now()
	}
	receipt := Receipt{Records: map[string]*visitor.Record{}}
	for _, v := range in.judge(b, &receipt, &Tally{}) {
		record, err := in.store.Get(ctx, v.id)
		if err != nil {
			return Receipt{}, err
		}
		receipt.Records[v.id], v.outcomes = record.With(in.opts.Limits, v.signals...)
		receipt.count(v.outcomes)
	}
	return receipt, nil
}
