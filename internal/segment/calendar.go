package segment

import "time"

const (
	hour = int64(time.Hour / time.Millisecond)
	day  = 24 * hour
)

// A calendar tells local days. A local day is numbered from 1970-01-01 and
// lasts from the first instant at which the local clock shows its date, to
// that of the next day. So days cover all of time once, even where the clock
// skips midnight or shows it twice.
type calendar struct {
	zone      *time.Location
	weekStart time.Weekday
}

// day returns the number of the local day that instant ms lies in.
func (c calendar) day(ms int64) int64 {
	if c.zone == time.UTC {
		return floorDiv(ms, day)
	}
	_, seconds := time.UnixMilli(ms).In(c.zone).Zone()
	d := floorDiv(ms+int64(seconds)*1000, day)
	for c.start(d+1) <= ms { // the clock was put back over midnight
		d++
	}
	return d
}

// start returns the first instant of a local day.
func (c calendar) start(d int64) int64 {
	midnight := d * day
	// No zone has ever been more than 16 hours ahead of UTC or behind it.
	for from := midnight - 16*hour; ; {
		offset, end := zoneAt(c.zone, from)
		if start := max(midnight-offset, from); start < end {
			return start
		}
		from = end
	}
}

// zoneAt returns how far the local clock is ahead of UTC at instant ms, and
// until when at least it stays so; all in ms.
func zoneAt(zone *time.Location, ms int64) (offset, end int64) {
	if zone == time.UTC {
		return 0, Forever
	}
	t := time.UnixMilli(ms).In(zone)
	_, seconds := t.Zone()
	_, change := t.ZoneBounds()
	switch {
	case change.IsZero():
		end = Forever
	case change.After(t):
		end = change.UnixMilli()
	default: // so says package time of the last day of leap years from 2040
		end = ms + hour
	}
	return int64(seconds) * 1000, end
}

// week returns the number of the first day of the week of local day d.
func (c calendar) week(d int64) int64 {
	weekday := floorMod(d+int64(time.Thursday), 7) // day 0 was a Thursday
	return d - floorMod(weekday-int64(c.weekStart), 7)
}

func floorDiv(a, b int64) int64 {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}

func floorMod(a, b int64) int64 { return a - b*floorDiv(a, b) }
