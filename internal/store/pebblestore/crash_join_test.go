package pebblestore_test

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/stretchr/testify/require"

	"github.com/segue-dev/segue/internal/signal"
	"github.com/segue-dev/segue/internal/store/pebblestore"
	"github.com/segue-dev/segue/internal/visitor"
	"github.com/segue-dev/segue/internal/visitor/visitortest"
)

func TestACrashWhileIDsAreJoinedLosesNothing(t *testing.T) {
	for seed := range uint64(10) {
		t.Run(fmt.Sprint("seed=", seed), func(t *testing.T) { crashJoining(t, rand.New(rand.NewPCG(seed, 2))) })
	}
}

// device is the anonymous id of a device, of which each user has two.
func device(d int) string { return fmt.Sprint("device", d) }

func userOf(d int) string { return fmt.Sprint("user", d/2) }

// step does step n of a device's visit: in the middle of its signals its user
// identifies.
func step(t *testing.T, s visitor.Store, d, n int, sigs []signal.Signal) error {
	if n == len(sigs)/2 {
		_, err := s.Join(t.Context(), visitor.Join{From: device(d), To: userOf(d), By: signal.Signal{ID: device(d), At: int64(d)}})
		if err != nil {
			return err
		}
	}
	return put(t.Context(), s, device(d), sigs[n])
}

// crashJoining copies the disk while devices send and identify, and opens the
// copy.
func crashJoining(t *testing.T, rng *rand.Rand) {
	const devices, steps = 8, 24
	fs := vfs.NewCrashableMem()
	s := openAt(t, "data", pebblestore.Options{FS: fs, CompactAfter: 3})
	defer func() { require.NoError(t, s.Close()) }()
	var sigs [devices][]signal.Signal
	var acked [devices]atomic.Int64
	var total atomic.Int64
	reached := make(chan struct{})
	when := int64(1 + rng.IntN(devices*steps-devices))
	var wg sync.WaitGroup
	for d := range devices {
		sigs[d] = visitortest.Signals(device(d), steps)
		wg.Go(func() {
			for n := range steps {
				if err := step(t, s, d, n, sigs[d]); err != nil {
					t.Error(err)
				}
				acked[d].Add(1)
				if total.Add(1) == when {
					close(reached)
				}
			}
		})
	}
	<-reached
	var least [devices]int
	for d := range least {
		least[d] = int(acked[d].Load())
	}
	after := fs.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: rng.IntN(101), RNG: rng})
	wg.Wait()

	again := openAt(t, "data", pebblestore.Options{FS: after, CompactAfter: 3})
	defer func() { require.NoError(t, again.Close()) }()
	for d := range devices {
		r, err := again.Get(t.Context(), device(d))
		require.NoError(t, err)
		require.GreaterOrEqual(t, countOf(r, device(d)), least[d])
		if least[d] > steps/2 {
			require.Equal(t, userOf(d), r.ID, "what was acknowledged to be joined is")
		}
	}
	_, before := contents(t, again)
	for d := range devices {
		for n := range steps {
			require.NoError(t, step(t, again, d, n, sigs[d]))
		}
	}
	signals, n := contents(t, again)
	require.LessOrEqual(t, before, n)
	require.EqualValues(t, devices*steps, n, "record and counters move together")
	require.Len(t, signals, devices/2)
	for _, got := range signals {
		require.Equal(t, 2*steps, got)
	}
}

// countOf returns how many signals of a device r has.
func countOf(r *visitor.Record, device string) (n int) {
	for _, s := range r.Signals {
		if s.Device == device {
			n++
		}
	}
	return n
}
