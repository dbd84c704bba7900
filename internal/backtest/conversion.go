package backtest

import (
	"sort"
	"strings"
	"time"

	"github.com/segue-dev/segue/internal/fault"
	"github.com/segue-dev/segue/internal/segment"
	"github.com/segue-dev/segue/internal/segment/syntax"
)

// aim compiles a goal: a segment whose members at an instant are those who send
// the goal's signal at that very instant. So the evaluator says what matches,
// as it does for rules.
func (q *question) aim(goal *Goal) error {
	if goal == nil {
		return nil
	}
	if q.within = goal.Within.Milliseconds(); q.within <= 0 {
		return fault.New(fault.Invalid, "a goal needs a time to reach it in, such as 7d")
	}
	just := syntax.Recency{Match: goal.Match, AtMost: new(time.Duration)}
	set, err := segment.Compile([]syntax.Definition{{Key: "goal", When: just}}, segment.Options{})
	q.goal = set
	return err
}

// A conversion is what is counted of a segment's members and of others on the
// way to a goal.
type conversion struct {
	members, others cohort
	atStart         int
}

type cohort struct{ visitors, converted, tooRecent int }

// add counts a visitor with signals at times, who was a member in spans and
// sent the goal's signals in goals.
func (c *conversion) add(q *question, spans []span, times []int64, goals []span) {
	switch {
	case len(spans) > 0 && spans[0].lo == q.from:
		c.atStart++
	case len(spans) > 0:
		c.members.add(q, spans[0].lo, goals)
	default:
		i := firstAfter(times, q.from-1)
		if i < len(times) && times[i] <= q.to {
			c.others.add(q, times[i], goals)
		}
	}
}

// add counts a visitor whose time begins at an instant, and who was at the goal
// in spans.
func (c *cohort) add(q *question, begin int64, goals []span) {
	end := begin + q.within
	if end > q.to {
		c.tooRecent++
		return
	}
	c.visitors++
	// The first goal after the beginning is in the first span that does not end
	// with it.
	i := sort.Search(len(goals), func(i int) bool { return goals[i].hi-1 > begin })
	if i < len(goals) && goals[i].lo <= end {
		c.converted++
	}
}

func (c *conversion) merge(o *conversion) {
	c.members.merge(o.members)
	c.others.merge(o.others)
	c.atStart += o.atStart
}

func (c *cohort) merge(o cohort) {
	c.visitors += o.visitors
	c.converted += o.converted
	c.tooRecent += o.tooRecent
}

func (c *conversion) report(q *question) *Conversion {
	events := make([]string, len(q.opts.Goal.Match.Events))
	for i, e := range q.opts.Goal.Match.Events {
		events[i] = e.String()
	}
	return &Conversion{
		Goal: strings.Join(events, ", "), WithinSeconds: q.opts.Goal.Within.Seconds(),
		Members: c.members.report(), Others: c.others.report(), AtStart: c.atStart,
	}
}

func (c cohort) report() Cohort {
	return Cohort{Visitors: c.visitors, Converted: c.converted, Share: share(c.converted, c.visitors), TooRecent: c.tooRecent}
}
