package mirror

import (
	"context"
	"fmt"
	"log/slog"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/segue-dev/segue/internal/content"
	"github.com/segue-dev/segue/internal/contentful"
	"github.com/segue-dev/segue/internal/fault"
)

// Options are those of a Mirror.
type Options struct {
	Space       string
	Environment string // or an alias
	Preview     bool   // mirror what editors see, instead of what is published
	// API is the delivery API, or for previews the preview API.
	API  *contentful.CDA
	Poll time.Duration // how often the API is asked when nothing else tells of a change
	Dir  string        // of the copy on disk; "" = none
	Log  *slog.Logger
	// Observer is told what happens; nil = nobody is.
	Observer Observer
}

// An Observer is told what a mirror does, for metrics. It must not block.
type Observer interface {
	// Synced tells of a step of a kind (initial, delta, model, reconcile or
	// confirm) and whether it went well.
	Synced(kind string, ok bool, took time.Duration)
	// Corrected tells that a webhook had said what Contentful does not.
	Corrected()
	// Held tells what there is now.
	Held(Status)
}

// A Mirror keeps a copy of a space. It is safe for concurrent use.
type Mirror struct {
	o       Options
	source  source
	current atomic.Pointer[content.Snapshot]
	changed chan struct{} // holds one when current has changed
	wake    chan struct{} // holds one when the space is to be looked at now

	mu      sync.Mutex
	replica *replica // nil = there is no copy yet
	status  Status
	want    work // what a webhook asks for

	// Of Run alone.
	modelAt    time.Time // when the model was last read
	reconciled time.Time
	difference [2]int // of counts, that a new copy did not mend
	failures   int    // in a row
}

// work is what is to be done beside asking for changes.
type work struct{ model, whole bool }

func newMirror(o Options) *Mirror {
	m := &Mirror{o: o, source: synced{o.API}, changed: make(chan struct{}, 1), wake: make(chan struct{}, 1)}
	if o.Preview {
		m.source = polled{o.API}
	}
	if o.Observer == nil {
		m.o.Observer = silent{}
	}
	return m
}

// Open returns a mirror with the content of the copy on disk, if there is one.
// Nothing is asked before Run.
func Open(o Options) *Mirror {
	m := newMirror(o)
	start := time.Now()
	if !m.begin(load(m.path(), m.header(), start, o.Log)) {
		return m
	}
	o.Log.Info("serving the copy of the content on disk until Contentful answers", "entries", m.status.Entries,
		"assets", m.status.Assets, "asOf", m.status.AsOf.UTC().Format(time.RFC3339), "took", time.Since(start).Round(time.Millisecond))
	return m
}

// begin takes the copy that was on disk, which may be nil. It reports whether
// that can be served.
func (m *Mirror) begin(r *replica) bool {
	if r == nil {
		return false
	}
	m.replica = r
	m.status.AsOf, m.status.FromDisk = r.asOf, true
	if err := m.publish(); err != nil {
		m.o.Log.Warn("the copy of the content on disk is of no use; Contentful is asked for a new one", "file", m.path(), "err", err)
		r.journal.close()
		m.replica, m.status = nil, Status{}
		return false
	}
	return true
}

// Look returns a mirror of the space as it is now, for somebody who looks once:
// from the copy on disk, which is not changed, and what Contentful has besides.
// If Contentful does not answer, the copy has to do, and Status tells why. The
// error is a fault.Unavailable if there is none, either.
func Look(ctx context.Context, o Options) (*Mirror, error) {
	m := newMirror(o)
	m.begin(peek(m.path(), m.header(), time.Now(), o.Log))
	m.o.Dir = ""
	m.note(m.refresh(ctx))
	return m, m.Check(ctx)
}

// path returns the file of the copy; "" = none.
func (m *Mirror) path() string {
	if m.o.Dir == "" {
		return ""
	}
	name := m.o.Space + "-" + m.o.Environment
	if m.o.Preview {
		name += "-preview"
	}
	return filepath.Join(m.o.Dir, name+".mirror")
}

func (m *Mirror) header() header { return header{m.o.Space, m.o.Environment, m.o.Preview} }

// Content returns the content as it is now; nil as long as there is none.
func (m *Mirror) Content() *content.Snapshot { return m.current.Load() }

// Changed receives after Content has changed; of several changes perhaps once.
func (m *Mirror) Changed() <-chan struct{} { return m.changed }

// Findings are the items that could not be taken in.
func (m *Mirror) Findings() []content.Finding {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.replica == nil {
		return nil
	}
	return m.replica.findings()
}

// The times that Run goes by.
const (
	// modelEvery is how often types, locales, tags and concepts are read: no
	// sync tells of them.
	modelEvery = 5 * time.Minute
	// reconcileEvery is how often counts are compared, and reconcilePreview for
	// previews, where nothing else tells of a deletion.
	reconcileEvery   = 10 * time.Minute
	reconcilePreview = time.Minute
	// firstRetry is the wait after a failure; each further one doubles it, up to
	// the interval of polling.
	firstRetry = time.Second
	// leastGap is between two looks at the space however many webhooks come.
	leastGap = 250 * time.Millisecond
	// suspense is how often the space is looked at while a webhook waits to be
	// confirmed.
	suspense = 2 * time.Second
)

// Run keeps the copy fresh until ctx ends. It returns no error: what goes wrong
// is logged, told by Status, and tried again.
func (m *Mirror) Run(ctx context.Context) error {
	defer m.close()
	for {
		err := m.refresh(ctx)
		if ctx.Err() != nil {
			return nil
		}
		m.note(err)
		if !m.rest(ctx, err) {
			return nil
		}
	}
}

// rest waits until the space is to be looked at again. It is false when ctx has
// ended.
func (m *Mirror) rest(ctx context.Context, err error) bool {
	if err != nil {
		wait := min(firstRetry<<min(m.failures-1, 10), m.o.Poll)
		return pause(ctx, wait, nil)
	}
	wait := m.o.Poll
	if m.Status().Pending > 0 {
		wait = min(wait, suspense)
	}
	return pause(ctx, min(leastGap, wait), nil) && pause(ctx, max(0, wait-leastGap), m.wake)
}

// pause waits, at most until early receives. It is false when ctx has ended.
func pause(ctx context.Context, wait time.Duration, early <-chan struct{}) bool {
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
	case <-early:
	}
	return true
}

// close puts the copy on disk.
func (m *Mirror) close() {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.replica != nil {
		m.replica.journal.close()
		m.replica.journal = nil
	}
}

// note keeps how the last look went, and logs when that changes.
func (m *Mirror) note(err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	switch {
	case err == nil:
		if m.failures > 0 {
			m.o.Log.Info("Contentful answers again", "preview", m.o.Preview, "after", m.failures)
		}
		m.failures = 0
		m.status.AsOf, m.status.FromDisk = m.replica.asOf, false
	case m.failures == 0:
		m.complain(err)
		fallthrough
	default:
		m.failures++
	}
	m.status.Err = err
	m.count()
}

// complain logs that the space cannot be looked at.
func (m *Mirror) complain(err error) {
	if m.replica == nil {
		m.o.Log.Error("the content cannot be read, and there is no copy on disk; it is tried again", "preview", m.o.Preview, "err", err)
		return
	}
	m.o.Log.Error("the content cannot be brought up to date; what there is goes on being served", "preview", m.o.Preview, "asOf", m.status.AsOf, "err", err)
}

// count brings the figures of the status up to date, and tells them.
func (m *Mirror) count() {
	if r := m.replica; r != nil {
		m.status.Entries, m.status.Assets = r.counts["Entry"], r.counts["Asset"]
		m.status.Pending, m.status.Refused = len(r.pending), len(r.refused)
	}
	if c := m.current.Load(); c != nil {
		m.status.Revision = c.Revision()
	}
	m.o.Observer.Held(m.status)
}

// publish makes what the replica holds visible. The mutex is held, or nobody
// else has m yet.
func (m *Mirror) publish() error {
	snapshot, err := m.replica.live.Snapshot()
	if err != nil {
		return err
	}
	before := m.current.Swap(snapshot)
	m.count()
	if before == nil || before.Revision() != snapshot.Revision() {
		poke(m.changed)
	}
	return nil
}

// poke makes a channel of one receive, if it does not already.
func poke(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// A Status is how a mirror is.
type Status struct {
	Revision        string // of the content; "" = there is none yet
	Entries, Assets int
	Pending         int       // that a webhook told and nothing has confirmed yet
	Refused         int       // that cannot be taken in; Findings names them
	AsOf            time.Time // when the content was last found to be that of the space
	FromDisk        bool      // since the start Contentful has not answered
	Err             error     // of the last look at the space
}

// Status returns how the mirror is.
func (m *Mirror) Status() Status {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.status
}

// Check returns a fault.Unavailable if there is nothing to serve.
func (m *Mirror) Check(context.Context) error {
	if m.Content() != nil {
		return nil
	}
	s := m.Status()
	if s.Err != nil {
		return fault.Wrap(fault.Unavailable, s.Err, "the content of space %s has never been read, and there is no copy on disk", m.o.Space)
	}
	return fault.New(fault.Unavailable, "the content of space %s is being read for the first time", m.o.Space)
}

// Fresh returns a fault.Unavailable if the content may be older than it should:
// the last look at the space failed, and the one before is long ago or never was.
func (m *Mirror) Fresh(ctx context.Context) error {
	s := m.Status()
	switch {
	case s.Err == nil || time.Since(s.AsOf) < 2*m.o.Poll:
		return nil
	case s.AsOf.IsZero():
		return m.Check(ctx)
	}
	return fault.Wrap(fault.Unavailable, s.Err, "the content is as it was at %s", s.AsOf.UTC().Format(time.RFC3339))
}

// Describe says in a line how the mirror is, without anything confidential.
func (s Status) Describe() string {
	if s.Revision == "" {
		return "none yet" + s.trouble()
	}
	from := ""
	if s.FromDisk {
		from = ", from disk"
	}
	return fmt.Sprintf("revision %s, %d entries, %d assets, as of %s ago%s%s", s.Revision, s.Entries, s.Assets,
		time.Since(s.AsOf).Round(time.Second), from, s.trouble())
}

// trouble says what went wrong at the last look.
func (s Status) trouble() string {
	if s.Err == nil {
		return ""
	}
	return "; last error: " + contentful.Reason(s.Err)
}

// silent is nobody who is told anything.
type silent struct{}

func (silent) Synced(string, bool, time.Duration) {}
func (silent) Corrected()                         {}
func (silent) Held(Status)                        {}
