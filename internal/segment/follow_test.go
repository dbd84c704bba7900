package segment

import (
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/segue-dev/segue/internal/segment/syntax"
	"github.com/segue-dev/segue/internal/visitor"
)

// Between the changes that Follow tells membership is what Evaluate says, at
// each instant with the signals up to it.
func TestFollowIsEvaluatingAtEachInstant(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		defs := []syntax.Definition{
			{Key: "a", When: genCond(false).Draw(t, "a")},
			{Key: "b", When: genCond(false).Draw(t, "b"), Hold: genMinutes(9).Draw(t, "hold")},
			{Key: "c", When: syntax.Any{Of: []syntax.Cond{syntax.Segment{Key: "b"}, genCond(false).Draw(t, "c")}}, Stay: genCond(false).Draw(t, "stay")},
			{Key: "d", When: syntax.All{Of: []syntax.Cond{syntax.Segment{Key: "c"}, syntax.Not{Of: syntax.Segment{Key: "a"}}}}, Hold: genMinutes(4).Draw(t, "held too")},
			{Key: "e", When: genCond(false).Draw(t, "e"), Status: syntax.Draft},
		}
		for i := range rapid.SampledFrom([]int{0, 70}).Draw(t, "more segments than a word has bits") {
			defs = append(defs, syntax.Definition{Key: fmt.Sprintf("z%d", i), When: genMatchCount(t), Priority: i % 2})
		}
		set, err := Compile(defs, Options{Zone: newYork})
		require.NoError(t, err)
		all := genSignals().Draw(t, "signals")
		rec, _ := (&visitor.Record{}).With(visitor.Limits{MaxSignals: rapid.SampledFrom([]int{0, 5}).Draw(t, "kept")}, all...)
		from := max(genInstant().Draw(t, "from"), rec.Summary.Horizon) // what was before is known in part only
		to := from + 5*hour

		type change struct {
			segment int
			at      int64
			member  bool
		}
		var changes []change
		var w Walk
		for range 2 { // the second time with the memory of the first
			changes = changes[:0]
			set.Follow(rec, from, to, &w, func(segment int, at int64, member bool) {
				changes = append(changes, change{segment, at, member})
			})
		}
		require.True(t, slices.IsSortedFunc(changes, func(a, b change) int { return int(a.at - b.at) }))

		log := set.Bind(rec)
		in := map[int]bool{}
		truncated := false
		asked := append(instants(all, from), from)
		for _, c := range changes {
			asked = append(asked, c.at, c.at-1)
		}
		slices.Sort(asked)
		var res Result
		none := make([]bool, set.Len()) // what comes after to may be truncated as well
		for _, at := range asked {
			if at < from || at > to {
				continue
			}
			for len(changes) > 0 && changes[0].at <= at {
				require.NotEqual(t, in[changes[0].segment], changes[0].member)
				in[changes[0].segment] = changes[0].member
				changes = changes[1:]
			}
			log.Look(View{Known: at, At: at, Concern: none}, &res)
			truncated = truncated || res.Truncated
			for i := range set.Len() {
				require.Equal(t, slices.Contains(res.Members, i), in[i], "segment %s at %d", set.Key(i), at)
			}
		}
		require.Equal(t, truncated, w.Truncated)
	})
}

func genMatchCount(t *rapid.T) syntax.Cond {
	return syntax.Count{Match: genMatch(t), Window: syntax.Window{Kind: syntax.LastWindow, Last: genMinutes(9).Draw(t, "last")}, Cmp: genCmp(t, 3)}
}
