package native

import (
	"encoding/json"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/segue-dev/segue/internal/httpapi/caller"
	"github.com/segue-dev/segue/internal/httpapi/geo"
	"github.com/segue-dev/segue/internal/httpapi/reply"
	"github.com/segue-dev/segue/internal/ingest"
	"github.com/segue-dev/segue/internal/resolve"
	"github.com/segue-dev/segue/internal/signal"
)

// answer is what a resolve request is answered. The page follows it, see
// withPage.
type answer struct {
	Visitor     string              `json:"visitor"`
	Segment     *string             `json:"segment"` // the current micro-segment; null = none
	Segments    []string            `json:"segments"`
	Slots       map[string]slot     `json:"slots"` // by baseline
	Experiences []assignment        `json:"experiences"`
	Variables   map[string]variable `json:"variables,omitempty"`
	Key         string              `json:"key"`
	At          string              `json:"at"`         // the instant answered for
	ValidUntil  *string             `json:"validUntil"` // null = until the next signal
	Truncated   bool                `json:"truncated,omitempty"`
	Saturated   bool                `json:"saturated,omitempty"`
	Revision    revision            `json:"revision"`
	MergeTags   map[string]string   `json:"mergeTags,omitempty"`
	Unresolved  []string            `json:"unresolved,omitempty"` // links in the page that lead nowhere
	Rejected    []rejected          `json:"rejected,omitempty"`   // signals of the request
	Explain     []explanation       `json:"explain,omitempty"`
	Unrecorded  string              `json:"unrecorded,omitempty"` // why the signals of the request were not taken
}

type slot struct {
	Variant    int    `json:"variant"`
	Entry      string `json:"entry,omitempty"` // absent if hidden
	Hidden     bool   `json:"hidden,omitempty"`
	Experience string `json:"experience,omitempty"`
	Segment    string `json:"segment,omitempty"`
	Reason     string `json:"reason"`
}

type assignment struct {
	ID      string `json:"id"`
	Variant int    `json:"variant"`
	Segment string `json:"segment,omitempty"`
	Reason  string `json:"reason"`
	Sticky  bool   `json:"sticky"`
}

type variable struct {
	Value      json.RawMessage `json:"value"`
	Experience string          `json:"experience"`
	Variant    int             `json:"variant"`
}

type revision struct {
	Rules   string `json:"rules"`
	Content string `json:"content"`
}

type rejected struct {
	Index     int         `json:"index"` // in signals, from 0
	MessageID string      `json:"messageId,omitempty"`
	Code      signal.Code `json:"code"`
	Field     string      `json:"field,omitempty"`
	Reason    string      `json:"reason"`
}

func (a *api) resolvePost(c echo.Context) error {
	body, err := reply.Body(c)
	if err != nil {
		return err
	}
	req, err := decodeRequest(body)
	if err != nil {
		return err
	}
	if req.UserAgent == "" && caller.FromBrowser(c.Request()) {
		req.UserAgent = c.Request().UserAgent()
	}
	return a.resolve(c, req)
}

// resolveGet answers the same without signals. Its answer differs by the
// headers that it reads, and says so.
func (a *api) resolveGet(c echo.Context) error {
	req, err := queryRequest(c)
	if err != nil {
		return err
	}
	c.Response().Header().Add(echo.HeaderVary, "Cookie, User-Agent, Referer, Accept-Language, Sec-GPC, DNT")
	return a.resolve(c, req)
}

func (a *api) resolve(c echo.Context, req resolve.Request) error {
	if req.Preview {
		if err := a.Previews.allow(c); err != nil {
			return err
		}
	}
	who, err := a.identify(c, &req)
	if err != nil {
		return err
	}
	got, err := a.resolver.Resolve(c.Request().Context(), req)
	if err != nil {
		return err
	}
	header := c.Response().Header()
	reply.ServerTiming(header, got.Timing)
	if !req.Preview && a.Snapshots.For(c.Request(), &who, got.Visitor) {
		a.Snapshots.Refresh(header, c.Request(), a.resolver, req)
	}
	caching(header, req, got)
	return withEncoded(got, who.Unseen(), func(body []byte) error { return reply.Sized(c, body) })
}

// identify says who calls, and makes the visitor of the cookies that of a request
// which names none. What nobody sees is answered as if its signals had been
// taken, but they are not.
func (a *api) identify(c echo.Context, req *resolve.Request) (caller.Caller, error) {
	request, header := c.Request(), c.Response().Header()
	who := a.Callers.Read(request)
	if request.Method != http.MethodPost || caller.FromBrowser(request) || request.Header.Get(geo.ForcedHeader) != "" {
		req.Context = a.Callers.Locate(request, req.Context) // of any other, it would be where the back end is
	}
	req.Context = a.Callers.Consent(request, req.Context)
	who.Bot = caller.IsBot(req.UserAgent) // what a back end calls itself is of no matter
	if why := who.Unseen(); why != "" {
		req.Dry = true
		if len(req.Messages) > 0 {
			a.Callers.Unrecorded(header, why)
		}
	}
	if req.AnonymousID != "" || req.UserID != "" {
		return who, nil
	}
	if who.Visitor() == "" {
		if !caller.FromBrowser(request) && !who.Bot {
			return who, missingVisitor(request.Method)
		}
		a.Callers.Welcome(header, request, &who)
		if len(req.Messages) > 0 && !req.Dry {
			a.Callers.Mark(header, request, who.AnonymousID)
		}
	}
	if !req.Dry && !req.Preview {
		a.Callers.Settle(header, request, &who)
	}
	req.AnonymousID, req.UserID = who.AnonymousID, who.UserID
	return who, nil
}

// caching lets the visitor's own cache keep an answer for as long as it holds. An
// answer for a stated instant, or for that of a page view, is nobody's present; a
// preview changes with every key press; a cookie is to be set once.
func caching(header http.Header, req resolve.Request, got *resolve.Answer) {
	if !req.At.IsZero() || req.Navigation != "" || req.Preview || header.Get(echo.HeaderSetCookie) != "" {
		reply.NoStore(header)
		return
	}
	reply.Private(header, got.At, got.ValidUntil)
}

func rejectedOf(list []ingest.Rejection) []rejected {
	var out []rejected
	for _, r := range list {
		out = append(out, rejected{r.Index, r.MessageID, r.Code, r.Field, r.Reason})
	}
	return out
}

// instantFormat is RFC 3339 with milliseconds, in UTC.
const instantFormat = "2006-01-02T15:04:05.000Z"

// instantOf returns t as text, and nil for the zero instant.
func instantOf(t time.Time) *string {
	if t.IsZero() {
		return nil
	}
	text := t.UTC().Format(instantFormat)
	return &text
}
