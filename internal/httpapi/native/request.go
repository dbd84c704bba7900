package native

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/segue-dev/segue/internal/fault"
	"github.com/segue-dev/segue/internal/httpapi/caller"
	"github.com/segue-dev/segue/internal/resolve"
	"github.com/segue-dev/segue/internal/signal"
)

// resolveRequest is the body of POST /v1/resolve. omitempty marks what may be
// left out.
type resolveRequest struct {
	Visitor    *visitorRef       `json:"visitor,omitempty"` // else the one of the cookies
	Signals    []json.RawMessage `json:"signals,omitempty"` // messages of the Segment spec
	Context    json.RawMessage   `json:"context,omitempty"`
	Page       string            `json:"page,omitempty"`
	Locale     string            `json:"locale,omitempty"`
	At         *time.Time        `json:"at,omitempty"`
	Navigation string            `json:"navigation,omitempty"`
	Preview    bool              `json:"preview,omitempty"`
	Explain    bool              `json:"explain,omitempty"`
}

// A visitorRef names a visitor: {"anonymousId", "userId"}, or as text the
// anonymous id alone.
type visitorRef struct {
	AnonymousID string `json:"anonymousId,omitempty"`
	UserID      string `json:"userId,omitempty"`
}

// UnmarshalJSON reads either form.
func (v *visitorRef) UnmarshalJSON(src []byte) error {
	if len(src) > 0 && src[0] == '"' {
		return json.Unmarshal(src, &v.AnonymousID)
	}
	type plain visitorRef
	return strict(src, (*plain)(v))
}

// strict is json.Unmarshal that refuses unknown fields.
func strict(src []byte, dst any) error {
	d := json.NewDecoder(bytes.NewReader(src))
	d.DisallowUnknownFields()
	if err := d.Decode(dst); err != nil {
		return err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return errors.New("more follows after the JSON object")
	}
	return nil
}

// decodeRequest reads the body of POST /v1/resolve.
func decodeRequest(body []byte) (resolve.Request, error) {
	var wire resolveRequest
	if err := strict(body, &wire); err != nil {
		return resolve.Request{}, malformed(err)
	}
	req := resolve.Request{
		Page: wire.Page, Locale: wire.Locale, Navigation: wire.Navigation, Explain: wire.Explain, Preview: wire.Preview,
	}
	if wire.Visitor != nil {
		req.AnonymousID, req.UserID = wire.Visitor.AnonymousID, wire.Visitor.UserID
	}
	if wire.At != nil {
		req.At = *wire.At
	}
	var err error
	if len(wire.Context) > 0 {
		req.UserAgent = userAgentOf(wire.Context)
		if req.Context, err = signal.DecodeContext(wire.Context); err != nil {
			return req, err
		}
	}
	if len(wire.Signals) > 0 {
		req.Messages, err = decodeSignals(wire)
	}
	return req, err
}

// decodeSignals reads the signals.
func decodeSignals(wire resolveRequest) ([]signal.Message, error) {
	messages := make([]signal.Message, 0, len(wire.Signals))
	for i, raw := range wire.Signals {
		m, err := signal.DecodeMessage(raw)
		if err != nil {
			return nil, fault.Wrap(fault.KindOf(err), err, "signals[%d]: not a signal: send {\"type\": \"track\", \"event\": …}", i)
		}
		messages = append(messages, m)
	}
	return messages, nil
}

// userAgentOf returns the text at "userAgent" of a context.
func userAgentOf(context json.RawMessage) string {
	var known struct {
		UserAgent string `json:"userAgent"`
	}
	if err := json.Unmarshal(context, &known); err != nil {
		return "" // DecodeContext says what is wrong
	}
	return known.UserAgent
}

// queryRequest reads GET /v1/resolve: visitor, user, page, locale, at,
// navigation, preview and explain, and context.* for attributes of the request. What browsers say in
// headers stands in for attributes not given.
func queryRequest(c echo.Context) (resolve.Request, error) {
	header := c.Request().Header
	req := resolve.Request{UserAgent: header.Get("User-Agent")}
	for name, values := range c.QueryParams() {
		if err := setQuery(&req, name, values[0]); err != nil {
			return req, err
		}
	}
	for _, p := range caller.Context(header) {
		if !given(req.Context, p.Key) {
			req.Context = append(req.Context, p)
		}
	}
	req.Context.Sort()
	return req, nil
}

func setQuery(req *resolve.Request, name, value string) (err error) {
	attribute, isContext := strings.CutPrefix(name, "context.")
	switch {
	case isContext && attribute != "":
		req.Context = append(req.Context, signal.Prop{Key: attribute, Value: signal.TextOf(value)})
	case name == "visitor":
		req.AnonymousID = value
	case name == "user":
		req.UserID = value
	case name == "page":
		req.Page = value
	case name == "locale":
		req.Locale = value
	case name == "at":
		req.At, err = instant(value)
	case name == "navigation":
		req.Navigation = value
	case name == "explain":
		req.Explain, err = flag(name, value)
	case name == "preview":
		req.Preview, err = flag(name, value)
	default:
		err = fault.New(fault.Invalid, "query: unknown parameter %q; known are visitor, user, page, locale, at, navigation, preview, explain and context.*", name)
	}
	return err
}

func given(props signal.Props, key string) bool {
	for _, p := range props {
		if p.Key == key {
			return true
		}
	}
	return false
}

func instant(value string) (time.Time, error) {
	if value == "" {
		return time.Time{}, nil
	}
	at, err := time.Parse(time.RFC3339Nano, value)
	if err != nil {
		return at, fault.Wrap(fault.Invalid, err, "at: %q is no instant; write it as 2026-11-23T14:05:00Z", value)
	}
	return at, nil
}

func flag(name, value string) (bool, error) {
	switch value {
	case "", "1", "true":
		return true, nil
	case "0", "false":
		return false, nil
	default:
		return false, fault.New(fault.Invalid, "%s: %q is neither true nor false", name, value)
	}
}

// malformed says where in the body the mistake is, in the words of the API.
func malformed(err error) error {
	if f, ok := errors.AsType[*fault.Error](err); ok {
		return f
	}
	if e, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		return fault.Wrap(fault.Invalid, err, "%s: a JSON %s cannot stand here", cmp.Or(e.Field, "body"), e.Value)
	}
	if e, ok := errors.AsType[*json.SyntaxError](err); ok {
		return fault.Wrap(fault.Invalid, err, "body: not valid JSON at byte %d", e.Offset)
	}
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return fault.Wrap(fault.Invalid, err, "body: the JSON is cut short")
	}
	if field, ok := strings.CutPrefix(err.Error(), "json: unknown field "); ok {
		return fault.Wrap(fault.Invalid, err, "body: unknown field %s; known are visitor {anonymousId, userId}, signals, context, page, locale, at, navigation, preview and explain", field)
	}
	if _, ok := errors.AsType[*time.ParseError](err); ok {
		return fault.Wrap(fault.Invalid, err, "at: no instant; write it as 2026-11-23T14:05:00Z")
	}
	return fault.Wrap(fault.Invalid, err, "body: not a resolve request; send {\"visitor\": \"…\"}")
}
