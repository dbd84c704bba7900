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

// dateOf names the local day, or the first day of the local week, of an instant.
func dateOf(ms int64, zone *time.Location, weekStart time.Weekday, period syntax.Period) string {
	d := time.UnixMilli(ms).In(zone)
	if period == syntax.Week {
		d = d.AddDate(0, 0, -(int(d.Weekday())-int(weekStart)+7)%7)
	}
	return d.Format(time.DateOnly)
}

func TestRegularCountsCalendarPeriods(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		zone := rapid.SampledFrom([]*time.Location{time.UTC, newYork}).Draw(t, "zone")
		weekStart := time.Weekday(rapid.IntRange(0, 6).Draw(t, "week start"))
		rule := syntax.Regular{
			Match: syntax.Match{Events: []syntax.Event{{Name: "a"}}}, OfLast: rapid.IntRange(1, 5).Draw(t, "of last"),
			Period: rapid.SampledFrom([]syntax.Period{syntax.Day, syntax.Week}).Draw(t, "period"),
		}
		rule.AtLeast = rapid.IntRange(1, rule.OfLast).Draw(t, "at least")
		var sigs []signal.Signal
		at := lawStart - 20*day
		for range rapid.IntRange(0, 15).Draw(t, "signals") {
			at += rapid.Int64Range(0, 80).Draw(t, "pause") * hour
			sigs = append(sigs, signal.Signal{ID: time.UnixMilli(at).String(), Name: "a", At: at})
		}
		set, err := Compile([]syntax.Definition{{Key: "x", When: rule}}, Options{Zone: zone, WeekStart: weekStart})
		require.NoError(t, err)
		log := set.Bind(&visitor.Record{Signals: sigs})
		holds := func(at, known int64) bool {
			seen, asked := map[string]bool{}, map[string]bool{}
			noon := time.UnixMilli(at).In(zone)
			for i := range rule.OfLast {
				if rule.Period == syntax.Week {
					i *= 7
				}
				asked[dateOf(time.Date(noon.Year(), noon.Month(), noon.Day()-i, 12, 0, 0, 0, zone).UnixMilli(), zone, weekStart, rule.Period)] = true
			}
			for _, s := range sigs {
				if date := dateOf(s.At, zone, weekStart, rule.Period); s.At <= known && asked[date] {
					seen[date] = true
				}
			}
			return len(seen) >= rule.AtLeast
		}
		now := lawStart + rapid.Int64Range(-25*24, 25*24).Draw(t, "now")*hour
		var res Result
		log.Evaluate(nil, now, &res)
		require.Equal(t, holds(now, now), len(res.Members) == 1)
		if res.ValidUntil == Forever {
			require.Equal(t, holds(now, now), holds(now+40*7*day, now))
			return
		}
		require.Equal(t, holds(now, now), holds(res.ValidUntil-1, now))
		require.NotEqual(t, holds(now, now), holds(res.ValidUntil, now))
	})
}

func TestRegularIsExplained(t *testing.T) {
	set := compileRule(t, "regular: {of: a, atLeast: 3, ofLast: 4, period: day}", Options{})
	rec := record(t, "-5d a\n-2d a\n-1d a\n-1d1h a")
	e, err := set.Explain(rec, "x", nil, at(t, "1h"))
	require.NoError(t, err)
	require.False(t, e.Member)
	require.Equal(t, "2", e.Proof.Found)
	require.Equal(t, ">= 3", e.Proof.Wanted)
	require.Len(t, e.Proof.Signals, 3)
}
