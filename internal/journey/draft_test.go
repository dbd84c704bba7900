package journey_test

import (
	"context"
	"encoding/csv"
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/segue-dev/segue/internal/backtest"
	"github.com/segue-dev/segue/internal/journey"
	"github.com/segue-dev/segue/internal/segment"
	"github.com/segue-dev/segue/internal/segment/syntax"
	"github.com/segue-dev/segue/internal/signal"
	"github.com/segue-dev/segue/internal/visitor"
)

// The law: a rule drafted from a pattern, asked by the evaluator of live answers
// at every instant of history, has the members that were mined, and they convert
// as was told.

var lawStart = time.Date(2026, time.March, 4, 12, 0, 0, 0, time.UTC)

// genSignals draws what a visitor did in some hours, often at the same instant.
func genSignals() *rapid.Generator[[]signal.Signal] {
	return rapid.Custom(func(t *rapid.T) []signal.Signal {
		sigs := make([]signal.Signal, rapid.IntRange(1, 12).Draw(t, "signals"))
		for i := range sigs {
			s := signal.Signal{
				ID: fmt.Sprintf("s%02d", i), Pos: rapid.IntRange(0, 2).Draw(t, "pos"), Device: "d",
				At:   lawStart.Add(time.Duration(rapid.IntRange(0, 16).Draw(t, "quarters")) * 15 * time.Minute).UnixMilli(),
				Name: rapid.SampledFrom([]string{"A", "a", "B b", "b_B", "Heartbeat", "buy", "page", "Page"}).Draw(t, "event"),
			}
			switch s.Name {
			case "page":
				s.Type, s.Name = signal.Page, ""
			case "Page":
				s.Type, s.Name = signal.Page, "Home"
			}
			switch path := rapid.SampledFrom([]string{"", "/x", "/x/", "/x/y", "/x/y/z", "1", "1.0", "true"}).Draw(t, "path"); {
			case path == "":
			case rapid.Bool().Draw(t, "in the context"):
				s.Props = signal.Props{{Key: "context.page.path", Value: signal.TextOf(path)}}
			default:
				s.Props = signal.Props{{Key: "path", Value: signal.TextOf(path)}}
			}
			if rapid.IntRange(0, 9).Draw(t, "late") == 0 {
				s.Flags = signal.TooLate
			}
			sigs[i] = s
		}
		return sigs
	})
}

func genQuery() *rapid.Generator[journey.Query] {
	return rapid.Custom(func(t *rapid.T) journey.Query {
		q := journey.Query{
			To: lawStart.Add(time.Duration(rapid.IntRange(4, 18).Draw(t, "to")) * 15 * time.Minute), Within: rapid.SampledFrom([]string{"15m", "1h", "2h"}).Draw(t, "within"),
			Goal:    rapid.SampledFrom([]string{"", "buy", "b b", "{of: buy, where: {path: {exists: true}}}"}).Draw(t, "goal"),
			Repeats: rapid.Bool().Draw(t, "repeats"), Support: "1", Length: 3, Top: 1000,
		}
		switch rapid.IntRange(0, 4).Draw(t, "by") {
		case 1:
			q.By = []string{"a=path", "page=name"}
		case 2:
			q.By = []string{"page=properties.path"}
		case 3:
			q.By = []string{"page=path/1", "b b=path/2"}
		}
		return q
	})
}

func TestADraftHasTheMinedSupportInABacktest(t *testing.T) {
	drafts, conversions := 0, 0
	rapid.Check(t, func(t *rapid.T) {
		var all []*visitor.Record
		for i, sigs := range rapid.SliceOfN(genSignals(), 1, 6).Draw(t, "visitors") {
			r, _ := (&visitor.Record{ID: fmt.Sprint(i)}).With(visitor.Limits{}, sigs...)
			all = append(all, r)
		}
		q := genQuery().Draw(t, "query")
		opts, err := q.Options(lawStart)
		require.NoError(t, err)
		report, err := journey.Run(t.Context(), slicesOf(all), opts)
		require.NoError(t, err)
		for _, found := range report.Patterns.Found {
			got := backtested(t, found.Draft, slicesOf(all), q)
			require.Equal(t, found.Support, got.Ever, found.Draft)
			require.Contains(t, found.Draft, "# These numbers again: segue backtest FILE --from ")
			drafts++
			if found.Conversion == nil {
				continue
			}
			require.Equal(t, backtest.Cohort{
				Visitors: found.Conversion.Visitors, Converted: found.Conversion.Converted,
				Share: found.Conversion.Share, TooRecent: found.Conversion.TooRecent,
			}, got.Conversion.Members, found.Draft)
			conversions += found.Conversion.Converted
		}
	})
	require.Positive(t, drafts, "the law was not tried")
	require.Positive(t, conversions, "nobody converted")
}

func slicesOf(all []*visitor.Record) iter.Seq2[*visitor.Record, error] {
	return func(yield func(*visitor.Record, error) bool) {
		for _, r := range all {
			if !yield(r, nil) {
				return
			}
		}
	}
}

// backtested returns what a backtest says of a draft.
func backtested(t require.TestingT, draft string, all iter.Seq2[*visitor.Record, error], q journey.Query) backtest.Segment {
	defs, err := syntax.Parse("draft.yaml", []byte(draft))
	require.NoError(t, err, draft)
	require.Len(t, defs, 1)
	require.Equal(t, syntax.Draft, defs[0].Status)
	none, err := segment.Compile(nil, segment.Options{})
	require.NoError(t, err)
	asked, _, err := backtest.Sets(none, defs, "", segment.Options{})
	require.NoError(t, err)
	// Nobody is there before the period.
	opts, err := backtest.Query{From: q.To.AddDate(0, 0, -150), To: q.To, Goal: q.Goal, Within: q.Within}.Options(lawStart)
	require.NoError(t, err)
	report, err := backtest.Run(context.Background(), all, asked, opts)
	require.NoError(t, err)
	return report.Segments[0]
}

// retailRocket returns the visitors of a public recording.
func retailRocket(t *testing.T) []*visitor.Record {
	t.Helper()
	dir := os.Getenv("SEGUE_TEST_DATA")
	if dir == "" {
		t.Skip("SEGUE_TEST_DATA names no directory of real inputs")
	}
	f, err := os.Open(filepath.Join(dir, "clickstream", "retailrocket-sample.csv"))
	require.NoError(t, err)
	defer func() { require.NoError(t, f.Close()) }()
	rows, err := csv.NewReader(f).ReadAll()
	require.NoError(t, err)
	names := map[string]string{"view": "Product Viewed", "addtocart": "Product Added", "transaction": "Order Completed"}
	sigs := map[string][]signal.Signal{}
	for _, row := range rows[1:] {
		at, err := strconv.ParseInt(row[0], 10, 64)
		require.NoError(t, err)
		sigs[row[1]] = append(sigs[row[1]], signal.Signal{
			ID: fmt.Sprint(row), Name: names[row[2]], At: at, Device: row[1],
			Props: signal.Props{{Key: "product_id", Value: signal.TextOf(row[3])}},
		})
	}
	var all []*visitor.Record
	for id, s := range sigs {
		r, _ := (&visitor.Record{ID: id}).With(visitor.Limits{}, s...)
		all = append(all, r)
	}
	slices.SortFunc(all, func(a, b *visitor.Record) int { return len(b.Signals) - len(a.Signals) })
	return all
}

func TestDraftsOfRetailRocketHaveTheMinedSupport(t *testing.T) {
	all := retailRocket(t)
	for _, q := range []journey.Query{
		{Goal: "Order Completed", Support: "5"},
		{Goal: "Order Completed", Support: "5", Repeats: true, Within: "1h"},
		{Support: "20", By: []string{"Product Viewed=product_id"}},
	} {
		q.To = time.Date(2015, 9, 18, 3, 0, 0, 0, time.UTC)
		opts, err := q.Options(q.To)
		require.NoError(t, err)
		report, err := journey.Run(t.Context(), slicesOf(all), opts)
		require.NoError(t, err)
		require.Greater(t, len(report.Patterns.Found), 2)
		for _, found := range report.Patterns.Found {
			got := backtested(t, found.Draft, slicesOf(all), q)
			require.Equal(t, found.Support, got.Ever, found.Draft)
			if c := found.Conversion; c != nil {
				require.Equal(t, []int{c.Converted, c.Visitors, c.TooRecent},
					[]int{got.Conversion.Members.Converted, got.Conversion.Members.Visitors, got.Conversion.Members.TooRecent}, found.Draft)
			}
		}
	}
}
