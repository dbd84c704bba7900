package journey

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/segue-dev/segue/internal/segment/syntax"
	"github.com/segue-dev/segue/internal/spelling"
)

// A Report is what there is to say of the journeys of visitors.
type Report struct {
	From          time.Time    `json:"from,omitzero"`
	To            time.Time    `json:"to,omitzero"`
	Goal          string       `json:"goal,omitempty"`
	WithinSeconds float64      `json:"withinSeconds"` // that outcomes are watched for; 0 = ever
	Visitors      int          `json:"visitors"`      // with at least one step before the goal
	Left          Left         `json:"left"`
	StepsTaken    int          `json:"stepsTaken"`
	Kinds         int          `json:"kinds"` // of steps
	Base          *Cohort      `json:"base,omitempty"`
	Advice        string       `json:"advice,omitempty"` // why there is so little to tell, and what to do
	Time          *TimeToGoal  `json:"timeToGoal,omitempty"`
	Graph         *Graph       `json:"graph"`
	Paths         []Path       `json:"paths"` // those of most visitors
	Divergence    *Divergence  `json:"divergence,omitempty"`
	Patterns      Patterns     `json:"patterns"`
	Attribution   *Attribution `json:"attribution,omitempty"`
}

func (p *paths) overview() *Report {
	r := &Report{
		Visitors: p.visitors(), Left: p.left, StepsTaken: len(p.steps), Kinds: len(p.kinds) - 1 + p.left.RareSteps,
	}
	if p.timed {
		r.To = time.UnixMilli(p.end).UTC()
		if !p.opts.From.IsZero() {
			r.From = p.opts.From.UTC()
		}
	}
	if r.Visitors == 0 && r.Left == (Left{}) {
		r.Advice = "no visitor has done anything by then: send signals, or take in a log by segue replay"
	}
	if p.opts.Goal == nil {
		return r
	}
	r.Goal = syntax.FormatMatch(p.opts.Goal.Match)
	if p.within != never {
		r.WithinSeconds = float64(p.within) / 1000
	}
	base := cohortOf(p.fates())
	r.Base = &base
	if r.Visitors > 0 && !p.reached() {
		r.Advice = fmt.Sprintf("nobody has reached the goal: if no event has this name, it may be one of %s", strings.Join(p.events(r.Goal), ", "))
	}
	return r
}

// reached reports whether anybody reached the goal.
func (p *paths) reached() bool {
	return p.left.GoalFirst > 0 || slices.ContainsFunc(p.goal, func(at int64) bool { return at != never })
}

// events returns the events that there are, the likest to a name first.
func (p *paths) events(like string) []string {
	const most = 5
	var names []string
	for _, s := range p.kinds[other+1:] {
		names = append(names, s.Event.String())
	}
	slices.Sort(names)
	names = spelling.Sorted(like, slices.Compact(names))
	return names[:min(most, len(names))]
}

// A TimeToGoal is how long visitors take from their first step to the goal, by
// Kaplan and Meier: those who have not reached it may still do so.
type TimeToGoal struct {
	Visitors  int `json:"visitors"`
	Converted int `json:"converted"`
	// MedianSeconds is when half of all visitors have reached the goal; 0 = that
	// is not known, since fewer have.
	MedianSeconds float64 `json:"medianSeconds"`
	// OfConverted is the median of those who have reached it. Who will take
	// longer is not among them, so it is too short.
	OfConvertedSeconds float64 `json:"ofConvertedSeconds"`
	Curve              []Point `json:"curve"`
}

// A Point is what share of all visitors has reached the goal after a time.
type Point struct {
	Seconds float64 `json:"seconds"`
	Share   float64 `json:"share"`
	Low     float64 `json:"low"`    // 95 % interval, by Greenwood on the scale log(-log)
	High    float64 `json:"high"`   //
	AtRisk  int     `json:"atRisk"` // visitors who were there for so long and had not reached it
}

// z95 is the quantile of the normal distribution for intervals of 95 %.
const z95 = 1.959963984540054

// curveTimes are when the curve is told.
var curveTimes = []time.Duration{
	time.Minute, 10 * time.Minute, time.Hour, 24 * time.Hour, 7 * 24 * time.Hour, 30 * 24 * time.Hour, 90 * 24 * time.Hour,
}

// A wait is how long a visitor was seen after their first step.
type wait struct {
	ms      int64
	reached bool // the goal ended it
}

// timeToGoal returns nil if there is no goal or no time.
func (p *paths) timeToGoal() *TimeToGoal {
	if p.opts.Goal == nil || !p.timed {
		return nil
	}
	waits := make([]wait, p.visitors())
	var reached []int64
	for v := range waits {
		start := p.at[p.offset[v]]
		waits[v] = wait{p.end - start, false}
		if p.goal[v] != never {
			waits[v] = wait{p.goal[v] - start, true}
			reached = append(reached, waits[v].ms)
		}
	}
	slices.SortFunc(waits, func(a, b wait) int { return cmp.Compare(a.ms, b.ms) })
	t := &TimeToGoal{Visitors: len(waits), Converted: len(reached), OfConvertedSeconds: median(reached), Curve: []Point{}}
	t.follow(waits)
	return t
}

// follow works out the curve from waits in ascending order.
func (t *TimeToGoal) follow(waits []wait) {
	remain, variance := 1.0, 0.0
	due := 0
	for i := 0; i < len(waits); {
		for ; due < len(curveTimes) && curveTimes[due].Milliseconds() < waits[i].ms; due++ {
			t.Curve = append(t.Curve, point(curveTimes[due], remain, variance, len(waits)-i))
		}
		at, risk, events := waits[i].ms, float64(len(waits)-i), 0.0
		for ; i < len(waits) && waits[i].ms == at; i++ {
			if waits[i].reached {
				events++
			}
		}
		remain *= 1 - events/risk
		variance += events / (risk * (risk - events))
		if t.MedianSeconds == 0 && remain <= 0.5 {
			t.MedianSeconds = float64(at) / 1000
		}
	}
}

func point(at time.Duration, remain, variance float64, risk int) Point {
	p := Point{Seconds: at.Seconds(), Share: 1 - remain, Low: 1 - remain, High: 1 - remain, AtRisk: risk}
	if remain > 0 && remain < 1 {
		spread := math.Exp(z95 * math.Sqrt(variance) / -math.Log(remain))
		p.Low, p.High = 1-math.Pow(remain, 1/spread), 1-math.Pow(remain, spread)
	}
	return p
}
