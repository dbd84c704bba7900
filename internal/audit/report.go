package audit

import "time"

// A Status is the colour of a check.
type Status string

// The statuses, the most severe first. Unknown says that there is not enough to
// judge by, and the check says what it would take and when.
const (
	Red     Status = "red"     // micro-segmentation would mislead or not work
	Amber   Status = "amber"   // it works, and less well than it could
	Unknown Status = "unknown" // cannot be judged (yet)
	Green   Status = "green"   // good
)

var severity = map[Status]int{Red: 0, Amber: 1, Unknown: 2, Green: 3}

// A Report is the answer of an audit.
type Report struct {
	At    time.Time `json:"at"`             // the instant as of which it was judged
	First time.Time `json:"first,omitzero"` // the earliest signal that was looked at
	Last  time.Time `json:"last,omitzero"`  // the latest
	// Visitors and Signals are those looked at; Sampled is the share of all
	// visitors that these are, 1 if nobody was left out.
	Visitors int     `json:"visitors"`
	Signals  int     `json:"signals"`
	Sampled  float64 `json:"sampled"`
	// Verdict is red if some check is, else amber if some is, else unknown if
	// most could not be judged.
	Verdict Status   `json:"verdict"`
	Summary string   `json:"summary"`
	Next    []string `json:"next"` // what to do first; never empty unless all is green
	// Checks are sorted by severity, and then by how much depends on them.
	Checks []Check `json:"checks"`
}

// A Check is one question to the data and its answer.
type Check struct {
	ID      string  `json:"id"`
	Segment string  `json:"segment,omitempty"` // it is about
	Status  Status  `json:"status"`
	Title   string  `json:"title"`
	Found   string  `json:"found"`            // the numbers in words
	Figure  *Figure `json:"figure,omitempty"` // the share it rests on, if it is one
	Means   string  `json:"means"`            // for micro-segmentation
	Fix     string  `json:"fix,omitempty"`    // what to do; empty if it is green
	// When is from when on it can probably be judged, if it cannot yet and the
	// data so far tells.
	When  time.Time `json:"when,omitzero"`
	Items []string  `json:"items,omitempty"` // each that was found, the first few
}

// A Figure is a share from 0 to 1 with its 95 % interval (Wilson). Where a
// visitor has several signals the interval knows that these are alike.
type Figure struct {
	Share float64 `json:"share"`
	Low   float64 `json:"low"`
	High  float64 `json:"high"`
	Count int     `json:"count"`
	Of    int     `json:"of"`
}

// shownItems bounds the items of a check.
const shownItems = 10
