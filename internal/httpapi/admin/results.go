package admin

import (
	"context"
	"net/http"
	"strconv"

	"github.com/labstack/echo/v4"

	"github.com/segue-dev/segue/internal/fault"
	"github.com/segue-dev/segue/internal/results"
)

// A Researcher reports what personalization does.
type Researcher interface {
	// Results is results.Of all that has been counted. A mistake in the query is
	// an error with its name.
	Results(ctx context.Context, q results.Query) (*results.Report, error)
}

// results answers with what has been measured, as the query asks.
func (a *api) results(c echo.Context) error {
	q := results.Query{
		Experiences: c.QueryParams()["experience"], Metric: c.QueryParam("metric"), Segment: c.QueryParam("segment"),
		From: c.QueryParam("from"), Readout: c.QueryParam("readout"), Days: c.QueryParam("days") == "true",
	}
	if cost := c.QueryParam("costPerHour"); cost != "" {
		var err error
		if q.CostPerHour, err = strconv.ParseFloat(cost, 64); err != nil {
			return fault.New(fault.Invalid, "costPerHour %s: write what an hour costs, such as 80", cost)
		}
	}
	report, err := a.Researcher.Results(c.Request().Context(), q)
	if err != nil {
		return err
	}
	c.Response().Header().Set(echo.HeaderCacheControl, "no-store")
	return c.JSON(http.StatusOK, report)
}
