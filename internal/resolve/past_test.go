package resolve_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/segue-dev/segue/internal/experience"
	"github.com/segue-dev/segue/internal/ingest"
	"github.com/segue-dev/segue/internal/resolve"
	"github.com/segue-dev/segue/internal/signal"
	"github.com/segue-dev/segue/internal/store/pebblestore"
	"github.com/segue-dev/segue/internal/visitor"
)

// An answer from memory is that of a resolver which remembers nothing,
// whatever happens in between.
func TestAnAnswerFromMemoryIsAsIfEvaluated(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		r := newRig(t)
		steps := rapid.IntRange(1, 30).Draw(rt, "steps")
		site := r.Site()
		for i := range steps {
			r.now = r.now.Add(rapid.SampledFrom([]time.Duration{0, time.Millisecond, 9 * time.Minute, time.Hour, 5 * time.Hour}).Draw(rt, "pause"))
			req := resolve.Request{AnonymousID: "ana", Page: rapid.SampledFrom([]string{"", "home"}).Draw(rt, "page"), Memberships: rapid.Bool().Draw(rt, "memberships")}
			switch rapid.IntRange(0, 5).Draw(rt, "what") {
			case 0:
				name := rapid.SampledFrom([]string{"page", "Product Added", "Theme Toggled", "seen"}).Draw(rt, "event")
				ahead := rapid.SampledFrom([]time.Duration{-time.Minute, 0, 1500 * time.Millisecond}).Draw(rt, "ahead")
				req.Messages = []signal.Message{r.event(string(rune('a'+i)), name, ahead)}
			case 1:
				req.Context = signal.Props{{Key: "mood", Value: signal.TextOf(rapid.SampledFrom([]string{"awake", "sleepy"}).Draw(rt, "mood"))}}
			case 2:
				req.At = r.now.Add(-rapid.SampledFrom([]time.Duration{time.Minute, 3 * time.Hour}).Draw(rt, "ago"))
			case 3:
				site = edited(t, site, rapid.Bool().Draw(rt, "experiences"))
				r.Publish(site)
			}
			got, err := r.Resolve(t.Context(), req)
			require.NoError(rt, err)
			req.Messages = nil
			clock := func() time.Time { return r.now }
			fresh := resolve.New(r.store, ingest.New(r.store, ingest.Options{Now: clock}), site, resolve.Options{Now: clock})
			want, err := fresh.Resolve(t.Context(), req)
			require.NoError(rt, err)
			require.Equal(rt, want.Segments, got.Segments)
			require.Equal(rt, want.At, got.At)
			require.Equal(rt, want.ValidUntil, got.ValidUntil)
			require.Equal(rt, want.Key, got.Key)
			require.Equal(rt, want.Decision.Slots, got.Decision.Slots)
			require.Equal(rt, want.Decision.Variables, got.Decision.Variables)
			require.Equal(rt, string(want.Page), string(got.Page))
			require.Equal(rt, want.Revision, got.Revision)
		}
	})
}

// edited is site with other content, the same segments, and the experiences of
// newSite or none.
func edited(t *testing.T, site *resolve.Site, experiences bool) *resolve.Site {
	other := newSite(t, "Welcome back")
	if !experiences {
		none, err := experience.NewCatalog(nil, nil)
		require.NoError(t, err)
		other.Experiences = none
	}
	return resolve.NewSite(other.Content, site.Segments, other.Experiences)
}

// A laps tells whether answers were evaluated.
type laps struct{ evaluated bool }

func (l *laps) Resolved(_ *resolve.Answer, t resolve.Timing) { l.evaluated = t.Evaluate > 0 }

func TestNothingIsEvaluatedWhileAnAnswerHolds(t *testing.T) {
	r := newRig(t)
	seen := &laps{}
	clock := func() time.Time { return r.now }
	r.Resolver = resolve.New(r.store, ingest.New(r.store, ingest.Options{Now: clock}), newSite(t, "Welcome"), resolve.Options{Now: clock, Observer: seen})
	asked := func(after time.Duration, req resolve.Request) bool {
		r.now = start.Add(after)
		r.ask(t, req)
		return seen.evaluated
	}
	require.True(t, asked(0, resolve.Request{Messages: []signal.Message{r.event("m1", "Product Added", 0)}}))
	require.True(t, asked(0, resolve.Request{}), "the first without signals")
	require.False(t, asked(0, resolve.Request{}))
	require.False(t, asked(time.Hour-time.Millisecond, resolve.Request{}))
	require.True(t, asked(time.Hour, resolve.Request{}), "the cart is forgotten")
	require.False(t, asked(time.Hour, resolve.Request{}))
	require.True(t, asked(time.Hour, resolve.Request{Page: "home"}), "another page")
	require.True(t, asked(time.Hour, resolve.Request{UserAgent: "Mozilla/5.0 (iPhone)"}), "another device")
	require.True(t, asked(time.Hour, resolve.Request{Messages: []signal.Message{r.event("m2", "page", 0)}}), "another signal")
	require.True(t, asked(time.Hour, resolve.Request{}))
	r.Publish(newSite(t, "Welcome"))
	require.True(t, asked(time.Hour, resolve.Request{}), "another site")
}

// An answer that looked back beyond the record says so each time.
func TestATruncatedAnswerIsNotRemembered(t *testing.T) {
	limits := visitor.Limits{MaxSignals: 2}
	store, err := pebblestore.OpenMemory(pebblestore.Options{Limits: limits})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, store.Close()) })
	clock := func() time.Time { return start.Add(time.Minute) }
	r := resolve.New(store, ingest.New(store, ingest.Options{Limits: limits, Now: clock}), newSite(t, "Welcome"), resolve.Options{Now: clock})
	req := resolve.Request{AnonymousID: "v"}
	for i := range 3 {
		req.Messages = append(req.Messages, signal.Message{Type: "page", Timestamp: start.Add(time.Duration(i) * time.Second)})
	}
	for range 3 {
		a, err := r.Resolve(t.Context(), req)
		require.NoError(t, err)
		require.True(t, a.Truncated)
		req.Messages = nil
	}
}
