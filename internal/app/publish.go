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
	"github.com/segue-dev/segue/internal/measure"
	"github.com/segue-dev/segue/internal/resolve"
	"github.com/segue-dev/segue/internal/telemetry"
)

// lookEvery is how often the files of segments, experiences and content are
// looked at for edits.
const lookEvery = time.Second

// A publisher serves edited files and content as soon as they are good. While
// they are not, what was good before goes on being served, and log, metrics and
// /readyz say so.
type publisher struct {
	cfg       config.Config
	lists     idlist.Store
	resolver  *resolve.Resolver
	meter     *measure.Live
	metrics   *telemetry.Metrics
	log       *slog.Logger
	content   contentSource
	preview   contentSource   // nil = none
	changed   <-chan struct{} // receives when content has changed; nil = files only
	drafted   <-chan struct{} // the same for preview
	looking   sync.Mutex
	seen      string // files, lists and content when they were last read
	seenDraft string
	reporter  reporter
	broken    atomic.Pointer[error]
	published func(before, after *resolve.Site) // called when after is served; nil = nobody cares
	measured  func()                            // called when other metrics may be in force; nil = nobody cares
}

// watch looks at files and content until ctx ends.
func (p *publisher) watch(ctx context.Context) error {
	ticks := time.NewTicker(lookEvery)
	defer ticks.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-ticks.C:
		case <-p.changed:
		case <-p.drafted:
		}
		p.look(ctx)
	}
}

// look publishes files, lists and content if they have changed.
func (p *publisher) look(ctx context.Context) {
	p.looking.Lock()
	defer p.looking.Unlock()
	files := stateOf(ctx, p.cfg, p.lists)
	if now := files + p.content.state(); now != p.seen {
		p.seen = now
		p.publish(ctx)
	}
	if p.preview == nil {
		return
	}
	if now := files + p.preview.state(); now != p.seenDraft {
		p.seenDraft = now
		p.publishPreview(ctx)
	}
}

// publish serves what there is now, if it is good.
func (p *publisher) publish(ctx context.Context) {
	l, err := loadToServe(ctx, p.cfg, p.content, p.lists)
	p.metrics.Loaded(err == nil)
	if err != nil {
		p.broken.Store(&err)
		p.log.Error("what was edited has mistakes; what was published before is still served", "err", err)
		return
	}
	p.broken.Store(nil)
	before := p.resolver.Site()
	p.meter.Use(l.site.Measure)
	p.resolver.Publish(l.site)
	if p.measured != nil {
		p.measured()
	}
	if p.published != nil {
		p.published(before, l.site)
	}
	p.report(l)
}

// first returns what is served at the start, which must be good.
func (p *publisher) first(ctx context.Context) (*resolve.Site, error) {
	p.seen = stateOf(ctx, p.cfg, p.lists) + p.content.state()
	l, err := loadToServe(ctx, p.cfg, p.content, p.lists)
	if err != nil {
		return nil, err
	}
	p.metrics.Loaded(true)
	p.meter.Use(l.site.Measure)
	p.report(l)
	return l.site, nil
}

// report tells log and metrics what is served.
func (p *publisher) report(l *loaded) {
	findings := l.findings()
	p.metrics.Published(l.site.Segments.Len(), findings)
	p.reporter.report(p.log, p.cfg, l.site, findings)
}

// publishPreview does the same for previews. What is wrong there only the log
// says: editors are at work.
func (p *publisher) publishPreview(ctx context.Context) {
	l, err := loadToServe(ctx, p.cfg, p.preview, p.lists)
	if err != nil {
		p.log.Warn("the content of previews has mistakes; what was previewed before still is", "err", err)
		return
	}
	p.resolver.PublishPreview(l.site)
}

// check says that what was edited waits for its mistakes to be mended.
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
