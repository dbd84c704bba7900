package syntax

import (
	"strconv"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
)

func (r *reader) example(n *yaml.Node) Example {
	f := r.fields(n, exampleForm)
	e := Example{Name: f.text("name"), Pos: r.pos(n)}
	if signals := f.find("signals"); signals != nil {
		e.Signals = r.exampleSignals(signals)
	}
	if at := f.duration("at"); at != nil {
		e.At = *at
	}
	if member := f.boolean("member"); member != nil {
		e.Member = *member
	}
	if context := f.find("context"); context != nil {
		e.Context = r.exampleContext(context)
	}
	f.close()
	return e
}

func (r *reader) exampleContext(n *yaml.Node) map[string]string {
	f := r.fields(n, freely("context", "{device: mobile}"))
	context := make(map[string]string)
	for i, key := range f.keys {
		if value := f.values[i]; value.Kind != yaml.ScalarNode || isNull(value) {
			r.fail(value, "%s takes text, a number, true or false, not %s", key.Value, show(value))
			continue
		}
		context[key.Value] = f.values[i].Value
	}
	return context
}

// exampleSignals reads the lines of an example.
func (r *reader) exampleSignals(n *yaml.Node) []ExampleSignal {
	switch {
	case !isText(n):
		r.fail(n, "signals takes lines such as 20s Product Viewed product_id=b below signals: |, not %s", show(n))
		return nil
	case n.Style&yaml.FoldedStyle != 0 || r.isFolded(n):
		r.fail(n, "YAML joins these lines into one: write signals: | in front of them")
		return nil
	}
	var signals []ExampleSignal
	for i, text := range strings.Split(n.Value, "\n") {
		text = strings.TrimSuffix(text, "\r")
		if strings.TrimSpace(text) == "" {
			continue
		}
		l := exampleLine{r: r, text: text, place: r.linePlace(n, i, text)}
		signals = append(signals, l.signal())
	}
	return signals
}

// isFolded reports whether n is text over several lines of the source that
// YAML joins into one.
func (r *reader) isFolded(n *yaml.Node) bool {
	inPlace := n.Style == 0 && n.Line <= len(r.lines)
	return inPlace && !strings.Contains(r.lines[n.Line-1], n.Value)
}

// linePlace returns where line i of the text n begins: exactly if it is a
// literal block, and where n begins otherwise.
func (r *reader) linePlace(n *yaml.Node, i int, text string) yaml.Node {
	at := yaml.Node{Line: n.Line, Column: n.Column}
	if line := n.Line + i; n.Style&yaml.LiteralStyle != 0 && line < len(r.lines) {
		indent := max(0, utf8.RuneCountInString(r.lines[line])-utf8.RuneCountInString(text))
		at.Line, at.Column = line+1, indent+1
	}
	return at
}

// An exampleLine is "OFFSET EVENT key=value…" and how far it has been read.
type exampleLine struct {
	r     *reader
	text  string
	place yaml.Node // of its beginning
	read  int       // bytes
}

// fail reports a mistake in the token that begins at byte start.
func (l *exampleLine) fail(start int, format string, args ...any) {
	l.r.fail(l.at(start), format, args...)
}

func (l *exampleLine) at(start int) *yaml.Node {
	n := l.place
	n.Column += utf8.RuneCountInString(l.text[:start])
	return &n
}

// next returns the next token and where it begins; the token is empty at the
// end. A token ends at white space outside double quotes.
func (l *exampleLine) next() (token string, start int) {
	isSpace := func(b byte) bool { return b == ' ' || b == '\t' }
	for l.read < len(l.text) && isSpace(l.text[l.read]) {
		l.read++
	}
	start = l.read
	for l.read < len(l.text) && !isSpace(l.text[l.read]) {
		if quoted, err := strconv.QuotedPrefix(l.text[l.read:]); err == nil && l.text[l.read] == '"' {
			l.read += len(quoted)
		} else {
			l.read++
		}
	}
	return l.text[start:l.read], start
}

func (l *exampleLine) signal() ExampleSignal {
	offset, start := l.next()
	s := ExampleSignal{Pos: l.r.pos(l.at(start))}
	at, err := ParseDuration(offset)
	if err != nil {
		l.fail(start, "a line begins with the time since the start, such as 0s or 20s, not %q: %v", shorten(offset), err)
	}
	s.At = at

	var name []string
	token, start := l.next()
	first := start
	for token != "" && !strings.Contains(token, "=") {
		name = append(name, token)
		token, start = l.next()
	}
	s.Event = l.event(strings.Join(name, " "), first)
	for token != "" {
		s.Props = append(s.Props, l.prop(token, start))
		token, start = l.next()
	}
	return s
}

func (l *exampleLine) event(name string, start int) Event {
	if name == "" {
		l.fail(start, "the time is followed by an event, such as Product Viewed, page:Home or identify")
		return Event{}
	}
	e, ok := parseEvent(name)
	switch {
	case !ok:
		l.fail(start, "%q names nothing: write a name after the colon", name)
	case strings.Contains(name, `"`):
		l.fail(start, "%s: write the event without quotes; only values have them", shorten(name))
	case e.Kind == AnyEvent, e == Event{Kind: TrackEvent}:
		l.fail(start, "%q is no particular signal: name one", name)
	}
	return e
}

func (l *exampleLine) prop(token string, start int) ExampleProp {
	key, text, found := strings.Cut(token, "=")
	key = strings.TrimPrefix(key, "properties.")
	switch {
	case !found:
		l.fail(start, "%q is not key=value: put a value with spaces in double quotes", shorten(token))
	case key == "":
		l.fail(start, "%q has no key in front of the =", shorten(token))
	default:
		return ExampleProp{key, l.value(text, start)}
	}
	return ExampleProp{}
}

func (l *exampleLine) value(text string, start int) Scalar {
	if strings.HasPrefix(text, `"`) {
		value, err := strconv.Unquote(text)
		if err != nil {
			l.fail(start, `%s is not text in double quotes: end it with ", and write \" and \\ for " and \ inside`, shorten(text))
		}
		return value
	}
	if text == "" {
		l.fail(start, `no value after the =: write "" for empty text, or leave the property out`)
		return ""
	}
	n := l.at(start)
	n.Kind, n.Value, n.Tag = yaml.ScalarNode, text, ""
	n.Tag = n.ShortTag()
	return l.r.scalar("a property", n)
}
