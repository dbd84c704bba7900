package visitor_test

import (
	"fmt"
	"math"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/segue-dev/segue/internal/signal"
	"github.com/segue-dev/segue/internal/visitor"
)

// genSignal draws signals that collide in everything but their id: times,
// positions, names, devices, users and traits.
func genSignal() *rapid.Generator[signal.Signal] {
	return rapid.Custom(func(t *rapid.T) signal.Signal {
		s := signal.Signal{
			ID:     rapid.OneOf(rapid.StringMatching(`[a-z0-9]{1,9}`), rapid.StringMatching(uuid), rapid.StringN(1, 20, 60)).Draw(t, "id"),
			Type:   signal.Type(rapid.IntRange(0, 6).Draw(t, "type")),
			Name:   rapid.SampledFrom([]string{"", "A", "B_b", "Heartbeat", "ü"}).Draw(t, "name"),
			At:     rapid.Int64Range(-5, 120).Draw(t, "minutes") * 60_000,
			Pos:    rapid.IntRange(-1, 3).Draw(t, "pos"),
			Device: rapid.SampledFrom([]string{"", "phone", "laptop"}).Draw(t, "device"),
			UserID: rapid.SampledFrom([]string{"", "", "u1", "u2"}).Draw(t, "user"),
			Flags:  signal.Flags(rapid.SampledFrom([]int{0, 0, 0, 1, 2, 4, 5, 255}).Draw(t, "flags")),
			Raw:    rapid.SampledFrom([]int64{0, 0, 1, -7, math.MinInt64, math.MaxInt64}).Draw(t, "raw"),
		}
		s.Props = rapid.SliceOfN(genProp(), 0, 4).Draw(t, "props")
		if s.Type == signal.Component {
			s.Props = append(s.Props, exposure("", 0, rapid.SampledFrom([]string{"e1", "e2"}).Draw(t, "experience"), rapid.IntRange(0, 3).Draw(t, "variant")).Props...)
		}
		s.Props.Sort()
		if len(s.Props) == 0 {
			s.Props = nil
		}
		return s
	})
}

// exposure is a signal of what was seen of an experience.
func exposure(id string, at int64, experience string, variant int) signal.Signal {
	return signal.Signal{ID: id, Type: signal.Component, At: at, Props: signal.Props{
		{Key: "experienceId", Value: signal.TextOf(experience)}, {Key: "variantIndex", Value: signal.NumberOf(float64(variant))},
	}}
}

const uuid = `[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`

func genProp() *rapid.Generator[signal.Prop] {
	return rapid.Custom(func(t *rapid.T) signal.Prop {
		return signal.Prop{
			Key: rapid.SampledFrom([]string{"plan", "name", "visible", "context.locale", ""}).Draw(t, "key"),
			Value: rapid.OneOf(
				rapid.Map(rapid.SampledFrom([]string{"", "pro", "false", "12"}), signal.TextOf),
				rapid.Map(rapid.OneOf(rapid.Float64(), rapid.SampledFrom([]float64{0, math.Copysign(0, -1), 1 << 53, -3})), signal.NumberOf),
				rapid.Map(rapid.Bool(), signal.BoolOf),
			).Draw(t, "value"),
		}
	})
}

func genLimits() *rapid.Generator[visitor.Limits] {
	return rapid.Custom(func(t *rapid.T) visitor.Limits {
		return visitor.Limits{
			MaxSignals: rapid.IntRange(0, 12).Draw(t, "max"),
			Retention:  time.Duration(rapid.IntRange(0, 90).Draw(t, "retention")) * time.Minute,
			SessionGap: time.Duration(rapid.IntRange(0, 40).Draw(t, "gap")) * time.Minute,
		}
	})
}

func messageID(s signal.Signal) string { return s.ID }

func drawSignals(t *rapid.T, least int) []signal.Signal {
	return rapid.SliceOfNDistinct(genSignal(), least, 40, messageID).Draw(t, "sent")
}

// fold takes sigs in, in deliveries of a few signals each.
func fold(t *rapid.T, lim visitor.Limits, sigs []signal.Signal) *visitor.Record {
	r := &visitor.Record{ID: "v"}
	for len(sigs) > 0 {
		n := rapid.IntRange(1, len(sigs)).Draw(t, "delivery")
		r, _ = r.With(lim, sigs[:n]...)
		sigs = sigs[n:]
	}
	return r
}

func TestWithIgnoresOrderAndRepetition(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		lim := genLimits().Draw(t, "limits")
		sent := drawSignals(t, 1)
		got := rapid.Permutation(slices.Concat(sent, sent)).Draw(t, "received")
		a, b := fold(t, lim, sent), fold(t, lim, got)
		if lim.MaxSignals > 0 || lim.Retention > 0 {
			// What is left of sessions needs the order; see the next test.
			a.Summary.Streams, b.Summary.Streams = nil, nil
		}
		require.Equal(t, a, b)
	})
}

func TestWithOfSignalsInOrderIgnoresDeliveriesAndRepetition(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		lim := genLimits().Draw(t, "limits")
		sent := drawSignals(t, 1)
		slices.SortFunc(sent, signal.Compare)
		whole, _ := (&visitor.Record{ID: "v"}).With(lim, sent...)
		var repeated []signal.Signal
		for i, s := range sent {
			repeated = append(append(repeated, s), sent[rapid.IntRange(0, i).Draw(t, "again")])
		}
		require.Equal(t, whole, fold(t, lim, repeated))
	})
}

func TestWithLeavesTheRecordItStartsFrom(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		lim := genLimits().Draw(t, "limits")
		sent := drawSignals(t, 2)
		n := rapid.IntRange(1, len(sent)-1).Draw(t, "first")
		r, _ := (&visitor.Record{ID: "v"}).With(lim, sent[:n]...)
		before := visitor.AppendRecord(nil, r)
		r.With(lim, sent[n:]...)
		require.Equal(t, before, visitor.AppendRecord(nil, r))
	})
}

func TestSummaryTellsWhatTheSignalsSay(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		sent := drawSignals(t, 0)
		counted := slices.DeleteFunc(slices.Clone(sent), func(s signal.Signal) bool { return s.Flags&signal.TooLate != 0 })
		slices.SortFunc(counted, signal.Compare)
		got := fold(t, genLimits().Draw(t, "limits"), sent).Summary

		totals, user := map[string]int{}, ""
		for _, s := range counted {
			key, named := visitor.EventKey(s)
			totals[key]++
			if named != "" {
				totals[named]++
			}
			if s.UserID != "" {
				user = s.UserID
			}
		}
		require.Equal(t, user, got.UserID)
		require.Len(t, got.Events, len(totals))
		for key, n := range totals {
			require.Equal(t, n, got.Events[key].Count, key)
		}
		if len(counted) > 0 {
			require.Equal(t, counted[0].At, got.FirstSeen)
			require.Equal(t, counted[len(counted)-1].At, got.LastSeen)
		}
	})
}

// at returns a track signal at a minute, whose id is its name.
func at(minute int, id string) signal.Signal {
	return signal.Signal{ID: id, Name: "E", At: int64(minute) * 60_000, Device: "d"}
}

func ids(r *visitor.Record) (out []string) {
	for _, s := range r.Signals {
		out = append(out, s.ID)
	}
	return out
}

func TestOutcomes(t *testing.T) {
	r, got := new(visitor.Record).With(visitor.Limits{MaxSignals: 2}, at(1, "a"), at(2, "b"), at(3, "c"))
	require.Equal(t, []visitor.Outcome{visitor.Accepted, visitor.Accepted, visitor.Accepted}, got)
	require.Equal(t, []string{"b", "c"}, ids(r))

	later, other := at(9, "b"), at(2, "b")
	other.Name = "F"
	otherTime := at(2, "b")
	otherTime.Raw = 5
	for name, tc := range map[string]struct {
		given signal.Signal
		want  visitor.Outcome
	}{
		"a copy":                         {at(2, "b"), visitor.Duplicate},
		"a copy that came later":         {later, visitor.Duplicate},
		"a copy with other content":      {other, visitor.Conflicting},
		"a copy stated for another time": {otherTime, visitor.Conflicting},
		"a copy of one dropped":          {at(1, "a"), visitor.Duplicate},
		"a later copy of one dropped":    {at(9, "a"), visitor.Duplicate},
		"a new one that goes at once":    {at(0, "z"), visitor.Accepted},
		"a new one":                      {at(4, "d"), visitor.Accepted},
		"a new one at the same instant ": {at(3, "d"), visitor.Accepted},
	} {
		t.Run(name, func(t *testing.T) {
			next, got := r.With(visitor.Limits{MaxSignals: 2}, tc.given, tc.given)
			require.Equal(t, tc.want, got[0])
			if tc.want != visitor.Accepted {
				require.Same(t, r, next)
				return
			}
			require.Equal(t, visitor.Duplicate, got[1])
			require.Equal(t, 4, next.Summary.Events["track:e"].Count)
			require.Equal(t, 2, next.Summary.Dropped)
		})
	}
}

func TestRetentionCountsFromTheLastSignal(t *testing.T) {
	lim := visitor.Limits{Retention: time.Hour}
	r, _ := new(visitor.Record).With(lim, at(0, "a"), at(1, "b"), at(60, "c"))
	require.Equal(t, []string{"b", "c"}, ids(r), "a signal leaves when it is exactly as old as the retention")
	require.Equal(t, int64(0), r.Summary.Horizon)
	require.Equal(t, 1, r.Summary.Dropped)

	late := at(500, "late")
	late.Flags = signal.TooLate
	r, _ = r.With(lim, late)
	require.Equal(t, []string{"b", "c", "late"}, ids(r))
	require.Equal(t, int64(3_600_000), r.Summary.LastSeen, "a signal that was too late moves nothing")
}

func TestSmallerLimitsApplyToWhatIsThere(t *testing.T) {
	r, _ := new(visitor.Record).With(visitor.Limits{}, at(0, "a"), at(1, "b"), at(2, "c"))
	r, _ = r.With(visitor.Limits{MaxSignals: 1})
	require.Equal(t, []string{"c"}, ids(r))
	require.Equal(t, 2, r.Summary.Dropped)
	require.Equal(t, int64(60_000), r.Summary.Horizon)
}

func TestSessionsOfDroppedSignals(t *testing.T) {
	hidden := at(59, "hidden")
	hidden.Name, hidden.Props = "Heartbeat", signal.Props{{Key: "visible", Value: signal.BoolOf(false)}}
	lim := visitor.Limits{MaxSignals: 1}
	r, _ := new(visitor.Record).With(lim, at(0, "a"), at(29, "b"), hidden, at(60, "c"), at(90, "d"), at(91, "e"))
	require.Equal(t, map[string]visitor.Stream{"d": {Sessions: 3, Last: 90 * 60_000}}, r.Summary.Streams)

	again, _ := r.With(lim, at(5, "late"))
	require.Equal(t, r.Summary.Streams, again.Summary.Streams)
	require.Equal(t, 6, again.Summary.Dropped)
}

func TestTraitsOfTheLatestIdentify(t *testing.T) {
	identify := func(minute int, id string, props ...signal.Prop) signal.Signal {
		s := at(minute, id)
		s.Type, s.Props = signal.Identify, props
		return s
	}
	text := func(key, v string) signal.Prop { return signal.Prop{Key: key, Value: signal.TextOf(v)} }
	r, _ := new(visitor.Record).With(visitor.Limits{},
		identify(2, "b", text("context.ip", "x"), text("plan", "pro"), text("roles", "first"), text("roles", "second")),
		identify(1, "a", text("name", "Ana"), text("plan", "free")))
	require.Equal(t, map[string]visitor.Trait{
		"plan":  {Value: signal.TextOf("pro"), At: 120_000, By: "b"},
		"roles": {Value: signal.TextOf("first"), At: 120_000, By: "b"},
		"name":  {Value: signal.TextOf("Ana"), At: 60_000, By: "a"},
	}, r.Summary.Traits)
}

// crowd returns more signals than a summary has room for, each of its own
// event, named page, trait and device.
func crowd(n int) []signal.Signal {
	var sigs []signal.Signal
	for i := range n {
		track, page, identify := at(100*i, fmt.Sprintf("t%d", i)), at(100*i, fmt.Sprintf("p%d", i)), at(100*i, fmt.Sprintf("i%d", i))
		track.Name, track.Device = fmt.Sprintf("E%04d", i), fmt.Sprintf("d%d", i)
		page.Type, page.Name = signal.Page, fmt.Sprintf("P%04d", i)
		identify.Type, identify.Props = signal.Identify, signal.Props{{Key: fmt.Sprintf("k%d", i), Value: signal.NumberOf(1)}}
		sigs = append(sigs, track, page, identify)
	}
	return sigs
}

func TestASummaryIsBoundedAndSaysSo(t *testing.T) {
	const n = visitor.MaxEvents + 20
	sigs := crowd(n)
	r, _ := new(visitor.Record).With(visitor.Limits{MaxSignals: 1}, sigs...)
	s := r.Summary
	plain, names := 0, 0
	for key := range s.Events {
		if _, named := visitor.EventKey(signal.Signal{}); key != named && len(key) > 5 && key[:5] == "page:" {
			names++
		} else {
			plain++
		}
	}
	require.Equal(t, visitor.MaxEvents, plain)
	require.Equal(t, visitor.MaxEvents, names)
	require.Equal(t, n, s.Events["page"].Count, "types are never crowded out")
	require.Equal(t, 20+2, s.OtherEvents.Count, "the tracks beyond the bound, of which page and identify take two places")
	require.Equal(t, 20, s.OtherNames.Count)
	require.Contains(t, s.Events, "track:e0000")
	require.Len(t, s.Traits, visitor.MaxTraits)
	require.NotContains(t, s.Traits, "k0", "the trait asserted longest ago makes room")
	require.Len(t, s.Streams, visitor.MaxStreams)
	sessions := s.OtherSessions
	for _, st := range s.Streams {
		sessions += st.Sessions
	}
	require.Equal(t, 2*n-1, sessions, "each device has one, and d one in each round but for the last, whose signal may be kept")
	require.Len(t, s.DroppedIDs, min(3*n-1, visitor.MaxDroppedIDs))
}

func TestBoundsIgnoreTheOrderOfArrival(t *testing.T) {
	sigs := crowd(visitor.MaxEvents + 20)
	forward, _ := new(visitor.Record).With(visitor.Limits{}, sigs...)
	slices.Reverse(sigs)
	backward := new(visitor.Record)
	for _, s := range sigs {
		backward, _ = backward.With(visitor.Limits{}, s)
	}
	require.Equal(t, forward, backward)
}

func TestRepetitionLongAfterIsRecognised(t *testing.T) {
	lim := visitor.Limits{MaxSignals: 10}
	var sigs []signal.Signal
	for i := range visitor.MaxDroppedIDs + 200 {
		sigs = append(sigs, at(i, fmt.Sprint(i)))
	}
	r, _ := new(visitor.Record).With(lim, sigs...)
	for _, s := range sigs {
		again, outcome := r.With(lim, s)
		require.Same(t, r, again)
		require.Equal(t, []visitor.Outcome{visitor.Duplicate}, outcome)
	}
	again, outcomes := r.With(lim, sigs...)
	require.Same(t, r, again)
	require.NotContains(t, outcomes, visitor.Accepted)
}

// The first variant of an experience that was seen is remembered for ever.
func TestExposuresOutliveTheLog(t *testing.T) {
	r := &visitor.Record{ID: "v"}
	for i := range 2 * visitor.MaxExposures {
		at := int64(i + 1)
		r, _ = r.With(visitor.Limits{MaxSignals: 2}, exposure(fmt.Sprint("m", i), at, fmt.Sprintf("e%03d", i), i%3), exposure(fmt.Sprint("n", i), at, fmt.Sprintf("e%03d", i), 9))
	}
	require.Len(t, r.Signals, 2)
	require.Len(t, r.Summary.Exposures, visitor.MaxExposures)
	require.Equal(t, visitor.Exposure{Variant: 2, At: 6, By: "m5", Mixed: true}, r.Summary.Exposures["e005"])

	late := exposure("late", 1, "e000", 7)
	late.Flags = signal.TooLate
	r, _ = r.With(visitor.Limits{}, late)
	require.Equal(t, visitor.Exposure{Variant: 0, At: 1, By: "m0", Mixed: true}, r.Summary.Exposures["e000"])
}
