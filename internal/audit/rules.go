package audit

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/segue-dev/segue/internal/lint"
	"github.com/segue-dev/segue/internal/segment/syntax"
	"github.com/segue-dev/segue/internal/signal"
	"github.com/segue-dev/segue/internal/spelling"
)

// rules judges what rules ask for against what is sent.
func (j *judgement) rules() {
	j.spellings()
	if j.opts.Rules == nil || j.opts.Rules.Segments.Len() == 0 {
		j.add(Check{
			ID: "rules", Title: "Rules", Status: Unknown, Found: "there are no segments to hold the data against",
			Means: "Whether the events and properties that rules need are there can only be said of rules.",
			Fix:   "Write the segments you have in mind as drafts (docs/segments.md), and audit again with --config.",
		})
		return
	}
	in := *j.opts.Rules
	in.Goals, in.Seen = j.opts.goalEvents(), j.seen
	found := map[lint.Code][]string{}
	for _, f := range lint.Check(in) {
		if f.Allowed == "" {
			found[f.Code] = append(found[f.Code], f.Segment+": "+f.Message)
		}
	}
	j.doubts(found[lint.UnknownEvent], toMissEvents, Check{
		ID: "unknown-events", Title: "Events that rules use and nobody sends",
		Means: "A condition on such an event never holds, or always, if it asks for its absence.",
		Fix:   "Mend the spelling in the rule, or send the event.",
	}, Red, "events that rules use and nobody sends", "all events that rules use are sent")
	j.doubts(found[lint.UnknownProp], toMissProperties, Check{
		ID: "missing-properties", Title: "Missing: properties that rules use",
		Means: "A condition on a property that is never there never holds.",
		Fix:   "Send the property with the event, or mend its spelling in the rule.",
	}, Red, "properties that rules use and are never sent", "all properties that rules use are sent")
	j.leaks(found[lint.UsesGoal])
	j.unused()
}

// How many visitors it takes to miss what none of them has sent. What none of n
// has sent is sent by fewer than 3/n of all (95 %).
const (
	toMissEvents     = 100
	toMissProperties = 20
)

// doubts adds a check that is bad if there are items, of at least so many
// visitors.
func (j *judgement) doubts(items []string, least int, c Check, bad Status, some, none string) {
	items = slices.Compact(items)
	c.Status, c.Found, c.Items = Green, none, items
	if len(items) > 0 {
		c.Status, c.Found = bad, some+": "+number(len(items))
	}
	if len(items) > 0 && j.visitors < least {
		c.Status = Unknown
		c.Found += fmt.Sprintf("; too early to miss them, of %s visitors: about %d are needed", number(j.visitors), least)
		c.When = j.after(float64(least) / float64(j.visitors))
	}
	j.add(c)
}

func (j *judgement) leaks(items []string) {
	c := Check{
		ID: "leaky-rules", Title: "Rules about the goal",
		Means: "Their members are chosen by having converted, or not having: what they do next cannot be compared with what others do, only with what a holdout of their own does.",
		Fix:   "Write the rule about what comes before the goal. If it is meant, as where it leaves recent buyers out, allow SG115 with the reason (docs/lint.md).",
	}
	if len(j.opts.Goals) == 0 {
		c.Status, c.Found, c.Fix = Unknown, "no goal was named", "Name it: --goal EVENT, or metrics in the configuration."
		j.add(c)
		return
	}
	j.doubts(items, 0, c, Amber, "rules about a goal", "no rule is about a goal")
}

// unused judges how much is sent that no rule asks for.
func (j *judgement) unused() {
	used, all := j.used()
	c := Check{
		ID: "unused-events", Title: "Events that no rule uses", Status: Green,
		Means: "They take room in the records of visitors, of which the oldest signals leave first.",
		Fix:   "Send to Segue what rules and reports need, or write a rule.",
	}
	total, idle := 0, 0
	for _, n := range j.byVolume() {
		total += n.signals
		if !used[signal.NormalizeEvent(n.spelt)] && !all {
			idle += n.signals
			c.Items = append(c.Items, fmt.Sprintf("%s: %s", n.spelt, number(n.signals)))
		}
	}
	if total == 0 {
		return
	}
	share := float64(idle) / float64(total)
	c.Found = fmt.Sprintf("%s of %s track signals: %s", number(idle), number(total), percent(share))
	c.Status = bands{green: .5, red: 2}.of(share)
	if c.Status == Green {
		c.Items = nil
	}
	j.add(c)
}

// used returns the track events that rules or Segue itself use, normalised; all
// is true if some rule asks for any.
func (j *judgement) used() (used map[string]bool, all bool) {
	used = map[string]bool{"heartbeat": true, "scroll": true, "scroll depth": true, "experience viewed": true}
	add := func(e syntax.Event) {
		if e.Kind == syntax.TrackEvent {
			used[signal.NormalizeEvent(e.Name)] = true
		}
		all = all || e.Kind == syntax.TrackEvent && e.Name == ""
	}
	for i := range j.opts.Rules.Segments.Len() {
		for _, e := range lint.Events(j.opts.Rules.Segments.Definition(i)) {
			add(e)
		}
	}
	for _, g := range j.opts.Goals {
		for _, e := range g.Events {
			add(e)
		}
	}
	return used, all
}

// byVolume returns the track events, those of most signals first.
func (j *judgement) byVolume() []named {
	all := slices.Collect(maps.Values(j.names))
	slices.SortFunc(all, func(a, b named) int {
		return cmp.Or(cmp.Compare(b.signals, a.signals), strings.Compare(a.spelt, b.spelt))
	})
	return all
}

const (
	// compared is how many names are compared with each other, the most used.
	compared = 300
	// fewLetters is how long a name must be for a letter that differs to be a
	// mistake.
	fewLetters = 8
	// rarely is how much rarer the mistaken spelling is than the right one.
	rarely = 20
)

// spellings judges whether one event has several names.
func (j *judgement) spellings() {
	all := j.byVolume()
	if len(all) == 0 {
		return
	}
	all = all[:min(len(all), compared)]
	var items []string
	for i, a := range all {
		for _, b := range all[i+1:] {
			if oneName(a, b) {
				items = append(items, fmt.Sprintf("%s (%s) and %s (%s)", a.spelt, number(a.signals), b.spelt, number(b.signals)))
			}
		}
	}
	c := Check{
		ID: "spellings", Title: "Names that are nearly the same", Status: Green, Found: fmt.Sprintf("none of %d names of events", len(j.names)), Items: items,
		Means: "Rules compare names without regard to case, spaces and underscores; what differs beyond that is another event, and a rule about one misses the other.",
		Fix:   "Agree on one name, and let a rule name both meanwhile: of: [A, B].",
	}
	if len(items) > 0 {
		c.Status, c.Found = Amber, fmt.Sprintf("%d pairs of %d names of events", len(items), len(j.names))
	}
	j.add(c)
}

// oneName reports whether two names, of which a is used more, are probably one.
func oneName(a, b named) bool {
	p, q := spelling.Plain(a.spelt), spelling.Plain(b.spelt)
	if p == q {
		return true
	}
	return min(len(p), len(q)) >= fewLetters && b.signals*rarely <= a.signals && !digitsDiffer(p, q) && spelling.Distance(p, q) == 1
}

// digitsDiffer reports whether names have different numbers in them: then they
// are a series, and no mistake.
func digitsDiffer(a, b string) bool {
	digits := func(s string) string {
		return strings.Map(func(r rune) rune {
			if r < '0' || r > '9' {
				return -1
			}
			return r
		}, s)
	}
	return digits(a) != digits(b)
}
