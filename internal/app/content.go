package app

import (
	"context"
	"fmt"
	"log/slog"
	"strconv"
	"time"

	"github.com/segue-dev/segue/config"
	"github.com/segue-dev/segue/internal/content"
	"github.com/segue-dev/segue/internal/contentful"
	"github.com/segue-dev/segue/internal/contentful/mirror"
	"github.com/segue-dev/segue/internal/contentful/space"
)

// A contentSource is where content comes from.
type contentSource interface {
	// snapshot returns the content as it is now. The error is a
	// fault.Unavailable if there is none yet.
	snapshot() (*content.Snapshot, error)
	// doubts are about what could not become part of it.
	doubts() []content.Finding
	// state is different whenever the content is, unless a file says so.
	state() string
}

// An exported source is a file; "" is content without entries.
type exported string

func (e exported) snapshot() (*content.Snapshot, error) {
	if e == "" {
		return emptyContent()
	}
	s, err := space.LoadExportFile(string(e))
	if err != nil {
		return nil, fmt.Errorf("content: %w", err)
	}
	return s, nil
}

func (exported) doubts() []content.Finding { return nil }
func (exported) state() string             { return "" }

// A mirrored source is a live space.
type mirrored struct{ *mirror.Mirror }

func (m mirrored) snapshot() (*content.Snapshot, error) {
	if err := m.Check(context.Background()); err != nil {
		return nil, fmt.Errorf("content: %w", err)
	}
	return m.Content(), nil
}

func (m mirrored) doubts() []content.Finding { return m.Findings() }

func (m mirrored) state() string {
	s := m.Status()
	return s.Revision + " " + strconv.Itoa(s.Refused)
}

// emptyContent is content without entries.
func emptyContent() (*content.Snapshot, error) {
	var b content.Builder
	if err := b.AddLocale(content.Locale{Code: "en-US", Default: true}); err != nil {
		return nil, fmt.Errorf("content: %w", err)
	}
	return b.Build()
}

// lookPatience is how long a command waits for a live space.
const lookPatience = 2 * time.Minute

// sourceOnce returns the source of a command, which looks once.
func sourceOnce(cfg config.Config) contentSource {
	if _, _, live := cfg.LiveSpace(); !live {
		return fileSource(cfg)
	}
	opts, err := mirrorOptions(cfg, false, slog.New(slog.DiscardHandler), nil)
	if err != nil {
		return absent{err}
	}
	ctx, cancel := context.WithTimeout(context.Background(), lookPatience)
	defer cancel()
	m, err := mirror.Look(ctx, opts)
	if err != nil {
		return absent{fmt.Errorf("content: %w", err)}
	}
	return looked{mirrored{m}}
}

// An absent source has no content, for a reason.
type absent struct{ error }

func (a absent) snapshot() (*content.Snapshot, error) { return nil, a.error }
func (absent) doubts() []content.Finding              { return nil }
func (absent) state() string                          { return "" }

// A looked source was looked at once.
type looked struct{ mirrored }

// doubts adds that the content may not be the latest.
func (l looked) doubts() []content.Finding {
	all := l.mirrored.doubts()
	if s := l.Status(); s.Err != nil {
		all = append(all, content.Finding{Message: fmt.Sprintf(
			"Contentful does not answer (%s): this is the copy on disk, as of %s", contentful.Reason(s.Err), s.AsOf.UTC().Format(time.RFC3339),
		)})
	}
	return all
}

// fileSource returns the source of content that is a file, or none.
func fileSource(cfg config.Config) contentSource {
	_, file := config.Scheme(cfg.Content)
	return exported(file)
}

// mirrorOptions returns how a live space is mirrored: what is published, or
// what editors see.
func mirrorOptions(cfg config.Config, preview bool, log *slog.Logger, api contentful.Observer) (mirror.Options, error) {
	c := cfg.Contentful
	id, environment, _ := cfg.LiveSpace()
	o := mirror.Options{Space: id, Environment: environment, Preview: preview, Poll: c.Poll, Dir: c.Cache, Log: log}
	client := contentful.Options{
		Space: id, Environment: environment, Region: c.Region, BaseURL: c.DeliveryURL,
		UserAgent: "app segue", Observer: api, Retry: contentful.Retry{Attempts: apiAttempts, MaxWait: apiWait},
	}
	var err error
	if preview {
		o.Poll, client.BaseURL = c.PreviewPoll, c.PreviewURL
		o.API, err = contentful.NewCPA(c.PreviewToken.Reveal(), client)
	} else {
		o.API, err = contentful.NewCDA(c.DeliveryToken.Reveal(), client)
	}
	if err != nil {
		return o, fmt.Errorf("contentful: %w", err)
	}
	return o, nil
}

// A mirror tries again by itself, so that its client need not for long.
const (
	apiAttempts = 3
	apiWait     = 10 * time.Second
)

// ready returns a source that has content: without entries as long as the given
// one has none yet, and then missing says why.
func ready(source contentSource) (s contentSource, missing error) {
	if m, live := source.(mirrored); live {
		missing = m.Check(context.Background())
	}
	if missing != nil {
		return exported(""), missing
	}
	return source, nil
}
