package ingest

import (
	"context"
	"fmt"
	"slices"

	"github.com/segue-dev/segue/internal/signal"
	"github.com/segue-dev/segue/internal/visitor"
)

// An Unjoined is what a message says of two ids, and why it is not followed.
type Unjoined struct {
	Index     int // of the message, in Batch.Messages
	MessageID string
	Why       visitor.Verdict
	Reason    string // in words, with the fix
}

// A join is what a message says of two ids, and what became of it.
type join struct {
	visitor.Join
	message   int // its place in the batch
	messageID string
	at        int // the place of its signal in the visit
	verdict   visitor.Verdict
}

// joinsOf returns what a message says of ids. One that came too late says
// nothing any more.
func joinsOf(message, at int, sig signal.Signal, m signal.Message) []join {
	if sig.Flags&signal.TooLate != 0 || sig.Type != signal.Identify && sig.Type != signal.Alias {
		return nil
	}
	var joins []join
	add := func(as visitor.Relation, from, to string) {
		if from != "" && to != "" && from != to {
			j := visitor.Join{From: from, To: to, As: as, By: sig}
			joins = append(joins, join{Join: j, message: message, messageID: sig.ID, at: at})
		}
	}
	switch {
	case sig.Type == signal.Alias && m.UserID != "":
		add(visitor.Aliased, m.PreviousID, m.UserID)
	case sig.Type == signal.Alias:
		add(visitor.Linked, m.PreviousID, m.AnonymousID)
	}
	add(visitor.Identified, m.AnonymousID, m.UserID)
	return joins
}

// Link makes two anonymous ids of one browser those of one visitor, durably. It
// says so where it does not, as when they are those of different users.
func (in *Ingester) Link(ctx context.Context, one, other string) (visitor.Verdict, error) {
	for _, id := range [...]string{one, other} {
		if err := signal.CheckVisitor("anonymousId", id); err != nil {
			return visitor.Implausible, err
		}
	}
	v, err := in.store.Join(ctx, visitor.Join{From: one, To: other, As: visitor.Linked})
	if err != nil {
		return v, err
	}
	if in.opts.Observer != nil {
		in.opts.Observer.Ingested(Tally{Joins: map[visitor.Verdict]int{v: 1}})
	}
	if v != visitor.Joined {
		return v, nil
	}
	r, err := in.store.Get(ctx, one)
	if err == nil {
		in.changed(r)
	}
	return v, err
}

// changesUser reports whether j says that another user is at its device.
func (in *Ingester) changesUser(ctx context.Context, j visitor.Join) (bool, error) {
	if j.As != visitor.Identified {
		return false, nil
	}
	r, err := in.store.Get(ctx, j.From)
	if err != nil {
		return false, err
	}
	return r.Known && !r.Has(j.To), nil
}

// apart divides signals into those of r's visitor and those that name another
// user.
func apart(r *visitor.Record, sigs []signal.Signal) (mine, others []signal.Signal) {
	another := func(s signal.Signal) bool {
		return s.UserID != "" && !r.Has(s.UserID) && !visitor.IsNobody(s.UserID) && !r.Knows(s.ID)
	}
	if !r.Known || !slices.ContainsFunc(sigs, another) {
		return sigs, nil
	}
	for _, s := range sigs {
		if another(s) {
			others = append(others, s)
		} else {
			mine = append(mine, s)
		}
	}
	return mine, others
}

// joined reports whether what v says of ids changed something.
func (v *visit) joined() bool {
	return slices.ContainsFunc(v.joins, func(j join) bool { return j.verdict == visitor.Joined || j.verdict == visitor.Switched })
}

// joined enters what became of j.
func (r *Receipt) joined(j *join, tally *Tally) {
	if tally.Joins == nil {
		tally.Joins = map[visitor.Verdict]int{}
	}
	tally.Joins[j.verdict]++
	if j.verdict.Refused() {
		r.Unjoined = append(r.Unjoined, Unjoined{j.message, j.messageID, j.verdict, refusals[j.verdict]})
	}
}

// refusals say why two ids are not made one visitor's, and what would.
var refusals = map[visitor.Verdict]string{
	visitor.Implausible: "one of the ids is what programs send when they have none; leave it out, or send the id of one person",
	visitor.Crowded:     fmt.Sprintf("the visitor would have more than %d ids; give each person an id of their own", visitor.MaxIDs),
	visitor.TwoUsers:    "both ids are users'; send an alias if they are the same person",
}
