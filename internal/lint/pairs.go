package lint

import (
	"fmt"
	"slices"
	"strings"

	"github.com/segue-dev/segue/internal/experience"
	"github.com/segue-dev/segue/internal/segment/syntax"
)

// pairs looks at segments next to each other.
func (c *checker) pairs() {
	shown := map[string]string{}
	for i := range c.Segments.Len() {
		d := c.Segments.Definition(i)
		if d.Status == syntax.Draft {
			continue
		}
		c.variants(d)
		what := c.shows(d.Key)
		if first, ok := shown[what]; ok && what != "" {
			c.doubt(SameContent, d, d.Pos, "its members see just what those of %s see: let one segment be enough, or show them something else", first)
		} else {
			shown[what] = d.Key
		}
		for j := range i {
			c.pair(c.Segments.Definition(j), d)
		}
	}
	c.duplicates()
}

// pair looks at a segment next to one of higher priority.
func (c *checker) pair(above, d *syntax.Definition) {
	if above.Status == syntax.Draft {
		return
	}
	if same := ruleText(above) == ruleText(d); same {
		c.doubt(SameRule, d, d.When.Position(), "the rule is that of %s: let one segment be enough", above.Key)
	}
	if d.Stay != nil || d.Hold != 0 || above.Purpose != "" && above.Purpose != d.Purpose || above.Timezone != d.Timezone || !covers(above.When, d.When) {
		return
	}
	if slots := c.slots(d.Key); len(slots) > 0 && !slices.ContainsFunc(slots, func(s string) bool { return !slices.Contains(c.slots(above.Key), s) }) {
		c.doubt(Shadowed, d, d.Pos, "whoever is in it is in %s too, which has the higher priority and variants for all its slots: nobody ever sees its own; raise its priority",
			above.Key)
	}
}

// ruleText is the same for rules that are written alike.
func ruleText(d *syntax.Definition) string {
	text := syntax.Format(d.When) + "\n" + d.Timezone + "\n" + d.Purpose + "\n" + d.Hold.String()
	if d.Stay != nil {
		text += syntax.Format(d.Stay)
	}
	return text
}

// variants doubts a segment that nothing is shown to.
func (c *checker) variants(d *syntax.Definition) {
	if len(c.Experiences.All()) == 0 {
		return // segments serve something else than content here
	}
	if !slices.ContainsFunc(c.Experiences.All(), func(e *experience.Experience) bool { return e.Audience == d.Key }) {
		if !c.referred(d.Key) {
			c.doubt(NoVariant, d, d.Pos, "no experience is for it, so that it changes nothing: arrange one in the content, make it a draft, or retire it")
		}
	}
}

// referred reports whether another segment refers to one.
func (c *checker) referred(key string) bool {
	for i := range c.Segments.Len() {
		d := c.Segments.Definition(i)
		for cond := range d.Leaves() {
			if ref, ok := cond.(syntax.Segment); ok && ref.Key == key && d.Key != key {
				return true
			}
		}
	}
	return false
}

// slots returns the baselines that an audience has variants for.
func (c *checker) slots(audience string) []string {
	var slots []string
	for _, e := range c.Experiences.All() {
		if e.Audience != audience {
			continue
		}
		for _, component := range e.Components {
			slots = append(slots, component.Baseline)
		}
		if len(e.Variables) > 0 {
			slots = append(slots, "variables of "+e.ID) // what else sets them is not looked at
		}
	}
	return slots
}

// shows returns a text that is the same for audiences which see the same
// everywhere; "" for one that sees nothing of its own.
func (c *checker) shows(audience string) string {
	var all []string
	for _, e := range c.Experiences.All() {
		if e.Audience != audience {
			continue
		}
		for _, component := range e.Components {
			all = append(all, fmt.Sprint(component, e.Distribution, e.Traffic))
		}
		for _, v := range e.Variables {
			all = append(all, fmt.Sprintf("%s %s %v %v", v.Key, v.Values, e.Distribution, e.Traffic))
		}
	}
	slices.Sort(all)
	return strings.Join(all, "\n")
}

// duplicates doubts pairs of segments with nearly the same visitors.
func (c *checker) duplicates() {
	if c.Seen == nil {
		return
	}
	for j := range c.Segments.Len() {
		for i := range j {
			either := c.Seen.members[i] + c.Seen.members[j] - c.Seen.both[[2]int{i, j}]
			if either < minVisitors {
				continue
			}
			if share := float64(c.Seen.both[[2]int{i, j}]) / float64(either); share >= nearDuplicate {
				d := c.Segments.Definition(j)
				c.doubt(NearDuplicate, d, d.Pos, "%.0f %% of the %d visitors in it or in %s are in both: let one segment be enough",
					100*share, either, c.Segments.Key(i))
			}
		}
	}
}
