package cli

import (
	"context"
	"fmt"
	"net"

	"github.com/segue-dev/segue/config"
	"github.com/segue-dev/segue/internal/app"
	"github.com/segue-dev/segue/internal/telemetry"
)

type serve struct {
	configured
}

// Run serves until ctx ends.
func (s serve) Run(ctx context.Context, env Env) error {
	cfg, err := s.load(env)
	if err != nil {
		return err
	}
	log := telemetry.NewLogger(env.Stderr, cfg.Level(), cfg.LogFormat)
	lns, err := listen(ctx, cfg)
	if err != nil {
		return err
	}
	log.Info("listening", "public", "http://"+lns.Public.Addr().String(), "admin", "http://"+lns.Admin.Addr().String())
	return app.Run(ctx, cfg, lns, log)
}

func listen(ctx context.Context, cfg config.Config) (app.Listeners, error) {
	var lc net.ListenConfig
	public, err := lc.Listen(ctx, "tcp", cfg.Listen)
	if err != nil {
		return app.Listeners{}, fmt.Errorf("listen: %w", err)
	}
	admin, err := lc.Listen(ctx, "tcp", cfg.Admin)
	if err != nil {
		_ = public.Close()
		return app.Listeners{}, fmt.Errorf("admin: %w", err)
	}
	return app.Listeners{Public: public, Admin: admin}, nil
}
