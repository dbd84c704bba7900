package ofrep

import (
	"bytes"
	"encoding/json"
	"errors"
	"slices"

	"github.com/labstack/echo/v4"

	"github.com/segue-dev/segue/internal/fault"
	"github.com/segue-dev/segue/internal/httpapi/reply"
	"github.com/segue-dev/segue/internal/signal"
)

// A question is an evaluation that is asked for.
type question struct {
	context    json.RawMessage // as it came
	visitor    string
	attributes signal.Props
	agent      string // of the visitor's browser
	page       string // whose slots are wanted; "" = those of the whole content
	locale     string // that the visitor prefers; the content need not have it
}

// wireRequest is the body of both evaluations. The protocol may add members, so
// unknown ones are let pass.
type wireRequest struct {
	Context json.RawMessage `json:"context"`
}

// read returns what a request asks for.
func read(c echo.Context) (*question, error) {
	body, err := reply.Body(c)
	if err != nil {
		return nil, unreadable(err)
	}
	var wire wireRequest
	if err := json.Unmarshal(body, &wire); err != nil {
		return nil, refuse(parseError, fault.Wrap(fault.Invalid, err, `body: not an evaluation request; send {"context": {"targetingKey": "…"}}`))
	}
	agent := ""
	if c.Request().Header.Get("Origin") != "" { // a browser, whose user agent is the visitor's
		agent = c.Request().UserAgent()
	}
	return questionOf(wire.Context, agent)
}

// unreadable puts a body that cannot be read in the words of the protocol,
// which has no status of its own for one that is too large or encoded otherwise.
func unreadable(err error) error {
	if h, ok := errors.AsType[*echo.HTTPError](err); ok {
		text, _ := h.Message.(string)
		return refuse(parseError, fault.Wrap(fault.Invalid, err, "%s", text))
	}
	if f, ok := errors.AsType[*fault.Error](err); ok {
		return refuse(parseError, fault.Wrap(fault.Invalid, err, "%s", f.Msg))
	}
	return err
}

// questionOf returns the question of a context. agent is that of the browser,
// which a context with a userAgent knows better.
func questionOf(context json.RawMessage, agent string) (*question, error) {
	context = bytes.TrimSpace(context)
	if len(context) > 0 && context[0] != '{' && !bytes.Equal(context, []byte("null")) {
		return nil, refuse(invalidContext, fault.New(fault.Invalid, "context: not a JSON object"))
	}
	props, err := signal.DecodeContext(context)
	if err != nil {
		return nil, refuse(invalidContext, fault.Wrap(fault.Invalid, err, "context: %v", err))
	}
	q := &question{context: context, attributes: props, agent: agent}
	q.visitor = textAt(props, "targetingKey")
	if q.visitor == "" {
		return nil, refuse(targetingKeyMissing, fault.New(fault.Invalid, "context.targetingKey: missing: send the visitor's id"))
	}
	q.page, q.locale = textAt(props, "page"), textAt(props, "locale")
	if agent := textAt(props, "userAgent"); agent != "" {
		q.agent = agent
	}
	q.attributes = slices.DeleteFunc(props, func(p signal.Prop) bool { return p.Key == "targetingKey" || p.Key == "page" })
	return q, nil
}

// textAt returns the scalar at key as text.
func textAt(props signal.Props, key string) string {
	v, _ := props.Get(key)
	return v.String()
}
