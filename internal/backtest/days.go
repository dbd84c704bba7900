package backtest

import (
	"sort"
	"time"
)

// maxDays bounds the period: about 270 years.
const maxDays = 100_000

// days are the local days that a period touches. Each lasts from the first
// instant at which the clock shows its date to that of the next day.
type days struct {
	dates  []string // as 2026-11-23
	starts []int64  // ms since the epoch; the first may be before the period
	last   []int64  // the last instant of each day that is in the period
}

func newDays(from, to int64, zone *time.Location) days {
	y, m, d := time.UnixMilli(from).In(zone).Date()
	date := time.Date(y, m, d, 0, 0, 0, 0, time.UTC)
	var all days
	for start := dayStart(date, zone); start <= to && len(all.starts) <= maxDays; {
		next := date.AddDate(0, 0, 1)
		end := dayStart(next, zone)
		// Where the clock was put back over midnight, from may be in the day
		// after its date; and clocks have skipped whole days.
		if end > max(from, start) {
			all.dates = append(all.dates, date.Format(time.DateOnly))
			all.starts = append(all.starts, start)
			all.last = append(all.last, min(end-1, to))
		}
		date, start = next, end
	}
	return all
}

// of returns the index of the day that an instant of the period is in.
func (d days) of(at int64) int {
	return sort.Search(len(d.starts), func(i int) bool { return d.starts[i] > at }) - 1
}

// dayStart returns the first instant at which the clock of a zone shows a date,
// which is given as its midnight in UTC.
func dayStart(date time.Time, zone *time.Location) int64 {
	// No clock has ever been more than 16 hours ahead of UTC.
	for at := date.Add(-16 * time.Hour).In(zone); ; {
		_, ahead := at.Zone()
		start := date.Add(-time.Duration(ahead) * time.Second)
		if start.Before(at) {
			start = at
		}
		_, change := at.ZoneBounds()
		if change.IsZero() || start.Before(change) {
			return start.UnixMilli()
		}
		if !change.After(at) { // so says package time of the last day of leap years from 2040
			change = at.Add(time.Hour)
		}
		at = change
	}
}
