package audit

import "math"

// A change compares the latest nowDays of a series of days with the whole weeks
// before: each weekday is there as often on both sides.
type change struct {
	now      int
	weeks    int     // before
	expected float64 // now, if nothing has changed
	// noise is how much more the days before vary, weekday by weekday, than
	// counts of independent things would (1).
	noise float64
}

// enoughWeeks is how many weeks before it takes to know what is usual.
const enoughWeeks = 2

// changeOf compares days, of which those before the first are not there yet.
func changeOf(days []int, first int) change {
	c := change{noise: 1}
	n := len(days) - nowDays
	c.weeks = max(0, (n-first)/7)
	for _, x := range days[max(0, n):] {
		c.now += x
	}
	if c.weeks == 0 {
		return c
	}
	before := days[n-7*c.weeks : n]
	spread, freedom := 0.0, 0
	for weekday := range 7 {
		mean := 0.0
		for i := weekday; i < len(before); i += 7 {
			mean += float64(before[i]) / float64(c.weeks)
		}
		c.expected += mean
		if mean == 0 {
			continue
		}
		for i := weekday; i < len(before); i += 7 {
			spread += (float64(before[i]) - mean) * (float64(before[i]) - mean) / mean
		}
		freedom += c.weeks - 1
	}
	if freedom > 0 {
		c.noise = max(1, spread/float64(freedom))
	}
	return c
}

// scaled returns c as it would be expected with other traffic.
func (c change) scaled(traffic float64) change {
	c.expected *= traffic
	return c
}

// relative returns by which share it is more than expected, or less.
func (c change) relative() float64 {
	if c.expected == 0 {
		return 0
	}
	return float64(c.now)/c.expected - 1
}

// sigmas returns how many standard deviations it is from what is expected.
func (c change) sigmas() float64 {
	if c.weeks == 0 || c.expected == 0 {
		return 0
	}
	return (float64(c.now) - c.expected) / math.Sqrt(c.noise*c.expected*(1+1/float64(c.weeks)))
}

// silence returns how likely it is that nothing comes, if nothing has changed
// (Poisson).
func (c change) silence() float64 { return math.Exp(-c.expected / c.noise) }

// The limits of changes.
const (
	surely    = 3.5   // standard deviations, which are themselves estimated from few days
	unlikely  = 0.001 // probability
	much      = 0.5   // relative
	something = 0.2   // relative
)

// judge returns the colour of a change.
func (c change) judge() Status {
	switch far := math.Abs(c.relative()); {
	case c.weeks < enoughWeeks || c.silence() > unlikely:
		return Unknown
	case math.Abs(c.sigmas()) < surely || far < something:
		return Green
	case far < much:
		return Amber
	default:
		return Red
	}
}
