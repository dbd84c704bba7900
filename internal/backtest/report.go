package backtest

import "time"

// A Report is the answer of a backtest.
type Report struct {
	From time.Time `json:"from"`
	To   time.Time `json:"to"`
	Zone string    `json:"zone"` // of the days
	// Visitors are those who had sent a signal by the end of the period.
	Visitors int       `json:"visitors"`
	Coverage Coverage  `json:"coverage"`
	Segments []Segment `json:"segments"` // in order of priority
}

// Coverage is how far the records reach back. Where they do not reach, answers
// rest on what they do hold.
type Coverage struct {
	// CompleteSince is the instant from which on no record lacks a signal; the
	// zero time if none ever lost one.
	CompleteSince time.Time `json:"completeSince,omitzero"`
	Shortened     int       `json:"shortened"` // visitors whose oldest signals have left their record
	// Truncated are the visitors of whom some answer in the period looked back
	// to what has left their record, or was about an instant before that.
	Truncated int `json:"truncated"`
	// ComparedTruncated is Truncated for the segments that are compared with.
	ComparedTruncated int `json:"comparedTruncated"`
	// Saturated are the visitors of whom some answer rests on more distinct
	// values than are told apart.
	Saturated int `json:"saturated"`
}

// A Segment is what a segment would have been. Shares are from 0 to 1.
type Segment struct {
	Key  string `json:"key"`
	Name string `json:"name"`

	Ever  int `json:"ever"`  // visitors who were members at some instant of the period
	Start int `json:"start"` // members at its first instant
	End   int `json:"end"`   // members at its last

	// Entries and Exits are within the period: members at its first instant
	// have not entered, and members at its last have not left.
	Entries int `json:"entries"`
	Exits   int `json:"exits"`

	Stay     Stay      `json:"stay"`
	Flapping Flapping  `json:"flapping"`
	Days     []Day     `json:"days"`     // every local day that the period touches
	Overlaps []Overlap `json:"overlaps"` // by priority of the others
	// Conversion is nil if no goal was asked for.
	Conversion *Conversion `json:"conversion,omitempty"`
}

// A Stay is how long members stayed, over the stays that began and ended within
// the period; 0 if there are none. The others are only counted: their length is
// not known.
type Stay struct {
	Complete      int     `json:"complete"`
	Censored      int     `json:"censored"` // begun by the start of the period or lasting to its end
	MedianSeconds float64 `json:"medianSeconds"`
	MeanSeconds   float64 `json:"meanSeconds"`
}

// flappingEntries is how many entries on one day are not yet flapping.
const flappingEntries = 3

// Flapping are the visitors who entered more than three times on some local
// day.
type Flapping struct {
	Visitors int     `json:"visitors"`
	Share    float64 `json:"share"` // of all who were ever members
}

// A Day is one local day, as far as it lies in the period.
type Day struct {
	Date    string `json:"date"`    // as 2026-11-23
	Members int    `json:"members"` // visitors who were members at some instant of it
	AtEnd   int    `json:"atEnd"`   // members at its last instant
	Entries int    `json:"entries"`
	Exits   int    `json:"exits"`
}

// An Overlap compares a segment with another one.
type Overlap struct {
	Key     string `json:"key"`     // of the other
	Ever    int    `json:"ever"`    // visitors who were members of the other at some instant
	End     int    `json:"end"`     // members of the other at the last instant
	Both    int    `json:"both"`    // visitors who were members of both at one instant
	BothEnd int    `json:"bothEnd"` // members of both at the last instant
	// VisitorJaccard is Both as a share of the visitors who were ever members
	// of either, TimeJaccard the time of membership in both as a share of that
	// in either; 0 if there is none.
	VisitorJaccard float64 `json:"visitorJaccard"`
	TimeJaccard    float64 `json:"timeJaccard"`
}

// A Conversion is how many reached a goal: of the members within a time after
// their first entry, of the visitors who never were members within the same
// time after their first signal of the period. It describes: that members
// convert more often does not say that the segment makes them.
type Conversion struct {
	Goal          string  `json:"goal"`
	WithinSeconds float64 `json:"withinSeconds"`
	Members       Cohort  `json:"members"`
	Others        Cohort  `json:"others"`
	// AtStart were members at the first instant of the period: when they
	// entered is not known, so they are in neither cohort.
	AtStart int `json:"atStart"`
}

// A Cohort are visitors whose time to reach a goal lies within the period.
type Cohort struct {
	Visitors  int     `json:"visitors"`
	Converted int     `json:"converted"`
	Share     float64 `json:"share"`
	// TooRecent have had less time than that, and are not in Visitors.
	TooRecent int `json:"tooRecent"`
}

func share(part, whole int) float64 {
	if whole == 0 {
		return 0
	}
	return float64(part) / float64(whole)
}
