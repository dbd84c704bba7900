package syntax

import (
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Format returns c as one line of YAML. What was read from a source and is
// formatted reads back as the same tree, but for places; defaults are left out
// except for the comparison of a count. A nil condition gives "".
func Format(c Cond) string {
	if c == nil {
		return ""
	}
	key, value := formatParts(c)
	return key + ": " + value
}

// formatParts returns the operator of c and what stands after it.
func formatParts(c Cond) (key, value string) {
	switch c := c.(type) {
	case All:
		return "all", formatConds(c.Of)
	case Any:
		return "any", formatConds(c.Of)
	case Not:
		return "not", "{" + Format(c.Of) + "}"
	case Count:
		var m entries
		m.match("of", c.Match)
		m.add("distinct", formatProperty(c.Distinct))
		m.window(c.Window)
		m.compare(c.Cmp, plainValue)
		return "count", m.flow()
	case Aggregate:
		var m entries
		m.match("of", c.Match)
		m.add("property", formatProperty(c.Property))
		m.window(c.Window)
		m.compare(c.Cmp, plainValue)
		return string(c.Func), m.flow()
	case Recency:
		var m entries
		m.match("of", c.Match)
		m.duration("atLeast", c.AtLeast)
		m.duration("atMost", c.AtMost)
		return "recency", m.flow()
	case Regular:
		var m entries
		m.match("of", c.Match)
		m.add("atLeast", strconv.Itoa(c.AtLeast))
		m.add("ofLast", strconv.Itoa(c.OfLast))
		m.add("period", string(c.Period))
		return "regular", m.flow()
	case Never:
		var m entries
		m.match("of", c.Match)
		return "never", m.flow()
	case Sequence:
		return "sequence", formatSequence(c)
	case Absence:
		return "absence", formatAbsence(c)
	case Session:
		return "session", formatSession(c)
	case Dwell:
		return "dwell", formatOnPage(c.On, c.Window, c.Cmp, durationValue)
	case Scroll:
		return "scroll", formatOnPage(c.On, c.Window, c.Cmp, plainValue)
	case Score:
		return "score", formatScore(c)
	case Affinity:
		var m entries
		m.add("topic", formatText(c.Topic))
		m.duration("halfLife", &c.HalfLife)
		m.compare(c.Cmp, plainValue)
		return "affinity", m.flow()
	case Trait:
		return "trait", formatPred(c.Where)
	case Context:
		return "context", formatPred(c.Where)
	case Segment:
		return "segment", formatText(c.Key)
	case List:
		return "list", formatText(c.Key)
	}
	return "", ""
}

func formatConds(all []Cond) string {
	return formatList(all, func(c Cond) string { return "{" + Format(c) + "}" })
}

func formatSequence(s Sequence) string {
	var m entries
	m.add("steps", formatList(s.Steps, formatStep))
	m.duration("span", s.Span)
	if s.In != InVisitor {
		m.add("in", string(s.In))
	}
	switch {
	case s.AllWithin:
		m.add("allWithin", formatWindow(s.Window))
	case s.Window.Kind != Ever:
		m.add("completed", formatWindow(s.Window))
	}
	if len(s.Times) > 0 {
		m.add("times", "{"+formatCmps(s.Times, plainValue)+"}")
	}
	return m.flow()
}

func formatStep(s Step) string {
	var m entries
	m.match("of", s.Match)
	m.duration("within", s.Within)
	m.duration("after", s.After)
	if len(s.Without) == 1 {
		m.add("without", formatMatch(s.Without[0]))
	} else if len(s.Without) > 1 {
		m.add("without", formatList(s.Without, formatMatchMap))
	}
	if s.Directly != nil {
		m.add("directly", formatEvents(s.Directly.Events))
	}
	if len(s.Same) == 1 {
		m.add("same", formatProperty(s.Same[0]))
	} else if len(s.Same) > 1 {
		m.add("same", formatList(s.Same, formatProperty))
	}
	if s.First {
		m.add("first", "true")
	}
	if s.Times > 1 {
		m.add("times", strconv.Itoa(s.Times))
	}
	if s.StrictTime {
		m.add("strictTime", "true")
	}
	return m.flow()
}

func formatAbsence(a Absence) string {
	var m entries
	m.match("of", a.Of)
	m.add("without", formatMatch(a.Without))
	m.duration("for", &a.For)
	if a.Since == SinceFirst {
		m.add("since", string(a.Since))
	}
	if a.Mode == Once {
		m.add("mode", string(a.Mode))
	}
	m.window(a.Window)
	return m.flow()
}

func formatSession(s Session) string {
	var m entries
	for _, part := range []struct {
		key   string
		cmps  []Cmp
		value func(Scalar) string
	}{{"number", s.Number, plainValue}, {"pages", s.Pages, plainValue}, {"duration", s.Duration, durationValue}} {
		if len(part.cmps) > 0 {
			m.add(part.key, "{"+formatCmps(part.cmps, part.value)+"}")
		}
	}
	m.pred("entry", s.Entry)
	if len(s.Referrer) > 0 {
		m.add("referrer", formatTests(s.Referrer))
	}
	if s.Returning != nil {
		m.add("returning", strconv.FormatBool(*s.Returning))
	}
	m.duration("returnedWithin", s.ReturnedWithin)
	return m.flow()
}

func formatOnPage(on Pred, w Window, cmps []Cmp, value func(Scalar) string) string {
	var m entries
	m.pred("on", on)
	m.window(w)
	m.compare(cmps, value)
	return m.flow()
}

func formatScore(s Score) string {
	var m entries
	m.add("of", formatList(s.Of, func(w Weight) string {
		var m entries
		m.match("event", w.Match)
		m.add("weight", formatNumber(w.Weight))
		return m.flow()
	}))
	m.duration("halfLife", &s.HalfLife)
	m.compare(s.Cmp, plainValue)
	return m.flow()
}

// entries are the entries of a map in flow style.
type entries []string

func (m entries) flow() string { return "{" + strings.Join(m, ", ") + "}" }

// add adds an entry, unless it has no value.
func (m *entries) add(key, value string) {
	if value != "" {
		*m = append(*m, key+": "+value)
	}
}

func (m *entries) match(of string, match Match) {
	m.add(of, formatEvents(match.Events))
	m.pred("where", match.Where)
}

func (m *entries) pred(key string, p Pred) {
	if len(p) > 0 {
		m.add(key, formatPred(p))
	}
}

func (m *entries) window(w Window) {
	if w.Kind != Ever {
		*m = append(*m, windowEntry(w))
	}
}

func (m *entries) duration(key string, d *time.Duration) {
	if d != nil {
		m.add(key, FormatDuration(*d))
	}
}

func (m *entries) compare(cmps []Cmp, value func(Scalar) string) {
	if len(cmps) > 0 {
		*m = append(*m, formatCmps(cmps, value))
	}
}

func formatWindow(w Window) string { return "{" + windowEntry(w) + "}" }

func windowEntry(w Window) string {
	switch w.Kind {
	case LastWindow:
		return "last: " + FormatDuration(w.Last)
	case BetweenWindow:
		return "between: [" + FormatDuration(w.From) + ", " + FormatDuration(w.Last) + "]"
	case DaysWindow:
		switch {
		case w.Previous:
			return "previousDays: " + strconv.Itoa(w.Days)
		case w.Days == 1:
			return "today: true"
		}
		return "lastDays: " + strconv.Itoa(w.Days)
	case WeekWindow:
		return "week: current"
	case CurrentSession:
		return "session: current"
	case AnySession:
		return "session: any"
	default:
		return "ever: true"
	}
}

func formatEvents(events []Event) string {
	text := func(e Event) string { return formatText(e.String()) }
	if len(events) == 1 {
		return text(events[0])
	}
	return formatList(events, text)
}

// FormatMatch returns m in one line: an event alone if that says all, and what
// ParseMatch reads back.
func FormatMatch(m Match) string {
	if len(m.Where) == 0 && len(m.Events) == 1 {
		if text := m.Events[0].String(); text == formatText(text) {
			return text
		}
	}
	return formatMatchMap(m)
}

// formatMatch writes a match as events if it has no predicate.
func formatMatch(m Match) string {
	if len(m.Where) == 0 {
		return formatEvents(m.Events)
	}
	return formatMatchMap(m)
}

func formatMatchMap(match Match) string {
	var m entries
	m.match("of", match)
	return m.flow()
}

func formatPred(p Pred) string {
	var m entries
	for _, t := range p {
		m.add(formatProperty(t.Property), formatTests(t.Tests))
	}
	return m.flow()
}

func formatTests(tests []Test) string {
	if len(tests) == 1 && tests[0].Op == Eq {
		return plainValue(tests[0].Values[0])
	}
	if len(tests) == 1 && tests[0].Op == In {
		return formatList(tests[0].Values, plainValue)
	}
	var m entries
	for _, t := range tests {
		value := formatList(t.Values, plainValue)
		if t.Op != In && t.Op != Nin && t.Op != Between {
			value = plainValue(t.Values[0])
		}
		m.add(string(t.Op), value)
	}
	return m.flow()
}

func formatCmps(cmps []Cmp, value func(Scalar) string) string {
	var m entries
	for _, c := range cmps {
		m.add(string(c.Op), value(c.Value))
	}
	return strings.Join(m, ", ")
}

// formatProperty keeps a path that begins with "properties." from being taken
// for the path after it.
func formatProperty(path string) string {
	if path == "" {
		return ""
	}
	if strings.HasPrefix(path, "properties.") {
		path = "properties." + path
	}
	return formatText(path)
}

func formatList[T any](items []T, format func(T) string) string {
	all := make([]string, len(items))
	for i, item := range items {
		all[i] = format(item)
	}
	return "[" + strings.Join(all, ", ") + "]"
}

func plainValue(s Scalar) string {
	switch s := s.(type) {
	case float64:
		return formatNumber(s)
	case bool:
		return strconv.FormatBool(s)
	case string:
		return formatText(s)
	default:
		return ""
	}
}

// durationValue writes a number of seconds.
func durationValue(s Scalar) string {
	seconds, _ := s.(float64)
	return FormatDuration(time.Duration(seconds) * time.Second)
}

// formatNumber writes f so that no digit is lost and a large number is not
// taken for a long id.
func formatNumber(f float64) string {
	if size := math.Abs(f); size != 0 && (size >= 1e15 || size < 1e-6) {
		return strconv.FormatFloat(f, 'e', -1, 64)
	}
	return strconv.FormatFloat(f, 'f', -1, 64)
}

// notText are words that YAML, or people who know YAML, take for something
// other than text.
var notText = regexp.MustCompile(`(?i)^(true|false|null|yes|no|on|off|y|n)$`)

// formatText writes s without quotes where nobody can take it for anything but
// text, and otherwise in double quotes.
func formatText(s string) string {
	first, _ := utf8.DecodeRuneInString(s)
	last, _ := utf8.DecodeLastRuneInString(s)
	plain := (unicode.IsLetter(first) || first == '/' || first == '_') && last != ' ' && last != ':' &&
		!notText.MatchString(s) && !strings.Contains(s, ": ") &&
		!strings.ContainsFunc(s, func(c rune) bool { return !isPlainLetter(c) })
	if plain {
		return s
	}
	return strconv.Quote(s)
}

func isPlainLetter(c rune) bool {
	return unicode.IsLetter(c) || unicode.IsDigit(c) || slices.Contains([]rune(" _-./:"), c)
}
