package segment

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/segue-dev/segue/internal/segment/syntax"
	"github.com/segue-dev/segue/internal/signal"
	"github.com/segue-dev/segue/internal/visitor"
)

func TestAMergedRecordAnswersAsTheUnion(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		cond, now, all := genCond(false).Draw(t, "rule"), genInstant().Draw(t, "now"), genSignals().Draw(t, "signals")
		var parts [2][]signal.Signal
		for i, s := range all {
			part := rapid.IntRange(0, 1).Draw(t, "part")
			parts[part] = append(parts[part], all[i])
			if rapid.IntRange(0, 5).Draw(t, "in both") == 0 {
				parts[1-part] = append(parts[1-part], s)
			}
		}
		set := compileLaw(t, cond)
		one, _ := (&visitor.Record{}).With(visitor.Limits{}, parts[0]...)
		merged, _ := one.With(visitor.Limits{}, parts[1]...)
		union, _ := (&visitor.Record{}).With(visitor.Limits{}, all...)
		require.Equal(t, set.Evaluate(union, nil, now), set.Evaluate(merged, nil, now))
		before := set.Evaluate(&visitor.Record{Signals: one.Signals, Summary: one.Summary}, nil, now)
		require.Equal(t, before, set.Evaluate(one, nil, now), "the records that were merged are as they were")
		own := slices.DeleteFunc(slices.Clone(merged.Signals), func(s signal.Signal) bool {
			return !slices.ContainsFunc(parts[0], func(o signal.Signal) bool { return o.ID == s.ID })
		})
		unmerged, _ := (&visitor.Record{}).With(visitor.Limits{}, own...)
		require.Equal(t, before, set.Evaluate(unmerged, nil, now), "what was merged can be told apart again")
	})
}

func TestWithoutIsAntitone(t *testing.T) {
	held := 0
	rapid.Check(t, func(t *rapid.T) {
		all, now := genSignals().Draw(t, "signals"), genInstant().Draw(t, "now")
		x := syntax.Match{Events: []syntax.Event{{Name: "x"}}}
		d := genMinutes(6).Draw(t, "duration")
		rule := rapid.SampledFrom([]syntax.Cond{
			syntax.Sequence{Steps: []syntax.Step{{Match: genMatch(t)}, {Match: genMatch(t), Without: []syntax.Match{x}}}},
			syntax.Sequence{Steps: []syntax.Step{{Match: genMatch(t)}, {Match: genMatch(t), Directly: &syntax.Stream{Events: x.Events}}}},
			syntax.Absence{Of: genMatch(t), Without: x, For: d, Since: syntax.SinceLast, Mode: syntax.Still},
			syntax.Absence{Of: genMatch(t), Without: x, For: d, Since: syntax.SinceFirst, Mode: syntax.Still},
			syntax.Absence{Of: genMatch(t), Without: x, For: d, Since: syntax.SinceLast, Mode: syntax.Once},
			syntax.Never{Match: x},
		}).Draw(t, "rule")
		// Whatever breaks a rule, or the record without it: "*" and track would match it too.
		all = slices.DeleteFunc(all, func(s signal.Signal) bool { return s.Name == "x" })
		more := slices.Clone(all)
		for range rapid.IntRange(1, 3).Draw(t, "breakers") {
			at := lawStart + rapid.Int64Range(-18, 18).Draw(t, "when")*10*minute
			more = append(more, signal.Signal{ID: "x" + time.UnixMilli(at).String(), Name: "x", At: at, Device: "d"})
		}
		if anyActivity(rule) {
			return
		}
		slices.SortFunc(more, signal.Compare)
		more = slices.CompactFunc(more, func(a, b signal.Signal) bool { return a.ID == b.ID })
		if truthAt(t, rule, more, now) == "true" {
			held++
			require.Equal(t, "true", truthAt(t, rule, all, now), syntax.Format(rule))
		}
	})
	require.NotZero(t, held)
}

// anyActivity reports whether "*" or track occurs in a rule, which match what
// breaks it.
func anyActivity(c syntax.Cond) bool {
	star := func(m syntax.Match) bool {
		return m.Events[0].Kind == syntax.AnyEvent || m.Events[0] == syntax.Event{Kind: syntax.TrackEvent}
	}
	switch c := c.(type) {
	case syntax.Sequence:
		return star(c.Steps[0].Match) || star(c.Steps[1].Match)
	case syntax.Absence:
		return star(c.Of)
	}
	return false
}

// The signals that the proof of a sequence cites are a proof by themselves, and
// none of them can be left out.
func TestAProofIsEnough(t *testing.T) {
	proven := 0
	rapid.Check(t, func(t *rapid.T) {
		d := genMinutes(9).Draw(t, "duration")
		seq := syntax.Sequence{Steps: []syntax.Step{{Match: genMatch(t)}, {Match: genMatch(t), Within: &d}, {Match: genMatch(t)}}}
		all, now := genSignals().Draw(t, "signals"), genInstant().Draw(t, "now")
		set := compileLaw(t, seq)
		e, err := set.Explain(&visitor.Record{Signals: all}, "x", nil, now)
		require.NoError(t, err)
		if !e.Member {
			return
		}
		proven++
		cited := slices.DeleteFunc(slices.Clone(all), func(s signal.Signal) bool {
			return !slices.ContainsFunc(e.Proof.Signals, func(c Cited) bool { return c.ID == s.ID })
		})
		require.Len(t, cited, len(seq.Steps))
		require.Equal(t, "true", truthAt(t, seq, cited, now))
		for i := range cited {
			require.Equal(t, "false", truthAt(t, seq, slices.Delete(slices.Clone(cited), i, i+1), now))
		}
	})
	require.NotZero(t, proven)
}

// Until Steady no membership changes, also of those that ValidUntil is not
// about.
func TestMembersAreSteady(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var defs []syntax.Definition
		for _, key := range []string{"x", "y", "z"} {
			defs = append(defs, syntax.Definition{Key: key, When: genCond(false).Draw(t, key)})
		}
		set, err := Compile(defs, Options{Zone: newYork})
		require.NoError(t, err)
		now := genInstant().Draw(t, "now")
		sigs := until(genSignals().Draw(t, "signals"), now)
		log := set.Bind(&visitor.Record{Signals: sigs})
		var res, later Result
		log.Look(View{At: now, Known: now, Concern: []bool{true, false, false}}, &res)
		require.Greater(t, res.Steady, now)
		for _, at := range instants(sigs, now) {
			if at >= res.Steady {
				break
			}
			log.Evaluate(nil, at, &later)
			require.Equal(t, res.Members, later.Members, "at %d", at)
		}
	})
}
