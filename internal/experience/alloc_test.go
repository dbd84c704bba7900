//go:build !race

package experience_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/segue-dev/segue/internal/experience"
)

func TestAssignAllocatesNothing(t *testing.T) {
	e := experience.Experience{ID: "experience1", Traffic: 1, Distribution: ranges(t, 0.5, 0.5)}
	require.Zero(t, testing.AllocsPerRun(100, func() { e.Assign("visitor") }))
}
