package syntax

import (
	"strings"
	"time"

	"go.yaml.in/yaml/v3"
)

// maxDays is how many calendar days a window can have: 100 years.
const maxDays = 36500

// The words that windows take.
var (
	weeks          = []string{"current"}
	sessionWindows = []string{"current", "any"}
)

// window reads the window that is among f's keys. Without one it is Ever.
func (f *fields) window() Window {
	var w Window
	var given []string
	for _, key := range windowKeys {
		n := f.find(key)
		if n == nil {
			continue
		}
		given = append(given, key)
		if len(given) == 1 {
			w = f.r.window(key, n)
			continue
		}
		f.r.fail(f.keys[f.index(key)], "%s has two windows, %s: keep one, or combine two conditions with all", f.form.noun, strings.Join(given, " and "))
	}
	return w
}

func (r *reader) window(key string, n *yaml.Node) Window {
	w := Window{Pos: r.pos(n)}
	switch key {
	case "last":
		w.Kind, w.Last = LastWindow, r.positive(key, n)
	case "between":
		w.Kind = BetweenWindow
		w.From, w.Last = r.bounds(n)
	case "today":
		w.Kind, w.Days = DaysWindow, 1
		r.mark(key, n)
	case "lastDays":
		w.Kind, w.Days = DaysWindow, r.whole(key, n, 1, maxDays)
	case "previousDays":
		w.Kind, w.Days, w.Previous = DaysWindow, r.whole(key, n, 1, maxDays), true
	case "week":
		w.Kind = WeekWindow
		r.choice(key, n, weeks...)
	case "session":
		w.Kind = CurrentSession
		if r.choice(key, n, sessionWindows...) == "any" {
			w.Kind = AnySession
		}
	case "ever":
		r.mark(key, n)
	}
	return w
}

// mark reads a key that is only ever true.
func (r *reader) mark(key string, n *yaml.Node) {
	if !r.boolean(key, n) && n.Tag == "!!bool" {
		r.fail(n, "%s: false says nothing: leave it out", key)
	}
}

// bounds reads "[younger, older]", two durations ago.
func (r *reader) bounds(n *yaml.Node) (younger, older time.Duration) {
	if n.Kind != yaml.SequenceNode || len(n.Content) != 2 {
		r.fail(n, "between takes two durations ago, the younger first, such as [7d, 14d]")
		return 0, 0
	}
	mistakes := len(r.errs)
	younger, older = r.duration("between", n.Content[0]), r.duration("between", n.Content[1])
	if len(r.errs) == mistakes && younger > older {
		r.fail(n, "the bounds of between are reversed: write [%s, %s]", n.Content[1].Value, n.Content[0].Value)
	}
	return younger, older
}

// onlyWindow reads the value of key as a map with a window and nothing else.
func (f *fields) onlyWindow(key string) Window {
	n := f.find(key)
	if n == nil {
		return Window{}
	}
	inner := f.r.fields(n, windowForm.called(key))
	if inner.node != nil && len(inner.keys) == 0 {
		f.r.fail(n, "%s has no window: write one, such as {last: 7d}", key)
	}
	w := inner.window()
	inner.close()
	return w
}
