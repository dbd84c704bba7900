package ingest_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/segue-dev/segue/internal/fault"
	"github.com/segue-dev/segue/internal/ingest"
	"github.com/segue-dev/segue/internal/signal"
	"github.com/segue-dev/segue/internal/visitor"
)

var now = time.Date(2026, 11, 23, 14, 5, 0, 0, time.UTC)

func clock() time.Time { return now }

// memory is a visitor.Store that forgets. It calls every change twice, as a
// store may after a conflict, and fails while broken is set.
type memory struct {
	visitor.Store
	mu      sync.Mutex
	records map[string]*visitor.Record
	broken  error
	updates int
}

func (s *memory) Update(ctx context.Context, id string, f func(*visitor.Record) (visitor.Change, error)) (*visitor.Record, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := errors.Join(ctx.Err(), s.broken); err != nil {
		return nil, err
	}
	record, ok := s.records[id]
	if !ok {
		record = &visitor.Record{ID: id}
	}
	_, _ = f(record)
	change, err := f(record)
	if err != nil || len(change.Added) == 0 {
		return record, err
	}
	if s.records == nil {
		s.records = map[string]*visitor.Record{}
	}
	s.records[id] = change.Next
	s.updates++
	return change.Next, nil
}

func (s *memory) signals() (n int) {
	for _, r := range s.records {
		n += len(r.Signals)
	}
	return n
}

func track(visitorID, id, event string) signal.Message {
	return signal.Message{Type: "track", AnonymousID: visitorID, MessageID: id, Event: event, Timestamp: now}
}

func accept(t *testing.T, in *ingest.Ingester, b ingest.Batch) ingest.Receipt {
	t.Helper()
	receipt, err := in.Accept(t.Context(), b)
	require.NoError(t, err)
	return receipt
}

func TestEveryMessageIsCountedOnce(t *testing.T) {
	store := &memory{}
	var tally ingest.Tally
	in := ingest.New(store, ingest.Options{Now: clock, Observer: observe(func(t ingest.Tally) { tally = t })})
	future, late := track("v1", "6", "ahead"), track("v1", "7", "late")
	future.Timestamp, late.Timestamp = now.Add(time.Hour), now.Add(-8*24*time.Hour)
	receipt := accept(t, in, ingest.Batch{Messages: []signal.Message{
		track("v1", "1", "a"),
		track("v1", "1", "a"),
		track("v1", "1", "something else"),
		track("v2", "1", "a"),
		{Type: "track", AnonymousID: "v1", MessageID: "bad"},
		future,
		late,
		{Type: "click", AnonymousID: "v1"},
	}})

	require.Equal(t, 4, receipt.Accepted)
	require.Equal(t, 1, receipt.Duplicates)
	require.Equal(t, 1, receipt.Conflicting)
	require.Equal(t, []ingest.Rejection{
		{Index: 4, MessageID: "bad", Code: signal.NoEvent, Field: "event", Reason: `event: missing; a track names what happened, such as "Product Viewed"`},
		{Index: 7, Code: signal.UnknownType, Field: "type", Reason: `type: "click" is unknown; give one of track, page, screen, identify, group, alias, component`},
	}, receipt.Rejected)
	require.Len(t, receipt.Records, 2)
	require.Len(t, receipt.Records["v1"].Signals, 3)
	require.Equal(t, "a", receipt.Records["v2"].Signals[0].Name)
	require.Equal(t, ingest.Tally{
		Accepted: 4, Duplicates: 1, Conflicting: 1, Clamped: 1, TooLate: 1,
		Rejected: map[signal.Code]int{signal.NoEvent: 1, signal.UnknownType: 1},
	}, tally)
}

type observe func(ingest.Tally)

func (f observe) Ingested(t ingest.Tally) { f(t) }

func TestNoGoodMessageIsNoError(t *testing.T) {
	store := &memory{}
	in := ingest.New(store, ingest.Options{})
	require.Len(t, accept(t, in, ingest.Batch{Messages: make([]signal.Message, 3)}).Rejected, 3)
	require.Empty(t, accept(t, in, ingest.Batch{}).Records)
	require.Zero(t, store.updates)
}

func TestRetryIsRecognised(t *testing.T) {
	in := ingest.New(&memory{}, ingest.Options{Now: clock})
	b := ingest.Batch{Messages: []signal.Message{track("v1", "1", "a"), track("v1", "", "b"), track("v2", "3", "c")}}
	require.Equal(t, 3, accept(t, in, b).Accepted)
	b.ReceivedAt, b.SentAt = now.Add(time.Minute), now.Add(time.Hour) // the clock was found to be wrong meanwhile
	receipt := accept(t, in, b)
	require.Equal(t, 3, receipt.Duplicates)
	require.Len(t, receipt.Records["v1"].Signals, 2, "a record is there though nothing is new")
}

func TestStoreFailureIsAnErrorToRetry(t *testing.T) {
	store := &memory{broken: fault.New(fault.Unavailable, "no space left on device")}
	told := 0
	in := ingest.New(store, ingest.Options{Now: clock, Observer: observe(func(ingest.Tally) { told++ })})
	b := ingest.Batch{Messages: []signal.Message{track("v1", "1", "a"), track("v2", "2", "b")}}
	_, err := in.Accept(t.Context(), b)
	require.Equal(t, fault.Unavailable, fault.KindOf(err))
	require.Zero(t, told, "what is not durable is not counted")

	store.broken = fault.New(fault.Overloaded, "busy")
	_, err = in.Accept(t.Context(), b)
	require.Equal(t, fault.Overloaded, fault.KindOf(err))

	store.broken = nil
	require.Equal(t, 2, accept(t, in, b).Accepted)
}

func TestCancelledContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := ingest.New(&memory{}, ingest.Options{}).Accept(ctx, ingest.Batch{Messages: []signal.Message{track("v", "1", "a")}})
	require.ErrorIs(t, err, context.Canceled)
}

func TestOneUpdateAVisitor(t *testing.T) {
	store := &memory{}
	in := ingest.New(store, ingest.Options{Now: clock})
	var messages []signal.Message
	for i := range 1000 {
		messages = append(messages, track(fmt.Sprint("v", i%100), fmt.Sprint(i), "a"))
	}
	require.Equal(t, 1000, accept(t, in, ingest.Batch{Messages: messages}).Accepted)
	require.Equal(t, 100, store.updates)
}

func TestHistory(t *testing.T) {
	in := ingest.New(&memory{}, ingest.Options{Now: clock})
	old := now.Add(-400 * 24 * time.Hour)
	recorded := track("v1", "1", "recorded with a clock an hour slow")
	recorded.Timestamp, recorded.SentAt, recorded.ReceivedAt = old, old.Add(time.Minute), old.Add(time.Hour+time.Minute)
	bare := track("v1", "2", "recorded without its receipt")
	bare.Timestamp, bare.SentAt = old, old.Add(time.Minute)

	signals := accept(t, in, ingest.Batch{Messages: []signal.Message{recorded, bare}, Historical: true, Shift: time.Hour}).Records["v1"].Signals
	require.Equal(t, old.Add(time.Hour).UnixMilli(), signals[0].At)
	require.Equal(t, old.Add(2*time.Hour).UnixMilli(), signals[1].At)
	require.Equal(t, signal.Skewed, signals[1].Flags)
	require.Zero(t, signals[0].Flags)
	require.Equal(t, old.UnixMilli(), signals[0].Raw, "what was stated stays")
}

// However signals are delivered (in any order and division, any of them more
// than once) the records are those of one delivery in order.
func TestDeliveryMakesNoDifference(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 30).Draw(t, "n")
		var sent []signal.Message
		for i := range n {
			m := track(rapid.SampledFrom([]string{"v1", "v2", "v3"}).Draw(t, "visitor"), fmt.Sprint(i), "e")
			m.Timestamp = now.Add(-time.Duration(rapid.IntRange(0, 1e6).Draw(t, "age")) * time.Second)
			sent = append(sent, m)
		}
		once, often := &memory{}, &memory{}
		deliver(t, once, [][]signal.Message{sent})
		repeated := append(sent[:n:n], sent[:rapid.IntRange(0, n).Draw(t, "repeated")]...)
		shuffled := rapid.Permutation(repeated).Draw(t, "shuffled")
		cut := rapid.IntRange(0, len(shuffled)).Draw(t, "cut")
		deliver(t, often, [][]signal.Message{shuffled[:cut], shuffled[cut:]})
		for id, want := range once.records {
			require.Equal(t, ids(want), ids(often.records[id]))
		}
		require.Len(t, often.records, len(once.records))
	})
}

func deliver(t *rapid.T, store visitor.Store, batches [][]signal.Message) {
	in := ingest.New(store, ingest.Options{Now: clock, Lateness: 365 * 24 * time.Hour})
	for _, messages := range batches {
		_, err := in.Accept(context.Background(), ingest.Batch{Messages: messages})
		require.NoError(t, err)
	}
}

func ids(r *visitor.Record) map[string]int64 {
	out := map[string]int64{}
	for _, s := range r.Signals {
		out[s.ID] = s.At
	}
	return out
}

func BenchmarkAccept(b *testing.B) {
	for _, size := range []int{1, 100} {
		b.Run(fmt.Sprintf("signals=%d", size), func(b *testing.B) {
			in := ingest.New(&memory{}, ingest.Options{Limits: visitor.Limits{MaxSignals: 100}})
			messages := make([]signal.Message, size)
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				for j := range messages {
					messages[j] = track(fmt.Sprint("v", j%20), fmt.Sprint(i, "-", j), "Product Viewed")
				}
				_, err := in.Accept(b.Context(), ingest.Batch{Messages: messages, ReceivedAt: now})
				require.NoError(b, err)
			}
		})
	}
}

func TestChangedVisitorsAreToldOnceTheyAreStored(t *testing.T) {
	s := &memory{}
	var told []string
	in := ingest.New(s, ingest.Options{Now: clock, Changed: func(id string) {
		require.NotNil(t, s.records[id])
		told = append(told, id)
	}})
	good := signal.Message{Type: "page", AnonymousID: "ana", MessageID: "m1", Timestamp: now}
	for range 2 { // the second time it changes nothing
		_, err := in.Accept(t.Context(), ingest.Batch{Messages: []signal.Message{good, {Type: "track", AnonymousID: "bea"}}})
		require.NoError(t, err)
	}
	require.Equal(t, []string{"ana"}, told)

	s.broken = errors.New("disk full")
	_, err := in.Accept(t.Context(), ingest.Batch{Messages: []signal.Message{{Type: "page", AnonymousID: "ana", MessageID: "m2", Timestamp: now}}})
	require.Error(t, err)
	require.Len(t, told, 1)
}
