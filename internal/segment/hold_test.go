package segment

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/segue-dev/segue/internal/segment/syntax"
	"github.com/segue-dev/segue/internal/signal"
	"github.com/segue-dev/segue/internal/visitor"
)

// retold says who is a member by telling the past over again from its
// beginning: who satisfies when is in, who was in and satisfies stay is in, and
// whoever came in less than hold ago is a member. Both conditions are segments
// of their own here.
func retold(set *Set, hold time.Duration, sigs []signal.Signal, now int64) bool {
	log := set.Bind(&visitor.Record{Signals: sigs})
	const never = -Forever
	at, in, since := now, false, never
	if len(sigs) > 0 {
		at = min(now, sigs[0].At)
	}
	for at <= now {
		var res Result
		log.Evaluate(nil, at, &res)
		var holds [2]bool // when, stay
		for _, m := range res.Members {
			holds[m] = true
		}
		was := in
		if in = holds[0] || was && holds[1]; in && !was {
			since = at
		}
		next := res.ValidUntil
		for i := range sigs {
			if sigs[i].At > at {
				next = min(next, sigs[i].At)
			}
		}
		at = next
	}
	return in || since != never && now < since+hold.Milliseconds()
}

func TestHoldAndStayAreAFoldOverThePast(t *testing.T) {
	changing := 0
	rapid.Check(t, func(t *rapid.T) {
		rule := rapid.OneOf(genPassing(), genPassing(), genCond(false))
		d := syntax.Definition{Key: "x", When: rule.Draw(t, "when")}
		if rapid.Bool().Draw(t, "held") {
			d.Hold = genMinutes(20).Draw(t, "hold")
		}
		stay := syntax.Cond(syntax.Any{}) // holds never
		if d.Hold == 0 || rapid.Bool().Draw(t, "may stay") {
			stay = rule.Draw(t, "stay")
			d.Stay = stay
		}
		set, err := Compile([]syntax.Definition{d, {Key: "y", When: syntax.Segment{Key: "x"}}}, Options{Zone: newYork})
		require.NoError(t, err)
		parts, err := Compile([]syntax.Definition{{Key: "when", When: d.When, Priority: 2}, {Key: "stay", When: stay, Priority: 1}}, Options{Zone: newYork})
		require.NoError(t, err)

		now, all := genInstant().Draw(t, "now"), genSignals().Draw(t, "signals")
		if len(all) > 0 && rapid.IntRange(0, 4).Draw(t, "soon after a signal") > 0 {
			now = rapid.SampledFrom(all).Draw(t, "signal").At + rapid.Int64Range(0, 12).Draw(t, "after")*10*minute
		}
		res := set.Evaluate(&visitor.Record{Signals: all}, nil, now)
		member := len(res.Members) > 0
		require.Equal(t, retold(parts, d.Hold, all, now), member)
		require.Equal(t, []int{0, 1}[:2*btoi(member)], append([]int{}, res.Members...), "a reference to it says the same")

		log := set.Bind(&visitor.Record{Signals: until(all, now)})
		var later Result
		for _, at := range instants(until(all, now), now) {
			if at >= res.ValidUntil {
				break
			}
			log.Evaluate(nil, at, &later)
			require.Equal(t, member, len(later.Members) > 0, "differs already at %d, valid until %d", at, res.ValidUntil)
		}
		if res.ValidUntil != Forever {
			changing++
			log.Evaluate(nil, res.ValidUntil, &later)
			require.NotEqual(t, member, len(later.Members) > 0, "the same at %d", res.ValidUntil)
		}
	})
	require.NotZero(t, changing)
}

// genPassing makes rules that many satisfy for a while.
func genPassing() *rapid.Generator[syntax.Cond] {
	return rapid.Custom(func(t *rapid.T) syntax.Cond {
		w := syntax.Window{Kind: syntax.LastWindow, Last: genMinutes(6).Draw(t, "last")}
		return syntax.Count{Match: genMatch(t), Window: w, Cmp: []syntax.Cmp{{Op: syntax.Gte, Value: float64(rapid.IntRange(1, 2).Draw(t, "count"))}}}
	})
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

const clicks = "count: {of: a, last: 10m, gte: 3}"

func compileHeld(t *testing.T, hold time.Duration, stay string) *Set {
	t.Helper()
	when, err := syntax.ParseCond("when", []byte(clicks))
	require.NoError(t, err)
	d := syntax.Definition{Key: "x", When: when, Hold: hold}
	if stay != "" {
		d.Stay, err = syntax.ParseCond("stay", []byte(stay))
		require.NoError(t, err)
	}
	set, err := Compile([]syntax.Definition{d}, Options{})
	require.NoError(t, err)
	return set
}

// The rule holds from 2m until 10m.
const threeClicks = "0 a\n1m a\n2m a"

func TestHoldIsFromTheInstantOfEntering(t *testing.T) {
	set := compileHeld(t, 30*time.Minute, "")
	rec := record(t, threeClicks)
	for when, member := range map[string]bool{"1m59s": false, "2m": true, "10m": true, "31m59s999ms": true, "32m": false} {
		res := set.Evaluate(rec, nil, at(t, when))
		require.Equal(t, member, len(res.Members) == 1, when)
	}
	require.Equal(t, at(t, "32m"), set.Evaluate(rec, nil, at(t, "3m")).ValidUntil)
	e, err := set.Explain(rec, "x", nil, at(t, "20m"))
	require.NoError(t, err)
	require.True(t, e.Member)
	require.Equal(t, "false", e.Proof.Truth)
	require.Contains(t, e.Reason, "became a member at 2026-03-04T12:02:00Z and is held for 30m")
}

func TestHoldMayBeLong(t *testing.T) {
	set := compileHeld(t, 40*24*time.Hour, "")
	require.Equal(t, at(t, "40d2m"), set.Evaluate(record(t, threeClicks), nil, at(t, "1h")).ValidUntil)
}

func TestWhoSatisfiesTheRuleFromTheFirstEntersWithTheFirstSignal(t *testing.T) {
	set, err := Compile([]syntax.Definition{{
		Key: "x", Hold: 30 * time.Minute, When: syntax.Never{Match: syntax.Match{Events: []syntax.Event{{Name: "b"}}}},
	}}, Options{})
	require.NoError(t, err)
	res := set.Evaluate(record(t, "0 a\n10m b"), nil, at(t, "20m"))
	require.Len(t, res.Members, 1)
	require.Equal(t, at(t, "30m"), res.ValidUntil)
}

func TestStayIsAThresholdOfItsOwn(t *testing.T) {
	set := compileHeld(t, 0, "count: {of: a, last: 10m, gte: 1}")
	rec := record(t, threeClicks)
	require.Equal(t, at(t, "12m"), set.Evaluate(rec, nil, at(t, "3m")).ValidUntil)
	e, err := set.Explain(rec, "x", nil, at(t, "11m"))
	require.NoError(t, err)
	require.True(t, e.Member)
	require.Contains(t, e.Reason, "but stay has since 2026-03-04T12:02:00Z")
	one := record(t, "0 a")
	require.Empty(t, set.Evaluate(one, nil, at(t, "1m")).Members, "staying alone lets nobody in")
}
