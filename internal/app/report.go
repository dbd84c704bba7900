package app

import (
	"log/slog"

	"github.com/segue-dev/segue/config"
	"github.com/segue-dev/segue/internal/content"
	"github.com/segue-dev/segue/internal/resolve"
)

// A reporter logs what is served and what is doubtful about it, each doubt once
// as long as it stands.
type reporter struct {
	rules string // the revision whose segments were looked at
	known map[content.Finding]bool
}

// maxReported bounds the findings that are logged at once.
const maxReported = 100

// report logs what is new about a site.
func (r *reporter) report(log *slog.Logger, cfg config.Config, site *resolve.Site, findings []content.Finding) {
	if rules := site.Segments.Revision(); rules != r.rules {
		r.rules = rules
		doubts(log, cfg, site)
	}
	known := make(map[content.Finding]bool, len(findings))
	news := 0
	for _, f := range findings {
		known[f] = true
		if r.known[f] {
			continue
		}
		if news++; news <= maxReported {
			log.Warn("content finding", "entry", f.Entry, "field", f.Field, "message", f.Message)
		}
	}
	if news > maxReported {
		log.Warn("there are more content findings: segue validate shows all", "more", news-maxReported)
	}
	r.known = known
	log.Info("publishing", "segments", site.Segments.Len(), "experiences", len(site.Experiences.All()),
		"slots", len(site.Experiences.Slots()), "rules", site.Segments.Revision(),
		"content", site.Content.Revision(), "findings", len(findings))
}
