package pebblestore_test

import (
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/segue-dev/segue/internal/store/pebblestore"
	"github.com/segue-dev/segue/internal/visitor/visitortest"
)

// BenchmarkAppend stores one signal an Update, durably, from 64 writers.
func BenchmarkAppend(b *testing.B) {
	const writers, visitors = 64, 8192
	s := openAt(b, b.TempDir(), pebblestore.Options{})
	defer func() { require.NoError(b, s.Close()) }()
	sigs := visitortest.Signals("d", 200)
	b.ReportAllocs()
	var next atomic.Int64
	var wg sync.WaitGroup
	for range writers {
		wg.Go(func() {
			for {
				i := int(next.Add(1)) - 1
				if i >= b.N {
					return
				}
				if err := put(b.Context(), s, fmt.Sprint("visitor-", i%visitors), sigs[i/visitors%len(sigs)]); err != nil {
					b.Error(err)
				}
			}
		})
	}
	wg.Wait()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "appends/s")
}

// BenchmarkGet reads records of 32 signals out of 2,000.
func BenchmarkGet(b *testing.B) {
	for name, cache := range map[string]int64{"hot": 0, "cold": -1} {
		b.Run(name, func(b *testing.B) {
			const visitors = 2000
			dir := b.TempDir()
			s := openAt(b, dir, pebblestore.Options{CacheBytes: cache})
			for i := range visitors {
				require.NoError(b, put(b.Context(), s, fmt.Sprint("visitor-", i), visitortest.Signals(fmt.Sprint("visitor-", i), 32)...))
			}
			require.NoError(b, s.Close())
			s = openAt(b, dir, pebblestore.Options{CacheBytes: cache})
			defer func() { require.NoError(b, s.Close()) }()
			ids := make([]string, visitors)
			for i := range ids {
				ids[i] = fmt.Sprint("visitor-", i)
			}
			before := heap()
			for _, id := range ids {
				_, _ = s.Get(b.Context(), id)
			}
			if grown := int64(heap() - before); cache == 0 {
				defer b.ReportMetric(float64(grown)/visitors, "heap-B/record")
			}
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				if _, err := s.Get(b.Context(), ids[i%visitors]); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func heap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}
