package admin

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/segue-dev/segue/internal/fault"
	"github.com/segue-dev/segue/internal/httpapi/reply"
	"github.com/segue-dev/segue/internal/journey"
)

// A Traveller tells of the journeys of the visitors of the store.
type Traveller interface {
	// Journeys is journey.Run over all visitors.
	Journeys(ctx context.Context, opts journey.Options) (*journey.Report, error)
}

// journeysRequest is the body of POST /admin/v1/journeys.
type journeysRequest struct {
	journey.Query
	Goal json.RawMessage `json:"goal,omitempty"` // an event as text, or {"of": …, "where": …}
}

// journeys answers with a report of journeys. There is one at a time, and none
// beside a backtest.
func (a *api) journeys(c echo.Context) error {
	opts, err := decodeJourneys(c)
	if err != nil {
		return err
	}
	return a.long(c, func(ctx context.Context) (any, error) {
		report, err := a.Traveller.Journeys(ctx, opts)
		if errors.Is(err, context.DeadlineExceeded) {
			return nil, fault.Wrap(fault.Unavailable, err, "it took longer than %v; ask for shorter patterns, or use segue journeys", maxBacktest)
		}
		return report, err
	})
}

func decodeJourneys(c echo.Context) (journey.Options, error) {
	body, err := reply.Body(c)
	if err != nil {
		return journey.Options{}, err
	}
	var wire journeysRequest
	d := json.NewDecoder(bytes.NewReader(body))
	d.DisallowUnknownFields()
	if err := d.Decode(&wire); err != nil {
		return journey.Options{}, fault.Wrap(fault.Invalid, err, "body: %v; send {} or an object with any of goal, within, from, to, by, ignore, "+
			"repeats, steps, length, support, touch, lookback, halfLife and top", err)
	}
	if wire.Query.Goal, err = textOf(wire.Goal); err != nil {
		return journey.Options{}, fault.New(fault.Invalid, "goal: send an event as text, or {\"of\": …, \"where\": …}")
	}
	return wire.Options(time.Now())
}
