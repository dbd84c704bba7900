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

// A visit is what a batch brought under one id, and what became of it.
type visit struct {
	id         string
	source     string // of the batch, and when that was received
	receivedAt time.Time
	signals    []signal.Signal
	joins      []join
	outcomes   []visitor.Outcome
	record     *visitor.Record
}

// add adds the signal of message i of the batch, and what it says of ids.
func (v *visit) add(i int, sig signal.Signal, m signal.Message) {
	v.joins = append(v.joins, joinsOf(i, len(v.signals), sig, m)...)
	v.signals = append(v.signals, sig)
}

// write takes the visits in, several at a time, and fills in what became of
// them.
func (in *Ingester) write(ctx context.Context, visits []*visit) error {
	if len(visits) == 1 {
		return in.take(ctx, visits[0])
	}
	group, ctx := errgroup.WithContext(ctx)
	var taken atomic.Int64
	for range min(writers, len(visits)) {
		group.Go(func() error {
			for i := taken.Add(1); i <= int64(len(visits)); i = taken.Add(1) {
				if err := in.take(ctx, visits[i-1]); err != nil {
					return err
				}
			}
			return nil
		})
	}
	return group.Wait()
}

// take joins ids as v says, and appends its signals. Those that came before
// another user was at the device are the former one's.
func (in *Ingester) take(ctx context.Context, v *visit) error {
	done := 0
	for i := range v.joins {
		j := &v.joins[i]
		if done < j.at {
			changes, err := in.changesUser(ctx, j.Join)
			if err != nil {
				return err
			}
			if changes {
				if err := in.append(ctx, v, v.id, v.signals[done:j.at]); err != nil {
					return err
				}
				done = j.at
			}
		}
		var err error
		if j.verdict, err = in.store.Join(ctx, j.Join); err != nil {
			return err
		}
	}
	return in.append(ctx, v, v.id, v.signals[done:])
}

// append appends signals of v to the visitor of id, and those that name another
// user to theirs.
func (in *Ingester) append(ctx context.Context, v *visit, id string, sigs []signal.Signal) error {
	a := &appending{Options: in.opts, id: id, sigs: sigs}
	record, err := in.store.Update(ctx, id, a.to)
	if err == nil && a.elsewhere {
		if a.before, err = in.store.Before(ctx, id); err != nil {
			return err
		}
		a.looked = true
		record, err = in.store.Update(ctx, id, a.to)
	}
	if err != nil {
		return err
	}
	v.record = record
	v.outcomes = append(v.outcomes, a.outcomes...)
	if in.opts.Archive != nil && len(a.mine) > 0 {
		in.opts.Archive.Keep(Arrival{Visitor: record.ID, Source: v.source, ReceivedAt: v.receivedAt, Signals: a.mine})
	}
	if slices.Contains(a.outcomes, visitor.Accepted) || v.joined() {
		in.changed(record)
	}
	for _, sig := range a.others {
		if err := in.append(ctx, v, sig.UserID, []signal.Signal{sig}); err != nil {
			return err
		}
	}
	return nil
}

// An appending appends signals to the record of the visitor of an id.
type appending struct {
	Options
	id   string
	sigs []signal.Signal

	elsewhere bool            // the id leads to another record; nothing is appended before who was before has been looked for
	looked    bool            // for who was before
	before    *visitor.Record // who the id's visitor was before another user was at the device; nil = nobody

	mine     []signal.Signal   // that are the visitor's
	others   []signal.Signal   // that name another user, and are to be appended to theirs
	outcomes []visitor.Outcome // of those that do not
}

// to returns the change of r, which it may do again.
func (a *appending) to(r *visitor.Record) (visitor.Change, error) {
	var change visitor.Change
	if a.elsewhere = r.ID != a.id && !a.looked; a.elsewhere {
		return change, nil
	}
	a.mine, a.others = apart(r, a.sigs)
	mine, again := a.notBefore(a.mine)
	change.Next, a.outcomes = r.With(a.Limits, mine...)
	for i, outcome := range a.outcomes {
		if outcome == visitor.Accepted {
			change.Added = append(change.Added, mine[i])
		}
	}
	a.outcomes = append(a.outcomes, slices.Repeat([]visitor.Outcome{visitor.Duplicate}, again)...)
	a.Meter.Take(r, &change)
	return change, nil
}

// notBefore returns sigs without those that the visitor before has, and how many
// these are: they were sent when the device was that one's, and came again.
func (a *appending) notBefore(sigs []signal.Signal) (rest []signal.Signal, again int) {
	if a.before == nil {
		return sigs, 0
	}
	for _, s := range sigs {
		if !a.before.Knows(s.ID) {
			rest = append(rest, s)
		}
	}
	return rest, len(sigs) - len(rest)
}

// changed tells that a record is another, by all ids of its visitor.
func (in *Ingester) changed(r *visitor.Record) {
	if in.opts.Changed == nil {
		return
	}
	in.opts.Changed(r.ID)
	for _, id := range r.Others {
		in.opts.Changed(id)
	}
}

// collect fills in what became of the visits. Where ids are links, what one
// visit brought may have gone to the visitor of another.
func (in *Ingester) collect(ctx context.Context, visits []*visit, receipt *Receipt, tally *Tally) error {
	links := slices.ContainsFunc(visits, func(v *visit) bool { return len(v.joins) > 0 || v.record.ID != v.id })
	receipt.Records = make(map[string]*visitor.Record, len(visits))
	for _, v := range visits {
		if links {
			var err error
			if v.record, err = in.store.Get(ctx, v.id); err != nil {
				return err
			}
			receipt.Records[v.record.ID] = v.record
		}
		receipt.Records[v.id] = v.record
		receipt.count(v.outcomes)
		for i := range v.joins {
			receipt.joined(&v.joins[i], tally)
		}
	}
	return nil
}
