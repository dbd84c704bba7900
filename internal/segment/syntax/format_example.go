package syntax

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// FormatExamples returns the key examples of a segment as YAML, so that it
// reads back as the same examples.
func FormatExamples(examples []Example) string {
	var b strings.Builder
	b.WriteString("examples:\n")
	for _, e := range examples {
		fmt.Fprintf(&b, "  - name: %s\n", formatText(e.Name))
		if len(e.Signals) > 0 {
			b.WriteString("    signals: |\n")
		}
		for _, s := range e.Signals {
			line := FormatDuration(s.At) + " " + s.Event.String() + " " + FormatExampleProps(s.Props)
			fmt.Fprintf(&b, "      %s\n", strings.TrimSpace(line))
		}
		fmt.Fprintf(&b, "    at: %s\n    member: %t\n", FormatDuration(e.At), e.Member)
		if len(e.Context) > 0 {
			var context entries
			for _, key := range slices.Sorted(maps.Keys(e.Context)) {
				context.add(formatText(key), formatText(e.Context[key]))
			}
			fmt.Fprintf(&b, "    context: %s\n", context.flow())
		}
	}
	return b.String()
}

// FormatExampleProps returns the properties of an example's signal as its line
// has them.
func FormatExampleProps(props []ExampleProp) string {
	words := make([]string, len(props))
	for i, p := range props {
		words[i] = p.Key + "=" + formatExampleValue(p.Value)
	}
	return strings.Join(words, " ")
}

func formatExampleValue(v Scalar) string {
	switch v := v.(type) {
	case float64:
		return formatNumber(v)
	case string:
		if strings.ContainsAny(v, " \t") {
			return strconv.Quote(v)
		}
		return formatText(v)
	default:
		return fmt.Sprint(v)
	}
}
