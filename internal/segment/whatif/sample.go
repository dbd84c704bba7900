package whatif

import (
	"regexp/syntax"
	"slices"
	"strings"

	"github.com/segue-dev/segue/internal/segment"
	rule "github.com/segue-dev/segue/internal/segment/syntax"
	"github.com/segue-dev/segue/internal/signal"
)

const (
	maxEvents = 2 // of a match that are proposed
	maxValues = 3 // of a property
)

// signals returns signals that match, without times.
func (s *search) signals(m rule.Match) []rule.ExampleSignal {
	var all []rule.ExampleSignal
	for i, e := range m.Events {
		if i == maxEvents {
			break
		}
		switch e {
		case rule.Event{Kind: rule.AnyEvent}:
			e = rule.Event{Kind: rule.PageEvent}
		case rule.Event{Kind: rule.TrackEvent}:
			e.Name = "Something"
		}
		all = append(all, s.stating(e, m.Where, "", true)...)
	}
	return all
}

// stating returns signals of an event whose properties, the names after a
// prefix, satisfy where; or do not. One property after the other takes each of
// its values, the others their first.
func (s *search) stating(e rule.Event, where rule.Pred, prefix string, want bool) []rule.ExampleSignal {
	plain := rule.ExampleSignal{Event: e}
	var choices [][]rule.Scalar
	for _, t := range where {
		values := passing(t.Tests, want)
		if len(values) == 0 && want && !segment.Passes(t.Tests) {
			return nil
		}
		choices = append(choices, values)
		if len(values) > 0 {
			plain.Props = with(plain.Props, prefix+bare(t.Property), values[0])
		}
	}
	all := []rule.ExampleSignal{plain}
	for i, values := range choices {
		for j := 1; j < min(len(values), maxValues); j++ {
			x := plain
			x.Props = with(x.Props, prefix+bare(where[i].Property), values[j])
			all = append(all, x)
		}
	}
	return all
}

// bare returns a property without what may stand before it.
func bare(property string) string {
	return strings.TrimPrefix(strings.TrimPrefix(strings.TrimPrefix(property, "properties."), "traits."), "context.")
}

// with returns props with one more, or in place of the one there is.
func with(props []rule.ExampleProp, key string, value rule.Scalar) []rule.ExampleProp {
	out := slices.DeleteFunc(slices.Clone(props), func(p rule.ExampleProp) bool { return p.Key == key })
	return append(out, rule.ExampleProp{Key: key, Value: value})
}

// passing returns values that pass all tests, or do not, the plainest first.
func passing(tests []rule.Test, want bool) []rule.Scalar {
	var pool []rule.Scalar
	var texts []string
	for _, t := range tests {
		pool = append(pool, around(t)...)
		for _, v := range t.Values {
			if text, ok := v.(string); ok {
				texts = append(texts, text)
			}
		}
	}
	pool = append(pool, strings.Join(texts, ""), middle(tests), "other", 1.0)
	var out []rule.Scalar
	for _, v := range pool {
		if v != nil && v != "" && segment.Passes(tests, valueIn(v)) == want && !slices.Contains(out, v) {
			out = append(out, v)
		}
	}
	return out
}

// around returns values that are to one test what its constants are.
func around(t rule.Test) []rule.Scalar {
	var out []rule.Scalar
	for _, v := range t.Values {
		if t.Op == rule.Matches {
			if text, ok := v.(string); ok {
				v = matching(text)
			}
		}
		if t.Op == rule.Exists {
			continue
		}
		out = append(out, v)
		switch v := v.(type) {
		case float64:
			out = append(out, v+1, v-1)
		case string:
			out = append(out, v+"-other", next(v))
		case bool:
			out = append(out, !v)
		}
	}
	return out
}

// next returns a version or a date that is a little later.
func next(text string) rule.Scalar {
	i := len(text) - 1
	if i < 0 || text[i] < '0' || text[i] > '8' {
		return nil
	}
	return text[:i] + string(text[i]+1)
}

// middle returns a number between those of the tests; nil if there are none.
func middle(tests []rule.Test) rule.Scalar {
	sum, n := 0.0, 0.0
	for _, t := range tests {
		for _, v := range t.Values {
			if f, ok := v.(float64); ok {
				sum, n = sum+f, n+1
			}
		}
	}
	if n == 0 {
		return nil
	}
	return sum / n
}

func valueIn(v rule.Scalar) signal.Value {
	switch v := v.(type) {
	case float64:
		return signal.NumberOf(v)
	case bool:
		return signal.BoolOf(v)
	default:
		text, _ := v.(string)
		return signal.TextOf(text)
	}
}

// matching returns a short text that a regular expression matches, "" if it is
// none.
func matching(expression string) string {
	re, err := syntax.Parse(expression, syntax.Perl)
	if err != nil {
		return ""
	}
	var b strings.Builder
	write(&b, re.Simplify())
	return b.String()
}

// write writes a text that re matches.
func write(b *strings.Builder, re *syntax.Regexp) {
	switch re.Op {
	case syntax.OpLiteral:
		b.WriteString(string(re.Rune))
	case syntax.OpCharClass:
		b.WriteRune(oneIn(re.Rune))
	case syntax.OpAnyChar, syntax.OpAnyCharNotNL:
		b.WriteByte('a')
	case syntax.OpCapture, syntax.OpPlus, syntax.OpAlternate:
		write(b, re.Sub[0])
	case syntax.OpConcat:
		for _, part := range re.Sub {
			write(b, part)
		}
	default: // what may be empty
	}
}

// oneIn returns a letter of ranges, a plain one if there is any.
func oneIn(ranges []rune) rune {
	for _, plain := range "a0A-_" {
		for i := 0; i+1 < len(ranges); i += 2 {
			if ranges[i] <= plain && plain <= ranges[i+1] {
				return plain
			}
		}
	}
	return ranges[0]
}
