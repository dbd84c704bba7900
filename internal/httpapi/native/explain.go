package native

import (
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/segue-dev/segue/internal/fault"
	"github.com/segue-dev/segue/internal/httpapi/reply"
	"github.com/segue-dev/segue/internal/segment"
)

// An Explanations is the answer of the explain route, ready to be encoded as
// JSON.
type Explanations struct {
	Visitor  string        `json:"visitor"`
	Segments []explanation `json:"segments"`
}

type explanation struct {
	Segment    string  `json:"segment"`
	Member     bool    `json:"member"`
	Truth      string  `json:"truth"`      // true, false or unknown
	ValidUntil *string `json:"validUntil"` // null = until the next signal
	Truncated  bool    `json:"truncated,omitempty"`
	Saturated  bool    `json:"saturated,omitempty"`
	Since      *string `json:"since"`            // from when on the record is complete; null = nothing is remembered
	Reason     string  `json:"reason,omitempty"` // why truth is not that of the proof
	Proof      *proof  `json:"proof,omitempty"`
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
	got, err := a.resolver.Explain(c.Request().Context(), id, c.QueryParam("segment"), at)
	if err != nil {
		return err
	}
	c.Response().Header().Set(echo.HeaderCacheControl, "private, no-store")
	return c.JSON(http.StatusOK, ExplanationsOf(id, got))
}

// ExplanationsOf returns the wire form of a visitor's explanations.
func ExplanationsOf(visitor string, list []*segment.Explanation) Explanations {
	out := Explanations{Visitor: visitor, Segments: explanationsOf(list)}
	if out.Segments == nil {
		out.Segments = []explanation{}
	}
	return out
}

func explanationsOf(list []*segment.Explanation) []explanation {
	var out []explanation
	for _, e := range list {
		one := explanation{
			Segment: e.Segment, Member: e.Member, Truth: e.Truth,
			ValidUntil: untilOf(e.ValidUntil), Truncated: e.Truncated, Saturated: e.Saturated, Reason: e.Reason,
		}
		if e.Since != 0 {
			one.Since = instantOf(time.UnixMilli(e.Since))
		}
		if e.Proof != nil {
			p := proofOf(e.Proof)
			one.Proof = &p
		}
		out = append(out, one)
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
