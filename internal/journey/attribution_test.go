package journey

import (
	"encoding/csv"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// attributed divides the conversions of paths of touches, an hour apart, with a
// goal an hour after the last where goals say so.
func attributed(touched [][]string, goals []bool, halfLife time.Duration) *Attribution {
	p := &paths{timed: true, within: never, end: never, opts: Options{
		Goal: &Goal{}, Touches: TouchOptions{Of: "campaign", HalfLife: halfLife},
	}}
	all := newChannels()
	p.touches.offset = []int{0}
	for v, names := range touched {
		for i, name := range names {
			p.touches.channel = append(p.touches.channel, all.id(name))
			p.touches.at = append(p.touches.at, int64(i)*3_600_000)
		}
		p.touches.offset = append(p.touches.offset, len(p.touches.channel))
		goal := never
		if goals[v] {
			goal = int64(len(names)) * 3_600_000
		}
		p.goal = append(p.goal, goal)
	}
	p.touches.names = all.names
	return p.attribution()
}

func channelsOf(a *Attribution) map[string]Channel {
	by := map[string]Channel{}
	for _, c := range a.Channels {
		by[c.Name] = c
	}
	return by
}

func TestEachModelDividesAsItSays(t *testing.T) {
	a := attributed([][]string{{"a", "b", "c", "b"}, {"a", "b"}, {"c"}, {"a"}, {}}, []bool{true, true, true, false, true}, time.Hour)
	require.Equal(t, []int{3, 1, 4}, []int{a.Conversions, a.Untouched, a.Paths})
	by := channelsOf(a)
	for name, want := range map[string]Channel{
		"a": {Touches: 3, Visitors: 3, First: 2, Last: 0, Linear: 1/4. + 1/2., Position: .4 + .5, Decay: 1/15. + 1/3.},
		"b": {Touches: 3, Visitors: 2, First: 0, Last: 2, Linear: 2/4. + 1/2., Position: .1 + .4 + .5, Decay: 10/15. + 2/3.},
		"c": {Touches: 2, Visitors: 2, First: 1, Last: 1, Linear: 1/4. + 1, Position: .1 + 1, Decay: 4/15. + 1},
	} {
		got := by[name]
		require.Equal(t, want.Touches, got.Touches, name)
		require.Equal(t, want.Visitors, got.Visitors, name)
		require.InDeltaSlice(t, []float64{want.First, want.Last, want.Linear, want.Position, want.Decay},
			[]float64{got.First, got.Last, got.Linear, got.Position, got.Decay}, 1e-9, name)
	}
}

// TestMarkovRemoval follows a chain by hand: of start→a→conversion (1), start→a→b→conversion
// (1), start→b→nothing (2).
func TestMarkovRemoval(t *testing.T) {
	a := attributed([][]string{{"a"}, {"a", "b"}, {"b"}, {"b"}}, []bool{true, true, false, false}, time.Hour)
	require.InDelta(t, 0.5, a.Rate, 0)
	by := channelsOf(a)
	// Without a only start→b is left, half of all paths, of which a third convert.
	require.InDelta(t, 1-(1/2.*1/3.)/(1/2.), by["a"].Removal, 1e-12)
	// Without b: start→a→conversion, a half of a half.
	require.InDelta(t, 1-(1/2.*1/2.)/(1/2.), by["b"].Removal, 1e-12)
	require.InDelta(t, 2*(2/3.)/(2/3.+1/2.), by["a"].Markov, 1e-12)
}

func genTouched() *rapid.Generator[[][]string] {
	return rapid.SliceOfN(rapid.SliceOfN(rapid.SampledFrom(strings.Fields("a b c d e f")), 0, 6), 1, 30)
}

func TestEveryModelDividesAllConversions(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		touched := genTouched().Draw(t, "touched")
		goals := rapid.SliceOfN(rapid.Bool(), len(touched), len(touched)).Draw(t, "goals")
		a := attributed(touched, goals, time.Duration(rapid.IntRange(1, 1000).Draw(t, "minutes"))*time.Minute)
		var sum Channel
		c := newChain(len(a.Channels))
		number := map[string]int32{}
		for i, ch := range a.Channels {
			number[ch.Name] = int32(i)
			sum.First += ch.First
			sum.Last += ch.Last
			sum.Linear += ch.Linear
			sum.Position += ch.Position
			sum.Decay += ch.Decay
			sum.Markov += ch.Markov
			require.True(t, ch.Removal >= 0 && ch.Removal <= 1)
		}
		for _, got := range []float64{sum.First, sum.Last, sum.Linear, sum.Position, sum.Decay, sum.Markov} {
			require.InDelta(t, a.Conversions, got, 1e-9)
		}
		// The chain says that as many convert as do, and touches of one channel one
		// directly after the other make no difference to the effect of removing it.
		var repeated [][]string
		for v, names := range touched {
			path, again := []int32{}, []string{}
			for _, name := range names {
				path = append(path, number[name])
				for range rapid.IntRange(1, 3).Draw(t, "times") {
					again = append(again, name)
				}
			}
			if repeated = append(repeated, again); len(path) > 0 {
				c.add(path, goals[v])
			}
		}
		require.InDelta(t, a.Rate, c.conversion(-1), 1e-12)
		more := channelsOf(attributed(repeated, goals, time.Hour))
		for _, ch := range a.Channels {
			require.InDelta(t, ch.Removal, more[ch.Name].Removal, 1e-9)
		}
	})
}

func TestRareChannelsAreOne(t *testing.T) {
	var touched [][]string
	var goals []bool
	for i := range 60 {
		for range 60 - i {
			touched, goals = append(touched, []string{fmt.Sprintf("c%02d", i)}), append(goals, i%2 == 0)
		}
	}
	a := attributed(touched, goals, time.Hour)
	require.Len(t, a.Channels, maxChannels)
	rest := channelsOf(a)[otherChannels]
	require.Equal(t, 66, rest.Touches, "of the eleven with 11, 10 … 1 touches")
	require.InDelta(t, 30, rest.Linear, 1e-9)
}

func TestTouchesAreReadFromSignals(t *testing.T) {
	lines := []string{
		"-800h page context.campaign.source=old\n0s page context.campaign.source=mail\n1m page context.campaign.source=mail\n2m page context.campaign.source=search\n3m buy context.campaign.source=mail\n4m page context.campaign.source=late",
		"0s page\n1m Experience_Viewed experienceId=e variantIndex=2\n2m buy",
		"-900h page context.campaign.source=old\n-700h page context.campaign.source=mail\n-1h page context.campaign.source=mail",
	}
	q := Query{Goal: "buy", To: t0.Add(time.Hour)}
	ask := func(touch string) map[string]Channel {
		q.Touch = touch
		a := run(t, q, record(t, "a", lines[0]), record(t, "b", lines[1]), record(t, "c", lines[2])).Attribution
		require.Nil(t, a.Lift)
		return channelsOf(a)
	}
	campaigns := ask("campaign")
	require.Len(t, campaigns, 2)
	require.Equal(t, 3, campaigns["mail"].Touches, "repeats are one, and the goal's own signal counts")
	require.InDelta(t, 1, campaigns["mail"].Last, 0)
	require.InDelta(t, 1/3., campaigns["search"].Linear, 1e-9)
	require.Equal(t, []string{"e=2"}, keysOf(ask("variant")))
	require.Equal(t, []string{"page without path"}, keysOf(ask("step")))
	require.Equal(t, []string{"e"}, keysOf(ask("experienceId")))
	require.Nil(t, run(t, Query{}, record(t, "a", lines[0])).Attribution)
}

// TestAttributionOfTheOnlineShoppers divides the purchases of a public data set
// among the types of traffic of its sessions.
func TestAttributionOfTheOnlineShoppers(t *testing.T) {
	f, err := os.Open(data(t, "experiments", "uci-online-shoppers.csv"))
	require.NoError(t, err)
	defer func() { require.NoError(t, f.Close()) }()
	rows, err := csv.NewReader(f).ReadAll()
	require.NoError(t, err)
	var touched [][]string
	var goals []bool
	for _, row := range rows[1:] {
		touched, goals = append(touched, []string{row[14]}), append(goals, strings.EqualFold(row[17], "true"))
	}
	a := attributed(touched, goals, time.Hour)
	require.Equal(t, []int{12330, 1908, 20}, []int{a.Paths, a.Conversions, len(a.Channels)})
	for _, ch := range a.Channels { // one touch each: all models agree
		for _, got := range []float64{ch.Last, ch.Linear, ch.Position, ch.Decay, ch.Markov} {
			require.InDelta(t, ch.First, got, 1e-6, ch.Name)
		}
	}
}
