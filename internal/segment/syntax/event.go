package syntax

import (
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/segue-dev/segue/internal/signal"
)

func (r *reader) events(what string, n *yaml.Node) []Event {
	var all []Event
	for _, item := range r.oneOrMore(what, n) {
		all = append(all, r.event(what, item))
	}
	return all
}

func (r *reader) event(what string, n *yaml.Node) Event {
	text := r.text(what, n)
	e, ok := parseEvent(text)
	if !ok && text != "" { // text has said what is wrong with ""
		r.fail(n, "%q names nothing: write a name after the colon, or page, screen or track for any", text)
	}
	return e
}

// parseEvent reads the name of signals. Like event names, the words of the
// language are compared without regard to case. It fails on what has no name,
// such as "page:".
func parseEvent(text string) (e Event, ok bool) {
	text = strings.TrimSpace(text)
	switch signal.Normalize(text) {
	case "*":
		return Event{Kind: AnyEvent}, true
	case "track":
		return Event{Kind: TrackEvent}, true
	case "page":
		return Event{Kind: PageEvent}, true
	case "screen":
		return Event{Kind: ScreenEvent}, true
	case "identify":
		return Event{Kind: IdentifyEvent}, true
	case "component":
		return Event{Kind: ComponentEvent}, true
	}
	prefix, name, found := strings.Cut(text, ":")
	name = strings.TrimSpace(name)
	switch word := signal.Normalize(prefix); {
	case found && word == "page":
		return Event{PageEvent, name}, name != ""
	case found && word == "screen":
		return Event{ScreenEvent, name}, name != ""
	case found && word == "track":
		return Event{TrackEvent, name}, signal.Normalize(name) != ""
	default:
		return Event{TrackEvent, text}, signal.Normalize(text) != ""
	}
}
