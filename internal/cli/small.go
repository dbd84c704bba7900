package cli

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/segue-dev/segue/internal/app"
	"github.com/segue-dev/segue/internal/httpapi"
)

type version struct {
	output
}

type versionReport struct {
	Version  string `json:"version"`
	Revision string `json:"revision"`
	Go       string `json:"go"`
}

// Run prints the versions.
func (v version) Run(env Env) error {
	b := app.BuildOf()
	return v.print(env.Stdout, versionReport{b.Version, b.Revision, b.Go})
}

func (r versionReport) items() []any { return []any{r} }

func (r versionReport) table(b *strings.Builder) {
	fmt.Fprintf(b, "version\t%s\nrevision\t%s\ngo\t%s\n", r.Version, cmp.Or(r.Revision, "unknown"), r.Go)
}

type openapi struct{}

// Run prints the description of the API.
func (openapi) Run(env Env) error {
	_, err := env.Stdout.Write(httpapi.OpenAPI)
	return err
}

type healthcheck struct {
	configured
	URL     string        `help:"Base address to ask; default: that of the configuration." placeholder:"URL"`
	Timeout time.Duration `help:"How long to wait for the answer." default:"3s"`
}

// Run fails unless a running Segue says that it is ready.
func (h healthcheck) Run(ctx context.Context, env Env) error {
	url := h.URL
	if url == "" {
		cfg, err := h.load(env)
		if err != nil {
			return err
		}
		url = "http://" + cfg.Listen
	}
	ctx, cancel := context.WithTimeout(ctx, h.Timeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url+"/readyz", http.NoBody)
	if err != nil {
		return fmt.Errorf("healthcheck: %w", err)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return fmt.Errorf("not ready: %w", err)
	}
	_ = res.Body.Close() // only the status counts
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("not ready: %s answers %s", url, res.Status)
	}
	_, err = fmt.Fprintln(env.Stdout, "ready")
	return err
}
