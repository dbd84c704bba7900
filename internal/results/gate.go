package results

import (
	"fmt"
	"math"

	"github.com/segue-dev/segue/internal/measure/stats"
)

// A Draft is what is known of a segment before it is published.
type Draft struct {
	Segment  string
	Visitors int     // of the history that was looked at
	Days     int     // of it
	Members  int     // visitors who were members at some time
	Flapping float64 // share of them who came and went more than three times on a day
	Overlaps []Neighbour
	Base     float64 // share of members who reach the goal of the primary metric; 0 = none did
	Known    int     // members of whom that is known
	Effect   float64 // relative difference that is hoped for
	Share    float64 // of members who get the variant; 0 = half
	Active   int     // segments that are active, without this one
	Mistakes []string
	Doubts   []string
}

// A Neighbour is a live segment with members in common.
type Neighbour struct {
	Segment string  `json:"segment"`
	Jaccard float64 `json:"jaccard"` // of the visitors who were ever in either
}

// A Gate says whether a segment is worth publishing: what is to be expected of it,
// and what speaks against it.
type Gate struct {
	Segment  string      `json:"segment"`
	Open     bool        `json:"open"`   // nothing forbids it
	PerDay   float64     `json:"perDay"` // new members
	Base     float64     `json:"base"`   // rate of the primary metric without any variant
	Effect   float64     `json:"effect"` // that is hoped for, relative
	Needs    float64     `json:"needs"`  // members to find it, while looking all the time; 0 = not known
	Answer   float64     `json:"days"`   // until it is found, four times of five; 0 = not known
	Say      string      `json:"say"`    // what is to be expected, as a sentence
	Overlaps []Neighbour `json:"overlaps"`
	Errors   []string    `json:"errors"`   // what forbids it, unless somebody says why not
	Warnings []string    `json:"warnings"` // what to think about first
}

// What is too much, or too little, to publish without a thought.
const (
	muchOverlap  = 0.8 // of visitors in common
	muchFlapping = 0.1 // of members who come and go
	shortHistory = 14  // days
	manySegments = 5   // that people can tell apart
)

// GateOf judges a draft.
func GateOf(d Draft) Gate {
	g := Gate{Segment: d.Segment, Base: d.Base, Effect: d.Effect, Overlaps: d.Overlaps, Errors: append([]string{}, d.Mistakes...), Warnings: append([]string{}, d.Doubts...)}
	if g.Overlaps == nil {
		g.Overlaps = []Neighbour{}
	}
	if d.Days > 0 {
		g.PerDay = float64(d.Members) / float64(d.Days)
	}
	g.expect(d)
	g.weigh(d)
	g.Open = len(g.Errors) == 0
	return g
}

// expect says how long the answer takes.
func (g *Gate) expect(d Draft) {
	if d.Base <= 0 || d.Base >= 1 || d.Effect == 0 {
		g.Say = "How long it takes to know whether it works cannot be said: no member has reached the goal of the primary metric yet, or there is none."
		return
	}
	share := d.Share
	if share == 0 {
		share = 0.5
	}
	plan := stats.ForShare(d.Base, d.Effect)
	plan.WhileRunning, plan.Ratio = true, share/(1-share)
	control, treated := plan.Needed()
	g.Needs = math.Ceil(control + treated)
	days := stats.Days(g.Needs, 0, g.PerDay)
	if math.IsInf(days, 1) {
		g.Say = "Nobody enters it, so that it is never known whether it works."
		return
	}
	g.Answer = math.Ceil(days)
	g.Say = fmt.Sprintf("About %.0f days to find a difference of %s, with %.1f new members a day and a rate of %s.", g.Answer, signed(d.Effect), g.PerDay, percent(d.Base))
}

// weigh collects what speaks against it.
func (g *Gate) weigh(d Draft) {
	warn := func(format string, args ...any) { g.Warnings = append(g.Warnings, fmt.Sprintf(format, args...)) }
	if d.Visitors > 0 && d.Members == 0 {
		g.Errors = append(g.Errors, "nobody was ever in it: none of the visitors there are satisfies the rule")
	}
	if g.Answer > stats.TooLong {
		warn("it takes %.0f days to know whether it works, and %d are too many: make the segment greater, hope for more (--effect), or merge it with another", g.Answer, stats.TooLong)
	}
	for _, o := range d.Overlaps {
		if o.Jaccard > muchOverlap {
			warn("%s has nearly the same visitors (%s in common): give both what one of them gets", o.Segment, percent(o.Jaccard))
		}
	}
	if d.Flapping > muchFlapping {
		warn("%s of its members came and went more than three times on a day: hold them (hold, stay), or look back further", percent(d.Flapping))
	}
	if d.Days < shortHistory {
		warn("the history is %d days long, and a week looks different from the next: look again after %d", d.Days, shortHistory)
	}
	if d.Active >= manySegments {
		warn("there are %d active segments already: few teams can keep content for more than %d", d.Active, manySegments)
	}
}
