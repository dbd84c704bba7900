package resolve_test

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/segue-dev/segue/internal/experience"
	"github.com/segue-dev/segue/internal/experience/bucket"
	"github.com/segue-dev/segue/internal/resolve"
	"github.com/segue-dev/segue/internal/segment"
	"github.com/segue-dev/segue/internal/signal"
)

// asks asks for the visitor with an id, with what they send.
func (r *rig) asks(t *testing.T, id string, messages ...signal.Message) *resolve.Answer {
	t.Helper()
	a, err := r.Resolve(t.Context(), resolve.Request{AnonymousID: id, Messages: messages, Record: true})
	require.NoError(t, err)
	require.Equal(t, id, a.Visitor, "a visitor is called as they were asked for")
	return a
}

// identify says that the user is at the device that sends it.
func (r *rig) identify(id, user string) signal.Message {
	return signal.Message{Type: "identify", MessageID: id, UserID: user, Timestamp: r.now}
}

func TestTheDevicesOfAUserAreOneVisitor(t *testing.T) {
	r := newRig(t)
	require.Empty(t, r.asks(t, "phone", r.event("m1", "page", -time.Minute)).Segments)
	require.Empty(t, r.asks(t, "laptop", r.event("m2", "page", -2*time.Minute)).Segments)
	for range 2 { // so that what is held ready of both is used
		require.Empty(t, r.asks(t, "phone").Segments)
		require.Empty(t, r.asks(t, "laptop").Segments)
	}
	r.asks(t, "phone", r.identify("i1", "ana@example.com"))
	require.Equal(t, []string{"fan"}, r.asks(t, "laptop", r.identify("i2", "ana@example.com")).Segments, "in the very answer")
	for _, id := range []string{"phone", "laptop", "ana@example.com"} {
		require.Equal(t, []string{"fan"}, r.asks(t, id).Segments)
	}
	r.asks(t, "phone", r.event("m3", "Product Added", 0))
	require.Equal(t, []string{"cart", "fan"}, r.asks(t, "laptop").Segments, "what one does, the other knows")
	explained, err := r.Explain(t.Context(), "laptop", "cart", time.Time{})
	require.NoError(t, err)
	require.True(t, explained[0].Member)

	require.NoError(t, r.Erase(t.Context(), "laptop"))
	for _, id := range []string{"phone", "laptop", "ana@example.com"} {
		require.Empty(t, r.asks(t, id).Segments)
	}
}

// Who is looking at a page when they identify is shown what they were shown
// before, unless they are known already: then it is what they are shown elsewhere.
func TestAssignmentsSurviveThatAVisitorIdentifies(t *testing.T) {
	r := newRig(t)
	halves := []experience.Range{{Index: 0, Start: 0, End: .5}, {Index: 1, Start: .5, End: 1}}
	r.Publish(siteOf(t, "Welcome", rules, segment.Options{}, []experience.Experience{{
		ID: "test", Traffic: 1, Distribution: halves, Components: []experience.Component{{Baseline: "hero", Variants: []experience.Variant{{Entry: "hero-new"}}}},
	}}))
	variant := func(id string) int { return r.asks(t, id).Decision.Experiences[0].Variant }
	of := func(id string) int {
		if bucket.Distribution("test", id) > .5 {
			return 1
		}
		return 0
	}
	ids := map[int][]string{}
	for _, id := range []string{"p1", "p2", "p3", "p4", "p5", "p6", "p7", "p8", "p9"} {
		ids[of(id)] = append(ids[of(id)], id)
	}
	phone, laptop := ids[0][0], ids[1][0]
	user := slices.DeleteFunc([]string{"ana", "bea", "cem", "dan", "eve", "fay"}, func(id string) bool { return of(id) == of(phone) })[0]

	require.Equal(t, 0, variant(phone))
	r.asks(t, phone, r.identify("i1", user))
	require.Equal(t, 0, variant(phone), "it does not jump to what the user's id would be assigned")
	require.Equal(t, phone, r.asks(t, phone).Record.StableID())

	r.now = r.now.Add(time.Minute)
	require.Equal(t, 1, variant(laptop))
	r.asks(t, laptop, r.identify("i2", user))
	require.Equal(t, 0, variant(laptop), "a user has one assignment, whatever the device")
	require.Equal(t, 0, variant(user))
}

func TestADryAnswerToAnIdentifyIsTheRealOne(t *testing.T) {
	r := newRig(t)
	r.asks(t, "phone", r.event("m1", "page", -time.Minute), r.identify("i1", "ana"))
	r.asks(t, "laptop", r.event("m2", "page", -time.Minute))
	req := resolve.Request{AnonymousID: "laptop", Messages: []signal.Message{r.identify("i2", "ana")}, Dry: true}
	dry, err := r.Resolve(t.Context(), req)
	require.NoError(t, err)
	require.Equal(t, []string{"fan"}, dry.Segments)
	require.Empty(t, r.asks(t, "laptop").Segments)
	req.Dry = false
	real, err := r.Resolve(t.Context(), req)
	require.NoError(t, err)
	real.Timing, dry.Timing = resolve.Timing{}, resolve.Timing{}
	require.Equal(t, real, dry)
}
