package signal_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/segue-dev/segue/internal/fault"
	"github.com/segue-dev/segue/internal/signal"
)

func TestCheck(t *testing.T) {
	good := signal.Message{Type: "track", AnonymousID: "a", Event: "Product Viewed"}
	for name, tc := range map[string]struct {
		edit func(*signal.Message)
		want string // "" means accepted
	}{
		"good":               {func(*signal.Message) {}, ""},
		"no type":            {func(m *signal.Message) { m.Type = "" }, "type: missing"},
		"strange type":       {func(m *signal.Message) { m.Type = "Track" }, `type: "Track" is unknown`},
		"user alone":         {func(m *signal.Message) { m.AnonymousID, m.UserID = "", "u" }, ""},
		"nobody":             {func(m *signal.Message) { m.AnonymousID = "" }, "anonymousId: missing, and so is userId"},
		"no event":           {func(m *signal.Message) { m.Event = "" }, "event: missing"},
		"blank event":        {func(m *signal.Message) { m.Event = " \t" }, "event: missing"},
		"page has no event":  {func(m *signal.Message) { m.Type, m.Event = "page", "" }, ""},
		"line break in id":   {func(m *signal.Message) { m.UserID = "u\n" }, "userId: \"u\\n\" has control characters"},
		"line break in name": {func(m *signal.Message) { m.Event = "a\nb" }, "event: \"a\\nb\" has control characters"},
		"bytes in id":        {func(m *signal.Message) { m.MessageID = "\xff" }, "messageId: is not valid UTF-8"},
		"earlier error":      {func(m *signal.Message) { m.Err = fault.New(fault.Invalid, "x"); m.Type = "" }, "x"},
	} {
		t.Run(name, func(t *testing.T) {
			m := good
			tc.edit(&m)
			err := m.Check()
			if tc.want == "" {
				require.NoError(t, err)
				return
			}
			require.ErrorContains(t, err, tc.want)
			require.Equal(t, fault.Invalid, fault.KindOf(err))
		})
	}
}

func TestVisitorIsAnonymousIDFirst(t *testing.T) {
	require.Equal(t, "a", signal.Message{AnonymousID: "a", UserID: "u"}.Visitor())
	require.Equal(t, "u", signal.Message{UserID: "u"}.Visitor())
	require.Empty(t, signal.Message{}.Visitor())
}

func TestMessageSentAtWinsOverBatch(t *testing.T) {
	m := signal.Message{Type: "page", UserID: "u", Timestamp: received.Add(time.Hour), SentAt: received.Add(time.Hour + time.Minute)}
	s := m.Signal(received, received, 3, 0)
	require.Equal(t, received.Add(-time.Minute).UnixMilli(), s.At)
	require.Equal(t, m.Timestamp.UnixMilli(), s.Raw)
	require.Equal(t, 3, s.Pos)
	m.SentAt = time.Time{}
	require.Equal(t, received.UnixMilli(), m.Signal(received, received, 3, 0).At)
}

func TestMissingIDs(t *testing.T) {
	id := func(edit func(*signal.Message), at time.Time, pos int) string {
		m := signal.Message{Type: "track", AnonymousID: "a", Event: "e", Timestamp: received, Props: signal.Props{{Key: "k", Value: signal.TextOf("1")}}}
		edit(&m)
		return m.Signal(at, time.Time{}, pos, 0).ID
	}
	same := func(*signal.Message) {}
	untimed := func(m *signal.Message) { m.Timestamp = time.Time{} }
	sentLater := func(m *signal.Message) { m.SentAt, m.ReceivedAt = received.Add(time.Hour), received }

	t.Run("one that is given stays", func(t *testing.T) {
		require.Equal(t, "mine", id(func(m *signal.Message) { m.MessageID = "mine" }, received, 0))
	})
	t.Run("a retry has the same, whenever and wherever in a batch", func(t *testing.T) {
		require.Equal(t, id(same, received, 0), id(sentLater, received.Add(time.Hour), 7))
	})
	t.Run("other content has another", func(t *testing.T) {
		seen := map[string]bool{id(same, received, 0): true}
		for _, edit := range []func(*signal.Message){
			func(m *signal.Message) { m.Type = "page" },
			func(m *signal.Message) { m.AnonymousID = "b" },
			func(m *signal.Message) { m.AnonymousID, m.UserID = "", "a" },
			func(m *signal.Message) { m.Event = "f" },
			func(m *signal.Message) { m.Timestamp = received.Add(time.Millisecond) },
			func(m *signal.Message) { m.Props = nil },
			func(m *signal.Message) { m.Props = signal.Props{{Key: "k", Value: signal.NumberOf(1)}} },
			func(m *signal.Message) { m.Props = signal.Props{{Key: "k1", Value: signal.TextOf("")}} },
		} {
			other := id(edit, received, 0)
			require.False(t, seen[other])
			seen[other] = true
		}
	})
	t.Run("without a time every delivery is another event", func(t *testing.T) {
		require.NotEqual(t, id(untimed, received, 0), id(untimed, received.Add(1), 0))
		require.NotEqual(t, id(untimed, received, 0), id(untimed, received, 1))
		require.Equal(t, id(untimed, received, 0), id(untimed, received, 0))
	})
}
