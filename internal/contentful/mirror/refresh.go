package mirror

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/segue-dev/segue/internal/contentful"
	"github.com/segue-dev/segue/internal/contentful/space"
)

// refresh looks at the space once and takes in what is new.
func (m *Mirror) refresh(ctx context.Context) error {
	m.mu.Lock()
	want, none := m.want, m.replica == nil
	m.want = work{}
	m.mu.Unlock()
	err := m.look(ctx, want, none)
	if err != nil { // it is still to be done
		m.mu.Lock()
		m.want.model, m.want.whole = m.want.model || want.model, m.want.whole || want.whole
		m.mu.Unlock()
	}
	return err
}

func (m *Mirror) look(ctx context.Context, want work, none bool) error {
	if none || want.whole {
		return m.resync(ctx)
	}
	if want.model || time.Since(m.modelAt) >= modelEvery {
		if err := m.step("model", func() error { return m.readModel(ctx) }); err != nil {
			return err
		}
	}
	err := m.catchUp(ctx)
	if errors.Is(err, errStale) {
		m.o.Log.Warn("the space is read anew", "err", err)
		return m.resync(ctx)
	}
	return err
}

// catchUp brings what is held up to date. The error is errStale if that cannot
// be done.
func (m *Mirror) catchUp(ctx context.Context) error {
	if err := m.step("delta", func() error { return m.delta(ctx) }); err != nil {
		return err
	}
	if err := m.confirm(ctx); err != nil {
		return err
	}
	if time.Since(m.reconciled) < m.reconcileEvery() {
		return nil
	}
	return m.step("reconcile", func() error { return m.reconcile(ctx) })
}

// step runs one step and tells how it went.
func (m *Mirror) step(kind string, run func() error) error {
	start := time.Now()
	err := run()
	m.o.Observer.Synced(kind, err == nil, time.Since(start))
	return err
}

// readModel takes in types, locales, tags and concepts.
func (m *Mirror) readModel(ctx context.Context) error {
	model, err := modelOf(ctx, m.o.API)
	if err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	changed, err := m.replica.setModel(model)
	if err != nil {
		return err
	}
	m.modelAt = time.Now()
	if !changed {
		return nil
	}
	return m.publish()
}

// delta takes in what has changed. It becomes visible all at once.
func (m *Mirror) delta(ctx context.Context) error {
	asked := time.Now()
	var changes []change
	next, err := m.source.since(ctx, m.replica.token, gather(&changes))
	if err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	changed := false
	for _, c := range changes {
		if err := m.replica.checkHome(c); err != nil {
			return err
		}
	}
	for _, c := range changes {
		changed = m.replica.apply(c) || changed
	}
	m.replica.setToken(next, asked)
	if !changed {
		return nil
	}
	m.replica.journal.sync()
	m.replica.tidy(m.header())
	return m.publish()
}

// gather returns what collects the changes that items are.
func gather(into *[]change) func(contentful.Item) {
	return func(item contentful.Item) {
		if c, ok := changeOf(item); ok {
			*into = append(*into, c)
		}
	}
}

// The times after which a webhook that no delta confirmed is looked up, and
// after which what the API says counts though it is older. In between the API
// may lag behind its own webhooks.
const (
	lookUpAfter = 15 * time.Second
	trust       = time.Minute
)

// confirm looks up what webhooks said and no delta confirmed.
func (m *Mirror) confirm(ctx context.Context) error {
	m.mu.Lock()
	refs := m.replica.unconfirmed(time.Now().Add(-lookUpAfter))
	m.mu.Unlock()
	if len(refs) == 0 {
		return nil
	}
	return m.step("confirm", func() error {
		for _, ref := range refs {
			c, ok, err := lookUp(ctx, m.o.API, ref)
			if err != nil {
				return err
			}
			if err := m.settle(ref, c, ok); err != nil {
				return err
			}
		}
		return nil
	})
}

// settle compares what a webhook said with what the API has; ok is false if
// that is nothing.
func (m *Mirror) settle(ref space.Ref, c change, ok bool) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	r := m.replica
	since, pending := r.pending[ref]
	if !pending {
		return nil
	}
	told, gone, _ := r.known(ref)
	switch {
	case !ok && gone, ok && !gone && c.stamp == told:
		r.settled(ref)
		return nil
	case ok && c.newer(told, gone):
		r.put(c, false)
	case time.Since(since) < trust:
		return nil
	case ok:
		r.put(c, false)
		m.corrected(ref)
	default:
		r.forget(ref)
		m.corrected(ref)
	}
	return m.publish()
}

// corrected notes that a webhook was wrong.
func (m *Mirror) corrected(ref space.Ref) {
	m.o.Observer.Corrected()
	m.o.Log.Warn("a webhook said what Contentful does not confirm; it is undone: is its signature verified?", "kind", ref.Kind, "id", ref.ID)
}

func (m *Mirror) reconcileEvery() time.Duration {
	if m.o.Preview {
		return reconcilePreview
	}
	return reconcileEvery
}

// reconcile compares what is held with how much the API says there is, and with
// what changed last. The space is read anew if they differ: a sync may have
// missed something.
func (m *Mirror) reconcile(ctx context.Context) error {
	off, err := m.compare(ctx)
	if err == nil && off != [2]int{} && off != m.difference {
		if err = m.delta(ctx); err == nil { // it may have changed in between
			off, err = m.compare(ctx)
		}
	}
	if err != nil {
		return err
	}
	if off == [2]int{} || off == m.difference {
		m.difference, m.reconciled = off, time.Now()
		return nil
	}
	m.o.Log.Warn("the copy of the content differs from the space; it is read anew", "entries", off[0], "assets", off[1])
	if err := m.resync(ctx); err != nil {
		return err
	}
	if m.difference, err = m.compare(ctx); err != nil {
		return err
	}
	if m.difference != [2]int{} {
		m.o.Log.Warn("the space counts other than it tells; what it tells is served", "entries", m.difference[0], "assets", m.difference[1])
	}
	return nil
}

// compare returns by how many entries and assets the API has more than is held.
// If the one that changed last is another there than it is here, that counts as
// one more. The error is errStale if it is of another environment.
func (m *Mirror) compare(ctx context.Context) (off [2]int, err error) {
	for i, kind := range kinds {
		total, newest, ok, err := newestOf(ctx, m.o.API, kind)
		if err != nil {
			return off, err
		}
		m.mu.Lock()
		off[i] = total - m.replica.total(kind)
		if off[i] == 0 && ok && m.replica.differs(newest) {
			off[i] = 1
		}
		err = m.replica.checkHome(newest)
		m.mu.Unlock()
		if err != nil {
			return off, err
		}
	}
	return off, nil
}

// resync reads the whole space into a new copy, which replaces the old one when
// it is complete.
func (m *Mirror) resync(ctx context.Context) error {
	return m.step("initial", func() error {
		shadow := newReplica(create(m.path(), m.header(), m.o.Log))
		if err := m.fill(ctx, shadow); err != nil {
			shadow.journal.discard()
			return err
		}
		return m.swap(shadow)
	})
}

// fill reads the whole space.
func (m *Mirror) fill(ctx context.Context, shadow *replica) error {
	model, err := modelOf(ctx, m.o.API)
	if err != nil {
		return err
	}
	if _, err := shadow.setModel(model); err != nil {
		return err
	}
	began := time.Now()
	token, err := m.source.all(ctx, func(item contentful.Item) {
		if c, ok := changeOf(item); ok {
			shadow.apply(c)
		}
	})
	if err != nil {
		return err
	}
	shadow.setToken(token, began)
	if _, err := shadow.live.Snapshot(); err != nil {
		return fmt.Errorf("the content cannot be put together: %w", err)
	}
	return nil
}

// swap puts a complete copy in the place of the old one, with what webhooks told
// so shortly before that the copy may lack it, if it is of the same environment.
func (m *Mirror) swap(shadow *replica) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if old := m.replica; old != nil {
		if shadow.environment != old.environment {
			clear(old.pending)
		}
		for ref, since := range old.pending {
			s, gone, _ := old.known(ref)
			if time.Since(since) >= trust {
				if now, goneNow, _ := shadow.known(ref); now != s && (!gone || !goneNow) {
					m.corrected(ref)
				}
				continue
			}
			if shadow.tell(change{Ref: ref, stamp: s, raw: old.live.Get(ref)}, since) {
				shadow.pending[ref] = since
			}
		}
		old.journal.close()
	}
	shadow.journal.keep()
	m.replica = shadow
	m.modelAt, m.reconciled = time.Now(), time.Now()
	return m.publish()
}
