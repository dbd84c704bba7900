package journey

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/segue-dev/segue/internal/fault"
	"github.com/segue-dev/segue/internal/measure/stats"
	"github.com/segue-dev/segue/internal/signal"
	"github.com/segue-dev/segue/internal/visitor"
)

func TestEverybodyIsWatchedForTheSameTime(t *testing.T) {
	q := Query{Goal: "buy", Within: "1d", To: after(t, "48h")}
	got := run(t, q,
		record(t, "at the last instant", "0s a\n24h buy"),
		record(t, "too late", "0s a\n24h1ms buy"),
		record(t, "never", "0s a\n1h b"),
		record(t, "began just in time", "24h a\n25h buy"),
		record(t, "too recent, whatever they did", "24h1ms a\n25h buy"),
		record(t, "too recent", "30h a"),
		record(t, "nothing before the goal", "0s buy\n1h a"),
		record(t, "nothing before the goal's instant", "0s a\n0s buy"),
		record(t, "nothing at all", "0s heartbeat"),
		record(t, "in the future", "49h a"),
	)
	require.Equal(t, 6, got.Visitors)
	require.Equal(t, Left{GoalFirst: 2}, got.Left)
	likely := stats.Wilson(2, 4, 0.05)
	require.Equal(t, &Cohort{Visitors: 4, Converted: 2, Share: 0.5, Low: likely.Low, High: likely.High, TooRecent: 2}, got.Base)
	require.InDelta(t, 86400, got.WithinSeconds, 0)
	require.Equal(t, "buy", got.Goal)
	// Paths end before the goal, and when all have been watched.
	require.Equal(t, []Path{
		{Steps: []string{"a"}, Visitors: 3, Converted: 2, Share: 2 / 3.},
		{Steps: []string{"a", "b"}, Visitors: 1},
	}, got.Paths)
}

func TestWhoIsLeftOut(t *testing.T) {
	got := run(t, Query{From: t0, Steps: 2, Goal: "buy"},
		limited(t, "the first signals are gone", "0s a\n1h b\n2h c", visitor.Limits{MaxSignals: 2}),
		record(t, "older", "-1ms a\n1h b"),
		record(t, "a step too many", "0s a\n1h b\n2h c\n3h buy"),
		record(t, "what came too late is no step", "0s a\n1h c late"),
	)
	require.Equal(t, 2, got.Visitors)
	require.Equal(t, Left{Older: 1, Shortened: 1, Cut: 1}, got.Left)
	require.Equal(t, 3, got.StepsTaken)
	require.Equal(t, 2, got.Kinds)
	require.Equal(t, t0, got.From)
}

func TestAReportOfNothingSaysWhatToDo(t *testing.T) {
	require.Contains(t, run(t, Query{}).Advice, "take in a log by segue replay")
	visitors := record(t, "v", "0s Order_Completed\n1s page\n2s Search")
	got := run(t, Query{Goal: "Ordr Completed"}, visitors)
	require.Equal(t, "nobody has reached the goal: if no event has this name, it may be one of Order Completed, page, Search", got.Advice)
	require.Empty(t, run(t, Query{Goal: "Order Completed"}, visitors).Advice)
}

func TestWhatIsAStep(t *testing.T) {
	lines := "0s Product_Viewed category=shoes\n1m product_viewed category=hats\n2m page path=/x\n3m page context.page.path=/x\n" +
		"4m heartbeat\n5m Scroll\n6m Experience_Viewed\n7m Search"
	for name, tc := range map[string]struct {
		q    Query
		want []string
	}{
		"by default": {Query{}, []string{"Product Viewed", "page /x", "Search"}},
		"repeats":    {Query{Repeats: true}, []string{"Product Viewed", "Product Viewed", "page /x", "page /x", "Search"}},
		"told apart": {Query{By: []string{"Product Viewed=category", "page=title"}}, []string{
			"Product Viewed category=shoes", "Product Viewed category=hats", "page without title", "Search",
		}},
		"by the first part": {Query{By: []string{"page=path/1", "Search=path"}, Ignore: []string{"Product Viewed"}}, []string{"page /x", "Search without path"}},
		"by name":           {Query{By: []string{"page=name"}}, []string{"Product Viewed", "Search"}},
		"ignored":           {Query{Ignore: []string{"page", "search"}}, []string{"Product Viewed"}},
	} {
		t.Run(name, func(t *testing.T) {
			require.Equal(t, tc.want, run(t, tc.q, record(t, "v", lines)).Paths[0].Steps)
		})
	}
	shop := run(t, Query{By: []string{"page=path/2"}}, record(t, "v", "0s page path=/a/b/1\n1s page path=/a/b/2\n2s page path=/a/b\n3s page path=/a/b/\n4s page path=/"))
	require.Equal(t, []string{"page /a/b/…", "page /a/b", "page /a/b/…", "page /"}, shop.Paths[0].Steps)
	// Of several spellings the first in the alphabet is told.
	got := run(t, Query{}, record(t, "a", "0s sign_up"), record(t, "b", "0s Sign_Up"), record(t, "c", "0s SIGN_UP"))
	require.Equal(t, "SIGN UP", got.Paths[0].Steps[0])
	require.Equal(t, 3, got.Paths[0].Visitors)
}

func TestTheGraphOfSessions(t *testing.T) {
	got := run(t, Query{Goal: "buy"},
		record(t, "one who buys", "0s a\n10s b\n40m a\n40m30s c\n40m40s buy"),
		record(t, "one who comes back to buy", "0s a\n20s b\n2h buy"),
		record(t, "one who does not", "0s a\n1m b\n2m heartbeat\n31m b\n31m1s c"),
		record(t, "too recent", "720h a\n721h b"),
	).Graph
	require.Equal(t, []Node{
		{Step: "a", Taken: 4, Entries: 4},
		{Step: "b", Taken: 3, Exits: 2},
		{Step: "c", Taken: 2, Exits: 1, Goals: 1},
	}, got.Steps, "a heartbeat keeps the session, and b repeats in it")
	require.Equal(t, []Edge{
		{
			From: "a", To: "b", Passage: Passage{3, 3 / 4., 20},
			Converted: Passage{2, 2 / 3., 15}, Others: Passage{1, 1, 60},
		},
		{From: "a", To: "c", Passage: Passage{1, 1 / 4., 30}, Converted: Passage{1, 1 / 3., 30}},
		{From: "b", To: "c", Passage: Passage{1, 1 / 3., 1801}, Others: Passage{1, 1, 1801}},
	}, got.Edges)
}

func TestWhereConvertersAndOthersPart(t *testing.T) {
	var lines []byte
	add := func(n int, line string) {
		for range n {
			lines = append(lines, line+"\n"...)
		}
	}
	add(150, "start pay buy")
	add(50, "start help buy")
	add(100, "start pay")
	add(300, "start help")
	d := sequences(t, Query{Goal: "buy"}, string(lines)).Divergence
	require.Equal(t, 2, d.Point)
	require.Len(t, d.Steps, 2)
	first, second := d.Steps[0], d.Steps[1]
	require.Zero(t, first.Bits)
	require.InDelta(t, 1, first.P, 0)
	require.Equal(t, []int{200, 400}, []int{second.Converted, second.Others})
	// As the mean of both is even, 1 less the entropy of 1/4, and less about half a
	// degree of freedom for each visitor.
	require.InDelta(t, 1-0.8112781244591328, second.Bits, 0.003)
	require.InEpsilon(t, stats.SameDistribution([]int64{150, 50}, []int64{100, 300}), second.P, 1e-12)
	require.Equal(t, []Taken{{"pay", .75, .25}}, second.Over)
	require.Equal(t, []Taken{{"help", .25, .75}}, second.Under)
	require.True(t, second.Enough)

	few := sequences(t, Query{Goal: "buy"}, "a b buy\na c\n").Divergence
	require.Zero(t, few.Point)
	require.False(t, few.Steps[0].Enough)
	require.Nil(t, sequences(t, Query{}, "a b\n").Divergence)
}

// TestChanceAloneDoesNotDiverge draws both groups from one distribution: the
// corrected divergence is about 0, and p-values are as often small as they say.
func TestChanceAloneDoesNotDiverge(t *testing.T) {
	for name, sizes := range map[string][2]int{"chi squared": {120, 400}, "permutation": {12, 60}} {
		t.Run(name, func(t *testing.T) {
			r := rand.New(rand.NewPCG(5, 6))
			const runs = 400
			p := pathsOf([][]int32{{1, 2, 3, 4, 5, 6, 7, 8}}, nil, never, never)
			bits, small := 0.0, 0
			for range runs {
				taken := make([]counts, 9)
				for group, n := range sizes {
					for range n {
						taken[1+min(int(r.ExpFloat64()*2), 7)][group]++
					}
				}
				d := p.difference(taken)
				bits += d.Bits / runs
				if d.P < 0.05 {
					small++
				}
			}
			require.Less(t, bits, 1/float64(sizes[0]), "uncorrected it is twice that")
			require.Less(t, float64(small), 0.05*runs+3*math.Sqrt(runs*0.05*0.95))
			require.Greater(t, small, 5, "the test is blind")
		})
	}
}

func TestPermutationIsFishersTestOfFour(t *testing.T) {
	// All three of one group took one step, all three of the other another: that is
	// one of the 20 ways to divide six, and so is its opposite.
	require.InDelta(t, 2/20., permutation([]counts{{3, 0}, {0, 3}}, counts{3, 3}), 0.02)
	require.InDelta(t, 1/35., permutation([]counts{{3, 0}, {0, 4}}, counts{3, 4}), 0.012)
	require.InDelta(t, 1, permutation([]counts{{1, 9}}, counts{1, 9}), 0)
}

func TestTimeToTheGoalKnowsThatSomeAreStillOnTheWay(t *testing.T) {
	q := Query{Goal: "buy", To: after(t, "10h")}
	got := run(t, q,
		record(t, "a", "0s x\n1h buy"),
		record(t, "b", "0s x\n2h buy"),
		record(t, "c", "7h x"), // watched for 3 h
		record(t, "d", "0s x\n4h buy"),
		record(t, "e", "0s x"),
	).Time
	require.Equal(t, 5, got.Visitors)
	require.Equal(t, 3, got.Converted)
	require.InDelta(t, 7200, got.OfConvertedSeconds, 0)
	// After 1 h 4/5 remain, after 2 h 3/5, and of the two watched for 4 h one: 3/10.
	require.InDelta(t, 4*3600, got.MedianSeconds, 0)
	hour := got.Curve[2]
	require.InDelta(t, 0.2, hour.Share, 1e-12)
	require.Equal(t, 4, hour.AtRisk)
	// As survival's survfit(conf.type = "log-log") says of 1 of 5: 0.8, 0.204 to 0.969.
	require.InDelta(t, 1-0.969, hour.Low, 5e-4)
	require.InDelta(t, 1-0.204, hour.High, 5e-4)

	none := run(t, q, record(t, "a", "0s x"), record(t, "b", "0s x\n1h buy"), record(t, "c", "0s x")).Time
	require.Zero(t, none.MedianSeconds, "fewer than half have bought")
}

func TestPatternsAreJudgedFromTheirCompletion(t *testing.T) {
	q := Query{Goal: "buy", Within: "1h", To: after(t, "10h"), Support: "2"}
	got := run(t, q,
		record(t, "a", "0s x\n2h y\n2h30m buy"), // in time after y, too late after x
		record(t, "b", "0s x\n1h y"),
		record(t, "c", "0s x\n9h30m y"), // too recent to tell
		record(t, "d", "0s x\n30m buy"),
	)
	require.InDelta(t, 0.25, got.Base.Share, 0)
	require.Equal(t, 3, got.Patterns.Frequent)
	require.Equal(t, 2, got.Patterns.Tested, "y alone is always after x")
	require.Len(t, got.Patterns.Found, 2)
	both := got.Patterns.Found[0]
	require.Equal(t, []string{"x", "y"}, both.Steps)
	require.Equal(t, 3, both.Support)
	require.Equal(t, []int{1, 2, 1}, []int{both.Conversion.Converted, both.Conversion.Visitors, both.Conversion.TooRecent})
	require.InDelta(t, 2, both.Conversion.Ratio, 0)
	require.InDelta(t, 2*(1-.75*.75), both.Conversion.P, 1e-12)
}

func TestNeitherOrderNorProcessorsMatter(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	var all []*visitor.Record
	for i := range 300 {
		lines := ""
		for k := range 1 + r.IntN(8) {
			lines += fmt.Sprintf("%dm %s context.campaign.source=c%d\n", 7*k*r.IntN(5), []string{"a", "b", "B", "c_d", "C_D", "buy"}[r.IntN(6)], r.IntN(3))
		}
		all = append(all, record(t, fmt.Sprint(i), lines))
	}
	q := Query{Goal: "buy", Support: "5"}
	text := func() string {
		src, err := json.MarshalIndent(run(t, q, all...), "", " ")
		require.NoError(t, err)
		return string(src)
	}
	want := text()
	for range 5 {
		r.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
		require.True(t, want == text(), "the report is another")
	}
}

func TestErrorsAreHandedOn(t *testing.T) {
	broken := errors.New("broken")
	failing := func(yield func(*visitor.Record, error) bool) {
		_ = yield(record(t, "v", "0s x"), nil) && yield(nil, broken)
	}
	_, err := Run(t.Context(), failing, options(t, Query{}))
	require.ErrorIs(t, err, broken)
	ctx, cancel := context.WithCancel(t.Context())
	opts := options(t, Query{})
	opts.Progress = func(string, int64, int64) { cancel() }
	endless := func(yield func(*visitor.Record, error) bool) {
		for yield(record(t, "v", "0s x"), nil) {
		}
	}
	_, err = Run(ctx, endless, opts)
	require.ErrorIs(t, err, context.Canceled)
}

func TestWhatMakesNoSense(t *testing.T) {
	for want, q := range map[string]Query{
		"from 2026-03-04T12:00:00Z is after the end, 2026-03-04T11:00:00Z: swap them":             {From: t0, To: t0.Add(-time.Hour)},
		"within soon: write a time such as 7d or 1h30m":                                           {Within: "soon"},
		"lookback 0d: write a time such as 7d or 1h30m":                                           {Lookback: "0d"},
		"halfLife x: write a time such as 7d or 1h30m":                                            {HalfLife: "x"},
		"goal:1:13: \"page:\" names nothing: write a name after the colon":                        {Goal: "page:"},
		"by page: write an event and the property that tells its signals apart, such as page=p":   {By: []string{"page"}},
		"by page=path/x: after the / write how many parts of the path count, such as page=path/1": {By: []string{"page=path/x"}},
		"ignore {of: [a, b]}: name one event":                                                     {Ignore: []string{"{of: [a, b]}"}},
		"support 0: write how many visitors a pattern needs":                                      {Support: "0"},
		"support 101%: write how many visitors":                                                   {Support: "101%"},
		"length 9: patterns have 1 to 8 steps":                                                    {Length: 9},
		"top and steps cannot be negative":                                                        {Top: -1},
	} {
		_, err := q.Options(t0)
		require.ErrorContains(t, err, want)
		require.Equal(t, fault.Invalid, fault.KindOf(err))
	}
}

// TestMSNBC looks at the paths of a million visitors.
func TestMSNBC(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes seconds")
	}
	src := msnbc(t)
	opts := options(t, Query{Top: 5})
	got, err := RunSequences(t.Context(), src, -1, opts)
	require.NoError(t, err)
	require.Equal(t, 989_818, got.Visitors)
	require.Equal(t, 17, got.Kinds)
	require.Equal(t, "frontpage", got.Graph.Steps[0].Step)
	require.Equal(t, 9899, got.Patterns.MinSupport)

	// As a program that knows nothing of this one counts.
	withGoal := options(t, Query{Goal: "sports", Top: 1000})
	got, err = RunSequences(t.Context(), msnbc(t), -1, withGoal)
	require.NoError(t, err)
	require.Equal(t, 936_179, got.Visitors)
	counted := map[string][2]int{}
	for _, p := range got.Patterns.Found {
		counted[strings.Join(p.Steps, " ")] = [2]int{p.Support, p.Conversion.Converted}
	}
	require.Equal(t, [2]int{33_113, 3_276}, counted["frontpage news frontpage"])
	require.Equal(t, [2]int{10_460, 314}, counted["on-air misc on-air misc"])

	opts.Steps.Repeats, opts.Steps.Max, opts.Patterns.Length = true, 0, 1
	got, err = RunSequences(t.Context(), msnbc(t), -1, opts)
	require.NoError(t, err)
	require.Equal(t, 4_698_794, got.StepsTaken)
}

// TestOtto reads sessions of another shop.
func TestOtto(t *testing.T) {
	f, err := os.Open(data(t, "clickstream", "otto-tiny.jsonl"))
	require.NoError(t, err)
	defer func() { require.NoError(t, f.Close()) }()
	var all []*visitor.Record
	orders := 0
	for lines := bufio.NewScanner(f); lines.Scan(); {
		var session struct {
			Session int
			Events  []struct {
				TS   int64
				Type string
			}
		}
		require.NoError(t, json.Unmarshal(lines.Bytes(), &session))
		var sigs []signal.Signal
		ordered := false
		for i, e := range session.Events {
			sigs = append(sigs, signal.Signal{ID: fmt.Sprint(i), Name: e.Type, At: e.TS, Pos: i, Device: "d"})
			ordered = ordered || e.Type == "orders"
		}
		if ordered {
			orders++
		}
		r, _ := (&visitor.Record{ID: fmt.Sprint(session.Session)}).With(visitor.Limits{}, sigs...)
		all = append(all, r)
	}
	got := run(t, Query{Goal: "orders", To: time.Date(2022, 12, 1, 0, 0, 0, 0, time.UTC), Support: "2"}, all...)
	require.Equal(t, len(all), got.Visitors+got.Left.GoalFirst)
	require.Equal(t, orders, got.Time.Converted+got.Left.GoalFirst)
	require.NotEmpty(t, got.Patterns.Found)
}

// BenchmarkRun reports the journeys of records of 64 signals in about a month.
func BenchmarkRun(b *testing.B) {
	r := rand.New(rand.NewPCG(9, 10))
	all := make([]*visitor.Record, 4096)
	events := []string{"Product Viewed", "Product Viewed", "page", "page", "Product Added", "Search", "Order Completed"}
	for i := range all {
		sigs := make([]signal.Signal, 64)
		at := t0.UnixMilli()
		for k := range sigs {
			if at += r.Int64N(120_000); k%8 == 0 {
				at += r.Int64N(7 * 86_400_000)
			}
			sigs[k] = signal.Signal{ID: fmt.Sprint(k), Name: events[r.IntN(len(events)-1+(k+1)/64)], At: at, Device: "d"}
			if sigs[k].Name == "page" {
				sigs[k].Type, sigs[k].Name = signal.Page, ""
				sigs[k].Props = signal.Props{{Key: "path", Value: signal.TextOf(fmt.Sprint("/", r.IntN(50)))}}
			}
		}
		all[i] = &visitor.Record{ID: fmt.Sprint(i), Signals: sigs}
	}
	opts := options(b, Query{Goal: "Order Completed", To: t0.AddDate(1, 0, 0), Length: 2})
	b.ReportAllocs()
	for b.Loop() {
		_, err := Run(b.Context(), records(all...), opts)
		require.NoError(b, err)
	}
	b.ReportMetric(float64(len(all)*64*b.N)/b.Elapsed().Seconds(), "signals/s")
}
