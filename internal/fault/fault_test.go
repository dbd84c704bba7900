package fault_test

import (
	"errors"
	"fmt"
	"io"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/segue-dev/segue/internal/fault"
)

func TestTheOutermostKindCounts(t *testing.T) {
	inner := fault.New(fault.NotFound, "no page %q", "home")
	outer := fault.Wrap(fault.Unavailable, inner, "cannot answer")
	for want, err := range map[fault.Kind]error{
		"":                nil,
		fault.Internal:    io.ErrUnexpectedEOF,
		fault.NotFound:    fmt.Errorf("while asking: %w", inner),
		fault.Unavailable: errors.Join(io.EOF, outer),
	} {
		require.Equal(t, want, fault.KindOf(err), "%v", err)
	}
}

func TestTheMessageIsShownAndTheCauseLogged(t *testing.T) {
	err := fault.Wrap(fault.Unavailable, io.ErrClosedPipe, "the store cannot be read")
	require.Equal(t, "the store cannot be read", err.Msg)
	require.EqualError(t, err, "the store cannot be read: io: read/write on closed pipe")
	require.ErrorIs(t, err, io.ErrClosedPipe)
	require.EqualError(t, fault.New(fault.Invalid, "at: %d is no instant", 7), "at: 7 is no instant")
}
