package measure

import (
	"context"
	"iter"
	"maps"
	"slices"
	"strings"

	"github.com/segue-dev/segue/internal/visitor"
)

// A Difference is a counter that does not say what the records say.
type Difference struct {
	Key    string `json:"key"`
	Stored int64  `json:"stored"` // what it says
	Actual int64  `json:"actual"` // what it should say
}

// Recount counts anew what records contribute, together with what erased
// visitors had contributed, and returns where counters say something else, in
// ascending order of key; none is as it should be. Records and counters must be
// those of one instant.
func Recount(records iter.Seq2[*visitor.Record, error], counters iter.Seq2[visitor.Counter, error]) ([]Difference, error) {
	actual := contribution{}
	for r, err := range records {
		if err != nil {
			return nil, err
		}
		for key, e := range r.Summary.Exposures {
			actual.add(key, e, 1)
		}
		actual.leak(r.Summary.Exposures, 1)
	}
	stored := map[string]int64{}
	for c, err := range counters {
		switch {
		case err != nil:
			return nil, err
		case strings.HasPrefix(c.Key, erasedPrefix):
			actual[strings.TrimPrefix(c.Key, erasedPrefix)] += c.N
		case isCounter(c.Key):
			stored[c.Key] = c.N
		}
	}
	return differences(stored, actual), nil
}

// isCounter reports whether a key is one of those that records move.
func isCounter(key string) bool {
	for _, prefix := range []string{cellPrefix, splitPrefix, mixedPrefix, leakPrefix} {
		if strings.HasPrefix(key, prefix) {
			return true
		}
	}
	return false
}

func differences(stored, actual map[string]int64) []Difference {
	keys := maps.Clone(stored)
	maps.Copy(keys, actual)
	var out []Difference
	for _, key := range slices.Sorted(maps.Keys(keys)) {
		if stored[key] != actual[key] {
			out = append(out, Difference{Key: key, Stored: stored[key], Actual: actual[key]})
		}
	}
	return out
}

// Recounted says what measuring anew has come to.
type Recounted struct {
	Visitors int `json:"visitors"`
	Changed  int `json:"changed"` // of them, those who had not been measured by the metrics in force
}

// Refold measures every visitor of a store by the metrics of b: see Book.Refold.
// It may run while signals are taken in. Progress is told of each visitor; nil =
// nobody is told.
func Refold(ctx context.Context, store visitor.Store, b *Book, progress func(visitors int)) (Recounted, error) {
	var done Recounted
	for r, err := range store.All(ctx) {
		if err != nil {
			return done, err
		}
		done.Visitors++
		if progress != nil {
			progress(1)
		}
		if len(r.Joining) == 0 && !b.Refold(r).Whole {
			continue
		}
		_, err := store.Update(ctx, r.ID, func(r *visitor.Record) (visitor.Change, error) { return b.Refold(r), nil })
		if err != nil {
			return done, err
		}
		done.Changed++
	}
	return done, markFolded(ctx, store, b)
}

// Mend makes the counters of a store say what its records do, and returns what
// had been wrong. Nothing may be taken in meanwhile.
func Mend(ctx context.Context, store visitor.Store) ([]Difference, error) {
	wrong, err := Recount(store.All(ctx), store.Counters(ctx))
	if err != nil {
		return nil, err
	}
	differences := make([]visitor.Counter, len(wrong))
	for i, d := range wrong {
		differences[i] = visitor.Counter{Key: d.Key, N: d.Actual - d.Stored}
	}
	return wrong, store.Adjust(ctx, differences)
}

// foldedPrefix begins the counter that says by which metrics all records have
// been measured.
const foldedPrefix = "folded/"

// Folded reports whether every record of a store has been measured by the
// metrics of b.
func Folded(ctx context.Context, store visitor.Store, b *Book) (bool, error) {
	for c, err := range store.Counters(ctx) {
		if err != nil {
			return false, err
		}
		if c.Key == foldedPrefix+b.name() {
			return c.N > 0, nil
		}
	}
	return false, nil
}

// markFolded notes that every record has been measured by the metrics of b, and
// by no others.
func markFolded(ctx context.Context, store visitor.Store, b *Book) error {
	marks := []visitor.Counter{{Key: foldedPrefix + b.name(), N: 1}}
	for c, err := range store.Counters(ctx) {
		if err != nil {
			return err
		}
		if strings.HasPrefix(c.Key, foldedPrefix) {
			marks = append(marks, visitor.Counter{Key: c.Key, N: -c.N})
		}
	}
	return store.Adjust(ctx, marks)
}
