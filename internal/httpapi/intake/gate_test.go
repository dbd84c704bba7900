package intake_test

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/labstack/echo/v4"
	"github.com/stretchr/testify/require"

	"github.com/segue-dev/segue/internal/httpapi/intake"
	"github.com/segue-dev/segue/internal/httpapi/reply"
	"github.com/segue-dev/segue/internal/ingest"
)

const kib = 1 << 10

// A store that takes each batch when it is told to.
type slowStore struct{ proceed chan struct{} }

func (s slowStore) Accept(context.Context, ingest.Batch) (ingest.Receipt, error) {
	<-s.proceed
	return ingest.Receipt{}, nil
}

type counts struct {
	mu                   sync.Mutex
	inFlight, turnedAway int64
}

func (c *counts) InFlight(change int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.inFlight += change
}

func (c *counts) TurnedAway() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.turnedAway++
}

// clients post bodies to a server, all at the same time.
type clients struct {
	t       *testing.T
	server  http.Handler
	answers chan *httptest.ResponseRecorder
}

func newClients(t *testing.T, in intake.Ingester, opts intake.Options) clients {
	e := echo.New()
	e.HTTPErrorHandler = reply.Fail(slog.New(slog.DiscardHandler))
	door := intake.New(in, opts)
	e.POST("/", func(c echo.Context) error {
		if _, err := door.Take(c, func([]byte) (ingest.Batch, error) { return ingest.Batch{}, nil }); err != nil {
			return err
		}
		return c.NoContent(http.StatusOK)
	})
	return clients{t, e, make(chan *httptest.ResponseRecorder, 1000)}
}

// send posts n bodies of a size, and returns when all have come as far as they can.
func (c clients) send(ctx context.Context, n, size int) {
	for range n {
		go func() {
			res := httptest.NewRecorder()
			c.server.ServeHTTP(res, httptest.NewRequestWithContext(ctx, http.MethodPost, "/", strings.NewReader(strings.Repeat("x", size))))
			c.answers <- res
		}()
	}
	synctest.Wait()
}

// answered returns how many got each status since it was last asked.
func (c clients) answered() map[int]int {
	c.t.Helper()
	synctest.Wait()
	got := map[int]int{}
	for len(c.answers) > 0 {
		res := <-c.answers
		got[res.Code]++
		if res.Code == http.StatusTooManyRequests {
			seconds, err := strconv.Atoi(res.Header().Get("Retry-After"))
			require.NoError(c.t, err, "clients read whole seconds only")
			require.Positive(c.t, seconds)
		}
	}
	return got
}

func TestOverloadIsTurnedAwayAfterAWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store, seen := slowStore{make(chan struct{})}, &counts{}
		c := newClients(t, store, intake.Options{InFlight: 64 * kib, Wait: time.Second, Observer: seen})
		c.send(t.Context(), 2, 32*kib)
		require.EqualValues(t, 64*kib, seen.inFlight)
		c.send(t.Context(), 3, 32*kib)
		require.EqualValues(t, 64*kib, seen.inFlight, "three wait")
		require.Empty(t, c.answered(), "nobody is turned away before the wait is over")

		store.proceed <- struct{}{}
		require.Equal(t, map[int]int{200: 1}, c.answered())
		require.EqualValues(t, 64*kib, seen.inFlight, "the first of the three has come in")
		time.Sleep(time.Second)
		require.Equal(t, map[int]int{429: 2}, c.answered())
		require.EqualValues(t, 2, seen.turnedAway)

		close(store.proceed)
		require.Equal(t, map[int]int{200: 2}, c.answered())
		require.Zero(t, seen.inFlight)
		c.send(t.Context(), 3, 32*kib)
		require.Equal(t, map[int]int{200: 3}, c.answered(), "when the overload is over, all is as before")
	})
}

func TestTheQueueIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := slowStore{make(chan struct{})}
		c := newClients(t, store, intake.Options{InFlight: 64 * kib})
		c.send(t.Context(), 2, 32*kib)
		c.send(t.Context(), 10, 32*kib)
		require.Equal(t, map[int]int{429: 2}, c.answered(), "eight fill the queue, what is more is turned away at once")
		close(store.proceed)
		require.Equal(t, map[int]int{200: 10}, c.answered())
	})
}

func TestSmallBodiesHaveAWeightToo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store, seen := slowStore{make(chan struct{})}, &counts{}
		c := newClients(t, store, intake.Options{InFlight: 64 * kib, Observer: seen})
		c.send(t.Context(), 16, 10)
		require.EqualValues(t, 64*kib, seen.inFlight)
		c.send(t.Context(), 1, 10)
		require.EqualValues(t, 64*kib, seen.inFlight, "one waits")
		close(store.proceed)
		require.Equal(t, map[int]int{200: 17}, c.answered())
	})
}

func TestABodyLargerThanTheRoomComesInAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := slowStore{make(chan struct{})}
		c := newClients(t, store, intake.Options{InFlight: 8 * kib})
		c.send(t.Context(), 1, 100*kib)
		close(store.proceed)
		require.Equal(t, map[int]int{200: 1}, c.answered())
	})
}

func TestWhoHangsUpWhileWaitingIsNotCounted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store, seen := slowStore{make(chan struct{})}, &counts{}
		c := newClients(t, store, intake.Options{InFlight: 8 * kib, Observer: seen})
		c.send(t.Context(), 1, 8*kib)
		ctx, hangUp := context.WithCancel(t.Context())
		c.send(ctx, 1, 8*kib)
		hangUp()
		require.Equal(t, map[int]int{499: 1}, c.answered())
		require.Zero(t, seen.turnedAway)
		close(store.proceed)
		require.Equal(t, map[int]int{200: 1}, c.answered())
	})
}
