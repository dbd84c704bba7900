package audit

import (
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/segue-dev/segue/internal/measure/stats"
	"github.com/segue-dev/segue/internal/segment/syntax"
)

const (
	// horizon is in how many days a segment should be able to answer.
	horizon = 30
	// assumedRate stands in for a base rate that is not known.
	assumedRate = 0.05
	// enoughMembers is how many members' conversion is taken for a base rate.
	enoughMembers = 100
)

func days(n float64) time.Duration { return time.Duration(n * float64(24*time.Hour)) }

// period is the time over which the size of segments is looked at.
const period = 28 * 24 * time.Hour

// A presence is how many visitors a segment reaches: only somebody who does
// something while they are a member can be shown anything.
type presence struct {
	members   ratio // of the visitors of the period: active while a member
	converted ratio // of members with a week behind them: reached a goal in it
}

// follow counts a visitor in the planned segments of which they were an active
// member in the period.
func (t *tally) follow(v *view) {
	at := t.opts.At.UnixMilli()
	from := max(at-period.Milliseconds(), v.Summary.FirstSeen)
	if t.opts.Planned == nil || v.Summary.LastSeen < from || len(v.steps) == 0 || v.steps[len(v.steps)-1] < from {
		return
	}
	first := make([]int64, len(t.present)) // active membership; 0 = none
	entered := make([]int64, len(t.present))
	leave := func(i int, until int64) {
		if k, _ := slices.BinarySearch(v.steps, entered[i]); first[i] == 0 && k < len(v.steps) && v.steps[k] < until {
			first[i] = v.steps[k]
		}
	}
	member := make([]bool, len(t.present))
	t.opts.Planned.Follow(v.Record, from, at, &t.walk, func(i int, when int64, is bool) {
		if member[i] = is; is {
			entered[i] = when
		} else {
			leave(i, when)
		}
	})
	for i := range t.present {
		if member[i] {
			leave(i, at+1)
		}
		t.present[i].members.tell(first[i] != 0)
		if first[i] != 0 && first[i]+week.Milliseconds() <= at {
			t.present[i].converted.tell(v.reachedIn(t.opts.goalEvents(), first[i], first[i]+week.Milliseconds()))
		}
	}
}

// reachedIn reports whether some event was sent after an instant, and not after
// another.
func (v *view) reachedIn(events []syntax.Event, after, until int64) bool {
	for i := range v.sigs {
		s := &v.sigs[i]
		if s.At > after && s.At <= until && matchesAny(events, s) {
			return true
		}
	}
	return false
}

// reach judges for each planned segment whether it can have an answer in thirty
// days.
func (j *judgement) reach() {
	observed := min(period.Hours()/24, j.history())
	for i := range j.present {
		j.reachOf(j.opts.Planned.Key(i), &j.present[i], observed)
	}
}

func (j *judgement) reachOf(key string, p *presence, observed float64) {
	rate, whose := j.baseRate(p)
	plan := planFor(rate, j.opts.Effect)
	once := bothArms(plan)
	plan.WhileRunning = true
	atAnyTime := bothArms(plan)
	c := Check{
		ID: "reach", Segment: key, Title: "Can it be measured in 30 days",
		Means: fmt.Sprintf("To find a lift of %s over a base rate of %s (%s) with 80 %% power takes %s members in two arms at one planned look, and %s to look at any time.",
			percent(j.opts.Effect), percent(rate), whose, rounded(once), rounded(atAnyTime)),
		Fix: "Widen the rule, merge it with another segment, choose a goal that is reached more often, or decide to believe only in greater effects (--effect).",
	}
	n := p.members.part
	if observed < 3 {
		c.Status, c.When = Unknown, j.begin().Add(week)
		c.Found = fmt.Sprintf("%s active members so far, in %.1f days: too short to tell", number(n), observed)
		j.add(c)
		return
	}
	expected := float64(n) / j.opts.Sampled / observed * horizon
	c.Found = fmt.Sprintf("%s visitors did something as members in the %.0f days until %s: about %s in 30 days",
		number(n), observed, j.opts.At.In(j.opts.Zone).Format(time.DateOnly), number(int(math.Round(expected))))
	switch {
	case expected >= atAnyTime:
		c.Status = Green
	case expected >= once:
		c.Status = Amber
	default:
		c.Status = Red
	}
	if c.Status != Green {
		c.Found += "; " + enoughAfter(atAnyTime/expected*horizon)
	}
	j.add(c)
}

// rounded writes how many it takes; it may be more than there are people.
func rounded(n float64) string {
	if n > 1e10 {
		return "endlessly many"
	}
	return number(int(math.Ceil(n)))
}

// enoughAfter says when there are enough members; it may be never.
func enoughAfter(days float64) string {
	const longest = 10 * 365
	if !(days <= longest) {
		return "not enough in ten years"
	}
	return fmt.Sprintf("enough after %s days", number(int(math.Ceil(days))))
}

// baseRate returns the share of those who reach the goals, of members within a
// week if there are enough, and says whose it is.
func (j *judgement) baseRate(p *presence) (rate float64, whose string) {
	if p.converted.whole >= enoughMembers && p.converted.part >= fewGoals {
		return p.converted.share(), "of its members within a week"
	}
	for i := range j.goals {
		if !j.opts.Goals[i].Guardrail && j.goals[i].part >= fewGoals {
			return j.goals[i].share(), "of all visitors"
		}
	}
	return assumedRate, "assumed: too few have reached a goal"
}

// planFor returns the plan to find a relative lift of a rate, which is cut where
// everybody would convert.
func planFor(rate, lift float64) stats.Plan {
	return stats.ForShare(rate, min(lift, (1-rate)/rate))
}

// bothArms returns how many members a plan needs in all.
func bothArms(p stats.Plan) float64 {
	control, treated := p.Needed()
	return control + treated
}
