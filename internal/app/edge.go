package app

import (
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"

	"github.com/segue-dev/segue/config"
	"github.com/segue-dev/segue/internal/httpapi"
	"github.com/segue-dev/segue/internal/httpapi/caller"
	"github.com/segue-dev/segue/internal/httpapi/edge"
	"github.com/segue-dev/segue/internal/httpapi/geo"
	"github.com/segue-dev/segue/internal/httpapi/snapshot"
	"github.com/segue-dev/segue/internal/signal"
	"github.com/segue-dev/segue/internal/telemetry"
)

// atTheEdge adds to opts what is needed to know who calls, and to answer proxies.
func atTheEdge(cfg config.Config, linker caller.Linker, locator *geo.Finder, metrics *telemetry.Metrics, opts *httpapi.Options) error {
	var errs []error
	opts.Origins = cfg.Identity.Origins
	opts.Callers = caller.New(caller.Options{
		Cookies: cfg.Identity.Cookies, Domain: cfg.Identity.Domain, GPC: cfg.Consent.GPC, DNT: cfg.Consent.DNT, Linker: linker, Observer: metrics,
		Where: func(r *http.Request) signal.Props { return locator.Locate(r, "").Props("location.") },
	})
	opts.Edge = edge.Options{Budget: cfg.Edge.Budget, Observer: metrics}
	for _, text := range cfg.Edge.Pages {
		rule, err := edge.ParseRule(text)
		if err != nil {
			errs = append(errs, fmt.Errorf("edge.pages: %w", err))
		}
		opts.Edge.Pages = append(opts.Edge.Pages, rule)
	}
	ring, err := ringOf(cfg)
	if err != nil {
		errs = append(errs, fmt.Errorf("snapshot.keys: %w", err))
	}
	if opts.Keys, err = ring.JWKS(); err != nil {
		errs = append(errs, err)
	}
	if ring != nil {
		opts.Snapshots = snapshot.NewCookies(snapshot.Options{
			Ring: ring, Life: cfg.Snapshot.Life, Callers: opts.Callers, Observer: metrics,
		})
	}
	return errors.Join(errs...)
}

// ringOf returns the keys that snapshots are signed with; nil if none are made.
func ringOf(cfg config.Config) (*snapshot.Ring, error) {
	var secrets []string
	for _, s := range cfg.Snapshot.Keys {
		secrets = append(secrets, s.Reveal())
	}
	if cfg.Snapshot.Life == 0 || len(secrets) == 0 && !cfg.Development() {
		return nil, nil
	}
	if len(secrets) == 0 {
		secret, err := secretBeside(cfg.Store)
		if err != nil {
			return nil, err
		}
		secrets = append(secrets, secret)
	}
	return snapshot.NewRing(cfg.Snapshot.Algorithm, secrets)
}

// secretBeside returns the secret that is kept in the directory of a store, and
// makes one if there is none. A store without a directory forgets it.
func secretBeside(store string) (string, error) {
	scheme, dir := config.Scheme(store)
	if scheme != "pebble" {
		return snapshot.NewSecret(), nil
	}
	path := filepath.Join(dir, "snapshot.key")
	src, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		secret := snapshot.NewSecret()
		return secret, os.WriteFile(path, []byte(secret+"\n"), 0o600)
	}
	return strings.TrimSpace(string(src)), err
}
