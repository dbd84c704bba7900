// Package resolve is the main job: take a visitor's latest signals, find the
// segments they are in now, decide every slot, and compose the page.
//
// It holds the order of the steps and none of the rules: those are in packages
// segment, decision and content.
package resolve

import (
	"cmp"
	"context"
	"strings"
	"sync/atomic"
	"time"

	"github.com/segue-dev/segue/internal/content"
	"github.com/segue-dev/segue/internal/decision"
	"github.com/segue-dev/segue/internal/fault"
	"github.com/segue-dev/segue/internal/ingest"
	"github.com/segue-dev/segue/internal/permutation"
	"github.com/segue-dev/segue/internal/segment"
	"github.com/segue-dev/segue/internal/signal"
	"github.com/segue-dev/segue/internal/visitor"
)

// A Request asks what a visitor should see.
type Request struct {
	AnonymousID string
	UserID      string           // names the visitor if there is no anonymous id
	Messages    []signal.Message // taken in first, so that the answer reflects them; ids they leave out are the request's
	Context     signal.Props     // what the request says of itself; never stored
	UserAgent   string           // of the visitor's browser: fills in device, browser and os of Context
	Page        string           // entry id or "contentType:slug"; "" = the decision alone
	Locale      string           // "" = the content's default
	At          time.Time        // the instant to answer for; zero = now
	Navigation  string           // id of the page view: without At, all its calls are answered for the instant of the first; "" = none
	Explain     bool             // explain every segment
	Preview     bool             // answer from what editors see; nothing is stored
	Dry         bool             // answer as if Messages had been taken in; nothing is stored
	Record      bool             // return the visitor's record and sessions as well
	Uncomposed  bool             // of the page decide the slots, but do not compose it
	Memberships bool             // the answer holds until Segments differ, too
}

// An Answer is what a visitor should see, and why, and for how long. Answers
// share what they hold: it must not be changed.
type Answer struct {
	Visitor    string
	Segments   []string // keys, highest priority first; the first is the current micro-segment
	Decision   decision.Decision
	Key        string            // of the slot choices of the page, or of the whole content
	At         time.Time         // the instant the answer is for
	ValidUntil time.Time         // when the slots or variables, and if asked for the segments, differ without new signals; zero = never
	Truncated  bool              // some rule looked back beyond what the record holds
	Saturated  bool              // some rule met more distinct values than it tells apart
	Page       []byte            // the composed page as JSON, merge tags filled in; nil if none was asked for
	Unresolved []string          // ids of links in the page that lead nowhere
	MergeTags  map[string]string // the values of the page's merge tags, by tag id; those without a value are absent
	Revision   Revision
	Receipt    ingest.Receipt   // of the request's signals, without Records
	Record     *visitor.Record  // of the visitor, with the request's signals, if it was asked for
	Sessions   segment.Sessions // those of Record
	Explain    []*segment.Explanation
	Site       *Site  // what it was answered from
	PageID     string // entry id of the page; "" if none was asked for
	Timing     Timing // where the time of this answer went
}

// A Revision names the rules and the content an answer was made with.
type Revision struct {
	Rules   string
	Content string
}

// Options are the settings of a Resolver.
type Options struct {
	Now        func() time.Time // nil = time.Now
	CacheBytes int64            // for visitors prepared for evaluation; 0 = 64 MiB
	Observer   Observer         // nil = none
	// Permutations is told of every answer for a page; nil = one of its own.
	Permutations *permutation.Registry
}

// An Observer is told what was decided, for metrics. It must not block, and
// must not keep the Answer.
type Observer interface {
	Resolved(a *Answer, t Timing)
}

// A Timing says where the time of an answer went.
type Timing struct {
	Ingest, Evaluate, Decide, Compose time.Duration
}

// A Resolver answers for visitors. It is safe for concurrent use.
type Resolver struct {
	store    visitor.Store
	ingest   *ingest.Ingester
	now      func() time.Time
	observer Observer
	site     atomic.Pointer[Site]
	preview  atomic.Pointer[Site] // nil = there is none
	memories *memories
	views    navigations
	answered *permutation.Registry
}

// New returns a Resolver that serves site.
func New(store visitor.Store, in *ingest.Ingester, site *Site, opts Options) *Resolver {
	if opts.Now == nil {
		opts.Now = time.Now
	}
	if opts.Permutations == nil {
		opts.Permutations = permutation.New(permutation.Options{})
	}
	r := &Resolver{
		store: store, ingest: in, now: opts.Now, observer: opts.Observer,
		memories: newMemories(opts.CacheBytes), views: newNavigations(), answered: opts.Permutations,
	}
	r.site.Store(site)
	return r
}

// Publish makes site the one that is served from now on. Answers under way
// finish with the one they began with.
func (r *Resolver) Publish(site *Site) { r.site.Store(site) }

// PublishPreview makes site the one that previews are answered from.
func (r *Resolver) PublishPreview(site *Site) { r.preview.Store(site) }

// Site returns what is being served.
func (r *Resolver) Site() *Site { return r.site.Load() }

// Resolve answers a request. The error is a fault.Invalid for a request that
// cannot be understood, a fault.NotFound for an unknown page, and a
// fault.Unavailable when the store cannot answer; the signals of the request
// are durable whenever Resolve returns an answer. A bad page or locale is
// found out before anything is stored.
func (r *Resolver) Resolve(ctx context.Context, req Request) (*Answer, error) {
	site, err := r.siteOf(req)
	if err != nil {
		return nil, err
	}
	id, err := visitorID(req)
	if err != nil {
		return nil, err
	}
	p, err := site.plan(req.Page, req.Locale)
	if err != nil {
		return nil, err
	}
	watch := stopwatch{last: time.Since(started)}
	known, receipt, err := r.remember(ctx, site.Segments, id, req)
	if err != nil {
		return nil, err
	}
	watch.lap(&watch.Ingest)

	q := question{site: site, plan: p, memory: known, visitor: id, props: req.Context, agent: req.UserAgent, memberships: req.Memberships}
	q.at = r.instantOf(req, id, known.lastSeen)
	a := &Answer{Visitor: id, Receipt: receipt, Site: site, PageID: p.page, Revision: site.Revision(), At: time.UnixMilli(q.at).UTC()}
	if known.past.answers(&q) {
		known.past.give(a)
	} else {
		r.answer(&q, a, &watch)
	}
	if err := r.show(ctx, &q, a, req); err != nil {
		return nil, err
	}
	if err := r.expose(ctx, &q, a, req); err != nil {
		return nil, err
	}
	watch.lap(&watch.Compose)
	a.Timing = watch.Timing
	if p.page != "" && !req.Preview && req.At.IsZero() {
		r.count(p, req.Page, req.Locale, a.Key)
	}
	if r.observer != nil && !req.Preview {
		r.observer.Resolved(a, watch.Timing)
	}
	return a, nil
}

// siteOf returns what a request is answered from.
func (r *Resolver) siteOf(req Request) (*Site, error) {
	if !req.Preview {
		return r.Site(), nil
	}
	if len(req.Messages) > 0 && !req.Dry {
		return nil, fault.New(fault.Invalid, "signals: a preview stores nothing: leave them out, or send them without preview")
	}
	if site := r.preview.Load(); site != nil {
		return site, nil
	}
	return nil, fault.New(fault.Unavailable, "preview: what editors see has not been read yet")
}

// answer evaluates and decides, and remembers the outcome.
func (r *Resolver) answer(q *question, a *Answer, watch *stopwatch) {
	q.scratch = scratches.Get().(*scratch)
	defer scratches.Put(q.scratch)
	q.context = contextOf(ingest.Enrich(q.props, q.agent))
	q.ask(a)
	watch.lap(&watch.Evaluate)
	if until := q.holdsUntil(&a.Decision); until != segment.Forever {
		a.ValidUntil = time.UnixMilli(until).UTC()
	}
	watch.lap(&watch.Decide)
	r.keep(q, a)
}

// show composes the page of a, if one was asked for, and explains, if wanted.
// Both may need more of the visitor than is held ready.
func (r *Resolver) show(ctx context.Context, q *question, a *Answer, req Request) error {
	page := &composed{Page: &content.Page{}}
	var err error
	if q.plan.page != "" && !req.Uncomposed {
		if page, err = q.site.compose(q.plan, a.Key, a.Decision.Slots); err != nil {
			return err
		}
	}
	a.Page, a.Unresolved = page.JSON, page.Unresolved
	if len(page.MergeTags) == 0 && !req.Explain && !req.Record {
		return nil
	}
	rec := q.record
	if rec == nil {
		if rec, err = r.store.Get(ctx, q.visitor); err != nil {
			return err
		}
	}
	if req.Record {
		a.Record, a.Sessions = rec, q.log.Sessions()
	}
	if len(page.MergeTags) == 0 && !req.Explain {
		return nil
	}
	q.context = contextOf(ingest.Enrich(q.props, q.agent))
	if req.Explain {
		if a.Explain, err = q.site.explain(rec, "", q.context, q.at); err != nil {
			return err
		}
	}
	if len(page.MergeTags) > 0 {
		a.MergeTags = q.mergeTags(rec, page.MergeTags)
		a.Page = page.Fill(func(tag string) (string, bool) {
			v, ok := a.MergeTags[tag]
			return v, ok
		})
	}
	return nil
}

// visitorID returns the id under which the visitor of req is remembered.
func visitorID(req Request) (string, error) {
	id := cmp.Or(req.AnonymousID, req.UserID)
	if id == "" {
		return "", fault.New(fault.Invalid, "visitor: missing: send visitor.anonymousId, or visitor.userId")
	}
	if err := checkNavigation(req.Navigation); err != nil {
		return "", err
	}
	return id, signal.CheckVisitor("visitor", id)
}

// instantOf returns the instant to answer a request for.
func (r *Resolver) instantOf(req Request, id string, lastSeen int64) int64 {
	if !req.At.IsZero() {
		return req.At.UnixMilli()
	}
	now := r.instant(lastSeen)
	if req.Navigation == "" {
		return now
	}
	if req.Dry {
		return r.views.peek(id, req.Navigation, now)
	}
	return r.views.instant(id, req.Navigation, now)
}

// Baseline returns the entry id of a page ("" = the whole content) and the key
// of what is shown there when nothing is known of a visitor. It asks no store.
func (r *Resolver) Baseline(page, locale string) (entry, key string, err error) {
	p, err := r.Site().plan(page, locale)
	if err != nil {
		return "", "", err
	}
	return p.page, string(p.AppendKey(nil, p.Baseline(decision.Default))), nil
}

// Current reports whether key is of the present slots of a page ("" = the whole
// content), and rules the beginning of the present revision. It asks no store.
func (r *Resolver) Current(page, locale, key, rules string) bool {
	site := r.Site()
	p, err := site.plan(page, locale)
	if err != nil || rules == "" || !strings.HasPrefix(site.Segments.Revision(), rules) {
		return false
	}
	_, err = p.Choices(key)
	return err == nil
}

// Explain explains why a visitor is in a segment at an instant (zero = now), or
// not, and what would change that; with key "" it explains every segment, in
// order of priority.
func (r *Resolver) Explain(ctx context.Context, id, key string, at time.Time) ([]*Explained, error) {
	if err := signal.CheckVisitor("visitor", id); err != nil {
		return nil, err
	}
	rec, err := r.store.Get(ctx, id)
	if err != nil {
		return nil, err
	}
	instant := at.UnixMilli()
	if at.IsZero() {
		instant = r.instant(rec.Summary.LastSeen)
	}
	return r.Site().Explain(rec, key, nil, instant)
}

// A stopwatch measures the laps of one answer.
type stopwatch struct {
	Timing
	last time.Duration // since started
}

// started is when the process did; a reading relative to it costs half of one
// of the wall clock.
var started = time.Now()

func (w *stopwatch) lap(into *time.Duration) {
	now := time.Since(started)
	*into, w.last = now-w.last, now
}
