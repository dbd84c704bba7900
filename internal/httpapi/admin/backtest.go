package admin

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/segue-dev/segue/internal/backtest"
	"github.com/segue-dev/segue/internal/fault"
	"github.com/segue-dev/segue/internal/httpapi/reply"
	"github.com/segue-dev/segue/internal/segment/syntax"
)

// maxBacktest is how long one backtest may take, or one report of journeys.
const maxBacktest = 5 * time.Minute

// backtestRequest is the body of POST /admin/v1/backtest.
type backtestRequest struct {
	Rule    json.RawMessage `json:"rule"` // the YAML of segments as text, or one definition as an object
	Against string          `json:"against,omitempty"`
	From    *time.Time      `json:"from,omitempty"`
	To      *time.Time      `json:"to,omitempty"`
	Goal    json.RawMessage `json:"goal,omitempty"` // an event as text, or {"of": …, "where": …}
	Within  string          `json:"within,omitempty"`
}

// backtest answers with the report of one backtest. There is one at a time, and
// none beside a report of journeys.
func (a *api) backtest(c echo.Context) error {
	candidates, against, opts, err := decodeBacktest(c)
	if err != nil {
		return err
	}
	return a.long(c, func(ctx context.Context) (any, error) {
		report, err := a.Backtester.Backtest(ctx, candidates, against, opts)
		if errors.Is(err, context.DeadlineExceeded) {
			return nil, fault.Wrap(fault.Unavailable, err, "the backtest took longer than %v; ask for a shorter period, or use segue backtest", maxBacktest)
		}
		if err != nil {
			return nil, readable(err)
		}
		return report, nil
	})
}

// long answers with what work returns, which may take long. There is one such
// answer at a time.
func (a *api) long(c echo.Context, work func(ctx context.Context) (any, error)) error {
	select {
	case a.working <- struct{}{}:
		defer func() { <-a.working }()
	default:
		return fault.New(fault.Overloaded, "another backtest is under way, or a report of journeys; ask again when it has ended")
	}
	if err := allow(c, maxBacktest); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(c.Request().Context(), maxBacktest)
	defer cancel()
	answer, err := work(ctx)
	if err != nil {
		return err
	}
	c.Response().Header().Set(echo.HeaderCacheControl, "no-store")
	return c.JSON(http.StatusOK, answer)
}

// allow lets one answer take longer than the listener does.
func allow(c echo.Context, d time.Duration) error {
	control, until := http.NewResponseController(c.Response()), time.Now().Add(d+time.Minute)
	err := errors.Join(control.SetWriteDeadline(until), control.SetReadDeadline(until))
	if errors.Is(err, errors.ErrUnsupported) { // no connection, no deadline
		return nil
	}
	return err
}

// readable makes the mistakes of a rule, all of them, something that is shown.
func readable(err error) error {
	_, written := errors.AsType[*syntax.Error](err)
	if written || fault.KindOf(err) == fault.Invalid {
		return fault.New(fault.Invalid, "%v", err)
	}
	return err
}

func decodeBacktest(c echo.Context) (candidates []syntax.Definition, against string, opts backtest.Options, err error) {
	body, err := reply.Body(c)
	if err != nil {
		return nil, "", opts, err
	}
	var wire backtestRequest
	d := json.NewDecoder(bytes.NewReader(body))
	d.DisallowUnknownFields()
	if err := d.Decode(&wire); err != nil {
		return nil, "", opts, fault.Wrap(fault.Invalid, err,
			"body: %v; send {\"rule\": \"…YAML…\"} with any of against, from, to, goal and within", err)
	}
	rule, err := textOf(wire.Rule)
	if err != nil || strings.TrimSpace(rule) == "" {
		return nil, "", opts, fault.New(fault.Invalid, "rule: send the YAML of one or more segments as text, or one segment as an object")
	}
	if candidates, err = syntax.Parse("rule", []byte(rule)); err != nil {
		return nil, "", opts, readable(err)
	}
	q := backtest.Query{Against: wire.Against, Within: wire.Within}
	if q.Goal, err = textOf(wire.Goal); err != nil {
		return nil, "", opts, fault.New(fault.Invalid, "goal: send an event as text, or {\"of\": …, \"where\": …}")
	}
	if wire.From != nil {
		q.From = *wire.From
	}
	if wire.To != nil {
		q.To = *wire.To
	}
	opts, err = q.Options(time.Now())
	return candidates, q.Against, opts, err
}

// textOf returns JSON text as what it says, and an object as it is written,
// since JSON is YAML too.
func textOf(raw json.RawMessage) (string, error) {
	var text string
	switch {
	case len(raw) == 0 || string(raw) == "null":
		return "", nil
	case raw[0] == '{':
		return string(raw), nil
	}
	err := json.Unmarshal(raw, &text)
	return text, err
}
