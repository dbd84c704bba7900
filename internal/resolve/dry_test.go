package resolve_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/segue-dev/segue/internal/decision"
	"github.com/segue-dev/segue/internal/resolve"
	"github.com/segue-dev/segue/internal/signal"
)

func TestADryAnswerIsTheRealOneAndLeavesNothing(t *testing.T) {
	r := newRig(t)
	r.ask(t, resolve.Request{Messages: []signal.Message{r.event("m0", "page", -time.Minute)}})
	before, err := r.store.Get(t.Context(), "ana")
	require.NoError(t, err)
	named := signal.Message{Type: "identify", MessageID: "i1", Timestamp: r.now, Props: signal.Props{{Key: "firstName", Value: signal.TextOf("Ana")}}}
	req := resolve.Request{Page: "home", Record: true, Explain: true, Messages: []signal.Message{
		named, r.event("m1", "page", 0), r.event("m2", "Theme Toggled", 0), r.event("m3", "seen", 0), {Type: "track", MessageID: "bad"},
	}}

	req.Dry = true
	dry := r.ask(t, req)
	require.Equal(t, []string{"fan", "dark"}, dry.Segments)
	require.Equal(t, decision.Sticky, dry.Decision.Experiences[1].Reason)
	require.Equal(t, "Ana", dry.MergeTags["traits_firstName"])
	after, err := r.store.Get(t.Context(), "ana")
	require.NoError(t, err)
	require.Equal(t, before, after)
	require.Empty(t, r.ask(t, resolve.Request{}).Segments, "nor is it remembered anywhere else")

	req.Dry = false
	taken := r.ask(t, req)
	taken.Timing, dry.Timing = resolve.Timing{}, resolve.Timing{}
	require.Equal(t, taken, dry)
}

func TestADryAnswerDoesNotFixTheInstantOfAPageView(t *testing.T) {
	r := newRig(t)
	dry := func() time.Time { return r.ask(t, resolve.Request{Navigation: "n", Dry: true}).At }
	require.Equal(t, r.now, dry())
	r.now = start.Add(time.Minute)
	recorded := r.ask(t, resolve.Request{Navigation: "n"}).At
	require.Equal(t, r.now, recorded)
	r.now = start.Add(time.Hour / 2)
	require.Equal(t, recorded, dry(), "but is answered for it")
}

func TestTheRecordIsGivenToThoseWhoAskForIt(t *testing.T) {
	r := newRig(t)
	require.Nil(t, r.ask(t, resolve.Request{Messages: []signal.Message{r.event("m1", "page", 0)}}).Record)
	require.Len(t, r.ask(t, resolve.Request{Record: true}).Record.Signals, 1)
	require.Len(t, r.ask(t, resolve.Request{Record: true, Messages: []signal.Message{r.event("m2", "page", 0)}}).Record.Signals, 2)
}
