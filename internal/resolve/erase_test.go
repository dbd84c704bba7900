package resolve_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/segue-dev/segue/internal/fault"
	"github.com/segue-dev/segue/internal/resolve"
	"github.com/segue-dev/segue/internal/signal"
)

func TestAnErasedVisitorIsUnknown(t *testing.T) {
	r := newRig(t)
	r.ask(t, resolve.Request{Messages: []signal.Message{r.event("m1", "Product Added", 0)}})
	require.Equal(t, []string{"cart"}, r.ask(t, resolve.Request{}).Segments)
	require.NoError(t, r.Erase(t.Context(), "ana"))
	require.Empty(t, r.ask(t, resolve.Request{}).Segments)
	require.Equal(t, fault.TooLarge, fault.KindOf(r.Erase(t.Context(), strings.Repeat("a", 201))))
}
