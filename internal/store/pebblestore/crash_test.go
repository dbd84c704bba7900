package pebblestore_test

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/stretchr/testify/require"

	"github.com/segue-dev/segue/internal/store/pebblestore"
	"github.com/segue-dev/segue/internal/visitor/visitortest"
)

func TestEverythingAcknowledgedSurvivesACrash(t *testing.T) {
	for seed := range uint64(10) {
		t.Run(fmt.Sprint("seed=", seed), func(t *testing.T) { crash(t, rand.New(rand.NewPCG(seed, 1))) })
	}
}

// crash copies the disk while visitors are updated and opens the copy.
func crash(t *testing.T, rng *rand.Rand) {
	const visitors, rounds = 8, 60
	fs := vfs.NewCrashableMem()
	s := openAt(t, "data", pebblestore.Options{FS: fs, CompactAfter: 5})
	defer func() { require.NoError(t, s.Close()) }()
	var acked [visitors]atomic.Int64
	var total atomic.Int64
	reached := make(chan struct{})
	when := int64(1 + rng.IntN(visitors*rounds-visitors))
	var wg sync.WaitGroup
	for v := range visitors {
		wg.Go(func() {
			for _, sig := range visitortest.Signals("d", rounds) {
				if err := put(t.Context(), s, fmt.Sprint(v), sig); err != nil {
					t.Error(err)
				}
				acked[v].Add(1)
				if total.Add(1) == when {
					close(reached)
				}
			}
		})
	}
	<-reached
	var least [visitors]int
	for v := range least {
		least[v] = int(acked[v].Load())
	}
	after := fs.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: rng.IntN(101), RNG: rng})
	wg.Wait()

	again := openAt(t, "data", pebblestore.Options{FS: after, CompactAfter: 5})
	signals, n := contents(t, again)
	sum := 0
	for v, want := range least {
		require.GreaterOrEqual(t, signals[fmt.Sprint(v)], want)
		sum += signals[fmt.Sprint(v)]
		require.NoError(t, put(t.Context(), again, fmt.Sprint(v), visitortest.Signals("d", rounds)...))
	}
	require.EqualValues(t, sum, n, "record and counters move together")
	signals, n = contents(t, again)
	require.EqualValues(t, visitors*rounds, n)
	for _, got := range signals {
		require.Equal(t, rounds, got)
	}
	require.NoError(t, again.Close())
}
