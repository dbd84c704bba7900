package segment

import (
	"archive/zip"
	"io"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/segue-dev/segue/internal/segment/syntax"
	"github.com/segue-dev/segue/internal/visitor"
)

// awkwardZones have clocks that change at midnight, by half an hour, over a
// date, often, or not at all.
var awkwardZones = []string{
	"UTC", "America/New_York", "Europe/Berlin", "America/St_Johns", "Pacific/Apia", "Pacific/Kwajalein", "America/Sao_Paulo",
	"Asia/Beirut", "Africa/Casablanca", "Africa/Cairo", "Australia/Lord_Howe", "Asia/Tehran", "Asia/Gaza", "America/Havana",
	"Antarctica/Troll", "Asia/Pyongyang", "America/Caracas", "Asia/Kathmandu", "Europe/Istanbul", "Pacific/Fakaofo",
}

func TestLocalDaysCoverTimeOnce(t *testing.T) {
	from := time.Date(2000, time.January, 1, 0, 0, 0, 0, time.UTC).UnixMilli() / day
	to := time.Date(2041, time.January, 1, 0, 0, 0, 0, time.UTC).UnixMilli() / day
	for _, name := range awkwardZones {
		zone := mustZone(name)
		cal := calendar{zone: zone}
		for d := from; d < to; d++ {
			start, end := cal.start(d), cal.start(d+1)
			require.LessOrEqual(t, start, end, "%s, day %d", name, d)
			if start == end { // the date was skipped
				continue
			}
			require.Equal(t, d, cal.day(start), "%s, first instant of day %d", name, d)
			require.Equal(t, d, cal.day(min(start+hour/2, end-1)), "%s, half an hour into day %d", name, d)
			require.Equal(t, d, cal.day(end-1), "%s, last instant of day %d", name, d)
			y, m, dom := time.UnixMilli(start).In(zone).Date()
			shown := time.Date(y, m, dom, 0, 0, 0, 0, time.UTC).UnixMilli() / day
			require.Equal(t, d, shown, "%s: the clock shows the date of day %d when it begins", name, d)
			y, m, dom = time.UnixMilli(start - 1).In(zone).Date()
			before := time.Date(y, m, dom, 0, 0, 0, 0, time.UTC).UnixMilli() / day
			require.Less(t, before, d, "%s: and not before", name)
		}
	}
}

// TestEveryZoneCoversEveryDayOnce looks at the days around each change of each
// zone's clocks from 2000 to 2040.
func TestEveryZoneCoversEveryDayOnce(t *testing.T) {
	changes := 0
	for name, zone := range allZones(t) {
		cal := calendar{zone: zone}
		at := time.Date(2000, time.January, 1, 0, 0, 0, 0, time.UTC).In(zone)
		for at.Year() <= 2040 {
			_, next := at.ZoneBounds()
			if next.IsZero() || !next.After(at) {
				break
			}
			changes++
			around := cal.day(next.UnixMilli())
			for d := around - 2; d <= around+2; d++ {
				checkDay(t, name, cal, d)
			}
			at = next
		}
	}
	require.Greater(t, changes, 4000)
}

// checkDay checks that local day d is just the time during which its number is
// the day's, and that it begins when the clock first shows its date.
func checkDay(t *testing.T, name string, cal calendar, d int64) {
	start, end := cal.start(d), cal.start(d+1)
	if start == end { // the date was skipped
		return
	}
	if start > end || cal.day(start) != d || cal.day(start-1) >= d || cal.day(end-1) != d || cal.day(end) <= d {
		t.Fatalf("%s: day %d is not covered once: from %d to %d", name, d, start, end)
	}
	y, m, dom := time.UnixMilli(start).In(cal.zone).Date()
	if shown := time.Date(y, m, dom, 0, 0, 0, 0, time.UTC).UnixMilli() / day; shown != d {
		t.Fatalf("%s: day %d begins while the clock shows day %d", name, d, shown)
	}
}

// allZones returns every zone of Go's copy of the time zone database, those
// with equal rules once.
func allZones(t *testing.T) map[string]*time.Location {
	t.Helper()
	file, err := zip.OpenReader(filepath.Join(goroot(t), "lib", "time", "zoneinfo.zip"))
	require.NoError(t, err)
	defer func() { require.NoError(t, file.Close()) }()
	zones, seen := map[string]*time.Location{}, map[string]bool{}
	for _, f := range file.File {
		if f.FileInfo().IsDir() {
			continue
		}
		r, err := f.Open()
		require.NoError(t, err)
		data, err := io.ReadAll(r)
		require.NoError(t, err)
		if seen[string(data)] {
			continue
		}
		seen[string(data)] = true
		zone, err := time.LoadLocationFromTZData(f.Name, data)
		require.NoError(t, err)
		zones[f.Name] = zone
	}
	require.Greater(t, len(zones), 300)
	return zones
}

func goroot(t *testing.T) string {
	t.Helper()
	out, err := exec.Command("go", "env", "GOROOT").Output()
	require.NoError(t, err)
	return strings.TrimSpace(string(out))
}

func TestDaysOfChange(t *testing.T) {
	for name, tc := range map[string]struct {
		zone, inside string
		hours        float64
	}{
		"spring":               {"America/New_York", "2026-03-08T12:00:00Z", 23},
		"autumn":               {"America/New_York", "2026-11-01T12:00:00Z", 25},
		"no midnight":          {"America/Sao_Paulo", "2018-11-04T12:00:00Z", 23},
		"two midnights":        {"America/Havana", "2026-11-01T12:00:00Z", 25},
		"leap day":             {"Europe/Berlin", "2028-02-29T12:00:00Z", 24},
		"after a skipped date": {"Pacific/Apia", "2011-12-30T22:00:00Z", 24},
	} {
		zone := mustZone(tc.zone)
		cal := calendar{zone: zone}
		d := cal.day(instant(t, tc.inside))
		require.InDelta(t, tc.hours, float64(cal.start(d+1)-cal.start(d))/float64(hour), 0, name)

		set := compileRule(t, "count: {of: a, today: true, eq: 0}", Options{Zone: zone})
		rec := record(t, "0s a")
		rec.Signals[0].At = cal.start(d)
		require.Equal(t, cal.start(d+1), set.Evaluate(rec, nil, cal.start(d)).ValidUntil, name)
	}
}

func TestWeeks(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		first := time.Weekday(rapid.IntRange(0, 6).Draw(t, "first day"))
		zone := mustZone(rapid.SampledFrom(awkwardZones).Draw(t, "zone"))
		cal := calendar{zone: zone, weekStart: first}
		d := rapid.Int64Range(10000, 25000).Draw(t, "day")
		week := cal.week(d)
		require.LessOrEqual(t, week, d)
		require.Less(t, d, week+7)
		require.Equal(t, first, time.UnixMilli(week*day).UTC().Weekday())
	})
}

// A rule with a zone of its own answers as it would in a project of that zone.
func TestRulesMayHaveAZoneOfTheirOwn(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		cond := genCond(false).Draw(t, "rule")
		now, sigs := genInstant().Draw(t, "now"), genSignals().Draw(t, "signals")
		answer := func(own string, project *time.Location) Result {
			set, err := Compile([]syntax.Definition{{Key: "x", When: cond, Timezone: own}}, Options{Zone: project})
			require.NoError(t, err)
			return set.Evaluate(&visitor.Record{Signals: sigs}, nil, now)
		}
		require.Equal(t, answer("", newYork), answer("America/New_York", mustZone("Asia/Tokyo")))
	})
	_, err := Compile([]syntax.Definition{{Key: "x", When: syntax.Any{}, Timezone: "Europe/Atlantis"}}, Options{})
	require.ErrorContains(t, err, "timezone: unknown time zone Europe/Atlantis")
}

func TestASequenceOfOneDayIsOneOfTheRulesZone(t *testing.T) {
	cond, err := syntax.ParseCond("rule", []byte("sequence: {steps: [{of: a}, {of: b}], in: day}"))
	require.NoError(t, err)
	rec := record(t, "13h a\n18h b") // from 01:00 to 06:00 UTC; in New York, from one day into the next
	for zone, member := range map[string]bool{"": true, "America/New_York": false} {
		set, err := Compile([]syntax.Definition{{Key: "x", When: cond, Timezone: zone}}, Options{})
		require.NoError(t, err)
		require.Equal(t, member, len(set.Evaluate(rec, nil, at(t, "19h")).Members) == 1, zone)
	}
}
