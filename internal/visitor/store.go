package visitor

import (
	"context"
	"iter"

	"github.com/segue-dev/segue/internal/signal"
)

// A Store keeps visitors' records and the measurement counters their changes
// move. To it all ids of one visitor are the same: Get, GetSince, Update and
// Erase are about the visitor whose id it is, whose record may have another ID,
// and All yields every visitor once. Every implementation passes
// visitortest.Run.
type Store interface {
	Records

	// Join makes two ids those of one visitor, as j says, or says why it does
	// not. From then on the visitor's record is that which all signals of both
	// would have made. When Join returns nil that is durable; when it fails, the
	// two may be joined or not, but nothing is lost or counted twice, and it is
	// safe to repeat.
	Join(ctx context.Context, j Join) (Verdict, error)

	// Before returns the record of the visitor whose id this was until a Join
	// Switched it the last time; nil if there is none. What was sent before and
	// comes again may be there.
	Before(ctx context.Context, id string) (*Record, error)
}

// Records keep a record for each id. It is what an engine has to provide:
// NewStore makes a Store of it. Records are safe for concurrent use. Those that
// they give out and those that they are given are shared: never change one.
// Errors are faults, or those of ctx: fault.Unavailable says that the same call
// may succeed later.
type Records interface {
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
	// returns a Change that is neither Whole nor has Added, nothing is stored.
	// Update returns the record as it is afterwards.
	Update(ctx context.Context, id string, f func(*Record) (Change, error)) (*Record, error)

	// Erase removes all that is stored of id, durably; there need not be
	// anything. Counters stay as they are: they say nothing of anybody.
	Erase(ctx context.Context, id string) error

	// All yields every record in ascending order of id. Records changed
	// meanwhile may be seen before or after the change, never in between.
	All(ctx context.Context) iter.Seq2[*Record, error]

	// Counters yields every counter and its value, in ascending order of key.
	Counters(ctx context.Context) iter.Seq2[Counter, error]

	// Adjust adds differences to counters that belong to no change of a record,
	// all of them durably or none.
	Adjust(ctx context.Context, differences []Counter) error

	// Ping reports whether the store can answer and take changes.
	Ping(ctx context.Context) error

	// Close releases the store. No call may follow or be under way.
	Close() error
}

// A Change is what a function given to Update makes of a record.
type Change struct {
	Next     *Record         // the whole record after the change: With of Added
	Added    []signal.Signal // the signals that Next has taken in; a store may append just these, and take them in when it reads
	Exposed  bool            // Next's exposures differ from those that With of Added has made
	Counters []Counter       // differences to add
	Whole    bool            // Next differs in more than Added says, so it is stored as it is
}

// A Counter is one additive measurement.
type Counter struct {
	Key string
	N   int64
}
