package audit

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"
)

// Drift says what has changed in the latest seven whole days against the four
// weeks before, and what has grown old: sizes of segments, events that stopped
// coming, memberships that flap, stale variants, lifts that decayed and splits
// that do not hold. It is a pure function.
func Drift(w *Watch, at time.Time) *Report {
	d := &drift{Watch: w, at: at, traffic: 1, first: len(w.Days)}
	r := &Report{At: at.UTC(), Sampled: 1, Checks: []Check{}, Next: []string{}}
	if i := slices.IndexFunc(w.Signals, func(n int) bool { return n > 0 }); i >= 0 {
		d.first = i
	}
	d.volume()
	for _, s := range w.Segments {
		d.size(s)
		d.flapping(s)
	}
	d.silent()
	d.stale()
	for _, result := range w.Results {
		d.result(result)
	}
	slices.SortStableFunc(d.checks, func(a, b Check) int { return cmp.Compare(severity[a.Status], severity[b.Status]) })
	r.Checks = d.checks
	for _, n := range w.Signals {
		r.Signals += n
	}
	r.sumUp(map[Status]string{
		Red: "Something has changed for the worse.", Amber: "Something has changed.",
		Unknown: "Too little history to tell what has changed.", Green: "Nothing has changed that matters.",
	})
	return r
}

// A drift is a report in the making.
type drift struct {
	*Watch
	at      time.Time
	first   int     // the first day with signals
	traffic float64 // now, as a share of what was expected
	checks  []Check
}

func (d *drift) add(c Check) {
	if c.Status == Green {
		c.Fix = ""
	}
	if c.Status == Unknown && c.When.IsZero() && len(d.Days)-d.first < nowDays+7*enoughWeeks {
		c.When = d.at.AddDate(0, 0, nowDays+7*enoughWeeks-(len(d.Days)-d.first)).UTC().Truncate(time.Hour)
	}
	d.checks = append(d.checks, c)
}

// says writes a change in words.
func (c change) says(what string) string {
	if c.weeks == 0 {
		return fmt.Sprintf("%s %s in the last %d days; nothing is known of before", number(c.now), what, nowDays)
	}
	text := fmt.Sprintf("%s %s in the last %d days, %s expected from the %d weeks before", number(c.now), what, nowDays, number(int(math.Round(c.expected))), c.weeks)
	if c.expected > 0 {
		text += fmt.Sprintf(": %+.0f %%", 100*c.relative())
	}
	return text
}

func (d *drift) volume() {
	c := changeOf(d.Signals, d.first)
	if c.weeks >= enoughWeeks && c.expected > 0 && c.now > 0 {
		d.traffic = float64(c.now) / c.expected
	}
	d.add(Check{
		ID: "volume", Title: "All signals", Status: c.judge(), Found: c.says("signals"),
		Means: "Everything else is judged relative to it.",
		Fix:   "If there was no campaign or season to explain it, look at what sends: a release, a consent banner, a blocked address.",
	})
}

func (d *drift) size(s SegmentDays) {
	c := changeOf(s.Members, d.first).scaled(d.traffic)
	d.add(Check{
		ID: "size", Segment: s.Key, Title: "Size", Status: c.judge(), Found: c.says("memberships by day") + d.apart(),
		Means: "A segment that shrinks answers later than planned, and one that grows is no longer who it was made for.",
		Fix:   "See what its rule waits for: segue explain, segue backtest, and the events below.",
	})
}

// apart says what is taken into account.
func (d *drift) apart() string {
	if math.Abs(d.traffic-1) < .01 {
		return ""
	}
	return fmt.Sprintf(", all signals being %+.0f %%", 100*(d.traffic-1))
}

// Entries and exits for each day of a member, beyond which a segment flaps.
// Two are those of somebody who is a member for one visit.
const (
	flaps     = 2.5
	flapsMuch = 4
)

func (d *drift) flapping(s SegmentDays) {
	now := max(0, len(s.Members)-nowDays)
	rate, members := flapsOf(s, now, len(s.Members))
	before, _ := flapsOf(s, 0, now)
	c := Check{
		ID: "flapping", Segment: s.Key, Title: "Flapping", Status: Green,
		Found: fmt.Sprintf("%.1f entries and exits for each day of a member, %.1f before", rate, before),
		Means: "Who enters and leaves several times a day sees the page change under their hands.",
		Fix:   "Add hold, a stay condition, or a longer window (docs/segments.md).",
	}
	switch {
	case members < fewMembers:
		c.Status = Unknown
		c.Found += fmt.Sprintf("; only %d days of members", members)
	case rate > flapsMuch:
		c.Status = Red
	case rate > flaps:
		c.Status = Amber
	}
	d.add(c)
}

// fewMembers is how many days of members do not tell whether a segment flaps.
const fewMembers = 20

func flapsOf(s SegmentDays, from, to int) (rate float64, members int) {
	moves := 0
	for i := from; i < to; i++ {
		members += s.Members[i]
		moves += s.Entries[i] + s.Exits[i]
	}
	if members == 0 {
		return 0, 0
	}
	return float64(moves) / float64(members), members
}

// silent judges the events that rules and goals need.
func (d *drift) silent() {
	events := slices.Clone(d.Events)
	slices.SortFunc(events, func(a, b EventDays) int { return strings.Compare(a.Event, b.Event) })
	for _, e := range events {
		c := changeOf(e.Signals, d.first).scaled(d.traffic)
		check := Check{
			ID: "dead-event", Title: "Event " + e.Event, Status: c.judge(), Found: c.says("signals") + d.apart(),
			Means: "Needed by " + strings.Join(e.For, ", ") + ".",
			Fix:   "See whether the site still sends it, under this name: a release that renames it silences every rule about it.",
		}
		if last := lastDay(e.Signals); c.now == 0 && last >= 0 {
			check.Found += "; the last was on " + d.Days[last]
		}
		if c.now == 0 && c.weeks >= enoughWeeks && check.Status == Unknown {
			check.Found += fmt.Sprintf("; a week without any is no surprise (%s)", percent(c.silence()))
		}
		d.add(check)
	}
}

// lastDay returns the last day with something; -1 if there is none.
func lastDay(days []int) int {
	for i, n := range slices.Backward(days) {
		if n > 0 {
			return i
		}
	}
	return -1
}

// staleAfter is the age at which content should be looked at again.
const staleAfter = 180 * 24 * time.Hour

func (d *drift) stale() {
	if len(d.Variants) == 0 {
		return
	}
	c := Check{
		ID: "stale-variants", Title: "Stale variants", Status: Green,
		Found: fmt.Sprintf("%s variants can be shown and were edited in the last 180 days, or nobody knows when", number(len(d.Variants))),
		Means: "What nobody has looked at for half a year is rarely what one would show today; what cannot be shown falls through to the next experience.",
		Fix:   "Publish what is missing; edit, confirm or retire what is old.",
	}
	old := 0
	for _, v := range d.Variants {
		switch {
		case v.Missing != "":
			c.Status = Red
			c.Items = append(c.Items, fmt.Sprintf("%s: entry %s %s", v.Experience, v.Entry, v.Missing))
		case !v.Updated.IsZero() && d.at.Sub(v.Updated) > staleAfter:
			old++
			c.Items = append(c.Items, fmt.Sprintf("%s: entry %s was last edited on %s", v.Experience, v.Entry, v.Updated.UTC().Format(time.DateOnly)))
		}
	}
	if old > 0 && c.Status == Green {
		c.Status = Amber
	}
	if n := len(c.Items); n > 0 {
		c.Found = fmt.Sprintf("%s of %s variants: %d old, %d cannot be shown", number(n), number(len(d.Variants)), old, n-old)
	}
	d.add(c)
}

// result judges what measurement says.
func (d *drift) result(r Result) {
	srm := Check{
		ID: "srm", Segment: r.Segment, Title: "Split of " + r.Experience, Status: Green,
		Found: fmt.Sprintf("so uneven a split has a probability of %.2g", r.SRM),
		Means: "If more visitors than planned see a variant, who sees it is no longer chance, and no result of it can be believed.",
		Fix:   "Look for what loses exposures of one variant: redirects, slow variants, bots, a changed allocation.",
	}
	if r.SRM < unlikely {
		srm.Status = Red
	}
	d.add(srm)
	if r.Before == nil || r.Now == nil {
		return
	}
	c := Check{
		ID: "decayed-lift", Segment: r.Segment, Title: "Lift of " + r.Experience, Status: Green,
		Found: fmt.Sprintf("%s now, %s before", r.Now.says(), r.Before.says()),
		Means: "What was new wears off; a segment must go on paying for its content.",
		Fix:   "Make a new variant, or retire the experience.",
	}
	switch {
	case r.Now.High < 0:
		c.Status = Red
	case r.Before.Low > 0 && r.Now.High < r.Before.Low:
		c.Status = Amber
	}
	d.add(c)
}

func (l Lift) says() string {
	return fmt.Sprintf("%+.1f %% (%+.1f %% to %+.1f %%)", 100*l.Lift, 100*l.Low, 100*l.High)
}
