package backtest

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/segue-dev/segue/internal/fault"
	"github.com/segue-dev/segue/internal/segment/syntax"
	"github.com/segue-dev/segue/internal/visitor"
)

// spansOf returns the membership of a record in the first rule as text.
func spansOf(t *testing.T, rule string, r *visitor.Record, from, to string) string {
	t.Helper()
	report := newTally(&question{set: setOf(t, rule), asked: []int{0}, from: ms(t, from), to: ms(t, to), days: newDays(ms(t, from), ms(t, to), time.UTC)})
	report.add(r)
	out := ""
	for _, s := range report.own.spans[0] {
		out += fmt.Sprintf("%s to %s;", offset(s.lo), offset(s.hi))
	}
	return out
}

func offset(at int64) string { return time.UnixMilli(at).Sub(t0).String() }

func TestMembershipChangesWithSignalsAndByItself(t *testing.T) {
	for name, tc := range map[string]struct{ rule, signals, want string }{
		"a signal enters, time ends it": {
			"count: {of: x, last: 1h}", "0s x", "0s to 1h0m0s;",
		},
		"a signal within the stay prolongs it": {
			"count: {of: x, last: 1h}", "0s x\n30m x", "0s to 1h30m0s;",
		},
		"a signal at the very end prolongs it": {
			"count: {of: x, last: 1h}", "0s x\n1h x", "0s to 2h0m0s;",
		},
		"a signal just after the end enters again": {
			"count: {of: x, last: 1h}", "0s x\n1h1ms x", "0s to 1h0m0s;1h0m0.001s to 2h0m0.001s;",
		},
		"a signal ends it": {
			"never: {of: x}", "0s y\n2h x", "0s to 2h0m0s;",
		},
		"time alone enters": {
			"recency: {of: x, atLeast: 1h}", "0s x", "1h0m0s to 10h0m0.001s;",
		},
		"nobody is a member before their first signal": {
			"never: {of: x}", "3h y", "3h0m0s to 10h0m0.001s;",
		},
		"what was before the period counts": {
			"count: {of: x, gte: 2}", "-9h x\n1h x", "1h0m0s to 10h0m0.001s;",
		},
		"a member from the first instant": {
			"count: {of: x}", "-9h x", "-1h0m0s to 10h0m0.001s;",
		},
		"signals of one instant count together": {
			"count: {of: x, eq: 1}", "0s x\n0s x\n1h y", "",
		},
		"what is after the period does not count": {
			"count: {of: x}", "10h1ms x", "",
		},
		"the last instant of the period counts": {
			"count: {of: x}", "10h x", "10h0m0s to 10h0m0.001s;",
		},
		"what came too late does not count": {
			"count: {of: '*'}", "0s x late\n1h y", "1h0m0s to 10h0m0.001s;",
		},
		"several flips in a row": {
			"count: {of: x, between: [1h, 2h]}", "0s x\n4h x", "1h0m0s to 2h0m0s;5h0m0s to 6h0m0s;",
		},
	} {
		t.Run(name, func(t *testing.T) {
			require.Equal(t, tc.want, spansOf(t, tc.rule, record(t, "v", tc.signals), "-1h", "10h"))
		})
	}
}

func TestTheFiguresOfASegment(t *testing.T) {
	set := setOf(t, "count: {of: x, last: 1h}")
	got := run(t, set, Options{},
		record(t, "comes and goes", "0s x\n3h x\n3h30m x"),         // stays 1h, 1h30m
		record(t, "there before", "-24h30m x\n20h x"),              // a stay begun before, and one of 1h
		record(t, "still there", "23h30m x"),                       //
		record(t, "flaps", "0s x\n2h x\n4h x\n6h x"),               // four entries on one day
		record(t, "never a member", "0s y"),                        //
		record(t, "flaps not", "9h x\n11h x\n13h x\n15h x\n17h x"), // two before midnight, three after
		record(t, "not yet seen", "25h x"),
	)
	require.Equal(t, 6, got.Visitors)
	require.Equal(t, Coverage{}, got.Coverage)
	require.Equal(t, []Segment{{
		Key: "a", Ever: 5, Start: 1, End: 1, Entries: 13, Exits: 13,
		Stay:     Stay{Complete: 12, Censored: 2, MedianSeconds: 3600, MeanSeconds: (11*3600 + 5400) / 12.0},
		Flapping: Flapping{Visitors: 1, Share: 0.2},
		Days: []Day{
			{Date: "2026-03-03", Members: 1, Exits: 1},
			{Date: "2026-03-04", Members: 3, AtEnd: 1, Entries: 8, Exits: 7}, // a stay that ends with the day has its exit on the next
			{Date: "2026-03-05", Members: 3, AtEnd: 1, Entries: 5, Exits: 5},
		},
		Overlaps: []Overlap{},
	}}, got.Segments)
}

func TestAMemberOverMidnightIsThereAtTheEndOfTheDay(t *testing.T) {
	got := run(t, setOf(t, "count: {of: x, last: 1h}"), Options{},
		record(t, "over midnight", "11h30m x"), record(t, "until midnight", "11h x"))
	require.Equal(t, []Day{
		{Date: "2026-03-03"},
		{Date: "2026-03-04", Members: 2, AtEnd: 2, Entries: 2},
		{Date: "2026-03-05", Members: 1, Exits: 2},
	}, got.Segments[0].Days)
}

func TestDaysAreLocal(t *testing.T) {
	zone, err := time.LoadLocation("Asia/Tokyo") // nine hours ahead: a new day begins at 15:00 UTC
	require.NoError(t, err)
	got := run(t, setOf(t, "count: {of: x, last: 1h}"), Options{Zone: zone, From: t0, To: after(t, "4h")}, record(t, "v", "2h30m x"))
	require.Equal(t, "Asia/Tokyo", got.Zone)
	require.Equal(t, []Day{
		{Date: "2026-03-04", Members: 1, AtEnd: 1, Entries: 1},
		{Date: "2026-03-05", Members: 1, Exits: 1},
	}, got.Segments[0].Days)
}

func TestDaysOfUnusualLength(t *testing.T) {
	for name, tc := range map[string]struct {
		zone, from, to string
		dates          []string
		last           string
	}{
		"a whole day is skipped":                   {"Pacific/Apia", "2011-12-29T12:00:00Z", "2011-12-30T12:00:00Z", []string{"2011-12-29", "2011-12-31"}, "2011-12-30T10:00:00Z"},
		"put back over midnight, in between":       {"America/St_Johns", "2006-10-29T02:00:00Z", "2006-10-29T04:00:00Z", []string{"2006-10-28", "2006-10-29"}, "2006-10-29T02:30:00Z"},
		"the clock shows the day before once more": {"America/St_Johns", "2006-10-29T03:00:00Z", "2006-10-29T04:00:00Z", []string{"2006-10-29"}, "2006-10-29T04:00:00.001Z"},
		"midnight is skipped":                      {"America/Sao_Paulo", "2018-11-04T02:59:00Z", "2018-11-04T03:01:00Z", []string{"2018-11-03", "2018-11-04"}, "2018-11-04T03:00:00Z"},
		"one instant":                              {"UTC", "2026-03-04T00:00:00Z", "2026-03-04T00:00:00Z", []string{"2026-03-04"}, "2026-03-04T00:00:00.001Z"},
	} {
		t.Run(name, func(t *testing.T) {
			at := func(text string) int64 {
				instant, err := time.Parse(time.RFC3339, text)
				require.NoError(t, err)
				return instant.UnixMilli()
			}
			got := newDays(at(tc.from), at(tc.to), mustZone(tc.zone))
			require.Equal(t, tc.dates, got.dates)
			require.Equal(t, at(tc.last)-1, got.last[0])
		})
	}
}

func TestMedianAndMeanOfStays(t *testing.T) {
	for _, tc := range []struct {
		stays        []int64
		median, mean float64
	}{
		{[]int64{5000}, 5, 5},
		{[]int64{9000, 1000}, 5, 5},
		{[]int64{9000, 1000, 2000}, 2, 4},
		{nil, 0, 0},
	} {
		got := (&figures{stays: tc.stays}).stay()
		require.Equal(t, Stay{Complete: len(tc.stays), MedianSeconds: tc.median, MeanSeconds: tc.mean}, got)
	}
}

func TestOverlaps(t *testing.T) {
	live := setOf(t, "count: {of: y, last: 1h}", "count: {of: x, last: 1h}", "never: {of: '*'}")
	got := run(t, setOf(t, "count: {of: x, last: 1h}"), Options{Live: live},
		record(t, "both at once", "0s x\n30m y"),
		record(t, "both, one after the other", "0s x\n1h y"),
		record(t, "x alone", "0s x"),
		record(t, "y alone", "0s y\n2h y"),
		record(t, "both at the end", "23h45m x\n23h45m y"),
	)
	overlaps := got.Segments[0].Overlaps
	require.Len(t, overlaps, 3)
	y := overlaps[0]
	require.InDelta(t, 45.0/(60+60+60+15+60+60+120+15-45), y.TimeJaccard, 1e-12)
	y.TimeJaccard = 0
	require.Equal(t, Overlap{Key: "a", Ever: 4, End: 1, Both: 2, BothEnd: 1, VisitorJaccard: 2 / 5.0}, y)
	require.Equal(t, Overlap{Key: "b", Ever: 4, End: 1, Both: 4, BothEnd: 1, VisitorJaccard: 1, TimeJaccard: 1}, overlaps[1])
	require.Equal(t, Overlap{Key: "c"}, overlaps[2])
}

func TestConversion(t *testing.T) {
	goal := &Goal{Match: syntax.Match{Events: []syntax.Event{{Name: "buy"}}}, Within: time.Hour}
	got := run(t, setOf(t, "count: {of: x}"), Options{Goal: goal},
		record(t, "buys at the last instant", "0s x\n1h buy"),
		record(t, "buys too late", "0s x\n1h1ms buy"),
		record(t, "bought before", "0s buy\n1s x"),
		record(t, "buys on entry, which does not count", "0s x\n0s buy"),
		record(t, "buys on entry and just after", "0s x\n0s buy\n1ms buy"),
		record(t, "buys after a second signal of the rule", "0s x\n50m x\n70m buy"),
		record(t, "a member from the start", "-25h x\n0s buy"),
		record(t, "entered too recently", "23h1ms x\n23h1s buy"),
		record(t, "another who buys", "0s y\n30m buy"),
		record(t, "another whose only signal is that", "0s buy"),
		record(t, "another who came before", "-30h y\n1h y\n90m buy"),
		record(t, "another who came too recently", "23h30m y"),
		record(t, "another without a signal in the period", "-30h y\n30h y"),
		record(t, "entered just in time", "23h x"),
	)
	require.Equal(t, &Conversion{
		Goal: "buy", WithinSeconds: 3600, AtStart: 1,
		Members: Cohort{Visitors: 7, Converted: 2, Share: 2 / 7.0, TooRecent: 1},
		Others:  Cohort{Visitors: 3, Converted: 2, Share: 2 / 3.0, TooRecent: 1},
	}, got.Segments[0].Conversion)
}

func TestDraftsAreNotReported(t *testing.T) {
	defs := rules(t, "count: {of: x}", "count: {of: y}")
	defs[0].Status = syntax.Draft
	got := run(t, compile(t, defs, nil), Options{Live: compile(t, defs, nil)}, record(t, "v", "0s x"))
	require.Len(t, got.Segments, 1)
	require.Equal(t, "b", got.Segments[0].Key)
	require.Len(t, got.Segments[0].Overlaps, 1)
}

func TestCoverage(t *testing.T) {
	keep := visitor.Limits{MaxSignals: 1}
	set := setOf(t, "count: {of: x, last: 30m}")
	all := []*visitor.Record{
		limited(t, "lost something", "0s x\n2h y", keep),
		limited(t, "lost it before the period, and no rule looks so far back", "-30h x\n2h y", keep),
		record(t, "whole", "0s x\n2h y"),
	}
	got := run(t, set, Options{Live: set}, all...)
	require.Equal(t, Coverage{
		CompleteSince: after(t, "1ms").UTC(), Shortened: 2, Truncated: 1, ComparedTruncated: 1,
	}, got.Coverage)

	got = run(t, setOf(t, "count: {of: x, where: {p: 1}}"), Options{}, all...)
	require.Equal(t, 2, got.Coverage.Truncated)
	got = run(t, set, Options{From: after(t, "1h")}, all...)
	require.Zero(t, got.Coverage.Truncated, "the period begins where nothing is missing")
}

func TestVisitorsOfWhomOnlyTotalsAreLeft(t *testing.T) {
	gone := limited(t, "v", "-9h x\n-8h y", visitor.Limits{MaxSignals: 1})
	gone.Signals = nil
	got := run(t, setOf(t, "never: {of: x}", "count: {of: x}"), Options{}, gone)
	require.Equal(t, 1, got.Visitors)
	require.Equal(t, 1, got.Segments[1].End)
	require.Zero(t, got.Segments[0].End)
}

func TestWhatMakesNoSense(t *testing.T) {
	set := setOf(t, "count: {of: x}")
	for name, tc := range map[string]struct {
		opts Options
		want string
	}{
		"a period backwards": {Options{From: t0, To: t0.Add(-time.Second)}, "the period ends at 2026-03-04T11:59:59Z, before it begins at 2026-03-04T12:00:00Z: swap them"},
		"a period too long":  {Options{To: t0}, "the period is longer than 100000 days: ask for less"},
		"a goal without time": {
			Options{From: t0, To: t0, Goal: &Goal{Match: syntax.Match{Events: []syntax.Event{{Name: "x"}}}}},
			"a goal needs a time to reach it in, such as 7d",
		},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Run(t.Context(), records(), set, tc.opts)
			require.EqualError(t, err, tc.want)
			require.Equal(t, fault.Invalid, fault.KindOf(err))
		})
	}
	drafts := rules(t, "count: {of: x}")
	drafts[0].Status = syntax.Draft
	_, err := Run(t.Context(), records(), compile(t, drafts, nil), Options{From: t0, To: t0})
	require.ErrorContains(t, err, "no active segment")
}

func TestErrorsAreHandedOn(t *testing.T) {
	broken := errors.New("broken")
	failing := func(yield func(*visitor.Record, error) bool) {
		_ = yield(record(t, "v", "0s x"), nil) && yield(nil, broken)
	}
	opts := Options{From: t0, To: t0}
	_, err := Run(t.Context(), failing, setOf(t, "count: {of: x}"), opts)
	require.ErrorIs(t, err, broken)

	ctx, cancel := context.WithCancel(t.Context())
	opts.Progress = func(int) { cancel() }
	_, err = Run(ctx, endless(record(t, "v", "0s x")), setOf(t, "count: {of: x}"), opts)
	require.ErrorIs(t, err, context.Canceled)
}

func endless(r *visitor.Record) iter.Seq2[*visitor.Record, error] {
	return func(yield func(*visitor.Record, error) bool) {
		for yield(r, nil) {
		}
	}
}

func TestProgressCountsVisitors(t *testing.T) {
	n := 0
	opts := Options{Progress: func(visitors int) { n += visitors }}
	run(t, setOf(t, "count: {of: x}"), opts, record(t, "v", "0s x"), record(t, "w", "99h x"))
	require.Equal(t, 2, n)
}
