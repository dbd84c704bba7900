package ingest_test

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/require"

	"github.com/segue-dev/segue/internal/fault"
	"github.com/segue-dev/segue/internal/ingest"
	"github.com/segue-dev/segue/internal/signal"
)

func TestReadJudgesAndCorrectsAsAReplayAndTakesNothingIn(t *testing.T) {
	src := `{"type": "track", "event": "view_item", "anonymousId": "a", "timestamp": "2026-03-04T12:00:00Z", "properties": {"items": [{"item_id": "p"}]}}
{"type": "track", "anonymousId": "a", "timestamp": "2026-03-04T12:00:01Z"}

{"type": "page", "anonymousId": "a", "messageId": "m", "timestamp": "2026-03-04T12:00:00Z", "sentAt": "2026-03-04T12:00:00Z", "receivedAt": "2026-03-04T12:10:00Z"}
`
	var got []ingest.Recorded
	for e, err := range ingest.Read(strings.NewReader(src), ingest.ReplayOptions{Name: "log"}) {
		require.NoError(t, err)
		got = append(got, e)
	}
	require.Len(t, got, 3)
	value, _ := got[0].Signal.Props.Get("product_id")
	require.Equal(t, "p", value.String())
	require.ErrorContains(t, got[1].Err, "event: missing")
	require.Equal(t, 2, got[1].Line)
	require.Equal(t, "m", got[2].Signal.ID)
	require.Equal(t, 2, got[2].Signal.Pos)
	require.Equal(t, signal.Skewed, got[2].Signal.Flags)
	require.Equal(t, int64(len(src)), got[2].Bytes)

	for _, err := range ingest.Read(strings.NewReader("a,b\n1,2\n"), ingest.ReplayOptions{Name: "log", Mapping: &ingest.Mapping{Visitor: "a"}}) {
		require.Equal(t, fault.Invalid, fault.KindOf(err))
	}
	n := 0
	for _, err := range ingest.Read(strings.NewReader(src), ingest.ReplayOptions{}) {
		require.NoError(t, err)
		n++
		break
	}
	require.Equal(t, 1, n)
}

// Whatever is read ahead, nothing is left out or twice.
func TestReadingAheadKeepsTheOrder(t *testing.T) {
	var b strings.Builder
	for i := range 2000 {
		fmt.Fprintf(&b, "v%d,%d,e%d\n", i, 1_700_000_000_000+i, i)
	}
	mapping := ingest.Mapping{Visitor: "v", Time: ingest.TimeColumn{Column: "t", Unit: "ms"}, Event: ingest.EventColumn{Column: "e"}}
	src := "v,t,e\n" + b.String()
	i := 0
	for e, err := range ingest.Read(strings.NewReader(src), ingest.ReplayOptions{Mapping: &mapping}) {
		require.NoError(t, err)
		require.Equal(t, fmt.Sprintf("e%d", i), e.Signal.Name)
		require.Equal(t, i+2, e.Line)
		i++
	}
	require.Equal(t, 2000, i)

	broken := errors.New("broken")
	r := io.MultiReader(strings.NewReader(src), iotest.ErrReader(broken))
	i = 0
	var last error
	for _, err := range ingest.Read(r, ingest.ReplayOptions{Mapping: &mapping, Name: "log"}) {
		i++
		last = err
	}
	require.Equal(t, 2001, i)
	require.ErrorIs(t, last, broken)
}
