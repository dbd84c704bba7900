package visitor

import (
	"context"
	"iter"

	"github.com/segue-dev/segue/internal/signal"
)

// A Store keeps visitors' records and the measurement counters their changes
// move. Every implementation is safe for concurrent use and passes
// visitortest.Run. The records it gives out and those it is given are shared:
// never change one. Its errors are faults, or those of ctx: fault.Unavailable
// says that the same call may succeed later.
type Store interface {
	// Get returns the record of id; an empty record (with that ID) for a
	// visitor never stored.
	Get(ctx context.Context, id string) (*Record, error)

	// GetSince is Get for a caller who may have the record already: stamp is
	// what an earlier GetSince of id returned, or 0. While the record is still
	// the same the record returned is nil, and costs next to nothing. A stamp
	// of 0 tells the caller that the store has none. Stamps mean nothing to
	// another store or process.
	GetSince(ctx context.Context, id string, stamp uint64) (*Record, uint64, error)

	// Update replaces id's record by what f makes of it, and moves the
	// counters, in one atomic and durable step: when Update returns nil the
	// change survives a crash, when it fails nothing of it is visible. It may
	// call f again after a conflict, so f must be pure. If f fails, or
	// returns a Change without Added, nothing is stored. Update returns the
	// record as it is afterwards.
	Update(ctx context.Context, id string, f func(*Record) (Change, error)) (*Record, error)

	// Erase removes all that is stored of id, durably; there need not be
	// anything. Counters stay as they are: they say nothing of anybody.
	Erase(ctx context.Context, id string) error

	// All yields every record in ascending order of id. Records changed
	// meanwhile may be seen before or after the change, never in between.
	All(ctx context.Context) iter.Seq2[*Record, error]

	// Counters yields every counter and its value, in ascending order of key.
	Counters(ctx context.Context) iter.Seq2[Counter, error]

	// Ping reports whether the store can answer and take changes.
	Ping(ctx context.Context) error

	// Close releases the store. No call may follow or be under way.
	Close() error
}

// A Change is what a function given to Update makes of a record.
type Change struct {
	Next     *Record         // the whole record after the change: With of Added
	Added    []signal.Signal // the signals that Next has taken in; a store may append just these, and take them in when it reads
	Counters []Counter       // differences to add
}

// A Counter is one additive measurement.
type Counter struct {
	Key string
	N   int64
}
