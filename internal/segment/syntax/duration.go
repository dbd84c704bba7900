package syntax

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// day is exact: daylight saving moves calendar windows, not durations.
const day = 24 * time.Hour

// maxDuration is the longest duration that can be written: 100 years.
const maxDuration = 36500 * day

type unit struct {
	letter string
	length time.Duration
	noun   string
	others []string // what people write for it
}

// units are ordered from the longest to the shortest.
var units = []unit{
	{"w", 7 * day, "week", []string{"wk", "wks", "week", "weeks"}},
	{"d", day, "day", []string{"day", "days"}},
	{"h", time.Hour, "hour", []string{"hr", "hrs", "hour", "hours"}},
	{"m", time.Minute, "minute", []string{"min", "mins", "minute", "minutes"}},
	{"s", time.Second, "second", []string{"sec", "secs", "second", "seconds"}},
}

var calendarUnits = []string{"mo", "mon", "month", "months", "y", "yr", "yrs", "year", "years", "q", "quarter", "quarters"}

// ParseDuration reads a duration of the language: whole numbers with the units
// w, d, h, m and s, the longer unit first, as in 30s, 1h30m or 2w. A day is
// exactly 24 hours and a week 7 days; there are no months. The result is never
// negative and at most 100 years. An error says what to write instead.
func ParseDuration(text string) (time.Duration, error) {
	if strings.HasPrefix(text, "-") {
		return 0, errors.New("a duration cannot be negative")
	}
	if text == "" {
		return 0, errors.New("write a number and a unit, such as 30s, 5m, 48h, 7d or 2w")
	}
	var sum time.Duration
	next := 0 // the units that may still follow
	for rest := text; rest != ""; {
		number, name, tail := cutTerm(rest)
		i, err := unitIndex(number, name)
		if err != nil {
			return 0, err
		}
		if i < next {
			return 0, errors.New("write each unit once, the longer first, such as 1d12h or 1h30m")
		}
		n, err := strconv.ParseInt(number, 10, 64)
		if err != nil || n > int64(maxDuration/units[i].length) {
			return 0, errors.New("a duration is at most 100 years")
		}
		sum += time.Duration(n) * units[i].length
		next, rest = i+1, tail
	}
	if sum > maxDuration {
		return 0, errors.New("a duration is at most 100 years")
	}
	return sum, nil
}

// cutTerm splits "1h30m" into "1", "h" and "30m".
func cutTerm(s string) (number, name, tail string) {
	isDigit := func(c rune) bool { return '0' <= c && c <= '9' }
	end := strings.IndexFunc(s, func(c rune) bool { return !isDigit(c) })
	if end < 0 {
		return s, "", ""
	}
	number, rest := s[:end], s[end:]
	if end = strings.IndexFunc(rest, isDigit); end < 0 {
		return number, rest, ""
	}
	return number, rest[:end], rest[end:]
}

// unitIndex returns the place in units of the unit called name.
func unitIndex(number, name string) (int, error) {
	bare := strings.ToLower(strings.TrimSpace(name))
	switch {
	case number == "":
		return 0, errors.New("write a number and a unit, such as 30s, 5m, 48h, 7d or 2w")
	case name == "":
		return 0, fmt.Errorf("a duration needs a unit: write %[1]ss, %[1]sm, %[1]sh or %[1]sd", number)
	case strings.HasPrefix(bare, ".") || strings.HasPrefix(bare, ","):
		return 0, errors.New("write whole numbers: 1h30m, not 1.5h")
	case name == "M" || slices.Contains(calendarUnits, bare):
		return 0, errors.New("months and years differ in length: write days, such as 30d or 365d, or a calendar window such as lastDays: 30")
	case bare == "ms":
		return 0, errors.New("the smallest unit is the second")
	}
	for i, u := range units {
		if name == u.letter {
			return i, nil
		}
		if bare == u.letter || slices.Contains(u.others, bare) {
			return 0, fmt.Errorf("write %s%s (the units are s, m, h, d and w)", number, u.letter)
		}
	}
	return 0, fmt.Errorf("there is no unit %q: the units are s, m, h, d and w", strings.TrimSpace(name))
}

// FormatDuration returns d, rounded down to the second, in the form that
// ParseDuration reads. It writes no weeks: 30 days are "30d".
func FormatDuration(d time.Duration) string {
	var b strings.Builder
	for _, t := range terms(d) {
		fmt.Fprintf(&b, "%d%s", t.n, t.letter)
	}
	return b.String()
}

// durationWords returns d in words: "1 hour 30 minutes".
func durationWords(d time.Duration) string {
	var words []string
	for _, t := range terms(d) {
		words = append(words, plural(t.n, t.noun))
	}
	return strings.Join(words, " ")
}

type term struct {
	unit
	n int64
}

// terms splits d into days, hours, minutes and seconds, without those of which
// there are none; zero is 0 seconds.
func terms(d time.Duration) []term {
	var parts []term
	for _, u := range units[1:] {
		if n := int64(d / u.length); n > 0 {
			parts = append(parts, term{u, n})
			d -= time.Duration(n) * u.length
		}
	}
	if parts == nil {
		parts = []term{{units[len(units)-1], 0}}
	}
	return parts
}
