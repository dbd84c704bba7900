package syntax

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Describe returns c in plain English, without a full stop: "at least 3
// distinct product_id of Product Viewed in the current session". The wording
// may change; Format is the form for programs. A nil condition gives "".
func Describe(c Cond) string {
	switch c := c.(type) {
	case All:
		return describeAll(c.Of, " and ")
	case Any:
		return describeAll(c.Of, " or ")
	case Not:
		return describeNot(c)
	case Count:
		return describeCount(c)
	case Aggregate:
		return describeAggregate(c)
	case Recency:
		return describeRecency(c)
	case Regular:
		return fmt.Sprintf("%s in at least %d of the last %s", describeMatch(c.Match), c.AtLeast, plural(int64(c.OfLast), "calendar "+string(c.Period)))
	case Never:
		return "never any " + describeMatch(c.Match)
	case Sequence:
		return describeSequence(c)
	case Absence:
		return describeAbsence(c)
	case Session:
		return describeSession(c)
	case Dwell:
		return phrase(compareDurations(c.Cmp), "on", onPage(c.On), describeWindow(c.Window))
	case Scroll:
		return phrase("scrolled", comparePercent(c.Cmp), "of", onPage(c.On), describeWindow(c.Window))
	case Score:
		return describeScore(c)
	case Affinity:
		return fmt.Sprintf("an affinity of %s to %s (1 for each entry viewed; halving every %s)", compareNumbers(c.Cmp), c.Topic, durationWords(c.HalfLife))
	case Trait:
		return describePred("the trait ", c.Where)
	case Context:
		return describePred("the request's ", c.Where)
	case Segment:
		return "in the segment " + c.Key
	case List:
		return "on the list " + c.Key
	}
	return ""
}

// DescribeMembers says in words who is a member of a segment: its rule, and who
// stays although the rule does not hold any more.
func DescribeMembers(d Definition) string {
	who := Describe(d.When)
	if d.Timezone != "" {
		who += "; by the clock of " + d.Timezone
	}
	if d.Stay != nil {
		who += "; who is a member stays one while " + Describe(d.Stay)
	}
	if d.Hold != 0 {
		who += "; who becomes a member stays one for at least " + durationWords(d.Hold)
	}
	return who
}

// phrase joins the parts that are not empty.
func phrase(parts ...string) string {
	var said []string
	for _, part := range parts {
		if part != "" {
			said = append(said, part)
		}
	}
	return strings.Join(said, " ")
}

// describeAll puts brackets around what could be read as more than one part.
func describeAll(conds []Cond, joiner string) string {
	parts := make([]string, len(conds))
	for i, c := range conds {
		text := Describe(c)
		compound := strings.Contains(text, " and ") || strings.Contains(text, " or ") || strings.Contains(text, ", ")
		if compound && len(conds) > 1 && !strings.HasPrefix(text, "not (") {
			text = "(" + text + ")"
		}
		parts[i] = text
	}
	return strings.Join(parts, joiner)
}

func describeNot(n Not) string {
	if count, ok := n.Of.(Count); ok && isAtLeastOne(count.Cmp) {
		count.Cmp = []Cmp{{Op: Eq, Value: 0.0}}
		return describeCount(count)
	}
	return "not (" + Describe(n.Of) + ")"
}

// isOne reports whether the noun after cmps is in the singular.
func isOne(cmps []Cmp) bool {
	return len(cmps) > 0 && cmps[len(cmps)-1].Value == 1.0 && compareCounts(cmps) != "no"
}

func numbered(cmps []Cmp, one, many string) string {
	if isOne(cmps) {
		return one
	}
	return many
}

func isAtLeastOne(cmps []Cmp) bool {
	return len(cmps) == 1 && cmps[0].Op == Gte && cmps[0].Value == 1.0
}

func describeCount(c Count) string {
	what := describeMatch(c.Match)
	switch {
	case c.Distinct != "":
		what = "distinct " + c.Distinct + " of " + what
	case !isOne(c.Cmp):
		what = describeMatches(c.Match)
	}
	return phrase(compareCounts(c.Cmp), what, describeWindow(c.Window))
}

var figureNames = map[AggFunc]string{
	Sum: "the sum of", Avg: "the average of", Min: "the least", Max: "the greatest", First: "the first", Latest: "the latest", Mode: "the most frequent",
}

func describeAggregate(a Aggregate) string {
	return phrase(figureNames[a.Func], a.Property, "of", describeMatch(a.Match), describeWindow(a.Window), compareFigure(a.Cmp))
}

func describeRecency(r Recency) string {
	when := ""
	switch {
	case r.AtLeast != nil:
		when = "at least " + durationWords(*r.AtLeast)
	case r.AtMost != nil:
		when = "at most " + durationWords(*r.AtMost)
	}
	return phrase("the last", describeMatch(r.Match), "was", when, "ago")
}

func describeSequence(s Sequence) string {
	var steps []string
	for _, step := range s.Steps {
		steps = append(steps, describeStep(step))
	}
	parts := []string{strings.Join(steps, ", then ")}
	if s.Span != nil {
		parts = append(parts, "from first to last at most "+durationWords(*s.Span))
	}
	if s.In != InVisitor && s.In != "" {
		parts = append(parts, "in one "+map[Scope]string{InSession: "session", InPage: "page view", InDay: "day"}[s.In])
	}
	switch {
	case s.AllWithin && s.Window.Kind != Ever:
		parts = append(parts, "all of it "+describeWindow(s.Window))
	case s.Window.Kind != Ever:
		parts = append(parts, "completed "+describeWindow(s.Window))
	}
	if len(s.Times) > 0 {
		parts = append(parts, compareNumbers(s.Times)+" times")
	}
	return strings.Join(parts, ", ")
}

func describeStep(s Step) string {
	what := describeMatch(s.Match)
	if s.Times > 1 {
		what += " " + strconv.Itoa(s.Times) + " times"
	}
	if s.First {
		what += " (the visitor's first)"
	}
	return phrase(what, strings.Join(describeRelations(s), ", "))
}

// describeRelations says how a step lies to the one before.
func describeRelations(s Step) []string {
	var parts []string
	if s.Within != nil {
		parts = append(parts, "within "+durationWords(*s.Within))
	}
	if s.After != nil {
		parts = append(parts, "after at least "+durationWords(*s.After))
	}
	if s.StrictTime {
		parts = append(parts, "at a later time")
	}
	if len(s.Same) > 0 {
		parts = append(parts, "of the same "+strings.Join(s.Same, " and "))
	}
	if len(s.Without) > 0 {
		breakers := make([]string, len(s.Without))
		for i, m := range s.Without {
			breakers[i] = describeMatch(m)
		}
		parts = append(parts, "without "+strings.Join(breakers, " or ")+" in between")
	}
	if s.Directly != nil {
		parts = append(parts, "with no "+describeEvents(s.Directly.Events, describeEvent)+" in between")
	}
	return parts
}

func describeAbsence(a Absence) string {
	of, without := describeMatch(a.Of), describeMatch(a.Without)
	if a.Mode == Once {
		return phrase(of, describeWindow(a.Window), "without", without, "in the", durationWords(a.For), "after it, at least once")
	}
	anchor := "the last"
	if a.Since == SinceFirst {
		anchor = "the first"
	}
	if a.For == 0 {
		return phrase(of, describeWindow(a.Window), "and since", anchor, "of it no", without)
	}
	return phrase(of, describeWindow(a.Window), "and for", durationWords(a.For), "since", anchor, "of it no", without)
}

func describeSession(s Session) string {
	var parts []string
	add := func(given bool, text string) {
		if given {
			parts = append(parts, text)
		}
	}
	add(len(s.Number) > 0, "is number "+compareNumbers(s.Number)+" of the visitor's")
	add(len(s.Pages) > 0, "has "+compareCounts(s.Pages)+" page "+numbered(s.Pages, "view", "views"))
	add(len(s.Duration) > 0, "lasts "+compareDurations(s.Duration))
	add(len(s.Entry) > 0, "began on "+onPage(s.Entry))
	add(len(s.Referrer) > 0, "has a referrer that "+describeTests(s.Referrer))
	add(s.Returning != nil && *s.Returning, "is not the visitor's first")
	add(s.Returning != nil && !*s.Returning, "is the visitor's first")
	if s.ReturnedWithin != nil {
		add(true, "began within "+durationWords(*s.ReturnedWithin)+" of the one before")
	}
	return "the current session " + strings.Join(parts, " and ")
}

func describeScore(s Score) string {
	var items []string
	for _, w := range s.Of {
		items = append(items, formatNumber(w.Weight)+" for "+describeMatch(w.Match))
	}
	return fmt.Sprintf("a score of %s (%s; halving every %s)", compareNumbers(s.Cmp), strings.Join(items, ", "), durationWords(s.HalfLife))
}

func onPage(p Pred) string {
	if len(p) == 0 {
		return "a page"
	}
	return "a page whose " + describePred("", p)
}

func describeWindow(w Window) string {
	switch w.Kind {
	case LastWindow:
		return "in the last " + span(w.Last)
	case BetweenWindow:
		return "between " + durationWords(w.From) + " and " + durationWords(w.Last) + " ago"
	case DaysWindow:
		switch {
		case w.Previous && w.Days == 1:
			return "yesterday"
		case w.Previous:
			return "in the " + plural(int64(w.Days), "calendar day") + " before today"
		case w.Days == 1:
			return "today"
		}
		return "in the last " + plural(int64(w.Days), "calendar day") + ", today included"
	case WeekWindow:
		return "this week"
	case CurrentSession:
		return "in the current session"
	case AnySession:
		return "in one session"
	default:
		return ""
	}
}

// span returns "day" for one day, as in "the last day".
func span(d time.Duration) string {
	words := durationWords(d)
	if strings.Count(words, " ") == 1 {
		return strings.TrimPrefix(words, "1 ")
	}
	return words
}
