package syntax

import (
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode"
)

// describeMatch speaks of one signal, describeMatches of several.
func describeMatch(m Match) string { return withWhere(describeEvents(m.Events, describeEvent), m) }

func describeMatches(m Match) string { return withWhere(describeEvents(m.Events, describePlural), m) }

func withWhere(events string, m Match) string {
	if len(m.Where) == 0 {
		return events
	}
	return events + " whose " + describePred("", m.Where)
}

func describeEvents(events []Event, describe func(Event) string) string {
	var names []string
	for _, e := range events {
		names = append(names, describe(e))
	}
	if len(names) == 0 {
		return ""
	}
	return orList(names)
}

func describeEvent(e Event) string {
	switch {
	case e.Kind == AnyEvent:
		return "signal of any kind"
	case e.Kind == PageEvent && e.Name == "":
		return "page view"
	case e.Kind == PageEvent:
		return "view of page " + e.Name
	case e.Kind == ScreenEvent && e.Name == "":
		return "screen view"
	case e.Kind == ScreenEvent:
		return "view of screen " + e.Name
	case e.Kind == ComponentEvent:
		return "component view"
	case e.Kind == TrackEvent && e.Name == "":
		return "track event"
	case e.Kind == TrackEvent:
		return e.Name
	default:
		return e.String()
	}
}

// describePlural leaves the names of track events as they are.
func describePlural(e Event) string {
	singular := describeEvent(e)
	if e.Kind == TrackEvent && e.Name != "" || e.Kind == IdentifyEvent {
		return singular
	}
	noun, rest, found := strings.Cut(singular, " of ")
	if !found {
		return noun + "s"
	}
	return noun + "s of " + rest
}

// describePred puts prefix before each property.
func describePred(prefix string, p Pred) string {
	var parts []string
	for _, t := range p {
		parts = append(parts, prefix+t.Property+" "+describeTests(t.Tests))
	}
	return strings.Join(parts, " and ")
}

// testPhrases have %s where the constants belong.
var testPhrases = map[TestOp]string{
	Eq: "is %s", Ne: "is not %s", In: "is one of %s", Nin: "is none of %s",
	Gt: "is more than %s", Gte: "is at least %s", Lt: "is less than %s", Lte: "is at most %s",
	Between: "is from %s", Contains: "contains %s", NotContain: "does not contain %s",
	StartsWith: "starts with %s", EndsWith: "ends with %s", Matches: "matches %s",
	SemverEq: "is version %s", SemverGt: "is a version after %s", SemverGte: "is version %s or later",
	SemverLt: "is a version before %s", SemverLte: "is version %s or earlier",
}

// meaning says what op asks of a value.
func (op TestOp) meaning() string {
	if op == Exists {
		return "is known, or is not"
	}
	return strings.ReplaceAll(testPhrases[op], "%s", "…")
}

func describeTests(tests []Test) string {
	var parts []string
	for _, t := range tests {
		parts = append(parts, describeTest(t))
	}
	return strings.Join(parts, " and ")
}

func describeTest(t Test) string {
	if t.Op == Exists {
		if t.Values[0] == true {
			return "is known"
		}
		return "is not known"
	}
	var values []string
	for _, v := range t.Values {
		values = append(values, valueWords(v))
	}
	joiner := ", "
	if t.Op == Between {
		joiner = " to "
	}
	return fmt.Sprintf(testPhrases[t.Op], strings.Join(values, joiner))
}

// valueWords writes text without quotes where it cannot be misread.
func valueWords(s Scalar) string {
	text, isText := s.(string)
	unclear := func(c rune) bool { return c == ',' || c == '"' || !unicode.IsPrint(c) }
	if !isText || text == "" || strings.TrimSpace(text) != text || strings.ContainsFunc(text, unclear) {
		return plainValue(s)
	}
	return text
}

// comparePhrases are for amounts; fewPhrases are for what is counted.
var (
	comparePhrases = map[TestOp]string{
		Eq: "exactly", Ne: "other than", Gt: "more than", Gte: "at least", Lt: "less than", Lte: "at most",
	}
	fewPhrases = map[TestOp]string{
		Eq: "exactly", Ne: "other than", Gt: "more than", Gte: "at least", Lt: "fewer than", Lte: "at most",
	}
)

func describeCmps(cmps []Cmp, phrases map[TestOp]string, value func(Scalar) string) string {
	var parts []string
	for _, c := range cmps {
		parts = append(parts, phrases[c.Op]+" "+value(c.Value))
	}
	return strings.Join(parts, " and ")
}

// compareCounts is compareNumbers for what is counted: none of it is "no".
func compareCounts(cmps []Cmp) string {
	if len(cmps) == 1 && (cmps[0].Op == Eq && cmps[0].Value == 0.0 || cmps[0].Op == Lt && cmps[0].Value == 1.0) {
		return "no"
	}
	return describeCmps(cmps, fewPhrases, plainValue)
}

// compareFigure says what a figure is, which may be text.
func compareFigure(cmps []Cmp) string {
	var tests []Test
	for _, c := range cmps {
		tests = append(tests, Test{Op: c.Op, Values: []Scalar{c.Value}})
	}
	return describeTests(tests)
}

func compareNumbers(cmps []Cmp) string { return describeCmps(cmps, comparePhrases, plainValue) }

func compareDurations(cmps []Cmp) string {
	return describeCmps(cmps, comparePhrases, func(s Scalar) string {
		seconds, _ := s.(float64)
		return durationWords(time.Duration(seconds) * time.Second)
	})
}

func comparePercent(cmps []Cmp) string {
	return describeCmps(cmps, comparePhrases, func(s Scalar) string { return plainValue(s) + "%" })
}

func plural(n int64, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return strconv.FormatInt(n, 10) + " " + noun + "s"
}
