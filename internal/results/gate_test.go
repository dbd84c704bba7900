package results

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestGate(t *testing.T) {
	good := Draft{Segment: "keen", Visitors: 10_000, Days: 28, Members: 28_000, Base: 0.05, Effect: 0.1, Active: 2}
	for name, tc := range map[string]struct {
		edit    func(*Draft)
		open    bool
		error   string
		warning string
		say     string
	}{
		"good":                  {edit: func(*Draft) {}, open: true, say: "About 120 days to find a difference of +10 %", warning: "it takes 120 days"},
		"a greater effect":      {edit: func(d *Draft) { d.Effect = 0.2 }, open: true, say: "About 32 days to find a difference of +20 %"},
		"nobody":                {edit: func(d *Draft) { d.Members = 0 }, error: "nobody was ever in it", say: "Nobody enters it"},
		"a mistake":             {edit: func(d *Draft) { d.Effect = 0.3; d.Mistakes = []string{"it uses the goal"} }, error: "it uses the goal"},
		"like another":          {edit: func(d *Draft) { d.Effect, d.Overlaps = 0.3, []Neighbour{{"calm", 0.9}} }, open: true, warning: "calm has nearly the same visitors"},
		"flapping":              {edit: func(d *Draft) { d.Effect, d.Flapping = 0.3, 0.2 }, open: true, warning: "came and went"},
		"too short":             {edit: func(d *Draft) { d.Effect, d.Days = 0.3, 3 }, open: true, warning: "3 days long"},
		"too many":              {edit: func(d *Draft) { d.Effect, d.Active = 0.3, 5 }, open: true, warning: "5 active segments"},
		"no goal":               {edit: func(d *Draft) { d.Base = 0 }, open: true, say: "cannot be said"},
		"a doubt of the linter": {edit: func(d *Draft) { d.Effect, d.Doubts = 0.3, []string{"SG110: too old"} }, open: true, warning: "SG110"},
	} {
		t.Run(name, func(t *testing.T) {
			d := good
			tc.edit(&d)
			g := GateOf(d)
			require.Equal(t, tc.open, g.Open)
			require.Contains(t, g.Say, tc.say)
			if tc.error != "" {
				require.Contains(t, g.Errors[0], tc.error)
			}
			if tc.warning == "" {
				require.Empty(t, g.Warnings)
			} else {
				require.Contains(t, g.Warnings[len(g.Warnings)-1], tc.warning)
			}
		})
	}
}
