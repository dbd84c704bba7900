package httpapi

import (
	"context"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"
)

// A Part is something that may not be well.
type Part struct {
	Name     string
	Check    func(context.Context) error // nil = well
	Optional bool                        // we can answer without it
	Describe func() string               // says how it is, for everybody to see; nil = there is no more to say
}

// partPatience is how long /readyz waits for a part.
const partPatience = 2 * time.Second

// health is the answer of the probes.
type health struct {
	Status string            `json:"status"`          // ok, degraded, leaving or failing
	Parts  map[string]string `json:"parts,omitempty"` // ok, or what is wrong; with ?verbose
}

func (s *Server) mountHealth() {
	s.get("/livez", func(c echo.Context) error {
		return probed(c, http.StatusOK, health{Status: "ok"})
	})
	s.get("/readyz", s.readyz)
}

// readyz answers 200 while all parts that we need are well and the server is not
// about to stop, else 503.
func (s *Server) readyz(c echo.Context) error {
	h, status := health{Status: "ok", Parts: map[string]string{}}, http.StatusOK
	for _, part := range s.parts {
		state := "ok"
		if err := check(c.Request().Context(), part); err != nil {
			s.log.WarnContext(c.Request().Context(), "a part is not well", "part", part.Name, "err", err)
			state = "failing"
			if !part.Optional {
				h.Status, status = "failing", http.StatusServiceUnavailable
			} else if h.Status == "ok" {
				h.Status = "degraded"
			}
		}
		h.Parts[part.Name] = described(state, part)
	}
	if s.leaving.Load() {
		h.Status, status = "leaving", http.StatusServiceUnavailable
	}
	if !c.QueryParams().Has("verbose") {
		h.Parts = nil
	}
	return probed(c, status, h)
}

// described returns the state of a part with what it says of itself.
func described(state string, part Part) string {
	if part.Describe == nil {
		return state
	}
	return state + ": " + part.Describe()
}

func check(ctx context.Context, part Part) error {
	ctx, cancel := context.WithTimeout(ctx, partPatience)
	defer cancel()
	return part.Check(ctx)
}

func probed(c echo.Context, status int, h health) error {
	c.Response().Header().Set(echo.HeaderCacheControl, "no-store")
	return c.JSON(status, h)
}
