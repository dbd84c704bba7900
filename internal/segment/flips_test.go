package segment

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/segue-dev/segue/internal/segment/syntax"
	"github.com/segue-dev/segue/internal/visitor"
)

// At each flip membership is not what it was just before, and between flips it
// is what it was.
func TestFlipsAreWhereMembershipChanges(t *testing.T) {
	flipping := 0
	rapid.Check(t, func(t *rapid.T) {
		set, err := Compile([]syntax.Definition{{Key: "x", When: genCond(false).Draw(t, "rule")}}, Options{Zone: newYork})
		require.NoError(t, err)
		now, all := genInstant().Draw(t, "now"), genSignals().Draw(t, "signals")
		last := now + rapid.Int64Range(0, 20*24*6).Draw(t, "hours")*10*minute
		flips := set.Bind(&visitor.Record{Signals: all}).Flips(0, View{At: now, Known: now}, 5, last)
		log := set.Bind(&visitor.Record{Signals: until(all, now)})
		var res Result
		log.Evaluate(nil, now, &res)
		member := len(res.Members) > 0
		for _, at := range flips {
			flipping++
			require.LessOrEqual(t, at, last)
			require.Equal(t, at, res.ValidUntil)
			log.Evaluate(nil, at, &res)
			require.NotEqual(t, member, len(res.Members) > 0)
			member = !member
		}
		if len(flips) < 5 {
			require.Greater(t, res.ValidUntil, last)
		}
	})
	require.NotZero(t, flipping)
}
