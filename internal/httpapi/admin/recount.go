package admin

import (
	"context"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/segue-dev/segue/internal/measure"
)

// maxRecount is how long one recount may take.
const maxRecount = 30 * time.Minute

// A Recounter measures all visitors of the store anew.
type Recounter interface {
	// Recount is measure.Refold by the metrics in force. It waits for one that is
	// under way.
	Recount(ctx context.Context) (measure.Recounted, error)
}

// recount answers when all visitors have been measured by the metrics in force.
func (a *api) recount(c echo.Context) error {
	if err := allow(c, maxRecount); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(c.Request().Context(), maxRecount)
	defer cancel()
	done, err := a.Recounter.Recount(ctx)
	if err != nil {
		return err
	}
	c.Response().Header().Set(echo.HeaderCacheControl, "no-store")
	return c.JSON(http.StatusOK, done)
}
