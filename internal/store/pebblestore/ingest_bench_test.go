package pebblestore_test

import (
	"fmt"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/segue-dev/segue/internal/ingest"
	"github.com/segue-dev/segue/internal/signal"
	"github.com/segue-dev/segue/internal/store/pebblestore"
	"github.com/segue-dev/segue/internal/visitor"
)

// A crowd sends the messages of BenchmarkIngest.
type crowd struct {
	ids  []string
	sent atomic.Int64 // batches so far
}

func newCrowd(visitors int) *crowd {
	c := &crowd{ids: make([]string, visitors)}
	for v := range c.ids {
		c.ids[v] = fmt.Sprintf("0e8f6a10-77a5-4ac8-9c6c-%012d", v)
	}
	return c
}

// batch returns the next batch: a message each of size visitors.
func (c *crowd) batch(size int) ingest.Batch {
	n := int(c.sent.Add(1)) - 1
	at := time.UnixMilli(1_767_225_600_000 + int64(n))
	b := ingest.Batch{Messages: make([]signal.Message, size), ReceivedAt: at}
	for i := range b.Messages {
		b.Messages[i] = signal.Message{
			Type: "track", Event: "Product Viewed", Timestamp: at,
			AnonymousID: c.ids[(n*size+i)%len(c.ids)], MessageID: "m" + strconv.Itoa(n),
			Props: signal.Props{
				{Key: "context.locale", Value: signal.TextOf("en-US")},
				{Key: "context.page.path", Value: signal.TextOf("/products/sku-" + strconv.Itoa(n%40))},
				{Key: "price", Value: signal.NumberOf(float64(n%40) + 0.99)},
				{Key: "product_id", Value: signal.TextOf("sku-" + strconv.Itoa(n%40))},
			},
		}
	}
	return b
}

// BenchmarkIngest takes batches of 100 messages of 100 visitors in, durably,
// from 16 goroutines. The visitors have 32 signals each when it begins.
func BenchmarkIngest(b *testing.B) {
	const visitors, size, goroutines = 4096, 100, 16
	for name, cache := range map[string]int64{"decoded": 256 << 20, "default": 0, "cold": -1} {
		b.Run(name, func(b *testing.B) {
			limits := visitor.Limits{MaxSignals: 1000, Retention: 90 * 24 * time.Hour}
			store := openAt(b, b.TempDir(), pebblestore.Options{Limits: limits, CacheBytes: cache})
			defer func() { require.NoError(b, store.Close()) }()
			in, c := ingest.New(store, ingest.Options{Limits: limits}), newCrowd(visitors)
			c.send(b, in, goroutines, 32*visitors/size, size)
			b.ReportAllocs()
			b.ResetTimer()
			c.send(b, in, goroutines, b.N, size)
			b.ReportMetric(float64(size*b.N)/b.Elapsed().Seconds(), "signals/s")
		})
	}
}

// send has goroutines take so many batches in.
func (c *crowd) send(b *testing.B, in *ingest.Ingester, goroutines, batches, size int) {
	var left atomic.Int64
	left.Store(int64(batches))
	var wg sync.WaitGroup
	for range goroutines {
		wg.Go(func() {
			for left.Add(-1) >= 0 {
				if _, err := in.Accept(b.Context(), c.batch(size)); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
}
