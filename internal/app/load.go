package app

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/segue-dev/segue/config"
	"github.com/segue-dev/segue/internal/content"
	"github.com/segue-dev/segue/internal/contentful/space"
	"github.com/segue-dev/segue/internal/experience"
	"github.com/segue-dev/segue/internal/fault"
	"github.com/segue-dev/segue/internal/idlist"
	"github.com/segue-dev/segue/internal/resolve"
	"github.com/segue-dev/segue/internal/segment"
	"github.com/segue-dev/segue/internal/segment/syntax"
)

// Load reads all that is to be published: content, segments and experiences.
// The findings are what is doubtful about it, in a stable order; an error is
// what keeps it from being served, all mistakes at once. A live space is looked
// at once.
//
// An audience of the content whose id is a configured segment's key is that
// segment; the other audiences are segments of their own.
//
// Without a store nothing is on a list; LoadWith knows the lists of one.
func Load(cfg config.Config) (*resolve.Site, []content.Finding, error) {
	return lookOnce(cfg, nil)
}

// LoadWith is Load with the lists that a store keeps.
func LoadWith(ctx context.Context, cfg config.Config, store idlist.Store) (*resolve.Site, []content.Finding, error) {
	return lookOnce(cfg, Lists(ctx, store))
}

func lookOnce(cfg config.Config, lists func(key string) (segment.List, error)) (*resolve.Site, []content.Finding, error) {
	l, err := load(cfg, sourceOnce(cfg), lists)
	if err != nil {
		return nil, nil, err
	}
	return l.site, l.findings(), nil
}

// A loaded site is what can be published. Its findings take longer than the
// site itself, which may be served before they are asked for.
type loaded struct {
	site     *resolve.Site
	findings func() []content.Finding
}

// loadToServe loads what is to be served: it also runs the examples of the
// segments, and one that fails is a mistake. Where an edit of content may be why
// it fails, it is a finding only, since it must not keep the content from being
// served. Content that is not there yet does not keep the rest waiting.
func loadToServe(ctx context.Context, cfg config.Config, source contentSource, store idlist.Store) (*loaded, error) {
	source, missing := ready(source)
	l, err := load(cfg, source, Lists(ctx, store))
	if err != nil {
		return nil, err
	}
	l.site.Missing = missing
	var mistakes []error
	var doubts []content.Finding
	for _, f := range l.site.Segments.RunExamples() {
		if f.OfContent {
			doubts = append(doubts, content.Finding{Message: f.Error()})
		} else {
			mistakes = append(mistakes, f)
		}
	}
	findings := l.findings
	l.findings = func() []content.Finding { return append(findings(), doubts...) }
	return l, errors.Join(mistakes...)
}

// Lists returns the lists of a store as rules want them.
func Lists(ctx context.Context, store idlist.Store) func(key string) (segment.List, error) {
	return func(key string) (segment.List, error) {
		l, err := store.List(ctx, key)
		switch {
		case fault.KindOf(err) == fault.NotFound:
			return nil, nil
		case err != nil:
			return nil, err
		default:
			return l, nil
		}
	}
}

func load(cfg config.Config, source contentSource, lists func(key string) (segment.List, error)) (*loaded, error) {
	definitions, segmentsErr := config.Segments(cfg.Segments)
	filed, filedOrder, experiencesErr := config.Experiences(cfg.Experiences)
	snapshot, contentErr := source.snapshot()
	if err := errors.Join(segmentsErr, experiencesErr, contentErr); err != nil {
		return nil, err
	}
	configured := map[string]bool{}
	for _, d := range definitions {
		configured[d.Key] = true
	}
	editors := space.LoadPersonalization(snapshot, func(key string) bool { return configured[key] })
	set, segmentsErr := compile(definitions, &editors, SegmentOptions(cfg, snapshot, lists))
	catalog, catalogErr := catalogOf(&editors, filed, filedOrder)
	if err := errors.Join(segmentsErr, catalogErr); err != nil {
		return nil, err
	}
	site := resolve.NewSite(snapshot, set, catalog)
	if err := measureIn(cfg, site, definitions, lists); err != nil {
		return nil, err
	}
	site.Refused, site.LeftOut = editors.Refused, editors.LeftOut
	doubts := source.doubts()
	return &loaded{site, func() []content.Finding {
		return slices.Concat(doubts, snapshot.Findings(), editors.Findings, doubtsOf(catalog, set), missingIn(set, lists != nil))
	}}, nil
}

// doubtsOf are the experiences that will not do what their editors expect.
func doubtsOf(catalog *experience.Catalog, set *segment.Set) []content.Finding {
	var findings []content.Finding
	for _, e := range catalog.All() {
		doubt := func(format string, args ...any) {
			findings = append(findings, content.Finding{
				Entry: e.Entry, Message: fmt.Sprintf("experience %s: ", e.ID) + fmt.Sprintf(format, args...),
			})
		}
		if doubtful := audienceDoubt(e.Audience, set); doubtful != "" {
			doubt("%s", doubtful)
		}
	}
	return findings
}

// missingIn are the things outside that rules rest on and that are not there;
// lists among them only if it is known which there are.
func missingIn(set *segment.Set, lists bool) []content.Finding {
	var findings []content.Finding
	for _, m := range set.Missing() {
		if lists || m.What != "list" {
			findings = append(findings, content.Finding{Message: m.String()})
		}
	}
	return findings
}

// audienceDoubt says why nobody is ever in an audience; "" if somebody may be.
func audienceDoubt(key string, set *segment.Set) string {
	if key == "" {
		return ""
	}
	i, ok := set.Index(key)
	switch {
	case !ok:
		return fmt.Sprintf("there is no active segment %q; there are %s", key, strings.Join(keys(set), ", "))
	case set.Definition(i).Status == syntax.Draft:
		return fmt.Sprintf("segment %q is a draft: nobody sees it", key)
	default:
		return ""
	}
}

// SegmentKeys returns the keys of a site's segments in order of priority,
// drafts included.
func SegmentKeys(site *resolve.Site) []string { return keys(site.Segments) }

func keys(set *segment.Set) []string {
	keys := make([]string, set.Len())
	for i := range keys {
		keys[i] = set.Key(i)
	}
	return keys
}
