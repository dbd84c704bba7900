package app

import (
	"context"
	"log/slog"

	"golang.org/x/sync/errgroup"

	"github.com/segue-dev/segue/config"
	"github.com/segue-dev/segue/internal/contentful/mirror"
	"github.com/segue-dev/segue/internal/contentful/webhook"
	"github.com/segue-dev/segue/internal/httpapi"
	"github.com/segue-dev/segue/internal/httpapi/native"
	"github.com/segue-dev/segue/internal/httpapi/webhooks"
	"github.com/segue-dev/segue/internal/telemetry"
)

// A live space is the mirrors of one. The nil one is content that is a file.
type live struct {
	published *mirror.Mirror
	preview   *mirror.Mirror // nil = none
}

// openLive opens the mirrors of the space that cfg names, if it names one.
func openLive(cfg config.Config, log *slog.Logger, metrics *telemetry.Metrics) (*live, error) {
	if _, _, ok := cfg.LiveSpace(); !ok {
		return nil, nil
	}
	l := new(live)
	var err error
	if l.published, err = openMirror(cfg, false, log, metrics); err != nil || cfg.Contentful.PreviewToken == "" {
		return l, err
	}
	l.preview, err = openMirror(cfg, true, log, metrics)
	return l, err
}

func openMirror(cfg config.Config, preview bool, log *slog.Logger, metrics *telemetry.Metrics) (*mirror.Mirror, error) {
	name := "published"
	if preview {
		name = "preview"
	}
	figures := metrics.Mirror(name)
	o, err := mirrorOptions(cfg, preview, log.With("mirror", name), figures.Failed)
	if err != nil {
		return nil, err
	}
	o.Observer = observer{figures}
	return mirror.Open(o), nil
}

// An observer tells metrics what a mirror does.
type observer struct{ *telemetry.Mirror }

// Held implements mirror.Observer.
func (o observer) Held(s mirror.Status) {
	o.Mirror.Held(telemetry.Held{Entries: s.Entries, Assets: s.Assets, Pending: s.Pending, Refused: s.Refused, AsOf: s.AsOf})
}

// feed makes the mirrors what a publisher publishes.
func (l *live) feed(p *publisher) {
	if l == nil {
		return
	}
	p.content, p.changed = mirrored{l.published}, l.published.Changed()
	if l.preview != nil {
		p.preview, p.drafted = mirrored{l.preview}, l.preview.Changed()
	}
}

// run keeps the mirrors fresh until ctx ends.
func (l *live) run(ctx context.Context, group *errgroup.Group) {
	if l == nil {
		return
	}
	group.Go(func() error { return l.published.Run(ctx) })
	if l.preview != nil {
		group.Go(func() error { return l.preview.Run(ctx) })
	}
}

// parts are what may not be well: without content we cannot answer, with old
// content we can.
func (l *live) parts() []httpapi.Part {
	if l == nil {
		return nil
	}
	describe := func() string { return l.published.Status().Describe() }
	parts := []httpapi.Part{
		{Name: "content", Check: l.published.Check, Describe: describe},
		{Name: "contentful", Check: l.published.Fresh, Optional: true},
	}
	if l.preview != nil {
		parts = append(parts, httpapi.Part{
			Name: "preview", Check: l.preview.Fresh, Optional: true,
			Describe: func() string { return l.preview.Status().Describe() },
		})
	}
	return parts
}

// previews says who may ask for previews.
func (l *live) previews(cfg config.Config) native.Previews {
	switch {
	case l == nil:
		return native.Previews{Missing: "content must be contentful://SPACE/ENVIRONMENT, with contentful.previewToken and contentful.previewKey"}
	case l.preview == nil:
		return native.Previews{Missing: "set contentful.previewToken and contentful.previewKey"}
	case cfg.Contentful.PreviewKey == "":
		return native.Previews{Missing: "set contentful.previewKey"}
	default:
		return native.Previews{Key: cfg.Contentful.PreviewKey.Reveal()}
	}
}

// receiver takes the webhooks of the space.
func (l *live) receiver(cfg config.Config, log *slog.Logger, metrics *telemetry.Metrics) (webhooks.Receiver, error) {
	if l == nil {
		return nil, nil
	}
	opts := webhook.Options{Unsigned: cfg.Development(), Observer: metrics}
	for _, s := range cfg.Contentful.WebhookSecrets {
		opts.Secrets = append(opts.Secrets, s.Reveal())
	}
	if len(opts.Secrets) == 0 && opts.Unsigned {
		log.Warn("contentful.webhookSecrets is empty: webhooks are believed without a signature, from whoever reaches the public listener, until Contentful contradicts them")
	}
	mirrors := []webhook.Mirror{hooked{l.published}}
	if l.preview != nil {
		mirrors = append(mirrors, hooked{l.preview})
	}
	return webhook.New(opts, mirrors...)
}

// hooked is a mirror that webhooks are applied to.
type hooked struct{ *mirror.Mirror }

// Apply implements webhook.Mirror.
func (h hooked) Apply(topic string, body []byte) (string, error) {
	outcome, err := h.Mirror.Apply(topic, body)
	return string(outcome), err
}
