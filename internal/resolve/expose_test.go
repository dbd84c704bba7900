package resolve_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/segue-dev/segue/internal/decision"
	"github.com/segue-dev/segue/internal/experience"
	"github.com/segue-dev/segue/internal/resolve"
	"github.com/segue-dev/segue/internal/signal"
	"github.com/segue-dev/segue/internal/visitor"
)

func TestAnAnswerForAPageCountsAsSeenWhereItIsToldTo(t *testing.T) {
	r := newRig(t)
	site := newSite(t, "Welcome")
	site.ExposeOnResolve = true
	r.Publish(site)
	seen := func() map[string]visitor.Exposure {
		rec, err := r.store.Get(t.Context(), "ana")
		require.NoError(t, err)
		return rec.Summary.Exposures
	}
	ask := resolve.Request{AnonymousID: "ana", Messages: []signal.Message{r.event("m1", "Product Added", 0)}}
	_, err := r.Resolve(t.Context(), ask)
	require.NoError(t, err)
	require.Empty(t, seen(), "a decision alone shows nothing")

	ask.Messages, ask.Page = nil, "home"
	for _, unseen := range []func(*resolve.Request){
		func(q *resolve.Request) { q.Dry = true },
		func(q *resolve.Request) { q.At = r.now },
	} {
		q := ask
		unseen(&q)
		_, err = r.Resolve(t.Context(), q)
		require.NoError(t, err)
		require.Empty(t, seen())
	}
	for range 3 {
		a, err := r.Resolve(t.Context(), ask)
		require.NoError(t, err)
		require.Equal(t, 1, a.Decision.Slots[0].Variant)
		r.now = r.now.Add(time.Second)
	}
	first := seen()["carts"]
	require.Equal(t, 1, first.Variant)
	require.Equal(t, start.UnixMilli(), first.At, "the first answer for the page")
	rec, err := r.store.Get(t.Context(), "ana")
	require.NoError(t, err)
	require.Len(t, rec.Signals, 2, "it is stored once")
}

func TestHeldOutVisitorsSeeTheBaselineAndAreTold(t *testing.T) {
	r := newRig(t)
	site := newSite(t, "Welcome")
	site.Holdout, site.ExposeOnResolve = experience.Holdout{Share: 1}, true
	r.Publish(site)
	a, err := r.Resolve(t.Context(), resolve.Request{AnonymousID: "ana", Page: "home", Messages: []signal.Message{r.event("m1", "Product Added", 0)}})
	require.NoError(t, err)
	require.Contains(t, a.Segments, "cart")
	require.Equal(t, decision.Holdout, a.Decision.Slots[0].Reason)
	require.Zero(t, a.Decision.Slots[0].Variant)
	require.Empty(t, a.Decision.Experiences)
	rec, err := r.store.Get(t.Context(), "ana")
	require.NoError(t, err)
	require.Empty(t, rec.Summary.Exposures)
}
