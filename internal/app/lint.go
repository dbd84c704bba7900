package app

import (
	"log/slog"

	"github.com/segue-dev/segue/config"
	"github.com/segue-dev/segue/internal/lint"
	"github.com/segue-dev/segue/internal/resolve"
	"github.com/segue-dev/segue/internal/segment/syntax"
)

// LintInput returns what there is to look at for doubts about segments; seen
// may be nil.
func LintInput(cfg config.Config, site *resolve.Site, goals []syntax.Event, seen *lint.Seen) lint.Input {
	return lint.Input{
		Segments: site.Segments, Experiences: site.Experiences, Content: site.Content,
		Retention: cfg.Retention, Permutations: cfg.Pages.Permutations, Goals: goals, Seen: seen,
	}
}

// doubts logs what is doubtful about the segments of a site, advice left out.
func doubts(log *slog.Logger, cfg config.Config, site *resolve.Site) {
	for _, f := range lint.Check(LintInput(cfg, site, nil, nil)) {
		if f.Severity != lint.Advice && f.Allowed == "" {
			log.Warn("segment finding", "code", f.Code, "segment", f.Segment, "place", f.Pos.String(), "message", f.Message)
		}
	}
}
