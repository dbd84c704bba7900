package intake

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/segue-dev/segue/internal/httpapi/caller"
	"github.com/segue-dev/segue/internal/ingest"
	"github.com/segue-dev/segue/internal/resolve"
)

// accept hands b on for who sends it. What a browser sends before anybody sees
// the page, or for a bot, is not taken, and the answer is that of an empty batch.
func (t *Intake) accept(c echo.Context, b ingest.Batch) (ingest.Receipt, error) {
	req, header := c.Request(), c.Response().Header()
	if req.Method != http.MethodGet && !caller.FromBrowser(req) && req.Header.Get("Cookie") == "" {
		return t.in.Accept(req.Context(), b) // a back end
	}
	who := t.Callers.Read(req)
	if why := who.Unseen(); why != "" {
		t.Callers.Unrecorded(header, why)
		return ingest.Receipt{}, nil
	}
	t.name(c, &who, b)
	receipt, err := t.in.Accept(req.Context(), b)
	if err != nil {
		return receipt, err
	}
	t.Callers.Settle(header, req, &who)
	if receipt.Accepted > 0 && t.Snapshots.For(req, &who, who.Visitor()) {
		t.Snapshots.Refresh(header, req, t.Resolver, resolve.Request{
			AnonymousID: who.AnonymousID, UserID: who.UserID, UserAgent: req.UserAgent(),
			Context: t.Callers.Consent(req, t.Callers.Locate(req, caller.Context(req.Header))), Page: t.Snapshots.Page(req),
		})
	}
	return receipt, nil
}

// name gives the messages that name no visitor the one of the cookies, or a new
// one.
func (t *Intake) name(c echo.Context, who *caller.Caller, b ingest.Batch) {
	req, header := c.Request(), c.Response().Header()
	for i := range b.Messages {
		m := &b.Messages[i]
		if m.AnonymousID != "" || m.UserID != "" || m.Err != nil {
			continue
		}
		if who.Visitor() == "" {
			if !caller.FromBrowser(req) {
				return
			}
			t.Callers.Welcome(header, req, who)
			t.Callers.Mark(header, req, who.AnonymousID)
		}
		m.AnonymousID, m.UserID = who.AnonymousID, who.UserID
	}
}
