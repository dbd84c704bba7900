package space

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/segue-dev/segue/internal/segment/syntax"
	"github.com/segue-dev/segue/internal/spelling"
)

// A rule about events may say when: within the last so many days. How the
// product writes that down is not published. These forms are understood, and all
// others refused:
//
//	3, "3"                                      days
//	"12h", "3 days"                             any length
//	{"days": 3}, {"hours": 12}                  a unit by name
//	{"value": 3, "unit": "days"}                with an operator that means within
//	null, "", "*", "any", "anytime", "ever"     whenever
//
// in the member when or within of the rule, or in a condition with that key.

// whenever are the words for no window.
var whenever = []string{"", "*", "any", "anytime", "ever", "always"}

// The members of a window that is an object, by what they say.
var (
	windowFigures   = []string{"value", "amount", "count", "last", "number"}
	windowUnits     = []string{"unit", "units", "period"}
	windowOperators = []string{"operator", "type"}
	within          = []string{"within", "withinlast", "withinthelast", "inthelast", "inlast", "last"}
)

// windows are those of a rule: that of the rule itself and those of conditions.
// There must not be two.
func (t *translator) window(r *ntRule) syntax.Window {
	var w syntax.Window
	said := ""
	say := func(at string, value any) {
		if value == nil {
			return
		}
		if said != "" {
			t.refuse(at, "says when, which %s does already", said)
			return
		}
		said, w = at, t.when(at, value)
	}
	say("when", r.When)
	say("within", r.Within)
	for i := range r.Conditions {
		if c := &r.Conditions[i]; c.isWindow() {
			at := fmt.Sprintf("conditions[%d]", i)
			t.within(join(at, "operator"), c.Operator)
			say(join(at, "value"), c.Value)
		}
	}
	return w
}

// isWindow reports whether c says when.
func (c *ntCondition) isWindow() bool {
	return slices.Contains([]string{"when", "within", "contextwhen"}, spelling.Plain(c.Key.ID))
}

// within refuses operators of a window that mean anything but within.
func (t *translator) within(at, operator string) {
	if operator == "" || slices.Contains(within, spelling.Plain(operator)) || is(operator, syntax.Lte) || is(operator, syntax.Lt) || is(operator, syntax.Eq) {
		return
	}
	t.refuse(at, "unknown operator %q: known is within", operator)
}

// when returns the window that value stands for.
func (t *translator) when(at string, value any) syntax.Window {
	if object, ok := value.(map[string]any); ok {
		return t.whenObject(at, object)
	}
	if text, ok := value.(string); ok && slices.Contains(whenever, spelling.Plain(text)) {
		return syntax.Window{}
	}
	return t.last(at, value, "days")
}

// whenObject is when for an object.
func (t *translator) whenObject(at string, object map[string]any) syntax.Window {
	var figure any
	unit := ""
	for _, name := range slices.Sorted(maps.Keys(object)) {
		value, plain := object[name], spelling.Plain(name)
		text, _ := value.(string)
		switch {
		case value == nil:
		case slices.Contains(windowFigures, plain):
			figure = value
		case slices.Contains(windowUnits, plain):
			unit = text
		case slices.Contains(windowOperators, plain):
			t.within(join(at, name), text)
		case slices.Contains([]string{"days", "hours", "weeks", "minutes"}, plain):
			figure, unit = value, plain
		default:
			t.refuse(join(at, name), "is not known of a window")
		}
	}
	if unit == "" {
		unit = "days"
	}
	return t.last(at, figure, unit)
}

// last returns the window of the last so many units.
func (t *translator) last(at string, value any, unit string) syntax.Window {
	length, ok := lengthOf(value, unit)
	if !ok {
		t.refuse(at, "%v is no length of time in %s", value, unit)
	}
	return syntax.Window{Kind: syntax.LastWindow, Last: length, Pos: t.node.Pos}
}

// unitLetters are the units' names in our language, by their singular.
var unitLetters = map[string]string{"minute": "m", "hour": "h", "day": "d", "week": "w"}

// lengthOf returns a length of time: a number of units, or a text that names its
// own.
func lengthOf(value any, unit string) (length time.Duration, ok bool) {
	text := strings.ToLower(strings.TrimSpace(fmt.Sprint(value)))
	figure := strings.TrimRight(text, "abcdefghijklmnopqrstuvwxyz ")
	if own := strings.TrimSpace(text[len(figure):]); own != "" {
		unit = own
	}
	if letter, known := unitLetters[strings.TrimSuffix(strings.ToLower(unit), "s")]; known {
		unit = letter
	}
	length, err := syntax.ParseDuration(figure + unit)
	return length, err == nil && length > 0
}
