package ninetailed

import (
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/segue-dev/segue/internal/fault"
	"github.com/segue-dev/segue/internal/httpapi/reply"
	"github.com/segue-dev/segue/internal/signal"
)

// maxEvents is how many events one request may bring.
const maxEvents = 1000

// locationFeature in a request's options asks that it be located.
const locationFeature = "location"

// profileRequest is the body of all requests of the Experience API. Contentful's
// SDKs send it as text/plain too, to spare a preflight.
type profileRequest struct {
	Events  []json.RawMessage `json:"events"`
	Options *requestOptions   `json:"options,omitempty"`
}

type requestOptions struct {
	Features []string `json:"features,omitempty"`
}

// read returns the events of a request in the order in which they happened.
func (a *api) read(c echo.Context) ([]signal.Message, error) {
	body, err := reply.Body(c)
	if err != nil {
		return nil, err
	}
	return a.decode(c, body)
}

// decode is read for a body that has been read.
func (a *api) decode(c echo.Context, body []byte) ([]signal.Message, error) {
	req, err := decodeRequest(body)
	if err != nil {
		return nil, err
	}
	messages := decodeEvents(req.Events)
	if a.opts.Locator != nil && req.Options != nil && slices.Contains(req.Options.Features, locationFeature) {
		at := a.opts.Locator.Locate(c.Request(), c.QueryParam("locale"))
		place(messages, at.Props(locationPrefix))
	}
	return messages, nil
}

// decodeRequest reads a body.
func decodeRequest(body []byte) (profileRequest, error) {
	var req profileRequest
	if err := json.Unmarshal(body, &req); err != nil {
		return req, fault.Wrap(fault.Invalid, err, `body: not a request for a profile: send {"events": [event, …]}`)
	}
	switch n := len(req.Events); {
	case n == 0:
		return req, fault.New(fault.Invalid, "events: missing; send at least one")
	case n > maxEvents:
		return req, fault.New(fault.TooLarge, "events: %d in one request, and at most %d are taken; send several requests", n, maxEvents)
	}
	return req, nil
}

// decodeEvents reads events, orders them and makes whole what SDKs leave out.
// What is wrong with one is in its Err.
func decodeEvents(raw []json.RawMessage) []signal.Message {
	messages := make([]signal.Message, len(raw))
	for i, event := range raw {
		m, err := signal.DecodeMessage(event)
		if err != nil {
			m.Err = signal.NewDefect(signal.Malformed, "", "events[%d] is no event: %s", i, err)
		}
		m.Props = withPage(m.Type, m.Props)
		messages[i] = m
	}
	inOrder(messages)
	return messages
}

// inOrder sorts messages by when they happened. The browser SDK sends the newest
// first, so of two of one instant the later one in the list came first then.
//
// An event also says when it was sent, but the SDKs put the time of its making
// there. The latest of them is about when the request was, so it is that of all:
// an event that has waited for the next request is not taken for one of a wrong
// clock.
func inOrder(messages []signal.Message) {
	newestFirst := false
	var sent time.Time
	for i := range messages {
		newestFirst = newestFirst || i > 0 && messages[i].Timestamp.Before(messages[i-1].Timestamp)
		if messages[i].SentAt.After(sent) {
			sent = messages[i].SentAt
		}
	}
	if newestFirst {
		slices.Reverse(messages)
		slices.SortStableFunc(messages, func(a, b signal.Message) int { return a.Timestamp.Compare(b.Timestamp) })
	}
	for i := range messages {
		messages[i].SentAt = sent
	}
}

// Where an event says what page and what place it comes from.
const (
	pagePrefix     = "context.page."
	locationPrefix = "context.location."
)

// pageFields are those of a page that a page event has both in its context and
// among its properties, besides the query.
var pageFields = []string{"path", "url", "referrer", "search", "title"}

// withPage returns props with the page told in both places if one of them tells
// it: servers' SDKs fill in one and leave the other empty. An empty context goes,
// for it does not say that there was no referrer.
func withPage(typ string, props signal.Props) signal.Props {
	isPage := typ == signal.Page.String()
	inContext, inProperties := tellsPage(props, pagePrefix), isPage && tellsPage(props, "")
	if inContext && (inProperties || !isPage) {
		return props
	}
	from, to := "", pagePrefix
	if inContext {
		from, to = to, from
	}
	out := slices.DeleteFunc(slices.Clone(props), func(p signal.Prop) bool { return isPageField(p.Key, to) })
	for _, p := range props {
		if (inContext || inProperties) && isPageField(p.Key, from) {
			out = append(out, signal.Prop{Key: to + strings.TrimPrefix(p.Key, from), Value: p.Value})
		}
	}
	out.Sort()
	return out
}

// tellsPage reports whether props say what page it is, below a prefix.
func tellsPage(props signal.Props, prefix string) bool {
	path, _ := props.Get(prefix + "path")
	url, _ := props.Get(prefix + "url")
	return path.String() != "" || url.String() != ""
}

func isPageField(key, prefix string) bool {
	field, ok := strings.CutPrefix(key, prefix)
	return ok && (slices.Contains(pageFields, field) || strings.HasPrefix(field, "query."))
}

// place adds where a request comes from to those of its messages that do not
// say where they do.
func place(messages []signal.Message, at signal.Props) {
	if len(at) == 0 {
		return
	}
	for i := range messages {
		said := slices.ContainsFunc(messages[i].Props, func(p signal.Prop) bool { return strings.HasPrefix(p.Key, locationPrefix) })
		if !said {
			messages[i].Props = slices.Concat(messages[i].Props, at)
			messages[i].Props.Sort()
		}
	}
}

// profileID returns the visitor that the path names.
func profileID(c echo.Context) (string, error) {
	id, err := reply.Param(c, "profile")
	if err != nil {
		return "", err
	}
	return id, signal.CheckVisitor("profile", id)
}

// preflight reports whether a request asks what would be, so that nothing of it
// is stored.
func preflight(c echo.Context) (bool, error) {
	switch kind := c.QueryParam("type"); kind {
	case "":
		return false, nil
	case "preflight":
		return true, nil
	default:
		return false, fault.New(fault.Invalid, "type: %.40q is unknown; send preflight, or leave it out", kind)
	}
}

// byProfile returns messages by the visitor they name, visitors in the order of
// their first message.
func byProfile(messages []signal.Message) (ids []string, of map[string][]signal.Message, err error) {
	of = map[string][]signal.Message{}
	for _, m := range messages {
		if m.AnonymousID == "" {
			return nil, nil, fault.New(fault.Invalid, "anonymousId: missing of event %q; in a batch it names the profile", m.MessageID)
		}
		if _, known := of[m.AnonymousID]; !known {
			ids = append(ids, m.AnonymousID)
		}
		of[m.AnonymousID] = append(of[m.AnonymousID], m)
	}
	return ids, of, nil
}
