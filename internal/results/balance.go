package results

import (
	"maps"
	"math"
	"slices"

	"github.com/segue-dev/segue/internal/measure/stats"
)

// balancesOf says whether the arms of all visitors, and those of each segment,
// have the visitors that they should. Of many segments, some would look uneven by
// chance: they are held to stricter bounds together.
func balancesOf(all *cells, c *cube, keys []string, expected map[int]float64) (Balance, []Balance) {
	whole, evidence := balanceOf(all, expected)
	whole.Warning, whole.Alarm = evidence >= math.Log(stats.MismatchWarning), evidence >= math.Log(stats.MismatchAlarm)
	balances, logs := make([]Balance, len(keys)), make([]float64, len(keys))
	for i, key := range keys {
		balances[i], logs[i] = balanceOf(c.groups[key], expected)
	}
	warnings, alarms := stats.EBH(logs, 1./stats.MismatchWarning), stats.EBH(logs, 1./stats.MismatchAlarm)
	for i := range balances {
		balances[i].Warning, balances[i].Alarm = warnings[i], alarms[i]
	}
	return whole, balances
}

// balanceOf weighs the arms of a group day by day. The greatest evidence of all
// days counts, so that an alarm stays. It returns the logarithm of it as well.
func balanceOf(g *cells, expected map[int]float64) (Balance, float64) {
	variants := slices.DeleteFunc(slices.Sorted(maps.Keys(expected)), func(v int) bool { return expected[v] <= 0 })
	b := Balance{P: 1}
	if len(variants) < 2 || g.total() == 0 {
		return b, 0
	}
	b.Checked = true
	share := make([]float64, len(variants))
	for i, v := range variants {
		share[i] = expected[v]
	}
	sum, most := make([]int64, len(variants)), 0.0
	for _, date := range g.days() {
		today := make([]int64, len(variants))
		for i, v := range variants {
			today[i] = g.on(v, date)
			sum[i] += today[i]
		}
		most = max(most, stats.Mismatch(sum, share))
		if stats.Mismatch(today, share) >= math.Log(stats.MismatchAlarm) {
			b.Days = append(b.Days, date)
		}
	}
	b.Evidence, b.P = math.Exp(min(most, maxLog)), stats.MismatchOn(sum, share)
	return b, most
}

// maxLog keeps evidence a number that JSON can hold.
const maxLog = 700

// on returns the visitors of a variant and a day.
func (g *cells) on(variant int, date string) int64 {
	var n int64
	for _, d := range g.arms[variant] {
		if d.day == date {
			n += d.counts.Visitors
		}
	}
	return n
}
