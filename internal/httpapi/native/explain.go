package native

import (
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/segue-dev/segue/internal/fault"
	"github.com/segue-dev/segue/internal/httpapi/reply"
	"github.com/segue-dev/segue/internal/resolve"
	"github.com/segue-dev/segue/internal/segment"
	"github.com/segue-dev/segue/internal/segment/whatif"
)

// An Explanations is the answer of the explain route, ready to be encoded as
// JSON.
type Explanations struct {
	Visitor  string        `json:"visitor"`
	Segments []explanation `json:"segments"`
}

type explanation struct {
	Segment    string  `json:"segment"`
	Version    string  `json:"version"` // of its definition
	Member     bool    `json:"member"`
	Truth      string  `json:"truth"`      // true, false or unknown
	ValidUntil *string `json:"validUntil"` // null = until the next signal
	Truncated  bool    `json:"truncated,omitempty"`
	Saturated  bool    `json:"saturated,omitempty"`
	Since      *string `json:"since"`            // from when on the record is complete; null = nothing is remembered
	Reason     string  `json:"reason,omitempty"` // why truth is not that of the proof
	Proof      *proof  `json:"proof,omitempty"`
	*outlook
}

// An outlook is what may become of a visitor in a segment.
type outlook struct {
	Change   *way     `json:"change"`            // how to enter, or for a member to leave; null = none was found
	Nearest  *unmet   `json:"nearest,omitempty"` // the unmet condition that is met most easily
	Stuck    []proof  `json:"stuck,omitempty"`   // without a change: unmet conditions that no signals were found for
	Schedule []flip   `json:"schedule"`          // what changes by itself
	LeftOut  []string `json:"leftOut,omitempty"` // experiences for it that are not understood
}

// A way is what would have to follow.
type way struct {
	Signals []planned `json:"signals"` // in order; none = waiting is enough
	At      string    `json:"at"`      // when it would be so
}

type planned struct {
	Event      string         `json:"event"` // as rules name it
	At         string         `json:"at"`
	Properties map[string]any `json:"properties,omitempty"`
}

type unmet struct {
	Text   string `json:"text"`
	Plain  string `json:"plain"`
	Found  string `json:"found,omitempty"`
	Wanted string `json:"wanted,omitempty"`
	Needed bool   `json:"needed"` // the truth that is needed
	Way    way    `json:"way"`
}

type flip struct {
	At     string `json:"at"`
	Member bool   `json:"member"` // from then on
}

type proof struct {
	Text    string  `json:"text"`  // the condition as written
	Plain   string  `json:"plain"` // and in words
	Truth   string  `json:"truth"`
	Found   string  `json:"found,omitempty"`
	Wanted  string  `json:"wanted,omitempty"`
	Reason  string  `json:"reason,omitempty"`
	Until   *string `json:"until"` // null = until the next signal
	Signals []cited `json:"signals,omitempty"`
	Of      []proof `json:"of,omitempty"`
}

type cited struct {
	ID    string `json:"id"`
	Event string `json:"event"`
	At    string `json:"at"`
}

func (a *api) explain(c echo.Context) error {
	id, err := reply.Param(c, "id")
	if err != nil {
		return err
	}
	at, err := instant(c.QueryParam("at"))
	if err != nil {
		return err
	}
	redact := false
	if c.QueryParams().Has("redact") {
		if redact, err = flag("redact", c.QueryParam("redact")); err != nil {
			return err
		}
	}
	got, err := a.resolver.Explain(c.Request().Context(), id, c.QueryParam("segment"), at)
	if err != nil {
		return err
	}
	if redact {
		for _, e := range got {
			e.Redact()
		}
	}
	c.Response().Header().Set(echo.HeaderCacheControl, "private, no-store")
	return c.JSON(http.StatusOK, ExplanationsOf(id, got))
}

// ExplanationsOf returns the wire form of a visitor's explanations.
func ExplanationsOf(visitor string, list []*resolve.Explained) Explanations {
	out := Explanations{Visitor: visitor, Segments: []explanation{}}
	for _, e := range list {
		one := explanationOf(e.Explanation)
		if e.Outlook != nil {
			one.outlook = outlookOf(e)
		}
		out.Segments = append(out.Segments, one)
	}
	return out
}

func explanationsOf(list []*segment.Explanation) []explanation {
	var out []explanation
	for _, e := range list {
		out = append(out, explanationOf(e))
	}
	return out
}

func explanationOf(e *segment.Explanation) explanation {
	one := explanation{
		Segment: e.Segment, Version: e.Version, Member: e.Member, Truth: e.Truth,
		ValidUntil: untilOf(e.ValidUntil), Truncated: e.Truncated, Saturated: e.Saturated, Reason: e.Reason,
	}
	if e.Since != 0 {
		one.Since = instantOf(time.UnixMilli(e.Since))
	}
	if e.Proof != nil {
		p := proofOf(e.Proof)
		one.Proof = &p
	}
	return one
}

func outlookOf(e *resolve.Explained) *outlook {
	out := &outlook{Schedule: []flip{}, LeftOut: e.LeftOut}
	if e.Outlook.Change != nil {
		w := wayOf(e.Outlook.Change, e.At)
		out.Change = &w
	}
	if n := e.Outlook.Nearest; n != nil {
		out.Nearest = &unmet{n.Text, n.Plain, n.Found, n.Wanted, n.Needed, wayOf(&n.Way, e.At)}
	}
	for _, p := range e.Outlook.Stuck {
		out.Stuck = append(out.Stuck, proofOf(p))
	}
	member := e.Member
	for _, at := range e.Outlook.Flips {
		member = !member
		out.Schedule = append(out.Schedule, flip{*untilOf(at), member})
	}
	return out
}

// wayOf returns the wire form of a way from an instant on.
func wayOf(w *whatif.Way, from int64) way {
	out := way{Signals: []planned{}, At: *untilOf(from + w.After.Milliseconds())}
	for _, s := range w.Signals {
		p := planned{Event: s.Event.String(), At: *untilOf(from + s.At.Milliseconds())}
		for _, prop := range s.Props {
			if p.Properties == nil {
				p.Properties = map[string]any{}
			}
			p.Properties[prop.Key] = prop.Value
		}
		out.Signals = append(out.Signals, p)
	}
	return out
}

func proofOf(p *segment.Proof) proof {
	out := proof{
		Text: p.Text, Plain: p.Plain, Truth: p.Truth,
		Found: p.Found, Wanted: p.Wanted, Reason: p.Reason, Until: untilOf(p.Until),
	}
	for _, s := range p.Signals {
		out.Signals = append(out.Signals, cited{s.ID, s.Event, time.UnixMilli(s.At).UTC().Format(instantFormat)})
	}
	for _, part := range p.Of {
		out.Of = append(out.Of, proofOf(part))
	}
	return out
}

func untilOf(ms int64) *string {
	if ms == segment.Forever {
		return nil
	}
	return instantOf(time.UnixMilli(ms))
}

func missingVisitor(method string) error {
	if method == http.MethodPost {
		return fault.New(fault.Invalid, "visitor: missing; send \"visitor\": {\"anonymousId\": \"…\"}")
	}
	return fault.New(fault.Invalid, "visitor: missing; add ?visitor=ANONYMOUS-ID or ?user=USER-ID")
}
