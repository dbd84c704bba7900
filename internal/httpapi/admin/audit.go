package admin

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/segue-dev/segue/internal/audit"
	"github.com/segue-dev/segue/internal/fault"
)

// maxAudit is how long one audit may take.
const maxAudit = 5 * time.Minute

// audit answers with the report of one audit, by run. There is one at a time.
func (a *api) audit(c echo.Context, run func(context.Context, audit.Options) (*audit.Report, error)) error {
	opts, err := decodeAudit(c)
	if err != nil {
		return err
	}
	select {
	case a.auditing <- struct{}{}:
		defer func() { <-a.auditing }()
	default:
		return fault.New(fault.Overloaded, "another audit is under way; ask again when it has ended")
	}
	if err := allow(c, maxAudit); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(c.Request().Context(), maxAudit)
	defer cancel()
	report, err := run(ctx, opts)
	if errors.Is(err, context.DeadlineExceeded) {
		return fault.Wrap(fault.Unavailable, err, "the audit took longer than %v; stop Segue and use segue audit", maxAudit)
	}
	if err != nil {
		return err
	}
	c.Response().Header().Set(echo.HeaderCacheControl, "no-store")
	return c.JSON(http.StatusOK, report)
}

// decodeAudit reads ?goal=EVENT (several times, if there are several), ?at= and
// ?effect=.
func decodeAudit(c echo.Context) (opts audit.Options, err error) {
	opts.At = time.Now()
	query := c.QueryParams()
	for _, text := range query["goal"] {
		goal, err := audit.ParseGoal("goal", text)
		if err != nil {
			return opts, fault.New(fault.Invalid, "%v", err)
		}
		opts.Goals = append(opts.Goals, goal)
	}
	if at := query.Get("at"); at != "" {
		if opts.At, err = time.Parse(time.RFC3339, at); err != nil {
			return opts, fault.New(fault.Invalid, "at %s: write an instant such as 2026-11-23T14:05:00Z", at)
		}
	}
	if effect := query.Get("effect"); effect != "" {
		opts.Effect, err = strconv.ParseFloat(effect, 64)
		if err != nil || !(opts.Effect > 0) {
			return opts, fault.New(fault.Invalid, "effect %s: write a relative lift such as 0.2", effect)
		}
	}
	return opts, nil
}
