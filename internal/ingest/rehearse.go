package ingest

import (
	"context"

	"github.com/segue-dev/segue/internal/visitor"
)

// Rehearse answers as Accept would, with the records as they would be, and
// stores nothing. The Observer is not told. What one message says of ids is seen
// in the record of its own visitor only.
func (in *Ingester) Rehearse(ctx context.Context, b Batch) (Receipt, error) {
	if b.ReceivedAt.IsZero() {
		b.ReceivedAt = in.opts.Now()
	}
	receipt := Receipt{Records: map[string]*visitor.Record{}}
	for _, v := range in.judge(b, &receipt, &Tally{}) {
		record, err := in.preview(ctx, v)
		if err != nil {
			return Receipt{}, err
		}
		record, v.outcomes = record.With(in.opts.Limits, v.signals...)
		receipt.Records[v.id], receipt.Records[record.ID] = record, record
		receipt.count(v.outcomes)
		for i := range v.joins {
			receipt.joined(&v.joins[i], &Tally{})
		}
	}
	return receipt, nil
}

// preview returns the record that v's visitor would have without its signals,
// and fills in what would become of its joins.
func (in *Ingester) preview(ctx context.Context, v *visit) (*visitor.Record, error) {
	record, err := in.store.Get(ctx, v.id)
	for i := 0; i < len(v.joins) && err == nil; i++ {
		j := &v.joins[i]
		var from, to *visitor.Record
		if from, err = in.asOf(ctx, record, j.From); err != nil {
			break
		}
		if to, err = in.asOf(ctx, record, j.To); err != nil {
			break
		}
		var next *visitor.Record
		if next, j.verdict = j.Preview(in.opts.Limits, from, to); from == record || to == record {
			record = next
		}
	}
	return record, err
}

// asOf returns the record of id, which is r if it has that id.
func (in *Ingester) asOf(ctx context.Context, r *visitor.Record, id string) (*visitor.Record, error) {
	if r.Has(id) {
		return r, nil
	}
	return in.store.Get(ctx, id)
}
