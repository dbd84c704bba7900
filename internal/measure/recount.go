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
	Key    string
	Stored int64 // what it says
	Actual int64 // what it should say
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
	return strings.HasPrefix(key, cellPrefix) || strings.HasPrefix(key, splitPrefix) || strings.HasPrefix(key, mixedPrefix)
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

// Refold measures every visitor of a store anew: see Book.Refold. It may run
// while signals are taken in. Progress is told of each visitor; nil = nobody is
// told. The result counts the visitors whose record has changed.
func Refold(ctx context.Context, store visitor.Store, b *Book, progress func()) (changed int, err error) {
	for r, err := range store.All(ctx) {
		if err != nil {
			return changed, err
		}
		if progress != nil {
			progress()
		}
		if len(r.Joining) == 0 && !b.Refold(r).Whole {
			continue
		}
		_, err := store.Update(ctx, r.ID, func(r *visitor.Record) (visitor.Change, error) { return b.Refold(r), nil })
		if err != nil {
			return changed, err
		}
		changed++
	}
	return changed, nil
}
