package app

import (
	"errors"
	"fmt"

	"github.com/segue-dev/segue/config"
	"github.com/segue-dev/segue/internal/httpapi/caller"
	"github.com/segue-dev/segue/internal/httpapi/edge"
)

// callers returns what is needed to know who calls, and how proxies are
// answered.
func callers(cfg config.Config, observer edge.Observer) (*caller.Reader, edge.Options, error) {
	opts := edge.Options{Budget: cfg.Edge.Budget, Observer: observer}
	var errs []error
	for _, text := range cfg.Edge.Pages {
		rule, err := edge.ParseRule(text)
		if err != nil {
			errs = append(errs, fmt.Errorf("edge.pages: %w", err))
		}
		opts.Pages = append(opts.Pages, rule)
	}
	return caller.New(caller.Options{Cookies: cfg.Identity.Cookies, Domain: cfg.Identity.Domain}), opts, errors.Join(errs...)
}
