package main_test

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/segue-dev/segue/internal/measure"
	"github.com/segue-dev/segue/internal/store/pebblestore"
)

// TestParticipantsAreCountedOnceThoughTheServerIsKilled sends what visitors do out
// of order and more than once, kills the server again and again meanwhile, and
// looks what was counted.
func TestParticipantsAreCountedOnceThoughTheServerIsKilled(t *testing.T) {
	const visitors, kills = 120, 4
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
		return path
	}
	data := filepath.Join(dir, "data")
	write("rules.yaml", "segment: reader\nname: Readers\nsoWhat: x\nwhen: { count: { of: page, gte: 2 } }\n")
	write("metrics.yaml", "metrics:\n  - { metric: purchase, of: Order Completed, window: 7d }\n")
	config := write("segue.yaml", "store: pebble:"+data+"\ncontent: \"\"\nsegments: rules.yaml\nmetrics: metrics.yaml\n")

	s := serve(t, "--config", config)
	var todo []string
	for v := range visitors {
		todo = append(todo, deedsOf(v)...)
	}
	random := rand.New(rand.NewPCG(1, 2)) //nolint:gosec // repeatable
	for round := 0; len(todo) > 0; round++ {
		random.Shuffle(len(todo), func(i, j int) { todo[i], todo[j] = todo[j], todo[i] })
		todo = sendAll(s, todo, round < kills)
		if round < kills {
			s.Restart(t)
		}
	}
	require.Zero(t, s.Stop(t))

	var wrong struct{ Wrong []measure.Difference }
	report(t, &wrong, "recount", "--check", "--config", config)
	require.Empty(t, wrong.Wrong)

	store, err := pebblestore.Open(data, pebblestore.Options{})
	require.NoError(t, err)
	defer func() { require.NoError(t, store.Close()) }()
	tally, err := measure.ReadTally(store.Counters(t.Context()))
	require.NoError(t, err)
	for variant := range 2 {
		counts := tally.Of(func(c measure.Cell) bool {
			return c.Experience == "e1" && c.Segment == "reader" && c.Variant == variant
		})
		require.EqualValues(t, visitors/2, counts.Visitors)
		for _, sums := range counts.Metrics {
			require.EqualValues(t, visitors/6, sums.Sum)
		}
	}
	require.Len(t, tally.Of(func(measure.Cell) bool { return true }).Metrics, 1)
}

// deedsOf returns what a visitor does, as requests: two pages, an exposure, some
// an order and some an identify.
func deedsOf(v int) []string {
	day := time.Now().Add(-time.Hour).UTC()
	n := 0
	signal := func(body string) string {
		n++
		return fmt.Sprintf(`{%s,"anonymousId":"v%d","messageId":"v%d-%d","timestamp":%q}`, body, v, v, n, day.Add(time.Duration(n)*time.Minute).Format(time.RFC3339))
	}
	deeds := []string{
		signal(`"type":"page"`), signal(`"type":"page"`),
		signal(fmt.Sprintf(`"type":"component","properties":{"experienceId":"e1","variantIndex":%d}`, v%2)),
	}
	if v%3 == 0 {
		deeds = append(deeds, signal(`"type":"track","event":"Order Completed"`), signal(`"type":"track","event":"Order Completed"`))
	}
	if v%4 == 0 {
		deeds = append(deeds, signal(fmt.Sprintf(`"type":"identify","userId":"user-%d"`, v)))
	}
	return deeds
}

// sendAll sends deeds in batches, from eight clients, and returns those that were
// not acknowledged. If it is to, it kills the server on the way.
func sendAll(s *server, deeds []string, kill bool) (left []string) {
	const perBatch = 3
	var mu sync.Mutex
	var clients sync.WaitGroup
	batches := make(chan []string)
	for range 8 {
		clients.Go(func() {
			for batch := range batches {
				var r receipt
				status, err := s.post("/v1/batch", `{"batch":[`+strings.Join(batch, ",")+`]}`, &r)
				if err != nil || status != http.StatusOK || rand.IntN(10) == 0 { // some answers get lost
					mu.Lock()
					left = append(left, batch...)
					mu.Unlock()
				}
			}
		})
	}
	for n := 0; n < len(deeds); n += perBatch {
		if kill && n >= len(deeds)/2 {
			kill = false
			s.Kill()
		}
		batches <- deeds[n:min(n+perBatch, len(deeds))]
	}
	close(batches)
	clients.Wait()
	return left
}
