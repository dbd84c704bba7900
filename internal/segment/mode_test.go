package segment

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/segue-dev/segue/internal/segment/syntax"
	"github.com/segue-dev/segue/internal/signal"
	"github.com/segue-dev/segue/internal/visitor"
)

// modeOf counts the values of the signals less than d old at instant t.
func modeOf(sigs []signal.Signal, d time.Duration, t int64) (mode string, ok bool) {
	times, last := map[string]int{}, map[string]int{}
	n := 0
	for _, s := range sigs {
		for _, p := range s.Props {
			if s.At <= t && t < s.At+d.Milliseconds() {
				n++
				times[p.Value.String()]++
				last[p.Value.String()] = n
			}
		}
	}
	for v := range times {
		if !ok || times[v] > times[mode] || times[v] == times[mode] && last[v] > last[mode] {
			mode, ok = v, true
		}
	}
	return mode, ok
}

func TestModeIsTheMostFrequentValue(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var sigs []signal.Signal
		start := t0.UnixMilli()
		for i := range rapid.IntRange(0, 12).Draw(t, "signals") {
			s := signal.Signal{ID: fmt.Sprintf("s%02d", i), Name: "v", At: start + minute*int64(i/2*10)}
			for range rapid.IntRange(0, 2).Draw(t, "values") {
				v := rapid.SampledFrom([]signal.Value{signal.TextOf("red"), signal.TextOf("1"), signal.NumberOf(1), signal.NumberOf(2)}).Draw(t, "value")
				s.Props = append(s.Props, signal.Prop{Key: "p", Value: v})
			}
			sigs = append(sigs, s)
		}
		d := genMinutes(6).Draw(t, "last")
		asked := rapid.SampledFrom([]syntax.Scalar{"red", 1.0, 2.0}).Draw(t, "asked")
		set, err := Compile([]syntax.Definition{{Key: "x", When: syntax.Aggregate{
			Func: syntax.Mode, Match: syntax.Match{Events: []syntax.Event{{Name: "v"}}}, Property: "p",
			Window: syntax.Window{Kind: syntax.LastWindow, Last: d}, Cmp: []syntax.Cmp{{Op: syntax.Eq, Value: asked}},
		}}}, Options{})
		require.NoError(t, err)
		log := set.Bind(&visitor.Record{Signals: sigs})
		for at := start - minute; at < start+130*minute; at += 5 * minute {
			var res Result
			log.Evaluate(nil, at, &res)
			mode, ok := modeOf(sigs, d, at)
			require.Equal(t, ok && mode == fmt.Sprint(asked), len(res.Members) == 1, "%s at %d, want %v of %v", mode, at, asked, sigs)
		}
	})
}

func TestModeInSomeSession(t *testing.T) {
	set := compileRule(t, "mode: {of: v, property: p, session: any, eq: red}", Options{})
	const away = "0s v p=blue\n1m v p=blue\n2m v p=red\n"
	require.Empty(t, set.Evaluate(record(t, away), nil, at(t, "1d")).Members)
	require.Empty(t, set.Evaluate(record(t, away+"2h v p=red\n2h1m v p=blue"), nil, at(t, "1d")).Members, "blue was seen last")
	require.NotEmpty(t, set.Evaluate(record(t, away+"2h v p=blue\n2h1m v p=red"), nil, at(t, "1d")).Members)
}

func TestModeIsExplained(t *testing.T) {
	set := compileRule(t, "mode: {of: v, property: p, eq: red}", Options{})
	e, err := set.Explain(record(t, "0s v p=blue\n1m v p=red\n2m v p=blue"), "x", nil, at(t, "1h"))
	require.NoError(t, err)
	require.Equal(t, "blue", e.Proof.Found)
	require.Equal(t, `= "red"`, e.Proof.Wanted)
}
