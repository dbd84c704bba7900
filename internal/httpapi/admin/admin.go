// Package admin is the API for operators and growth people, on the admin
// listener: backtests of rules, journeys of visitors, the audit of the data, lists
// of visitors' ids, and the permutations of pages that are asked for.
//
// The rule it upholds: what takes long is bounded in time and in number, so
// that asking about the past never harms answering in the present.
package admin

import (
	"context"

	"github.com/labstack/echo/v4"

	"github.com/segue-dev/segue/internal/audit"
	"github.com/segue-dev/segue/internal/backtest"
	"github.com/segue-dev/segue/internal/idlist"
	"github.com/segue-dev/segue/internal/permutation"
	"github.com/segue-dev/segue/internal/segment/syntax"
)

// A Backtester replays the history of the store.
type Backtester interface {
	// Backtest is backtest.Run of candidates over all visitors. A mistake in
	// the candidates is an error with its place; fault.NotFound says that there
	// is no segment against.
	Backtest(ctx context.Context, candidates []syntax.Definition, against string, opts backtest.Options) (*backtest.Report, error)
}

// An Auditor audits the visitors of the store.
type Auditor interface {
	// Audit is audit.Run over all visitors, with the rules that are served. Of
	// the options only At, Goals and Effect are the caller's.
	Audit(ctx context.Context, opts audit.Options) (*audit.Report, error)
	// Drift is audit.Drift of all visitors, with the rules and the content that
	// are served. Of the options only At and Goals are the caller's.
	Drift(ctx context.Context, opts audit.Options) (*audit.Report, error)
}

// Parts are what the routes work on.
type Parts struct {
	Backtester Backtester
	Auditor    Auditor
	Traveller  Traveller
	Lists      idlist.Store
	Recounter  Recounter
	Researcher Researcher
	// Permutations are those of pages that were answered lately.
	Permutations *permutation.Registry
	// Changed is called when a list has changed, and returns when what is
	// served knows it.
	Changed func(ctx context.Context)
}

// Mount adds the routes to e. GET routes answer HEAD as well, but for those of
// audits.
func Mount(e *echo.Echo, p Parts) {
	a := &api{Parts: p, working: make(chan struct{}, 1), auditing: make(chan struct{}, 1)}
	get := []string{"GET", "HEAD"}
	e.POST("/admin/v1/backtest", a.backtest)
	e.POST("/admin/v1/journeys", a.journeys)
	e.GET("/admin/v1/audit", func(c echo.Context) error { return a.audit(c, a.Auditor.Audit) })
	e.GET("/admin/v1/drift", func(c echo.Context) error { return a.audit(c, a.Auditor.Drift) })
	e.Match(get, "/admin/v1/lists", a.lists)
	e.PUT("/admin/v1/lists/:key", a.putList)
	e.DELETE("/admin/v1/lists/:key", a.deleteList)
	e.Match(get, "/admin/v1/permutations", a.permutations)
	e.POST("/admin/v1/recount", a.recount)
	e.Match(get, "/admin/v1/results", a.results)
}

type api struct {
	Parts
	working  chan struct{} // holds one while a backtest or a report of journeys is under way
	auditing chan struct{} // likewise of an audit
}
