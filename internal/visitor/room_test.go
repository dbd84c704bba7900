package visitor_test

import (
	"fmt"
	"slices"
	"strconv"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/segue-dev/segue/internal/signal"
	"github.com/segue-dev/segue/internal/visitor"
	"github.com/segue-dev/segue/internal/visitor/visitortest"
)

// TestRecordsOfOneOriginNeverChangeEachOther grows a tree of records, in which
// many share what they have in common.
func TestRecordsOfOneOriginNeverChangeEachOther(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		lim := visitor.Limits{MaxSignals: rapid.IntRange(0, 12).Draw(t, "max")}
		tree := []*visitor.Record{{ID: "v"}}
		said := [][]byte{visitor.AppendRecord(nil, tree[0])}
		for i := range rapid.IntRange(1, 40).Draw(t, "records") {
			r := tree[max(0, len(tree)-rapid.IntRange(1, 5).Draw(t, "back"))]
			var sigs []signal.Signal
			for j := range rapid.IntRange(1, 3).Draw(t, "new") {
				sigs = append(sigs, at(i+j-rapid.SampledFrom([]int{0, 0, 0, 7}).Draw(t, "late"), fmt.Sprint(i, "-", j)))
			}
			next, _ := r.With(lim, sigs...)
			apart, err := visitor.DecodeRecord("v", visitor.AppendRecord(nil, r))
			require.NoError(t, err)
			want, _ := apart.With(lim, sigs...)
			require.Equal(t, want, next)
			tree, said = append(tree, next), append(said, visitor.AppendRecord(nil, next))
		}
		for i, r := range tree {
			require.Equal(t, said[i], visitor.AppendRecord(nil, r))
		}
	})
}

func TestARecordGrowsInManyWaysAtOnce(t *testing.T) {
	sigs := visitortest.Signals("d", 80)
	r, _ := new(visitor.Record).With(visitor.Limits{}, sigs[:20]...)
	for n := 20; n < len(sigs); n++ {
		var wg sync.WaitGroup
		for i := range 8 {
			wg.Go(func() {
				mine := sigs[n]
				mine.ID = fmt.Sprint("mine-", i)
				next, _ := r.With(visitor.Limits{}, mine)
				if got := next.Signals[len(next.Signals)-1].ID; got != mine.ID {
					t.Errorf("took in %s and got %s", mine.ID, got)
				}
			})
		}
		r2, _ := r.With(visitor.Limits{}, sigs[n])
		wg.Wait()
		r = r2
		require.Equal(t, sigs[:n+1], r.Signals)
	}
}

func TestARecordPutTogetherByHandIsLeftAlone(t *testing.T) {
	sigs := visitortest.Signals("d", 30)
	r, _ := new(visitor.Record).With(visitor.Limits{}, sigs[:20]...)
	r, _ = r.With(visitor.Limits{}, sigs[20:22]...)
	for name, log := range map[string][]signal.Signal{
		"its beginning": r.Signals[:10],
		"its end":       r.Signals[12:],
		"another log":   slices.Clone(sigs[:22]),
	} {
		byHand := *r
		byHand.Signals = log
		next, _ := byHand.With(visitor.Limits{}, sigs[25])
		require.Equal(t, append(slices.Clone(log), sigs[25]), next.Signals, name)
		require.Equal(t, sigs[:22], r.Signals, name)
	}
	grown := append(r.Signals, sigs[29])
	next, _ := r.With(visitor.Limits{}, sigs[22])
	require.Equal(t, sigs[29], grown[22])
	require.Equal(t, sigs[:23], next.Signals)
}

func TestGrowingInOrderSeldomCopiesTheLog(t *testing.T) {
	const n = 1000
	r, copies := new(visitor.Record), 0
	for _, s := range visitortest.Signals("d", n) {
		next, _ := r.With(visitor.Limits{MaxSignals: 256}, s)
		if len(r.Signals) > 1 && &next.Signals[len(next.Signals)-2] != &r.Signals[len(r.Signals)-1] {
			copies++
		}
		r = next
	}
	require.Less(t, copies, n/32)
}

// BenchmarkWithInOrder takes signals in as a visitor sends them, who has sent as
// many already as are kept.
func BenchmarkWithInOrder(b *testing.B) {
	benchmarkSizes(b, func(b *testing.B, r *visitor.Record) {
		next := r.Signals[len(r.Signals)-1]
		for i := 0; b.Loop(); i++ {
			next.ID, next.At = "next-"+strconv.Itoa(i), next.At+1
			r, _ = r.With(visitor.Limits{MaxSignals: len(r.Signals)}, next)
		}
	})
}
