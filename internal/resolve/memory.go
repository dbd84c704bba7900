package resolve

import (
	"cmp"
	"context"
	"slices"

	"github.com/maypok86/otter/v2"

	"github.com/segue-dev/segue/internal/ingest"
	"github.com/segue-dev/segue/internal/segment"
	"github.com/segue-dev/segue/internal/signal"
	"github.com/segue-dev/segue/internal/visitor"
)

// A memory is what is remembered of a visitor, prepared for evaluation. It is
// immutable.
type memory struct {
	set      *segment.Set // that it was prepared for
	log      *segment.Log
	seen     map[string]visitor.Exposure // the record's
	lastSeen int64
	stable   string          // id that assignments are made by
	stamp    uint64          // of the record in the store; 0 if it has none
	record   *visitor.Record // only if the request made it; nil = the store's
	past     *past           // the latest answer; nil = none yet
}

func newMemory(set *segment.Set, rec *visitor.Record, stamp uint64) *memory {
	return &memory{set: set, log: set.Bind(rec), seen: rec.Summary.Exposures, lastSeen: rec.Summary.LastSeen, stable: rec.StableID(), stamp: stamp}
}

// memories are those of recent visitors, as many as there is room for.
type memories struct {
	cache *otter.Cache[string, *memory]
}

// What keeping a memory takes besides its log, in bytes.
const (
	memoryOverhead = 200
	perExposure    = 160
)

func newMemories(bytes int64) *memories {
	if bytes <= 0 {
		bytes = 64 << 20
	}
	return &memories{otter.Must(&otter.Options[string, *memory]{
		MaximumWeight: uint64(bytes),
		Weigher: func(id string, m *memory) uint32 {
			return uint32(len(id) + m.log.Size() + m.past.size() + perExposure*len(m.seen) + memoryOverhead)
		},
	})}
}

// recall returns what is remembered of a visitor. A record that has not changed
// since the last time is not read again.
func (r *Resolver) recall(ctx context.Context, set *segment.Set, id string) (*memory, error) {
	have, ok := r.memories.cache.GetIfPresent(id)
	if !ok || have.set != set {
		have = &memory{}
	}
	rec, stamp, err := r.store.GetSince(ctx, id, have.stamp)
	if err != nil {
		return nil, err
	}
	if rec == nil {
		return have, nil
	}
	m := newMemory(set, rec, stamp)
	if stamp != 0 {
		r.memories.cache.Set(id, m)
	}
	return m, nil
}

// Erase forgets a visitor, durably. The error is a fault.Unavailable when the
// store cannot.
func (r *Resolver) Erase(ctx context.Context, id string) error {
	if err := signal.CheckVisitor("visitor", id); err != nil {
		return err
	}
	defer r.memories.cache.Invalidate(id)
	return r.store.Erase(ctx, id)
}

// remember takes the request's signals in and returns what is remembered of the
// visitor after them.
func (r *Resolver) remember(ctx context.Context, set *segment.Set, id string, req Request) (*memory, ingest.Receipt, error) {
	if len(req.Messages) == 0 {
		m, err := r.recall(ctx, set, id)
		return m, ingest.Receipt{}, err
	}
	messages := slices.Clone(req.Messages)
	for i := range messages {
		messages[i].AnonymousID = cmp.Or(messages[i].AnonymousID, req.AnonymousID)
		messages[i].UserID = cmp.Or(messages[i].UserID, req.UserID)
	}
	take := r.ingest.Accept
	if req.Dry {
		take = r.ingest.Rehearse
	}
	receipt, err := take(ctx, ingest.Batch{Messages: messages, Source: "/v1/resolve"})
	if err != nil {
		return nil, receipt, err
	}
	rec, ok := receipt.Records[id]
	receipt.Records = nil
	if !ok { // all signals were rejected, or were another visitor's
		m, err := r.recall(ctx, set, id)
		return m, receipt, err
	}
	m := newMemory(set, rec, 0)
	m.record = rec
	return m, receipt, nil
}

// instant returns the instant of evaluation for a visitor last seen at lastSeen:
// now, unless a client's clock is ahead of ours by as little as is not
// corrected (SEMANTICS 1.1). An answer must reflect what was just sent, so it is
// then given for the instant of that latest signal.
func (r *Resolver) instant(lastSeen int64) int64 {
	now := r.now().UnixMilli()
	if lastSeen > now && lastSeen <= now+signal.FutureTolerance.Milliseconds() {
		return lastSeen
	}
	return now
}
