package resolve_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/segue-dev/segue/internal/ingest"
	"github.com/segue-dev/segue/internal/resolve"
	"github.com/segue-dev/segue/internal/signal"
	"github.com/segue-dev/segue/internal/store/pebblestore"
)

// BenchmarkResolve measures an answer inside the process, for visitors of 32
// signals who send none.
func BenchmarkResolve(b *testing.B) {
	store, err := pebblestore.OpenMemory(pebblestore.Options{})
	require.NoError(b, err)
	b.Cleanup(func() { require.NoError(b, store.Close()) })
	in := ingest.New(store, ingest.Options{})
	r := resolve.New(store, in, newSite(b, "Welcome"), resolve.Options{})
	const visitors = 1024
	for v := range visitors {
		var batch ingest.Batch
		for i := range 32 {
			batch.Messages = append(batch.Messages, signal.Message{
				Type: "page", AnonymousID: fmt.Sprint(v), MessageID: fmt.Sprint(i), Timestamp: time.Now().Add(-time.Duration(i) * time.Minute),
			})
		}
		_, err := in.Accept(b.Context(), batch)
		require.NoError(b, err)
	}
	ids := make([]string, visitors)
	for v := range ids {
		ids[v] = fmt.Sprint(v)
	}
	for name, page := range map[string]string{"decision": "", "page": "home"} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for n := 0; b.Loop(); n++ {
				if _, err := r.Resolve(b.Context(), resolve.Request{AnonymousID: ids[n%visitors], Page: page}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
