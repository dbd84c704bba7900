package segment

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/segue-dev/segue/internal/segment/syntax"
	"github.com/segue-dev/segue/internal/signal"
	"github.com/segue-dev/segue/internal/visitor"
)

// The invariants of SEMANTICS 3, and the tests that are about each:
//
//	 1 order of arrival         TestOrderAndRepetitionOfDeliveryDoNotMatter
//	 2 duplicates               the same
//	 3 the future               TestTheFutureIsInvisible
//	 4 time shift               TestSlidingRulesMoveWithTime
//	 5 monotony                 TestMoreSignalsKeepMembersOfMonotoneRules, TestWithoutIsAntitone
//	 6 tight horizon            TestHorizonIsTight, TestHoldAndStayAreAFoldOverThePast, TestFlipsAreWhereMembershipChanges;
//	                            package resolve, of what is shown: TestAnswersHoldExactlyUntilSomethingShownDiffers
//	 7 merging                  TestAMergedRecordAnswersAsTheUnion
//	 8 logic                    TestLogic, TestAReferenceMeansItsRule
//	 9 narrower windows         TestANarrowerWindowAddsNoMembers
//	10 live = backtest          package backtest: TestABacktestSaysWhatALiveRequestWouldHaveBeenTold
//	11 compaction               TestATrimmedRecordAnswersAlikeOrSaysSo
//	12 calendar                 TestEveryZoneCoversEveryDayOnce, TestLocalDaysCoverTimeOnce
//	13 explanations             TestAProofIsEnough; package whatif: TestAWayLeadsThereAndNothingOfItCanBeSpared
//	14 brute force = streaming  TestSequenceAgainstBruteForce
//
// The laws are checked with rules over a few events and short durations, so
// that boundaries are met often, around the hour at which clocks in New York
// are put forward.

var (
	newYork  = mustZone("America/New_York")
	lawStart = time.Date(2026, time.March, 8, 1, 0, 0, 0, newYork).UnixMilli()
)

func mustZone(name string) *time.Location {
	zone, err := time.LoadLocation(name)
	if err != nil {
		panic(err)
	}
	return zone
}

const minute = int64(time.Minute / time.Millisecond)

func genMinutes(most int) *rapid.Generator[time.Duration] {
	return rapid.Custom(func(t *rapid.T) time.Duration {
		return time.Duration(rapid.IntRange(1, most).Draw(t, "minutes")) * 10 * time.Minute
	})
}

func genMatch(t *rapid.T) syntax.Match {
	events := []syntax.Event{{Name: "a"}, {Name: "b"}, {Kind: syntax.TrackEvent}, {Kind: syntax.PageEvent}, {Kind: syntax.AnyEvent}}
	m := syntax.Match{Events: []syntax.Event{rapid.SampledFrom(events).Draw(t, "event")}}
	if rapid.IntRange(0, 3).Draw(t, "where") == 0 {
		m.Where = syntax.Pred{{Property: "p", Tests: []syntax.Test{{Op: syntax.Eq, Values: []syntax.Scalar{1.0}}}}}
	}
	return m
}

func genWindow(t *rapid.T, sliding bool) syntax.Window {
	n := rapid.IntRange(0, 7).Draw(t, "window")
	if sliding {
		n %= 3
	}
	switch d := genMinutes(12).Draw(t, "last"); n {
	case 1:
		return syntax.Window{Kind: syntax.LastWindow, Last: d}
	case 2:
		return syntax.Window{Kind: syntax.BetweenWindow, From: d, Last: d + genMinutes(6).Draw(t, "more")}
	case 3:
		return syntax.Window{Kind: syntax.DaysWindow, Days: rapid.IntRange(1, 2).Draw(t, "days"), Previous: rapid.Bool().Draw(t, "previous")}
	case 4:
		return syntax.Window{Kind: syntax.WeekWindow}
	case 5:
		return syntax.Window{Kind: syntax.CurrentSession}
	case 6:
		return syntax.Window{Kind: syntax.AnySession}
	default:
		return syntax.Window{}
	}
}

func genCmp(t *rapid.T, most int) []syntax.Cmp {
	ops := []syntax.TestOp{syntax.Gte, syntax.Gte, syntax.Lt, syntax.Lte, syntax.Gt, syntax.Eq, syntax.Ne}
	return []syntax.Cmp{{Op: rapid.SampledFrom(ops).Draw(t, "op"), Value: float64(rapid.IntRange(0, most).Draw(t, "value"))}}
}

func genLeaf(t *rapid.T, sliding bool) syntax.Cond {
	n := rapid.IntRange(0, 12).Draw(t, "operator")
	if sliding {
		n %= 7
	}
	d := genMinutes(9).Draw(t, "duration")
	switch w := genWindow(t, sliding); n {
	case 0:
		return syntax.Count{Match: genMatch(t), Window: w, Cmp: genCmp(t, 3)}
	case 1:
		return syntax.Count{Match: genMatch(t), Window: w, Distinct: "p", Cmp: genCmp(t, 2)}
	case 2:
		fns := []syntax.AggFunc{syntax.Sum, syntax.Avg, syntax.Min, syntax.Max, syntax.First, syntax.Latest, syntax.Mode}
		return syntax.Aggregate{Func: rapid.SampledFrom(fns).Draw(t, "fn"), Match: genMatch(t), Property: "p", Window: w, Cmp: genCmp(t, 3)}
	case 3:
		if rapid.Bool().Draw(t, "at least") {
			return syntax.Recency{Match: genMatch(t), AtLeast: &d}
		}
		return syntax.Recency{Match: genMatch(t), AtMost: &d}
	case 12:
		return syntax.Regular{Match: genMatch(t), AtLeast: 1, OfLast: rapid.IntRange(1, 2).Draw(t, "of last"), Period: rapid.SampledFrom([]syntax.Period{syntax.Day, syntax.Week}).Draw(t, "period")}
	case 4:
		seq := syntax.Sequence{Steps: []syntax.Step{{Match: genMatch(t)}, {Match: genMatch(t), Within: &d}}, Window: w}
		seq.AllWithin = rapid.Bool().Draw(t, "all within")
		if scopes := []syntax.Scope{syntax.InVisitor, syntax.InSession, syntax.InPage, syntax.InDay}; !sliding {
			seq.In = rapid.SampledFrom(scopes).Draw(t, "in")
		}
		if rapid.Bool().Draw(t, "counted") {
			seq.Times = genCmp(t, 2)
		}
		return seq
	case 5:
		since := rapid.SampledFrom([]syntax.Anchor{syntax.SinceFirst, syntax.SinceLast}).Draw(t, "since")
		mode := rapid.SampledFrom([]syntax.AbsenceMode{syntax.Still, syntax.Once}).Draw(t, "mode")
		return syntax.Absence{Of: genMatch(t), Without: genMatch(t), For: d, Since: since, Mode: mode, Window: w}
	case 6:
		of := []syntax.Weight{{Match: genMatch(t), Weight: 2}, {Match: genMatch(t), Weight: 3}}
		return syntax.Score{Of: of, HalfLife: d, Cmp: genCmp(t, 4)}
	case 7:
		return syntax.Dwell{Window: w, Cmp: genCmp(t, 30)}
	case 8:
		return syntax.Scroll{Window: w, Cmp: genCmp(t, 60)}
	case 9:
		first := rapid.Bool().Draw(t, "returning")
		return rapid.SampledFrom([]syntax.Session{
			{Number: genCmp(t, 3), ReturnedWithin: &d},
			{Number: genCmp(t, 3)},
			{Pages: genCmp(t, 3)},
			{Duration: genCmp(t, 60)},
			{Returning: &first},
			{Entry: syntax.Pred{{Property: "p", Tests: []syntax.Test{{Op: syntax.Eq, Values: []syntax.Scalar{1.0}}}}}},
		}).Draw(t, "session")
	case 10:
		return syntax.Trait{Where: syntax.Pred{{Property: "p", Tests: []syntax.Test{{Op: syntax.Gte, Values: []syntax.Scalar{1.0}}}}}}
	default:
		tests := []syntax.Test{{Op: syntax.Gte, Values: []syntax.Scalar{float64(rapid.IntRange(0, 7).Draw(t, "from"))}}}
		names := []string{"hour", "weekday", "device"}
		return syntax.Context{Where: syntax.Pred{{Property: rapid.SampledFrom(names).Draw(t, "attribute"), Tests: tests}}}
	}
}

func genCond(sliding bool) *rapid.Generator[syntax.Cond] {
	return rapid.Custom(func(t *rapid.T) syntax.Cond {
		leaf := func() syntax.Cond { return genLeaf(t, sliding) }
		switch rapid.IntRange(0, 4).Draw(t, "shape") {
		case 0:
			return syntax.All{Of: []syntax.Cond{leaf(), leaf()}}
		case 1:
			return syntax.Any{Of: []syntax.Cond{leaf(), syntax.Not{Of: leaf()}}}
		case 2:
			return syntax.Not{Of: syntax.All{Of: []syntax.Cond{leaf(), syntax.Any{Of: []syntax.Cond{leaf(), leaf()}}}}}
		default:
			return leaf()
		}
	})
}

func genSignals() *rapid.Generator[[]signal.Signal] {
	return rapid.Custom(func(t *rapid.T) []signal.Signal {
		sigs := make([]signal.Signal, rapid.IntRange(3, 16).Draw(t, "signals"))
		for i := range sigs {
			at := lawStart + int64(rapid.IntRange(0, 60).Draw(t, "at"))*5*minute
			s := signal.Signal{
				ID: fmt.Sprintf("s%02d", i), At: at, Pos: rapid.IntRange(0, 2).Draw(t, "pos"),
				Device: rapid.SampledFrom([]string{"d1", "d2"}).Draw(t, "device"),
			}
			kinds := []string{"a", "b", "heartbeat", "scroll", "page", "identify"}
			s.Name = rapid.SampledFrom(kinds).Draw(t, "kind")
			if typ, ok := signal.ParseType(s.Name); ok {
				s.Type, s.Name = typ, ""
			}
			if p := rapid.IntRange(0, 3).Draw(t, "p"); p > 0 {
				s.Props = signal.Props{
					{Key: "context.device", Value: signal.NumberOf(float64(p))},
					{Key: "p", Value: signal.NumberOf(float64(p))},
					{Key: "percent", Value: signal.NumberOf(float64(p) * 20)},
				}
			}
			sigs[i] = s
		}
		slices.SortFunc(sigs, signal.Compare)
		return sigs
	})
}

func genInstant() *rapid.Generator[int64] {
	return rapid.Custom(func(t *rapid.T) int64 {
		return lawStart + int64(rapid.IntRange(10, 70).Draw(t, "now"))*5*minute + int64(rapid.IntRange(-1, 1).Draw(t, "ms"))
	})
}

func until(sigs []signal.Signal, now int64) []signal.Signal {
	return slices.DeleteFunc(slices.Clone(sigs), func(s signal.Signal) bool { return s.At > now })
}

func truthAt(t require.TestingT, cond syntax.Cond, sigs []signal.Signal, now int64) string {
	set, err := Compile([]syntax.Definition{{Key: "x", When: cond}}, Options{Zone: newYork})
	require.NoError(t, err)
	x, err := set.Explain(&visitor.Record{Signals: sigs}, "x", nil, now)
	require.NoError(t, err)
	return x.Truth
}

// instants returns the instants after now at which something can change, those
// just before, and some more.
func instants(sigs []signal.Signal, now int64) []int64 {
	var out []int64
	for _, s := range sigs {
		for d := int64(0); d <= 19; d++ {
			for ms := int64(-1); ms <= 2; ms++ {
				out = append(out, s.At+d*10*minute+ms)
			}
		}
	}
	for h := range int64(10 * 24) {
		at := floorDiv(now, hour)*hour + h*hour
		out = append(out, at-1, at)
	}
	out = slices.DeleteFunc(out, func(at int64) bool { return at <= now })
	slices.Sort(out)
	return slices.Compact(out)
}

func TestHorizonIsTight(t *testing.T) {
	changing := 0
	rapid.Check(t, func(t *rapid.T) {
		cond, now := genCond(false).Draw(t, "rule"), genInstant().Draw(t, "now")
		set, err := Compile([]syntax.Definition{{Key: "x", When: cond}, {Key: "y", When: genCond(false).Draw(t, "other")}}, Options{Zone: newYork})
		require.NoError(t, err)
		all := genSignals().Draw(t, "signals")
		seen := &visitor.Record{Signals: until(all, now)}
		res := set.Evaluate(&visitor.Record{Signals: all}, nil, now)
		require.Greater(t, res.ValidUntil, now)
		log := set.Bind(seen)
		var later Result
		for _, at := range instants(seen.Signals, now) {
			log.Evaluate(nil, at, &later)
			if at >= res.ValidUntil {
				break
			}
			require.Equal(t, res.Members, later.Members, "%s: differs already at %d, valid until %d", syntax.Format(cond), at, res.ValidUntil)
			require.Equal(t, res.ValidUntil, later.ValidUntil, "%s: at %d", syntax.Format(cond), at)
		}
		if res.ValidUntil != Forever {
			changing++
			log.Evaluate(nil, res.ValidUntil, &later)
			require.NotEqual(t, res.Members, later.Members, "%s: the same at %d", syntax.Format(cond), res.ValidUntil)
		}
	})
	require.NotZero(t, changing)
}

func TestTheFutureIsInvisible(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		cond, now, all := genCond(false).Draw(t, "rule"), genInstant().Draw(t, "now"), genSignals().Draw(t, "signals")
		require.Equal(t, truthAt(t, cond, until(all, now), now), truthAt(t, cond, all, now), syntax.Format(cond))
	})
}

func TestOrderAndRepetitionOfDeliveryDoNotMatter(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		cond, now, all := genCond(false).Draw(t, "rule"), genInstant().Draw(t, "now"), genSignals().Draw(t, "signals")
		set := compileLaw(t, cond)
		shuffled := rapid.Permutation(append(slices.Clone(all), all...)).Draw(t, "delivered")
		rec := &visitor.Record{}
		for _, s := range shuffled {
			rec, _ = rec.With(visitor.Limits{}, s)
		}
		want, _ := (&visitor.Record{}).With(visitor.Limits{}, all...)
		require.Equal(t, set.Evaluate(want, nil, now), set.Evaluate(rec, nil, now))
	})
}

func compileLaw(t require.TestingT, cond syntax.Cond) *Set {
	set, err := Compile([]syntax.Definition{{Key: "x", When: cond}}, Options{Zone: newYork})
	require.NoError(t, err)
	return set
}

func TestSlidingRulesMoveWithTime(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		cond, now, all := genCond(true).Draw(t, "rule"), genInstant().Draw(t, "now"), genSignals().Draw(t, "signals")
		shift := rapid.Int64Range(-1e10, 1e10).Draw(t, "shift")
		moved := slices.Clone(all)
		for i := range moved {
			moved[i].At += shift
		}
		set := compileLaw(t, cond)
		a := set.Evaluate(&visitor.Record{Signals: all}, nil, now)
		b := set.Evaluate(&visitor.Record{Signals: moved}, nil, now+shift)
		require.Equal(t, a.Members, b.Members)
		if a.ValidUntil != Forever {
			require.Equal(t, a.ValidUntil+shift, b.ValidUntil, syntax.Format(cond))
		}
	})
}

func TestLogic(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p, q := genCond(false).Draw(t, "p"), genCond(false).Draw(t, "q")
		now, all := genInstant().Draw(t, "now"), genSignals().Draw(t, "signals")
		same := func(a, b syntax.Cond) {
			require.Equal(t, truthAt(t, a, all, now), truthAt(t, b, all, now))
		}
		neg := func(c syntax.Cond) syntax.Cond { return syntax.Not{Of: c} }
		same(p, neg(neg(p)))
		same(neg(syntax.All{Of: []syntax.Cond{p, q}}), syntax.Any{Of: []syntax.Cond{neg(p), neg(q)}})
		same(neg(syntax.Any{Of: []syntax.Cond{p, q}}), syntax.All{Of: []syntax.Cond{neg(p), neg(q)}})
		same(syntax.All{Of: []syntax.Cond{p, q}}, syntax.All{Of: []syntax.Cond{q, p}})
	})
}

func TestAReferenceMeansItsRule(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p, q := genCond(false).Draw(t, "p"), genCond(false).Draw(t, "q")
		now, all := genInstant().Draw(t, "now"), genSignals().Draw(t, "signals")
		use := func(part syntax.Cond) syntax.Cond {
			return syntax.Any{Of: []syntax.Cond{syntax.Not{Of: part}, syntax.All{Of: []syntax.Cond{part, q}}}}
		}
		set, err := Compile([]syntax.Definition{
			{Key: "plain", When: use(p)},
			{Key: "refers", When: use(syntax.Segment{Key: "part"})},
			{Key: "part", When: p, Status: syntax.Draft},
		}, Options{Zone: newYork})
		require.NoError(t, err)
		rec := &visitor.Record{Signals: all}
		a, err := set.Explain(rec, "plain", nil, now)
		require.NoError(t, err)
		b, err := set.Explain(rec, "refers", nil, now)
		require.NoError(t, err)
		require.Equal(t, a.Truth, b.Truth)
		require.Equal(t, a.ValidUntil, b.ValidUntil)
		res := set.Evaluate(rec, nil, now)
		require.Contains(t, [][]int{nil, {1, 2}}, res.Members, "the draft is no member")
	})
}

// monotone returns a rule that holds all the more the more signals there are: it
// says what there has to be and nothing of what there must not.
func monotone(t *rapid.T, w syntax.Window) syntax.Cond {
	atLeast := func(n int) []syntax.Cmp {
		return []syntax.Cmp{{Op: syntax.Gte, Value: float64(rapid.IntRange(1, n).Draw(t, "at least"))}}
	}
	m, d := genMatch(t), genMinutes(9).Draw(t, "duration")
	steps := []syntax.Step{{Match: m}, {Match: genMatch(t), Within: &d}}
	if rapid.Bool().Draw(t, "after") {
		steps[1].Within, steps[1].After = nil, &d
	}
	scope := rapid.SampledFrom([]syntax.Scope{syntax.InVisitor, syntax.InSession, syntax.InDay}).Draw(t, "in")
	return rapid.SampledFrom([]syntax.Cond{
		syntax.Count{Match: m, Window: w, Cmp: atLeast(4)},
		syntax.Count{Match: m, Window: w, Distinct: "p", Cmp: atLeast(3)},
		syntax.Aggregate{Func: syntax.Max, Property: "p", Match: m, Window: w, Cmp: atLeast(3)},
		syntax.Aggregate{Func: syntax.Sum, Property: "p", Match: m, Window: w, Cmp: atLeast(9)}, // none is negative
		syntax.Sequence{Steps: steps, In: scope, Window: w},
		syntax.Sequence{Steps: steps, In: scope, Window: w, AllWithin: true},
		syntax.Sequence{Steps: steps, In: scope, Times: atLeast(3)},
		syntax.Recency{Match: m, AtMost: &d},
		syntax.Regular{Match: m, AtLeast: 2, OfLast: 2, Period: syntax.Day},
		syntax.Score{Of: []syntax.Weight{{Match: m, Weight: 2}}, HalfLife: d, Cmp: atLeast(5)},
		syntax.Absence{Of: m, Without: syntax.Match{Events: []syntax.Event{{Name: "x"}}}, For: d, Since: syntax.SinceFirst, Mode: syntax.Still, Window: w},
		syntax.Not{Of: syntax.Never{Match: m}},
	}).Draw(t, "rule")
}

func TestMoreSignalsKeepMembersOfMonotoneRules(t *testing.T) {
	held := 0
	rapid.Check(t, func(t *rapid.T) {
		all, now := genSignals().Draw(t, "signals"), genInstant().Draw(t, "now")
		some := slices.DeleteFunc(slices.Clone(all), func(s signal.Signal) bool { return s.ID > "s07" })
		w := genWindow(t, false)
		if w.Kind == syntax.CurrentSession { // another may be the current one
			w = syntax.Window{Kind: syntax.AnySession}
		}
		rule := monotone(t, w)
		if truthAt(t, rule, some, now) == "true" {
			held++
			require.Equal(t, "true", truthAt(t, rule, all, now), syntax.Format(rule))
		}
		fewer := syntax.Count{Match: genMatch(t), Window: w, Cmp: []syntax.Cmp{{Op: syntax.Lt, Value: 2.0}}}
		if w.Kind != syntax.AnySession && truthAt(t, fewer, all, now) == "true" {
			require.Equal(t, "true", truthAt(t, fewer, some, now))
		}
	})
	require.NotZero(t, held)
}

func TestANarrowerWindowAddsNoMembers(t *testing.T) {
	held := 0
	rapid.Check(t, func(t *rapid.T) {
		all, now := genSignals().Draw(t, "signals"), genInstant().Draw(t, "now")
		d := genMinutes(9).Draw(t, "narrow")
		narrow := syntax.Window{Kind: syntax.LastWindow, Last: d}
		wide := rapid.SampledFrom([]syntax.Window{{Kind: syntax.LastWindow, Last: d + genMinutes(9).Draw(t, "more")}, {}}).Draw(t, "wide")
		if rapid.Bool().Draw(t, "days") {
			narrow, wide = syntax.Window{Kind: syntax.DaysWindow, Days: 1}, syntax.Window{Kind: syntax.DaysWindow, Days: 2}
		}
		rule := in(monotone(t, narrow), narrow)
		if truthAt(t, rule, all, now) == "true" {
			held++
			require.Equal(t, "true", truthAt(t, in(rule, wide), all, now), syntax.Format(rule))
		}
	})
	require.NotZero(t, held)
}

// in is a rule with another window.
func in(c syntax.Cond, w syntax.Window) syntax.Cond {
	switch c := c.(type) {
	case syntax.Count:
		c.Window = w
		return c
	case syntax.Aggregate:
		c.Window = w
		return c
	case syntax.Sequence:
		c.Window = w
		return c
	case syntax.Absence:
		c.Window = w
		return c
	default:
		return c
	}
}
