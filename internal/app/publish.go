package app

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/segue-dev/segue/config"
	"github.com/segue-dev/segue/internal/idlist"
	"github.com/segue-dev/segue/internal/resolve"
	"github.com/segue-dev/segue/internal/telemetry"
)

// lookEvery is how often the files of segments, experiences and content are
// looked at for edits.
const lookEvery = time.Second

// A publisher serves edited files as soon as they are good. While they are not,
// what was good before goes on being served, and log, metrics and /readyz say
// so.
type publisher struct {
	cfg      config.Config
	lists    idlist.Store
	resolver *resolve.Resolver
	metrics  *telemetry.Metrics
	log      *slog.Logger
	looking  sync.Mutex
	seen     string // the files and lists when they were last read
	broken   atomic.Pointer[error]
}

// watch looks at the files until ctx ends.
func (p *publisher) watch(ctx context.Context) error {
	ticks := time.NewTicker(lookEvery)
	defer ticks.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-ticks.C:
			p.look(ctx)
		}
	}
}

// look publishes the files and lists if they have changed.
func (p *publisher) look(ctx context.Context) {
	p.looking.Lock()
	defer p.looking.Unlock()
	now := stateOf(ctx, p.cfg, p.lists)
	if now == p.seen {
		return
	}
	p.seen = now
	site, findings, err := loadToServe(ctx, p.cfg, p.lists)
	p.metrics.Loaded(err == nil)
	if err != nil {
		p.broken.Store(&err)
		p.log.Error("edited files have mistakes; what was published before is still served", "err", err)
		return
	}
	p.broken.Store(nil)
	p.resolver.Publish(site)
	p.metrics.Published(site.Segments.Len(), findings)
	report(p.log, p.cfg, site, findings)
}

// check says that edited files wait for their mistakes to be mended.
func (p *publisher) check(context.Context) error {
	if err := p.broken.Load(); err != nil {
		return *err
	}
	return nil
}

// stateOf is different whenever a file that is published has been edited, came
// or went, and whenever a list was uploaded or deleted.
func stateOf(ctx context.Context, cfg config.Config, lists idlist.Store) string {
	var state strings.Builder
	versions, err := lists.ListVersions(ctx)
	fmt.Fprintln(&state, versions, err)
	files, err := cfg.Files()
	if err != nil {
		return state.String() + err.Error()
	}
	for _, file := range files {
		info, err := os.Stat(file)
		if err != nil {
			fmt.Fprintf(&state, "%s %v\n", file, err)
			continue
		}
		fmt.Fprintf(&state, "%s %d %d\n", file, info.Size(), info.ModTime().UnixNano())
	}
	return state.String()
}
