//go:build !race

package bucket

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestPlacesAllocateNothing(t *testing.T) {
	require.Zero(t, testing.AllocsPerRun(100, func() { Traffic("5kuc9KgA9q9RXnlbDxDlY", "größe-🙂") }))
}
