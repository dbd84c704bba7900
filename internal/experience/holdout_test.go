package experience_test

import (
	"fmt"
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/segue-dev/segue/internal/experience"
)

func TestAGreaterHoldoutHoldsOutMoreAndNobodyLess(t *testing.T) {
	require.False(t, experience.Holdout{}.Enabled())
	held := 0
	for i := range 20_000 {
		id := fmt.Sprint("visitor-", i)
		require.False(t, experience.Holdout{}.Holds(id))
		small, great := experience.Holdout{Share: 0.05}.Holds(id), experience.Holdout{Share: 0.2}.Holds(id)
		require.False(t, small && !great)
		if small {
			held++
		}
	}
	require.InDelta(t, 1000, held, 4*math.Sqrt(20_000*0.05*0.95))
}

// The layers are orthogonal: who is held out, and what one experience gives, say
// nothing of what another gives. By χ² on 2 × 2 tables, of which none of three may
// be beyond what chance exceeds once in a million times.
func TestLayersAreOrthogonal(t *testing.T) {
	const visitors, limit = 40_000, 23.9
	one := experience.Experience{ID: "exp-one", Traffic: 1, Distribution: ranges(t, 0.5, 0.5)}
	two := experience.Experience{ID: "exp-two", Traffic: 1, Distribution: ranges(t, 0.9, 0.1)}
	holdout := experience.Holdout{Share: 0.1}
	var tables [3][2][2]float64
	for i := range visitors {
		id := fmt.Sprint("v", i)
		a, _ := one.Assign(id)
		b, _ := two.Assign(id)
		h := 0
		if holdout.Holds(id) {
			h = 1
		}
		tables[0][a][b]++
		tables[1][a][h]++
		tables[2][b][h]++
	}
	for _, table := range tables {
		require.Less(t, chiSquare(table), limit)
	}
}

// chiSquare returns the statistic of independence.
func chiSquare(n [2][2]float64) float64 {
	total := n[0][0] + n[0][1] + n[1][0] + n[1][1]
	sum := 0.0
	for i := range 2 {
		for j := range 2 {
			expected := (n[i][0] + n[i][1]) * (n[0][j] + n[1][j]) / total
			sum += (n[i][j] - expected) * (n[i][j] - expected) / expected
		}
	}
	return sum
}

func TestWhoTakesTheBucketOfAnotherExperienceAssignsAlike(t *testing.T) {
	old := experience.Experience{ID: "old", Traffic: 0.7, Distribution: ranges(t, 0.3, 0.7)}
	renamed, other := old, old
	renamed.ID, renamed.Bucket, other.ID = "new", "old", "new"
	moved := false
	for i := range 1000 {
		id := fmt.Sprint("v", i)
		index, in := old.Assign(id)
		again, inAgain := renamed.Assign(id)
		require.Equal(t, index, again)
		require.Equal(t, in, inAgain)
		elsewhere, _ := other.Assign(id)
		moved = moved || elsewhere != index
	}
	require.True(t, moved)
}
